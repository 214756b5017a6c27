// The memory of what was taken from where (taken_rows): a second run takes up where the first ended, brings what changed there since, and counts no cent twice.
import { createHash } from 'node:crypto';
import { formatPicos, parsePicos } from '#lib/money.ts';
import type { RecordsSession } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';

export interface TakenRow {
  readonly digest: string;
  readonly spentPicos: bigint;
}

/** Cells that a running LiteLLM writes by itself: a change of them alone is no change of the row. */
const VOLATILE = new Set(['updated_at', 'updated_by', 'last_active', 'model_spend', 'total_spend', 'budget_reset_at', 'settings_updated_at']);

/** The same for the same content, whatever wrote it when. */
export function digestOf(value: unknown): string {
  const stable = JSON.stringify(value, (name, cell: unknown) => (VOLATILE.has(name) ? undefined : cell));
  return createHash('sha256').update(stable).digest('hex');
}

/** What was taken before, of some rows of a kind. */
export async function readTaken(session: RecordsSession, [source, kind]: readonly [string, string], ids: readonly string[]): Promise<Map<string, TakenRow>> {
  const rows = await session.query<{ id: string; digest: string; spend: string }>(
    sql`SELECT id, digest, spend FROM taken_rows WHERE source = ${source} AND kind = ${kind} AND id = ANY(${ids}::text[])`,
  );
  return new Map(rows.map(({ id, digest, spend }) => [id, { digest, spentPicos: parsePicos(spend) }]));
}

export async function rememberRows(
  session: RecordsSession,
  [source, kind]: readonly [string, string],
  rows: readonly { id: string; digest: string }[],
): Promise<void> {
  await session.query(sql`
    INSERT INTO taken_rows (source, kind, id, digest)
    SELECT ${source}, ${kind}, r.id, r.digest FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS r(id text, digest text)
    ON CONFLICT (source, kind, id) DO UPDATE SET digest = excluded.digest, taken_at = now()`);
}

export async function rememberSpend(session: RecordsSession, [source, kind]: readonly [string, string], spent: ReadonlyMap<string, bigint>): Promise<void> {
  const rows = [...spent].map(([id, picos]) => ({ id, spend: formatPicos(picos) }));
  await session.query(sql`
    UPDATE taken_rows t SET spend = r.spend, taken_at = now() FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS r(id text, spend numeric)
    WHERE t.source = ${source} AND t.kind = ${kind} AND t.id = r.id`);
}
