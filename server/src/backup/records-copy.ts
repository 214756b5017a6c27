// The records as lines and back: every table of our schema as PostgreSQL itself writes a row, so that each type survives exactly; whatever tables a release has.
import type { RecordsSession } from '#stores/records/port.ts';
import { catalogScript, sql } from '#stores/records/sql.ts';
import { digestOf } from './digest.ts';
import type { Manifest } from './manifest.ts';
import { linesOf, type Place, packLines } from './pieces.ts';

const FETCH_ROWS = 500;
const BATCH_ROWS = 1_000;
const BATCH_CHARACTERS = 4 * 1024 * 1024;

export type RecordsPart = Pick<Manifest, 'migrations' | 'sequences' | 'records'>;

/** Copies all tables as they were at one moment. `session` is a new transaction; `onTable` hears how many of how many are done. */
export async function copyRecords(session: RecordsSession, place: Place, onTable: (done: number, all: number) => void): Promise<RecordsPart> {
  await session.query(sql`SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY`);
  await session.query(sql`SET LOCAL statement_timeout = 0`);
  const migrations = await session.query<RecordsPart['migrations'][number]>(sql`SELECT number, name, checksum FROM genai.migrations ORDER BY number`);
  const tables = await tablesOf(session);
  const records: RecordsPart['records'] = [];
  for (const table of tables) {
    records.push({ table, ...(await packLines(place, `records/${table}`, rowsOf(session, table, tables))) });
    onTable(records.length, tables.length);
  }
  const sequences = await session.query<{ name: string; value: string }>(
    sql`SELECT sequencename AS name, last_value::text AS value FROM pg_sequences WHERE schemaname = 'genai' AND last_value IS NOT NULL`,
  );
  return { migrations, sequences, records };
}

/**
 * Fills the tables of a schema at the backup's level with the backup's rows, in the transaction of `session`, and compares what then stands there.
 * @throws AppError 422 when the backup is damaged; Error when a table differs afterwards.
 */
export async function loadRecords(session: RecordsSession, place: Place, part: RecordsPart, onTable: (done: number, all: number) => void): Promise<void> {
  await session.query(sql`SET LOCAL statement_timeout = 0`);
  const tables = await tablesOf(session);
  const foreignKeys = await dropForeignKeys(session, tables);
  // What notifies or counts on a change must not hear of rows that come back.
  for (const table of tables) await session.query(sql`ALTER TABLE ${name(table, tables)} DISABLE TRIGGER USER`);
  for (const table of tables) await session.query(sql`TRUNCATE TABLE ${name(table, tables)}`);
  for (const [index, { table, pieces }] of part.records.entries()) {
    const columns = await columnsOf(session, table);
    for (const piece of pieces) for (const batch of batches(await linesOf(place, piece))) await insert(session, { table, tables, columns }, batch);
    onTable(index + 1, part.records.length);
  }
  for (const { name: sequence, value } of part.sequences) await session.query(sql`SELECT setval(${`genai.${sequence}`}::text::regclass, ${value}::bigint)`);
  for (const statement of foreignKeys) await session.query(catalogScript(statement));
  for (const table of tables) await session.query(sql`ALTER TABLE ${name(table, tables)} ENABLE TRIGGER USER`);
  await compareRecords(session, part);
}

/** @throws Error that names the tables whose rows are not the backup's. */
async function compareRecords(session: RecordsSession, part: RecordsPart): Promise<void> {
  const tables = await tablesOf(session);
  const differing: string[] = [];
  for (const { table, rows, digest } of part.records) {
    const found = await digestOf(rowsOf(session, table, tables));
    if (found.rows !== rows || found.digest !== digest) differing.push(`${table} (${found.rows} rows, the backup has ${rows})`);
  }
  if (differing.length > 0) throw new Error(`restored tables differ from the backup: ${differing.join(', ')}`);
}

async function tablesOf(session: RecordsSession): Promise<string[]> {
  const rows = await session.query<{ relname: string }>(sql`SELECT relname FROM pg_class
    WHERE relnamespace = 'genai'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'migrations' ORDER BY relname`);
  return rows.map(({ relname }) => relname);
}

/** Columns that can be written. */
async function columnsOf(session: RecordsSession, table: string): Promise<string[]> {
  const rows = await session.query<{ attname: string }>(sql`SELECT attname FROM pg_attribute
    WHERE attrelid = ${`genai.${table}`}::text::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum`);
  return rows.map(({ attname }) => attname);
}

const name = (table: string, tables: readonly string[]) => sql.identifier(table, tables);

/** A row may hold line breaks, so each is one JSON text. */
async function* rowsOf(session: RecordsSession, table: string, tables: readonly string[]): AsyncIterable<string> {
  await session.query(sql`DECLARE copied_rows NO SCROLL CURSOR FOR SELECT stored_row::text AS line FROM ${name(table, tables)} AS stored_row`);
  for (;;) {
    const rows = await session.query<{ line: string }>(FETCH);
    for (const { line } of rows) yield JSON.stringify(line);
    if (rows.length < FETCH_ROWS) break;
  }
  await session.query(sql`CLOSE copied_rows`);
}

const FETCH = catalogScript(`FETCH ${FETCH_ROWS} FROM copied_rows`);

async function insert(
  session: RecordsSession,
  into: { table: string; tables: readonly string[]; columns: readonly string[] },
  lines: readonly string[],
): Promise<void> {
  const { table, tables, columns } = into;
  const comma = sql`, `;
  const targets = sql.join(
    columns.map((column) => sql`${sql.identifier(column, columns)}`),
    comma,
  );
  const values = sql.join(
    columns.map((column) => sql`(given.whole).${sql.identifier(column, columns)}`),
    comma,
  );
  const texts = lines.map((line) => JSON.parse(line) as string);
  // OFFSET 0: else the row's text would be read once for every column.
  await session.query(sql`INSERT INTO ${name(table, tables)} (${targets}) OVERRIDING SYSTEM VALUE
    SELECT ${values} FROM (SELECT line::${name(table, tables)} AS whole FROM unnest(${texts}::text[]) AS line OFFSET 0) AS given`);
}

function* batches(lines: readonly string[]): Iterable<string[]> {
  let batch: string[] = [];
  let size = 0;
  for (const line of lines) {
    batch.push(line);
    size += line.length;
    if (batch.length < BATCH_ROWS && size < BATCH_CHARACTERS) continue;
    yield batch;
    batch = [];
    size = 0;
  }
  if (batch.length > 0) yield batch;
}

/** Rows come back table by table; the keys between them are checked when all are there. @returns the statements that bring the keys back. */
async function dropForeignKeys(session: RecordsSession, tables: readonly string[]): Promise<string[]> {
  const keys = await session.query<{ table: string; name: string; definition: string }>(sql`
    SELECT relname AS table, conname AS name, pg_get_constraintdef(pg_constraint.oid) AS definition
    FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
    WHERE contype = 'f' AND connamespace = 'genai'::regnamespace AND conparentid = 0 ORDER BY relname, conname`);
  const names = keys.map((key) => key.name);
  for (const key of keys) await session.query(sql`ALTER TABLE ${name(key.table, tables)} DROP CONSTRAINT ${sql.identifier(key.name, names)}`);
  return keys.map((key) => `ALTER TABLE "${key.table}" ADD CONSTRAINT "${key.name}" ${key.definition}`);
}
