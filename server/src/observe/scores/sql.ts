// Reads of scores: lists by time with the trace they belong to, one by id, a trace's.
import type { FilterCondition } from '#observe/filter/filter.ts';
import { type FilterColumns, filterToSql } from '#observe/filter/to-sql.ts';
import { FINAL_SETTINGS, liveIn, newestOf, type TimeRange } from '#observe/store/newest.ts';
import { projectIs, tracesIn } from '#observe/traces/sql.ts';
import { float64, join, type SqlFragment, sql, text, texts, uint32 } from '#stores/analytics/sql.ts';

/** A stored score without stamps and bookkeeping. */
export interface ScoreView {
  project_id: string;
  id: string;
  timestamp: string;
  trace_id: string;
  observation_id: string;
  session_id: string;
  dataset_run_id: string;
  name: string;
  source: string;
  data_type: string;
  value: number | null;
  string_value: string | null;
  comment: string | null;
  metadata: Record<string, string>;
  environment: string;
  config_id: string | null;
  queue_id: string | null;
  author_user_id: string | null;
  created_at: string;
  updated_at: string;
}

/** The columns of ScoreView. */
export const COLUMNS_READ = sql`project_id, id, timestamp, trace_id, observation_id, session_id, dataset_run_id, name, source, data_type, value, string_value, comment, metadata, environment,
  config_id, queue_id, author_user_id, created_at, updated_at`;

/** A trace's scores, oldest first, without corrections. */
export function scoresOfTrace(projectId: string, traceId: string): SqlFragment {
  // The trace is not part of a score's identity, so it is compared on the newest version only.
  const ids = sql`SELECT id FROM scores WHERE ${projectIs(projectId)} AND trace_id = ${text(traceId)}`;
  return sql`SELECT * FROM ${newestOf('scores', COLUMNS_READ, sql`${projectIs(projectId)} AND id IN (${ids})`)}
    WHERE trace_id = ${text(traceId)} AND data_type != 'CORRECTION' ORDER BY timestamp, id`;
}

/** Score ids of given traces, one row a trace. */
export function scoreIdsOf(projectId: string, traceIds: readonly string[]): SqlFragment {
  const ids = sql`SELECT id FROM scores WHERE ${projectIs(projectId)} AND trace_id IN ${texts(traceIds)}`;
  return sql`SELECT trace_id, groupArray(id) AS ids FROM (SELECT trace_id, id FROM ${newestOf('scores', sql`project_id, id, timestamp, trace_id`, sql`${projectIs(projectId)} AND id IN (${ids})`)}
    WHERE trace_id IN ${texts(traceIds)} ORDER BY timestamp, id) GROUP BY trace_id`;
}

export function scoreById(projectId: string, id: string): SqlFragment {
  return sql`SELECT * FROM ${newestOf('scores', COLUMNS_READ, sql`${projectIs(projectId)} AND id = ${text(id)}`)}`;
}

const word = (expression: SqlFragment) => ({ holds: 'text' as const, expression });

/** Columns that a filter on scores may name. */
const COLUMNS: FilterColumns = {
  id: word(sql`id`),
  name: word(sql`name`),
  timestamp: { holds: 'instant', expression: sql`timestamp` },
  source: word(sql`source`),
  dataType: word(sql`data_type`),
  value: { holds: 'number', expression: sql`value` },
  stringValue: word(sql`string_value`),
  comment: word(sql`comment`),
  environment: word(sql`environment`),
  traceId: word(sql`nullIf(trace_id, '')`),
  observationId: word(sql`nullIf(observation_id, '')`),
  sessionId: word(sql`nullIf(session_id, '')`),
  datasetRunId: word(sql`nullIf(dataset_run_id, '')`),
  configId: word(sql`config_id`),
  queueId: word(sql`queue_id`),
  authorUserId: word(sql`author_user_id`),
  metadata: { holds: 'metadata', expression: sql`metadata` },
};

export const VALUE_OPERATORS = { '<': sql`<`, '>': sql`>`, '<=': sql`<=`, '>=': sql`>=`, '!=': sql`!=`, '=': sql`=` } as const;

export interface ScoreListQuery {
  projectId: string;
  /** v1: scores of traces and observations only, no corrections. */
  ofTracesOnly: boolean;
  /** Attributes of the score's trace. */
  userId?: string | undefined;
  traceTags?: readonly string[] | undefined;
  name?: string | undefined;
  environments?: readonly string[] | undefined;
  source?: string | undefined;
  dataType?: string | undefined;
  operator?: keyof typeof VALUE_OPERATORS | undefined;
  value?: number | undefined;
  scoreIds?: readonly string[] | undefined;
  configId?: string | undefined;
  sessionId?: string | undefined;
  datasetRunId?: string | undefined;
  traceId?: string | undefined;
  observationIds?: readonly string[] | undefined;
  queueId?: string | undefined;
  filter: readonly FilterCondition[];
}

function simpleConditions(query: ScoreListQuery): SqlFragment[] {
  const is = (column: SqlFragment, value: string | undefined) => (value === undefined ? [] : [sql`${column} = ${text(value)}`]);
  const among = (column: SqlFragment, values: readonly string[] | undefined) => (values?.length ? [sql`${column} IN ${texts(values)}`] : []);
  return [
    ...(query.ofTracesOnly ? [sql`trace_id != '' AND data_type != 'CORRECTION'`] : []),
    ...is(sql`name`, query.name),
    ...among(sql`environment`, query.environments),
    ...is(sql`source`, query.source),
    ...is(sql`data_type`, query.dataType),
    ...(query.operator !== undefined && query.value !== undefined ? [sql`ifNull(value ${VALUE_OPERATORS[query.operator]} ${float64(query.value)}, 0)`] : []),
    ...among(sql`id`, query.scoreIds),
    ...is(sql`config_id`, query.configId),
    ...is(sql`session_id`, query.sessionId),
    ...is(sql`dataset_run_id`, query.datasetRunId),
    ...is(sql`trace_id`, query.traceId),
    ...among(sql`observation_id`, query.observationIds),
    ...is(sql`queue_id`, query.queueId),
  ];
}

/** Traces of any time: a score may come long after its trace. */
const ALL_TIME = { from: new Date(Date.UTC(2015, 0, 1)), to: new Date(Date.UTC(2100, 0, 1)) };

function ofTraces(query: ScoreListQuery): SqlFragment[] {
  const conditions = [
    ...(query.userId === undefined ? [] : [sql`user_id = ${text(query.userId)}`]),
    ...(query.traceTags?.length ? [sql`hasAll(tags, ${texts(query.traceTags)})`] : []),
  ];
  return conditions.length === 0 ? [] : [sql`trace_id IN (SELECT id FROM ${tracesIn(query.projectId, ALL_TIME)} WHERE ${join(conditions, ' AND ')})`];
}

function matching(query: ScoreListQuery, range: TimeRange): SqlFragment {
  const conditions = [...simpleConditions(query), ...ofTraces(query), ...filterToSql(query.filter, COLUMNS)];
  const rows = liveIn('scores', COLUMNS_READ, range, [projectIs(query.projectId)]);
  return conditions.length > 0 ? sql`${rows} WHERE ${join(conditions, ' AND ')}` : rows;
}

export function countScores(query: ScoreListQuery, range: TimeRange): SqlFragment {
  return sql`SELECT count() AS total FROM ${matching(query, range)} ${FINAL_SETTINGS}`;
}

/** A page, newest first, deterministic on ties. */
export function listScores(query: ScoreListQuery, range: TimeRange, limit: number): SqlFragment {
  return sql`SELECT * FROM ${matching(query, range)} ORDER BY timestamp DESC, id DESC LIMIT ${uint32(limit)} ${FINAL_SETTINGS}`;
}
