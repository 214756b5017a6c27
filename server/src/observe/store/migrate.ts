// Brings the analytics store to the tables of tables.ts: creates what is absent, adds columns that came later, never changes a key.

import { AppError } from '#lib/errors.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import { sql, texts } from '#stores/analytics/sql.ts';
import { ALL_TABLE_NAMES, type ClusterName, columnsOf, derivedColumns, derivedStatements, tableStatements } from './tables.ts';

/**
 * Creates the tables; safe to run at every start and by several processes at once.
 * @throws AppError 503 when the store is away; 500 when a stored table lacks a column that this release writes (its migration is missing).
 */
export async function migrateAnalytics(analytics: Analytics, cluster: ClusterName = null): Promise<void> {
  for (const statement of tableStatements(cluster)) await analytics.command(statement);
  const rows = await analytics.query<{ table: string; name: string }>(
    sql`SELECT table, name FROM system.columns WHERE database = currentDatabase() AND table IN ${texts(ALL_TABLE_NAMES)}`,
  );
  let behind = false;
  for (const table of ALL_TABLE_NAMES) {
    const present = new Set(rows.filter((row) => row.table === table).map((row) => row.name));
    if (derivedColumns(table).some((column) => !present.has(column))) behind = true;
    const missing = columnsOf(table).filter((column) => !present.has(column));
    if (missing.length > 0)
      throw new AppError(
        `The stored table ${table} has no column ${missing.join(', ')}. Start the release that the data folder was made with, or restore a backup.`,
        {
          status: 500,
          code: 'analytics_schema',
        },
      );
  }
  if (behind) for (const statement of derivedStatements(cluster)) await analytics.command(statement);
}
