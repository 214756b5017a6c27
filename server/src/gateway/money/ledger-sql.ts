// The ledger's statements: one that applies a group of rows, spend and the position together, and the reads that start it.
import type { Records, RecordsSession, Statement } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import { arrayLiteral, LEDGER_COLUMNS, type LedgerColumn } from './ledger-columns.ts';
import type { LedgerEntry } from './ledger-row.ts';

/**
 * Applies a group in one statement, so all of it or nothing: rows that are not there yet, the spend of every level above them for exactly those
 * rows, and the position. A key's old hash counts for the key that replaced it; tags count where somebody has created them, other levels always. Applying the same group again changes nothing.
 * @returns how many rows were new.
 */
export async function applyGroup(records: RecordsSession, entries: readonly LedgerEntry[], place: { name: string; position: bigint }): Promise<number> {
  const [result] = await records.query<{ inserted: string }>(sql`
    WITH inserted AS (
      INSERT INTO ledger (${NAMES})
      SELECT ${SELECTED} FROM unnest(${sql.join(
        LEDGER_COLUMNS.map((column) => arrayOf(column, entries)),
        COMMA,
      )}) AS incoming (${NAMES})
      ON CONFLICT DO NOTHING
      RETURNING ${ACCOUNTED}, cost
    ), ${SPEND}, position AS (
      INSERT INTO consumer_positions AS stored (name, sequence) VALUES (${place.name}, ${place.position.toString()})
      ON CONFLICT (name) DO UPDATE SET sequence = GREATEST(stored.sequence, excluded.sequence), updated_at = now()
    )
    SELECT count(*) AS inserted FROM inserted`);
  return Number(result?.inserted ?? 0);
}

/**
 * Takes back the rows of these calls that were billed at their reservation, with what they added to every level: the call's end has been heard of after all.
 * Must be one transaction with the `applyGroup` that follows. @returns how many.
 */
export async function takeBackUnknown(session: RecordsSession, callIds: readonly string[]): Promise<number> {
  const [result] = await session.query<{ taken: string }>(sql`
    WITH inserted AS (
      DELETE FROM ledger WHERE call_id = ANY(${[...callIds]}::text[]) AND call_outcome = 'unknown' RETURNING ${ACCOUNTED}, -cost AS cost
    ), ${SPEND}
    SELECT count(*) AS taken FROM inserted`);
  return Number(result?.taken ?? 0);
}

/** What the spend of the levels is counted by. */
const ACCOUNTED = sql`key_id, team_id, key_user_id, organization_id, end_user, tags`;
/** Adds what `inserted` cost to every level above it. */
const SPEND = sql`key_spend AS (
      UPDATE virtual_keys SET spend = virtual_keys.spend + added.cost
      FROM (
        SELECT COALESCE(r.active_id, i.key_id) AS key_id, sum(i.cost) AS cost
        FROM inserted i LEFT JOIN replaced_keys r ON r.id = i.key_id WHERE i.cost <> 0 GROUP BY 1
      ) AS added
      WHERE virtual_keys.id = added.key_id
    ), added AS (
      SELECT organization_id, team_id, key_user_id, end_user, sum(cost) AS cost FROM inserted WHERE cost <> 0 GROUP BY 1, 2, 3, 4
    ), level_spend AS (
      INSERT INTO spend_limits AS stored (kind, subject, organization_id, spend)
      SELECT level.kind, level.subject, min(added.organization_id), sum(added.cost)
      FROM added CROSS JOIN LATERAL (VALUES ('organization', added.organization_id), ('team', added.team_id), ('user', added.key_user_id),
        ('member', added.team_id || chr(31) || added.key_user_id), ('end_user', added.end_user)) AS level (kind, subject)
      WHERE level.subject <> '' GROUP BY 1, 2
      ON CONFLICT (kind, subject) DO UPDATE SET spend = stored.spend + excluded.spend
    ), tag_spend AS (
      UPDATE spend_limits SET spend = spend_limits.spend + tagged.cost
      FROM (SELECT tag, sum(cost) AS cost FROM inserted CROSS JOIN LATERAL unnest(tags) AS tag WHERE cost <> 0 GROUP BY tag) AS tagged
      WHERE spend_limits.kind = 'tag' AND spend_limits.subject = tagged.tag
    )`;

const COMMA = sql`, `;
const COLUMN_NAMES = LEDGER_COLUMNS.map((column) => column.name);
const nameOf = (column: LedgerColumn): Statement => sql`${sql.identifier(column.name, COLUMN_NAMES)}`;
const NAMES = sql.join(LEDGER_COLUMNS.map(nameOf), COMMA);
const SELECTED = sql.join(LEDGER_COLUMNS.map(selected), COMMA);

/** A column of the group as a bound array. */
function arrayOf(column: LedgerColumn, entries: readonly LedgerEntry[]): Statement {
  const literal = arrayLiteral(column, entries);
  switch (column.type) {
    case 'integer':
      return sql`${literal}::integer[]`;
    case 'bigint':
    case 'instant':
      return sql`${literal}::bigint[]`;
    case 'boolean':
      return sql`${literal}::boolean[]`;
    case 'numeric':
      return sql`${literal}::numeric[]`;
    default:
      return sql`${literal}::text[]`;
  }
}

/** An unnested value as its column takes it. Microseconds of this millennium are exact in the product's double. */
function selected(column: LedgerColumn): Statement {
  if (column.type === 'instant') return sql`'epoch'::timestamptz + ${nameOf(column)} * interval '1 microsecond'`;
  return column.type === 'list' ? sql`${nameOf(column)}::text[]` : nameOf(column);
}

/** The journal sequence up to which everything is applied; 0 when nothing was. */
export async function storedPosition(records: Records, name: string): Promise<bigint> {
  const [row] = await records.query<{ sequence: string }>(sql`SELECT sequence FROM consumer_positions WHERE name = ${name}`);
  return BigInt(row?.sequence ?? 0);
}

/** Spend of every account that is kept in memory from the start, as decimal text: keys, and the levels above them. */
export async function storedSpend(records: Records): Promise<{ account: string; spend: string }[]> {
  return await records.query<{ account: string; spend: string }>(sql`
    SELECT 'key:' || COALESCE(account, id) AS account, spend FROM virtual_keys WHERE spend <> 0
    UNION ALL SELECT kind || ':' || subject, spend FROM spend_limits WHERE spend <> 0 AND kind IN ('organization', 'team', 'user', 'member')`);
}

/** Spend of one such account as decimal text; '0' when nobody has it. */
export async function storedSpendOf(records: Records, kind: string, subject: string): Promise<string> {
  const statement =
    kind === 'key'
      ? sql`SELECT spend FROM virtual_keys WHERE COALESCE(account, id) = ${subject}`
      : sql`SELECT spend FROM spend_limits WHERE kind = ${kind} AND subject = ${subject}`;
  const [row] = await records.query<{ spend: string }>(statement);
  return row?.spend ?? '0';
}
