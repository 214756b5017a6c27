// The analytics tables as lines, partition by partition, and back: one row an entity as reads see it, the same from chDB and from a ClickHouse server.
import type { Analytics } from '#stores/analytics/port.ts';
import { join, oneOf, sql, text, texts } from '#stores/analytics/sql.ts';

export interface CopiedTable {
  table: string;
  columns: string[];
  partitions: string[];
}

export interface AnalyticsCopy {
  /** The platform's tables with their present columns and the partitions that hold rows. */
  tables(): Promise<CopiedTable[]>;
  /** Rows of a partition as JSON lines with these columns in this order, replaced and deleted versions left out. */
  lines(table: string, columns: readonly string[], partition: string): AsyncIterable<string>;
  /** Stores JSON lines durably. Storing them again changes nothing that a read sees. */
  insert(table: string, lines: readonly string[], token: string): Promise<void>;
}

/** A partition of months is read in one go. */
const READ = { timeoutMs: 4 * 3_600_000, memoryBytes: 512 * 1024 * 1024 };

/** @throws what the port throws, and RangeError for a table or column that is none of ours. */
export function analyticsCopy(analytics: Analytics, tableNames: readonly string[]): AnalyticsCopy {
  const table = (name: string) => oneOf(tableNames, name);
  return {
    async tables() {
      const rows = await analytics.query<{ table: string; name: string }>(
        sql`SELECT table, name FROM system.columns WHERE database = currentDatabase() AND table IN ${texts(tableNames)} ORDER BY table, position`,
      );
      const found: CopiedTable[] = [];
      for (const name of tableNames) {
        const partitions = await analytics.query<{ partition: string }>(
          sql`SELECT DISTINCT _partition_id AS partition FROM ${table(name)} ORDER BY partition`,
          READ,
        );
        const columns = rows.filter((row) => row.table === name).map((row) => row.name);
        found.push({ table: name, columns, partitions: partitions.map(({ partition }) => partition) });
      }
      return found;
    },
    async *lines(name, columns, partition) {
      const wanted = join(
        columns.map((column) =>
          oneOf(
            columns.filter((known) => /^[a-z_][a-z0-9_]*$/.test(known)),
            column,
          ),
        ),
        ', ',
      );
      const rows = analytics.stream(
        sql`SELECT ${wanted} FROM ${table(name)} FINAL WHERE _partition_id = ${text(partition)} SETTINGS do_not_merge_across_partitions_select_final = 1, max_threads = 1`,
        READ,
      );
      for await (const row of rows) yield JSON.stringify(row);
    },
    insert: (name, lines, token) => analytics.insert(name, Buffer.from(`${lines.join('\n')}\n`), token),
  };
}
