// What every table of jobs is asked in the same way: which are due, whose they are meanwhile, when the next look is, and that they are over.
// What a job holds of its owner's budgets is a row of the ledger with an unknown end, so that it survives every crash and is counted wherever spend is read; the end replaces it.
import type { LedgerEntry } from '#gateway/money/ledger-row.ts';
import { applyGroup } from '#gateway/money/ledger-sql.ts';
import type { Records, RecordsSession, Statement } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import type { Job, JobQueue } from './runner.ts';

const TABLES = ['batches', 'background_responses'] as const;

export interface JobTable<One extends Job> extends Omit<JobQueue<One>, 'sweep'> {
  /** Says that there is something to look at. */
  tell(): Promise<void>;
  /** It is looked at as soon as somebody can. */
  hurry(id: string): Promise<void>;
  /** Within the transaction that keeps the job: the rows by which it counts until it ends. */
  hold(session: RecordsSession, entries: readonly LedgerEntry[]): Promise<void>;
  /** Whether the ledger still counts the call at its reservation. */
  countsOpen(callId: string): Promise<boolean>;
}

export interface JobColumns<Row, One> {
  readonly table: (typeof TABLES)[number];
  readonly columns: Statement;
  read(row: Row): One;
}

export function jobTable<Row extends object, One extends Job>(records: Records, { table: name, columns, read }: JobColumns<Row, One>): JobTable<One> {
  const table = sql`${sql.identifier(name, TABLES)}`;
  const channel = `genai_${name}`;
  const tell = async (): Promise<void> => void (await records.query(sql`SELECT pg_notify(${channel}, '')`));
  return {
    tell,
    async hurry(id) {
      await records.query(sql`UPDATE ${table} SET next_at = now() WHERE id = ${id} AND settled_at IS NULL AND next_at > now()`);
      await tell();
    },
    async hold(session, entries) {
      // No consumer of a journal: these rows are not told by one.
      await applyGroup(session, entries, { name, position: 0n });
    },
    async countsOpen(callId) {
      const rows = await records.query(sql`SELECT 1 FROM ledger WHERE call_id = ${callId} AND call_outcome = 'unknown'`);
      return rows.length > 0;
    },
    async claim(most, lockMs) {
      const rows = await records.query<Row>(sql`
        UPDATE ${table} SET locked_until = now() + ${lockMs}::bigint * interval '1 millisecond' WHERE id IN (
          SELECT id FROM ${table} WHERE settled_at IS NULL AND next_at <= now() AND (locked_until IS NULL OR locked_until <= now())
          ORDER BY next_at LIMIT ${most} FOR UPDATE SKIP LOCKED)
        RETURNING ${columns}`);
      return rows.map(read);
    },
    async noteFailure(id, why, nextAtMs) {
      await records.query(sql`
        UPDATE ${table} SET failures = failures + 1, last_error = ${why.slice(0, 500)}, next_at = ${new Date(nextAtMs)}, locked_until = NULL
        WHERE id = ${id} AND settled_at IS NULL`);
    },
    async settle(id) {
      const rows = await records.query(sql`UPDATE ${table} SET settled_at = now(), locked_until = NULL WHERE id = ${id} AND settled_at IS NULL RETURNING id`);
      return rows.length > 0;
    },
    async nextDueMs() {
      const [row] = await records.query<{ due: Date | null }>(sql`
        SELECT min(GREATEST(next_at, COALESCE(locked_until, next_at))) AS due FROM ${table} WHERE settled_at IS NULL`);
      return row?.due?.getTime() ?? null;
    },
    listen: (wake) => records.listen(channel, wake, wake),
  };
}
