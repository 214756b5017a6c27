// Batches and their files in the records: shared by every gateway.
import type { CallStarted } from '#call-record.ts';
import { jobTable } from '#gateway/jobs/table.ts';
import { entriesOfUnknown, type LedgerEntry } from '#gateway/money/ledger-row.ts';
import { takeBackUnknown } from '#gateway/money/ledger-sql.ts';
import { formatPicos } from '#lib/money.ts';
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import { type BatchCall, type BatchStore, callIdOf } from './port.ts';
import { BATCH_COLUMNS, type BatchRow, batchOf, FILE_COLUMNS, type FileRow, fileOf } from './rows.ts';

/** Batches that are over are shown for so long. */
const KEPT_DAYS = 90;

export function createBatchStore(records: Records): BatchStore {
  const { tell, hold, countsOpen, ...jobs } = jobTable(records, { table: 'batches', columns: BATCH_COLUMNS, read: batchOf });
  return {
    ...filesOf(records),
    ...jobs,
    async begin(batch) {
      const { id, owner, deploymentId, model, inputFileId, call, reservedPicos, accounts, told, status, nextAtMs } = batch;
      const reserved = reservedPicos === null ? null : formatPicos(reservedPicos);
      await records.transaction(async (session) => {
        await session.query(sql`
          INSERT INTO batches (id, owner, deployment_id, model, input_file_id, call, reserved, accounts, told, status, next_at, created_at)
          VALUES (${id}, ${owner}, ${deploymentId}, ${model}, ${inputFileId}, ${JSON.stringify(call)}, ${reserved}, ${[...accounts]}::text[], ${JSON.stringify(told)},
            ${status}, ${new Date(nextAtMs)}, ${new Date(call.started.startedAtUs / 1000)})`);
        await hold(session, openEntries(call));
      });
      await tell();
    },
    async withdraw(id) {
      await records.transaction(async (session) => {
        const gone = await session.query(sql`DELETE FROM batches WHERE id = ${id} AND upstream_id IS NULL AND settled_at IS NULL RETURNING id`);
        if (gone.length > 0) await takeBackUnknown(session, [callIdOf(id)]);
      });
    },
    async find(id, owner) {
      const [row] = await records.query<BatchRow>(sql`SELECT ${BATCH_COLUMNS} FROM batches WHERE id = ${id} AND (${owner}::text IS NULL OR owner = ${owner})`);
      return row === undefined ? null : batchOf(row);
    },
    async list({ owner, after, limit }) {
      const rows = await records.query<BatchRow>(sql`
        SELECT ${BATCH_COLUMNS} FROM batches WHERE (${owner}::text IS NULL OR owner = ${owner})
          AND (${after}::text IS NULL OR (created_at, id) < (SELECT created_at, id FROM batches WHERE id = ${after}))
        ORDER BY created_at DESC, id DESC LIMIT ${limit}`);
      return rows.map(batchOf);
    },
    async note(id, { upstreamId, told, status, outputFileId, errorFileId, nextAtMs }, release = false) {
      await records.query(sql`
        UPDATE batches SET upstream_id = ${upstreamId}, told = ${JSON.stringify(told)}, status = ${status}, output_file_id = ${outputFileId}, error_file_id = ${errorFileId},
          next_at = ${new Date(nextAtMs)}, failures = 0, last_error = NULL, locked_until = CASE WHEN ${release} THEN NULL ELSE locked_until END
        WHERE id = ${id} AND settled_at IS NULL`);
      if (!release) await tell();
    },
    isOpen: (id) => countsOpen(callIdOf(id)),
    async sweep() {
      await records.query(sql`DELETE FROM batch_files WHERE expires_at < now()`);
      await records.query(sql`DELETE FROM batches WHERE settled_at < now() - ${KEPT_DAYS}::integer * interval '1 day'`);
    },
  };
}

type FileStore = Pick<BatchStore, 'keepFile' | 'findFile' | 'listFiles' | 'removeFile'>;

function filesOf(records: Records): FileStore {
  return {
    async keepFile({ id, owner, deploymentId, upstreamId, model, purpose, filename, sizeBytes, counted, expiresAtMs }) {
      await records.query(sql`
        INSERT INTO batch_files (id, owner, deployment_id, upstream_id, model, purpose, filename, size_bytes, counted, expires_at)
        VALUES (${id}, ${owner}, ${deploymentId}, ${upstreamId}, ${model}, ${purpose}, ${filename}, ${sizeBytes}, ${counted === null ? null : JSON.stringify(counted)},
          ${expiresAtMs === null ? null : new Date(expiresAtMs)})
        ON CONFLICT DO NOTHING`);
    },
    async findFile(id, owner) {
      const [row] = await records.query<FileRow>(sql`
        SELECT ${FILE_COLUMNS} FROM batch_files WHERE id = ${id} AND (${owner}::text IS NULL OR owner = ${owner}) AND (expires_at IS NULL OR expires_at > now())`);
      return row === undefined ? null : fileOf(row);
    },
    async listFiles({ owner, after, limit, oldestFirst, purpose }) {
      const past = oldestFirst === true ? sql`>` : sql`<`;
      const order = oldestFirst === true ? sql`created_at, id` : sql`created_at DESC, id DESC`;
      const rows = await records.query<FileRow>(sql`
        SELECT ${FILE_COLUMNS} FROM batch_files WHERE (${owner}::text IS NULL OR owner = ${owner}) AND (expires_at IS NULL OR expires_at > now())
          AND (${purpose}::text IS NULL OR purpose = ${purpose}) AND (${after}::text IS NULL OR (created_at, id) ${past} (SELECT created_at, id FROM batch_files WHERE id = ${after}))
        ORDER BY ${order} LIMIT ${limit}`);
      return rows.map(fileOf);
    },
    async removeFile(id) {
      await records.query(sql`DELETE FROM batch_files WHERE id = ${id}`);
    },
  };
}

/** The row by which a batch counts until it ends. */
function openEntries({ started, context, apiBase }: BatchCall): LedgerEntry[] {
  return entriesOfUnknown([started satisfies CallStarted]).map(({ call, attempt, final }) => ({
    call: { ...call, ...context, endpoint: 'batch' },
    attempt: { ...attempt, apiBase, errorMessage: 'The batch has not ended: it counts at its reservation.' },
    final,
  }));
}
