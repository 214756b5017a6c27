// A LiteLLM database as it is found: which of its tables are there, with which columns, and their rows as JSON. Langfuse's tables beside them are not looked at.
import { AppError } from '#lib/errors.ts';
import { type ForeignTransaction, quoteName } from '#stores/records/foreign.ts';
import type { Row } from './fields.ts';

export const PREFIX = 'LiteLLM_';
const KEY_TABLE = 'LiteLLM_VerificationToken';
/** Rows in memory at once. */
const ROWS_A_FETCH = 500;

export interface Column {
  readonly name: string;
  /** PostgreSQL's name of the type: text, float8, timestamp, jsonb, _text ... */
  readonly type: string;
  readonly nullable: boolean;
  /** SQL of the default; null when there is none. */
  readonly defaultText: string | null;
}

export interface LiteLlmDatabase {
  readonly schema: string;
  /** Stays the same whatever address leads to the database. */
  readonly identity: string;
  /** Without the prefix. */
  readonly tables: ReadonlyMap<string, readonly Column[]>;
  /** Tables of others in the same schema. */
  readonly foreignTables: number;
  /** How many rows a table has; 0 for one that is not there. */
  count(table: string, condition?: Condition): Promise<number>;
  /** Rows in the order of some columns, a batch at a time; none for a table that is not there. */
  batches(table: string, order: readonly string[], condition?: Condition): AsyncGenerator<Row[]>;
}

/** SQL over the table's columns; written in the code, values bound. */
export interface Condition {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Looks around in a database. @throws AppError 400 when it holds no LiteLLM. */
export async function openLiteLlm(session: ForeignTransaction, wantedSchema: string | null): Promise<LiteLlmDatabase> {
  const schema = await schemaWith(session, wantedSchema);
  const tables = await tablesOf(session, schema);
  const known = [...tables].filter(([name]) => name.startsWith(PREFIX));
  const own = new Map(known.map(([name, columns]) => [name.slice(PREFIX.length), columns]));
  const nameOf = (table: string): string => `${quoteName(schema)}.${quoteName(PREFIX + table)}`;
  let cursors = 0;
  return {
    schema,
    identity: await identityOf(session, schema),
    tables: own,
    foreignTables: tables.size - own.size,
    async count(table, condition) {
      if (!own.has(table)) return 0;
      const [row] = await session.query<{ rows: string }>(`SELECT count(*) AS rows FROM ${nameOf(table)}${where(condition)}`, condition?.values);
      return Number(row?.rows ?? 0);
    },
    async *batches(table, order, condition) {
      const columns = own.get(table);
      if (columns === undefined) return;
      const sorted = order.filter((name) => columns.some((column) => column.name === name)).map(quoteName);
      const cursor = `takeover_${++cursors}`;
      const orderBy = sorted.length === 0 ? '' : ` ORDER BY ${sorted.join(', ')}`;
      await session.query(
        `DECLARE ${cursor} CURSOR FOR SELECT to_jsonb(t)::text AS row FROM ${nameOf(table)} t${where(condition)}${orderBy}`,
        condition?.values,
      );
      for (;;) {
        const rows = await session.query<{ row: string }>(`FETCH ${ROWS_A_FETCH} FROM ${cursor}`);
        if (rows.length > 0) yield rows.map(({ row }) => JSON.parse(row) as Row);
        if (rows.length < ROWS_A_FETCH) break;
      }
      await session.query(`CLOSE ${cursor}`);
    },
  };
}

const where = (condition: Condition | undefined): string => (condition === undefined ? '' : ` WHERE ${condition.text}`);

async function schemaWith(session: ForeignTransaction, wanted: string | null): Promise<string> {
  const found = await session.query<{ schema: string }>(
    `SELECT n.nspname AS schema FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relname = $1 AND c.relkind IN ('r', 'p') ORDER BY n.nspname = 'public' DESC, n.nspname`,
    [KEY_TABLE],
  );
  const schemas = found.map(({ schema }) => schema);
  const schema = wanted === null ? schemas[0] : schemas.find((name) => name === wanted);
  if (schema !== undefined) return schema;
  const hint = schemas.length === 0 ? 'Is it the right database?' : `LiteLLM is in the schema ${schemas.join(', ')}: add ?schema=… to the address.`;
  throw new AppError(`There is no table ${KEY_TABLE} in ${wanted === null ? 'the database' : `the schema ${wanted}`}. ${hint}`, {
    status: 400,
    code: 'no_litellm_tables',
  });
}

interface ColumnRow {
  table: string;
  name: string;
  type: string;
  required: boolean;
  default_text: string | null;
}

async function tablesOf(session: ForeignTransaction, schema: string): Promise<Map<string, Column[]>> {
  const rows = await session.query<ColumnRow>(
    `SELECT c.relname AS table, a.attname AS name, t.typname AS type, a.attnotnull AS required, pg_get_expr(d.adbin, d.adrelid) AS default_text
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid
     LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped ORDER BY c.relname, a.attnum`,
    [schema],
  );
  const tables = new Map<string, Column[]>();
  for (const row of rows) {
    const columns = tables.get(row.table) ?? [];
    tables.set(row.table, [...columns, { name: row.name, type: row.type, nullable: !row.required, defaultText: row.default_text }]);
  }
  return tables;
}

/** The server's own number where it tells it; a savepoint keeps the transaction when it does not. */
async function identityOf(session: ForeignTransaction, schema: string): Promise<string> {
  const [names] = await session.query<{ name: string; id: string }>(
    'SELECT d.datname AS name, d.oid::text AS id FROM pg_database d WHERE d.datname = current_database()',
  );
  await session.query('SAVEPOINT identity');
  const system = await session.query<{ id: string }>('SELECT system_identifier::text AS id FROM pg_control_system()').catch(async () => {
    await session.query('ROLLBACK TO SAVEPOINT identity');
    return [];
  });
  return `litellm:${system[0]?.id ?? 'server'}/${names?.id ?? ''}/${names?.name ?? ''}/${schema}`;
}
