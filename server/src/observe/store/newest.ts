// The two ways to read one row an entity from the folded tables (docs/adr/0003): by identity (newest version wins) and by time (FINAL). Nothing else reads them.
import { instant, join, type SqlFragment, sql, uint32 } from '#stores/analytics/sql.ts';
import type { TableName } from './tables.ts';

export type FoldedTable = Extract<TableName, 'observations' | 'traces' | 'scores'>;

const TABLE: Readonly<Record<FoldedTable, SqlFragment>> = { observations: sql`observations`, traces: sql`traces`, scores: sql`scores` };
const IDENTITY: Readonly<Record<FoldedTable, SqlFragment>> = {
  observations: sql`project_id, trace_id, id`,
  traces: sql`project_id, id`,
  scores: sql`project_id, id`,
};
const TIME: Readonly<Record<FoldedTable, SqlFragment>> = { observations: sql`start_time`, traces: sql`timestamp`, scores: sql`timestamp` };

/**
 * Live rows by identity, whenever they were: all versions that match, the newest of each identity, tombstones out.
 * `match` may only name columns of the identity (project_id, trace_id, id): another column may differ between versions. A live row and a
 * tombstone of one version are a moved key: the live one counts. Two live rows of one version are one whose cost was computed again: the later one counts.
 */
export function newestOf(table: FoldedTable, columns: SqlFragment, match: SqlFragment): SqlFragment {
  return sql`(SELECT ${columns} FROM (SELECT ${columns}, is_deleted FROM ${TABLE[table]} WHERE ${match} ORDER BY row_version DESC, is_deleted ASC, updated_at DESC LIMIT 1 BY ${IDENTITY[table]}) WHERE is_deleted = 0)`;
}

/** The newest version of each identity, tombstones included (see liveRows): a statement of its own that costs the engine half of what newestOf does, because it plans the many columns once. `match` as for newestOf; `columns` include is_deleted; `most` bounds the rows. */
export function newestVersions(table: FoldedTable, columns: SqlFragment, match: SqlFragment, most?: number): SqlFragment {
  const bound = most === undefined ? sql`` : sql` LIMIT ${uint32(most)}`;
  return sql`SELECT ${columns} FROM ${TABLE[table]} WHERE ${match} ORDER BY row_version DESC, is_deleted ASC, updated_at DESC LIMIT 1 BY ${IDENTITY[table]}${bound} SETTINGS max_threads = 1`;
}

/** What newestVersions gives, without the tombstones. */
export function liveRows<Row extends { is_deleted: 0 | 1 }>(rows: readonly Row[]): Row[] {
  return rows.filter((row) => row.is_deleted === 0);
}

/** Half-open range of instants. */
export interface TimeRange {
  from: Date | string;
  to: Date | string;
}

/** Live rows of a time range as a table expression, `from` included and `to` excluded; the statement ends with FINAL_SETTINGS. The first condition names the project. */
export function liveIn(table: FoldedTable, columns: SqlFragment, range: TimeRange, conditions: readonly SqlFragment[]): SqlFragment {
  return sql`(${selectLive(table, columns, range, conditions)})`;
}

/** The same as a statement of its own: wrapped in another one the engine plans its many columns twice, which is a third of what a page costs. */
export function liveStatement(table: FoldedTable, columns: SqlFragment, range: TimeRange, conditions: readonly SqlFragment[]): SqlFragment {
  return sql`${selectLive(table, columns, range, conditions)} ${FINAL_SETTINGS}`;
}

function selectLive(table: FoldedTable, columns: SqlFragment, range: TimeRange, conditions: readonly SqlFragment[]): SqlFragment {
  const where = join([...conditions, sql`${TIME[table]} >= ${instant(range.from)} AND ${TIME[table]} < ${instant(range.to)}`], ' AND ');
  return sql`SELECT ${columns} FROM ${TABLE[table]} FINAL WHERE ${where}`;
}

/** A row and its replacement share their key and so their week; weeks are settled apart from each other. */
export const FINAL_SETTINGS = sql`SETTINGS do_not_merge_across_partitions_select_final = 1`;

/** The first instant of a range in a table, for `UNION ALL` (column `first`; no row when there is none). A hint: versions that were replaced count too, which spares reading whole rows. */
export function firstIn(table: FoldedTable, range: TimeRange, project: SqlFragment): SqlFragment {
  const time = TIME[table];
  return sql`SELECT min(${time}) AS first FROM ${TABLE[table]} WHERE ${project} AND ${time} >= ${instant(range.from)} AND ${time} < ${instant(range.to)} AND is_deleted = 0 HAVING count() > 0`;
}
