// Rows that leave the stored tables for good: a mutation that rewrites the parts they lie in, waited for without holding up inserts. Statements hold ids and never content: the engine keeps their text.
import { AppError } from '#lib/errors.ts';
import { ALL_TABLE_NAMES, type MadeTableName, TABLE_NAMES, type TableName } from '#observe/store/tables.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import { oneOf, type SqlFragment, sql, text } from '#stores/analytics/sql.ts';

const POLL_MS = 250;
const MUTATION_TIMEOUT_MS = 30 * 60_000;

export const tableIs = (table: TableName | MadeTableName): SqlFragment => oneOf(ALL_TABLE_NAMES, table);

export interface StoredPartition {
  table: TableName;
  id: string;
  /** Null for tables without classes. */
  retentionClass: number | null;
  weekEndMs: number;
  rows: number;
  bytes: number;
}

const WEEK_MS = 7 * 86_400_000;

/** What is stored, partition by partition. */
export async function storedPartitions(analytics: Analytics): Promise<StoredPartition[]> {
  const rows = await analytics.query<{ table: TableName; partition_id: string; rows: string; bytes: string }>(sql`
    SELECT table, partition_id, sum(rows) AS rows, sum(bytes_on_disk) AS bytes FROM system.parts
    WHERE active AND database = currentDatabase() GROUP BY table, partition_id ORDER BY table, partition_id`);
  return rows.flatMap((row) => {
    const [, retentionClass, year, month, day] = /^(?:(\d)-)?(\d{4})(\d\d)(\d\d)$/.exec(row.partition_id) ?? [];
    if (year === undefined || !TABLE_NAMES.includes(row.table)) return [];
    const weekEndMs = Date.UTC(Number(year), Number(month) - 1, Number(day)) + WEEK_MS;
    const ofClass = retentionClass === undefined ? null : Number(retentionClass);
    return [{ table: row.table, id: row.partition_id, retentionClass: ofClass, weekEndMs, rows: Number(row.rows), bytes: Number(row.bytes) }];
  });
}

/** Drops a whole partition. */
export async function dropPartition(analytics: Analytics, { table, id }: StoredPartition): Promise<void> {
  await analytics.command(sql`ALTER TABLE ${tableIs(table)} DROP PARTITION ID ${text(id)}`);
}

/**
 * Deletes rows, of one partition or of the whole table, and resolves when no part that is read holds them.
 * @throws AppError 503 when that takes too long; the engine goes on with it.
 */
export async function deleteRows(analytics: Analytics, table: TableName | MadeTableName, condition: SqlFragment, partitionId?: string): Promise<void> {
  const place = partitionId === undefined ? sql`` : sql`IN PARTITION ID ${text(partitionId)} `;
  await analytics.command(sql`ALTER TABLE ${tableIs(table)} DELETE ${place}WHERE ${condition}`);
  for (const deadline = Date.now() + MUTATION_TIMEOUT_MS; Date.now() < deadline; ) {
    const [open] = await analytics.query<{ count: string }>(
      sql`SELECT count() AS count FROM system.mutations WHERE database = currentDatabase() AND table = ${text(table)} AND NOT is_done`,
    );
    if (Number(open?.count ?? 0) === 0) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new AppError('Rows are still being deleted: the analytics store is slow.', { status: 503, code: 'analytics_away', retryAfterSeconds: 60 });
}

/** Stored versions that match. */
export async function countRows(analytics: Analytics, table: TableName, condition: SqlFragment, partitionId?: string): Promise<number> {
  const place = partitionId === undefined ? sql`` : sql`_partition_id = ${text(partitionId)} AND `;
  const [row] = await analytics.query<{ count: string }>(sql`SELECT count() AS count FROM ${tableIs(table)} WHERE ${place}${condition}`, { timeoutMs: 60_000 });
  return Number(row?.count ?? 0);
}
