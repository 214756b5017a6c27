// Copies the rows of Langfuse's ClickHouse tables out of and into the pod of ClickHouse, with its own client, in its own format (Native), as a stream.
import { CLICKHOUSE_DATABASE } from '#k8s/clickhouse-config.ts';
import { NAMESPACE } from '#k8s/names.ts';
import type { KubernetesPort } from '#kubernetes/port.ts';

/** The client takes the password from the pod's own variable. */
export const CLICKHOUSE_POD = { namespace: NAMESPACE, name: 'clickhouse-0', container: 'clickhouse' };

/** Engines without rows of their own. */
const WITHOUT_ROWS = ['View', 'MaterializedView', 'LiveView', 'WindowView', 'Null', 'Distributed', 'Merge', 'Buffer', 'Dictionary'];
/** Written by the migrations themselves. */
const MIGRATIONS = 'schema_migrations';
/** An empty table of this name stands beside one that is being filled: without it nobody could tell half a table from a whole one. */
const MARK = 'genai_restoring_';
const PIECE_BYTES = 4 * 1024 * 1024;
const INPUT_BYTES = 64 * 1024;

interface Table {
  name: string;
  engine: string;
  create_table_query: string;
}

const quoted = (name: string): string => `${CLICKHOUSE_DATABASE}.\`${name.replace(/[\\`]/g, '\\$&')}\``;
const hasRows = ({ name, engine }: Table): boolean =>
  !WITHOUT_ROWS.includes(engine) && name !== MIGRATIONS && !name.startsWith(MARK) && !name.startsWith('.inner');

const command = (query: string): string[] => ['clickhouse-client', '--insert_deduplicate=0', '--query', query];

async function ask(kubernetes: KubernetesPort, query: string): Promise<string> {
  const chunks: Buffer[] = [];
  await kubernetes.run(CLICKHOUSE_POD, command(query), { output: (chunk) => chunks.push(Buffer.from(chunk)) });
  return Buffer.concat(chunks).toString();
}

async function tablesOf(kubernetes: KubernetesPort): Promise<Table[]> {
  const query = `SELECT name, engine, create_table_query FROM system.tables WHERE database = '${CLICKHOUSE_DATABASE}' ORDER BY name FORMAT JSONEachRow`;
  const lines = (await ask(kubernetes, query)).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Table);
}

/** Hands over piece after piece, table after table; tables without rows give none. @throws KubernetesError with the client's own words */
export async function dumpTraces(kubernetes: KubernetesPort, add: (table: string, piece: Buffer) => void): Promise<void> {
  for (const table of (await tablesOf(kubernetes)).filter(hasRows)) {
    let held: Buffer[] = [];
    let heldBytes = 0;
    const flush = (): void => {
      if (heldBytes > 0) add(table.name, Buffer.concat(held));
      held = [];
      heldBytes = 0;
    };
    await kubernetes.run(CLICKHOUSE_POD, command(`SELECT * FROM ${quoted(table.name)} FORMAT Native`), {
      output: (chunk) => {
        held.push(Buffer.from(chunk));
        heldBytes += chunk.length;
        if (heldBytes >= PIECE_BYTES) flush();
      },
    });
    flush();
  }
}

export interface SavedTable {
  name: string;
  pieces: () => Iterable<Buffer>;
}

/**
 * Fills the tables that are empty, and those that an earlier try left half filled; others are left alone.
 * @param say hears each table and whether it was filled @throws KubernetesError with the client's own words; a second try goes on
 */
export async function fillTraces(kubernetes: KubernetesPort, saved: readonly SavedTable[], say: (table: string, isFilled: boolean) => void): Promise<void> {
  const all = await tablesOf(kubernetes);
  const names = new Set(all.map(({ name }) => name));
  const targets = new Set(all.flatMap(({ create_table_query: text }) => targetOf(text)));
  const wanted: { from: SavedTable; table: Table }[] = [];
  for (const from of saved) {
    const table = all.find((candidate) => candidate.name === from.name && hasRows(candidate));
    const isOpen = table !== undefined && (names.has(MARK + from.name) || (await isEmpty(kubernetes, from.name)));
    if (isOpen) wanted.push({ from, table });
    else say(from.name, false);
  }
  // All marks first: filling one table lets materialized views write into others, which are then no longer empty.
  for (const { from } of wanted) await ask(kubernetes, `CREATE TABLE IF NOT EXISTS ${quoted(MARK + from.name)} (n UInt8) ENGINE = MergeTree ORDER BY n`);
  // For the same reason the targets of views come last, and are emptied before.
  for (const { from, table } of wanted.toSorted((one, two) => Number(targets.has(one.from.name)) - Number(targets.has(two.from.name)))) {
    // A table that replaces by key takes the same rows twice without harm.
    if (!table.engine.includes('Replacing')) await ask(kubernetes, `TRUNCATE TABLE ${quoted(from.name)}`);
    await kubernetes.run(CLICKHOUSE_POD, command(`INSERT INTO ${quoted(from.name)} FORMAT Native`), { input: inputOf(from.pieces()) });
    await ask(kubernetes, `DROP TABLE ${quoted(MARK + from.name)}`);
    say(from.name, true);
  }
}

/** The table that a materialized view writes into. */
const targetOf = (createQuery: string): string[] => {
  const [, name] = /^CREATE MATERIALIZED VIEW \S+ (?:UUID \S+ )?(?:ON CLUSTER \S+ )?TO (?:`?\w+`?\.)?`?([^\s`(]+)/.exec(createQuery) ?? [];
  return name === undefined ? [] : [name];
};

const isEmpty = async (kubernetes: KubernetesPort, table: string): Promise<boolean> =>
  (await ask(kubernetes, `SELECT count() FROM (SELECT 1 FROM ${quoted(table)} LIMIT 1)`)).trim() === '0';

async function* inputOf(pieces: Iterable<Buffer>): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) for (let at = 0; at < piece.length; at += INPUT_BYTES) yield piece.subarray(at, at + INPUT_BYTES);
}
