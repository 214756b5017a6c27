// The ledger's statements: one that applies a group of rows, spend and the position together, and the reads that start it.
import type { Records, Statement } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import { arrayLiteral, LEDGER_COLUMNS, type LedgerColumn } from './ledger-columns.ts';
import type { LedgerEntry } from './ledger-row.ts';

const POSITION_NAME = 'ledger';

/**
 * Applies a group in one statement, so all of it or nothing: rows that are not there yet, the spend of their keys and teams for exactly those
 * rows, and the position. Applying the same group again changes nothing.
 * @returns how many rows were new.
 */
export async function applyGroup(records: Records, entries: readonly LedgerEntry[], position: bigint): Promise<number> {
  const [result] = await records.query<{ inserted: string }>(sql`
    WITH inserted AS (
      INSERT INTO ledger (${NAMES})
      SELECT ${SELECTED} FROM unnest(${sql.join(
        LEDGER_COLUMNS.map((column) => arrayOf(column, entries)),
        COMMA,
      )}) AS incoming (${NAMES})
      ON CONFLICT DO NOTHING
      RETURNING key_id, team_id, cost
    ), key_spend AS (
      UPDATE virtual_keys SET spend = virtual_keys.spend + added.cost
      FROM (SELECT key_id, sum(cost) AS cost FROM inserted WHERE cost > 0 GROUP BY key_id) AS added
      WHERE virtual_keys.id = added.key_id
    ), team_spend AS (
      UPDATE teams SET spend = teams.spend + added.cost
      FROM (SELECT team_id, sum(cost) AS cost FROM inserted WHERE cost > 0 AND team_id IS NOT NULL GROUP BY team_id) AS added
      WHERE teams.id = added.team_id
    ), position AS (
      INSERT INTO consumer_positions AS stored (name, sequence) VALUES (${POSITION_NAME}, ${position.toString()})
      ON CONFLICT (name) DO UPDATE SET sequence = GREATEST(stored.sequence, excluded.sequence), updated_at = now()
    )
    SELECT count(*) AS inserted FROM inserted`);
  return Number(result?.inserted ?? 0);
}

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
export async function storedPosition(records: Records): Promise<bigint> {
  const [row] = await records.query<{ sequence: string }>(sql`SELECT sequence FROM consumer_positions WHERE name = ${POSITION_NAME}`);
  return BigInt(row?.sequence ?? 0);
}

/** Spend of every key that has any, as decimal text: what the budgets start from. */
export async function spendOfKeys(records: Records): Promise<{ id: string; spend: string }[]> {
  return await records.query<{ id: string; spend: string }>(sql`SELECT id, spend FROM virtual_keys WHERE spend <> 0`);
}

/** Everything the gateway ever spent, as decimal text: what the global budget starts from. */
export async function spendOfAll(records: Records): Promise<string> {
  const [row] = await records.query<{ spend: string }>(sql`SELECT COALESCE(sum(cost), 0) AS spend FROM ledger`);
  return row?.spend ?? '0';
}
