// FoldLookup over the analytics store: the newest live rows by identity, one batched read each, on the writer's connection so that reads of people never hold the fold up.
import type { EntityKey, FoldLookup } from '#observe/fold/port.ts';
import type { ObservationRow, ScoreRow, TraceRow } from '#observe/rows.ts';
import type { Analytics, ReadLimits } from '#stores/analytics/port.ts';
import { constantSql, join, oneOf, type SqlFragment, sql, text, texts } from '#stores/analytics/sql.ts';
import { type FoldedTable, liveRows, newestVersions } from './newest.ts';
import { columnsOf, type TableName } from './tables.ts';

/** Keys a statement: bounds the text and the engine's work. */
const KEYS_A_READ = 2_000;
const LIMITS: ReadLimits = { timeoutMs: 60_000, memoryBytes: 1024 * 1024 * 1024, lane: 'writer' };

/** All columns of a table, as the writer wrote them. */
export function allColumns(table: TableName): SqlFragment {
  return constantSql(columnsOf(table).join(', '));
}

/**
 * Makes the fold's look-ups. Rows come back with the columns and forms of rows.ts.
 * Most keys of a fold are new, and reading 49 columns costs four times what reading one does (17 against 4 ms of CPU): so the index is asked first which keys exist at all.
 */
export function createLookup(analytics: Analytics): FoldLookup {
  async function read<Row extends { is_deleted: 0 | 1 }>(table: FoldedTable, column: KeyColumn, keys: readonly EntityKey[]): Promise<Row[]> {
    const rows: Row[] = [];
    for (const chunk of chunked(keys)) {
      const present = await analytics.query<{ project_id: string; key: string }>(presentKeys(table, column, matchOf(column, chunk)), LIMITS);
      if (present.length === 0) continue;
      const found = present.map(({ project_id: projectId, key }) => ({ projectId, id: key }));
      rows.push(...(await analytics.query<Row>(newestVersions(table, allColumns(table), matchOf(column, found)), LIMITS)));
    }
    return liveRows(rows);
  }
  return {
    traces: (keys) => read<TraceRow>('traces', 'id', keys),
    observations: (keys) => read<ObservationRow>('observations', 'id', keys),
    traceCarriers: async (keys) => (await read<ObservationRow>('observations', 'trace_id', keys)).filter((row) => row.is_trace === 1),
    scores: (keys) => read<ScoreRow>('scores', 'id', keys),
  };
}

type KeyColumn = 'id' | 'trace_id';
const KEY_COLUMNS: Readonly<Record<KeyColumn, SqlFragment>> = { id: sql`id`, trace_id: sql`trace_id` };

function matchOf(column: KeyColumn, keys: readonly EntityKey[]): SqlFragment {
  return join(
    byProject(keys).map(([project, ids]) => sql`(project_id = ${text(project)} AND ${KEY_COLUMNS[column]} IN ${texts(ids)})`),
    ' OR ',
  );
}

function presentKeys(table: FoldedTable, column: KeyColumn, match: SqlFragment): SqlFragment {
  return sql`SELECT DISTINCT project_id, ${KEY_COLUMNS[column]} AS key FROM ${oneOf(['observations', 'traces', 'scores'], table)} WHERE ${match} SETTINGS max_threads = 1`;
}

function chunked(keys: readonly EntityKey[]): EntityKey[][] {
  const chunks: EntityKey[][] = [];
  for (let start = 0; start < keys.length; start += KEYS_A_READ) chunks.push(keys.slice(start, start + KEYS_A_READ));
  return chunks;
}

function byProject(keys: readonly EntityKey[]): [string, string[]][] {
  const projects = new Map<string, string[]>();
  for (const key of keys) {
    const ids = projects.get(key.projectId);
    if (ids) ids.push(key.id);
    else projects.set(key.projectId, [key.id]);
  }
  return [...projects];
}
