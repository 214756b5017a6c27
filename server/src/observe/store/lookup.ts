// FoldLookup over the analytics store: the newest live rows by identity, one batched read each, on the writer's connection so that reads of people never hold the fold up.
import type { EntityKey, FoldLookup, SpanKey } from '#observe/fold/port.ts';
import type { ObservationRow, ScoreRow, TraceRow } from '#observe/rows.ts';
import type { Analytics, ReadLimits } from '#stores/analytics/port.ts';
import { constantSql, instant, join, oneOf, type SqlFragment, sql, text, texts, uint32 } from '#stores/analytics/sql.ts';
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
    callers: (keys) => callers(analytics, keys),
    callsUnderSpans: (sinceMs, limit) => callsUnderSpans(analytics, sinceMs, limit),
  };
}

type Spanned = SpanKey & { projectId: string };

async function callers(analytics: Analytics, keys: readonly SpanKey[]): Promise<Spanned[]> {
  const wanted = new Set(keys.map(({ traceId, spanId }) => JSON.stringify([traceId, spanId])));
  const found: Spanned[] = [];
  for (let start = 0; start < keys.length; start += KEYS_A_READ) {
    const some = keys.slice(start, start + KEYS_A_READ);
    const rows = await analytics.query<Spanned>(
      sql`SELECT DISTINCT project_id AS projectId, trace_id AS traceId, id AS spanId FROM observations
        WHERE trace_id IN ${texts(some.map(({ traceId }) => traceId))} AND id IN ${texts(some.map(({ spanId }) => spanId))} AND is_deleted = 0 AND call_id = '' SETTINGS max_threads = 1`,
      LIMITS,
    );
    found.push(...rows.filter(({ traceId, spanId }) => wanted.has(JSON.stringify([traceId, spanId]))));
  }
  return found;
}

async function callsUnderSpans(analytics: Analytics, sinceMs: number, limit: number): Promise<Spanned[]> {
  const rows = await analytics.query<Spanned>(
    sql`SELECT project_id AS projectId, trace_id AS traceId, parent_observation_id AS spanId FROM observations
      WHERE start_time >= ${instant(new Date(sinceMs))} AND call_id != '' AND parent_observation_id != '' AND is_deleted = 0
      ORDER BY start_time DESC LIMIT ${uint32(limit)} SETTINGS max_threads = 1`,
    LIMITS,
  );
  return rows.reverse();
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
