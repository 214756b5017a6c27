// Spend of another installation added to ours: by the difference to what was counted before, in the records and in memory by the same amount.
import { formatPicos, parsePicos } from '#lib/money.ts';
import type { RecordsSession } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';

export interface SpendChange {
  readonly id: string;
  /** Spent there now. */
  readonly therePicos: bigint;
  /** Of it, counted here before. */
  readonly countedPicos: bigint;
}

/**
 * How much to add here. Less there than before: a budget window has begun anew there; when ours has, too, everything since then is new.
 */
export function deltaOf({ therePicos, countedPicos }: Omit<SpendChange, 'id'>, herePicos: bigint): bigint {
  if (therePicos >= countedPicos || herePicos >= countedPicos) return therePicos - countedPicos;
  return therePicos;
}

/** Adds the differences of keys or of a level's rows; gives the accounts in memory that must change by as much. */
export async function addSpend(session: RecordsSession, kind: string, changes: readonly SpendChange[]): Promise<{ account: string; deltaPicos: bigint }[]> {
  const ids = changes.map(({ id }) => id);
  const stored = await session.query<{ id: string; account: string; spend: string }>(
    kind === 'key'
      ? sql`SELECT id, 'key:' || COALESCE(account, id) AS account, spend FROM virtual_keys WHERE id = ANY(${ids}::text[]) FOR UPDATE`
      : sql`SELECT subject AS id, kind || ':' || subject AS account, spend FROM spend_limits WHERE kind = ${kind} AND subject = ANY(${ids}::text[]) FOR UPDATE`,
  );
  const asked = new Map(changes.map((change) => [change.id, change]));
  const deltas = stored.flatMap(({ id, account, spend }) => {
    const deltaPicos = deltaOf(asked.get(id) as SpendChange, parsePicos(spend));
    return deltaPicos === 0n ? [] : [{ id, account, deltaPicos, spend: formatPicos(deltaPicos) }];
  });
  const rows = JSON.stringify(deltas.map(({ id, spend }) => ({ id, spend })));
  await session.query(
    kind === 'key'
      ? sql`UPDATE virtual_keys k SET spend = k.spend + r.spend FROM jsonb_to_recordset(${rows}::jsonb) AS r(id text, spend numeric) WHERE k.id = r.id`
      : sql`UPDATE spend_limits s SET spend = s.spend + r.spend FROM jsonb_to_recordset(${rows}::jsonb) AS r(id text, spend numeric)
            WHERE s.kind = ${kind} AND s.subject = r.id`,
  );
  return deltas.map(({ account, deltaPicos }) => ({ account, deltaPicos }));
}
