// Responses in the background in the records: shared by every gateway.
import { jobTable } from '#gateway/jobs/table.ts';
import type { LedgerEntry } from '#gateway/money/ledger-row.ts';
import { takeBackUnknown } from '#gateway/money/ledger-sql.ts';
import { formatPicos, parsePicos } from '#lib/money.ts';
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import type { BackgroundCall, BackgroundResponse, BackgroundStore } from './port.ts';

/** Those that are over, without what they were asked: for whoever looks why one was given up. */
const KEPT_DAYS = 30;
const COLUMNS = sql`id, deployment_id, response_id, call, request, reserved, accounts, created_at, failures`;

interface Row {
  id: string;
  deployment_id: string;
  response_id: string | null;
  call: BackgroundCall;
  request: Buffer | null;
  reserved: string | null;
  accounts: string[];
  created_at: Date;
  failures: number;
}

export function createBackgroundStore(records: Records): BackgroundStore {
  const { tell, hold, countsOpen, ...jobs } = jobTable(records, { table: 'background_responses', columns: COLUMNS, read });
  return {
    ...jobs,
    isOpen: countsOpen,
    async begin({ id, deploymentId, call, request, reservedPicos, accounts, nextAtMs }) {
      const reserved = reservedPicos === null ? null : formatPicos(reservedPicos);
      await records.transaction(async (session) => {
        await session.query(sql`
          INSERT INTO background_responses (id, deployment_id, call, request, reserved, accounts, status, next_at, created_at)
          VALUES (${id}, ${deploymentId}, ${JSON.stringify(call)}, ${request}, ${reserved}, ${[...accounts]}::text[], 'unknown', ${new Date(nextAtMs)},
            ${new Date(call.record.startedAtUs / 1000)})`);
        await hold(session, openEntries(call, reserved));
      });
      // One that is never heard of again is given up in time, by whoever sleeps until then.
      await tell();
    },
    async withdraw(id) {
      await records.transaction(async (session) => {
        const gone = await session.query(sql`DELETE FROM background_responses WHERE id = ${id} AND response_id IS NULL AND settled_at IS NULL RETURNING id`);
        if (gone.length > 0) await takeBackUnknown(session, [id]);
      });
    },
    async note(id, { responseId, status, nextAtMs }) {
      await records.query(sql`
        UPDATE background_responses SET response_id = ${responseId}, status = ${status}, next_at = ${new Date(nextAtMs)}, failures = 0, last_error = NULL,
          locked_until = NULL
        WHERE id = ${id} AND settled_at IS NULL`);
      await tell();
    },
    async openIdOf(responseId, deploymentId) {
      const [row] = await records.query<{ id: string }>(sql`
        SELECT id FROM background_responses WHERE response_id = ${responseId} AND deployment_id = ${deploymentId} AND settled_at IS NULL`);
      return row?.id ?? null;
    },
    async take(id, lockMs) {
      const [row] = await records.query<Row>(sql`
        UPDATE background_responses SET locked_until = now() + ${lockMs}::bigint * interval '1 millisecond'
        WHERE id = ${id} AND settled_at IS NULL AND (locked_until IS NULL OR locked_until <= now()) RETURNING ${COLUMNS}`);
      return row === undefined ? null : read(row);
    },
    async settle(id) {
      const rows = await records.query(sql`
        UPDATE background_responses SET settled_at = now(), locked_until = NULL, request = NULL WHERE id = ${id} AND settled_at IS NULL RETURNING id`);
      return rows.length > 0;
    },
    async sweep() {
      await records.query(sql`DELETE FROM background_responses WHERE settled_at < now() - ${KEPT_DAYS}::integer * interval '1 day'`);
    },
  };
}

function read(row: Row): BackgroundResponse {
  return {
    id: row.id,
    deploymentId: row.deployment_id,
    responseId: row.response_id,
    call: row.call,
    request: row.request,
    reservedPicos: row.reserved === null ? null : parsePicos(row.reserved),
    accounts: row.accounts,
    createdAtMs: row.created_at.getTime(),
    failures: row.failures,
  };
}

/** The rows by which it counts until it ends: the tries that failed before, and the one that runs. */
function openEntries({ record }: BackgroundCall, reserved: string | null): LedgerEntry[] {
  const call = { ...record, outcome: 'unknown' as const, endedAtUs: null, httpStatus: null };
  const last = record.attempts.length - 1;
  return record.attempts.map((attempt, index) => {
    if (index < last) return { call, attempt, final: false };
    const errorMessage = 'The response in the background has not ended: it counts at its reservation.';
    return { call, attempt: { ...attempt, endedAtUs: null, errorMessage, cost: reserved }, final: true };
  });
}
