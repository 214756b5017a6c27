// Reads of observations: lists by time (FINAL, bounded), one or a trace's by id (newest version).
import type { FilterCondition } from '#observe/filter/filter.ts';
import { type FilterColumns, filterToSql } from '#observe/filter/to-sql.ts';
import { observationsHolding } from '#observe/search/candidates.ts';
import type { ContentQuestion } from '#observe/search/content-filter.ts';
import { FINAL_SETTINGS, liveIn, liveStatement, newestVersions, type TimeRange } from '#observe/store/newest.ts';
import { projectIs, tracesIn } from '#observe/traces/sql.ts';
import { instant, join, type SqlFragment, sql, text, texts, uint32 } from '#stores/analytics/sql.ts';

/** An observation as observationsOfTrace and observationById give it. */
export type VersionedObservation = ObservationView & { is_deleted: 0 | 1 };

/** A stored observation without stamps and bookkeeping. */
export interface ObservationView {
  project_id: string;
  trace_id: string;
  id: string;
  type: string;
  parent_observation_id: string;
  name: string | null;
  start_time: string;
  end_time: string | null;
  completion_start_time: string | null;
  environment: string;
  level: string;
  status_message: string | null;
  version: string | null;
  release: string | null;
  created_at: string;
  updated_at: string;
  metadata: Record<string, string>;
  provided_model_name: string | null;
  internal_model_id: string | null;
  model_parameters: string | null;
  usage_details: Record<string, string>;
  cost_details: Record<string, string>;
  total_cost: string | null;
  currency: string;
  cost_source: string;
  prompt_id: string | null;
  prompt_name: string | null;
  prompt_version: number | null;
  trace_name: string | null;
  user_id: string | null;
  session_id: string | null;
  tags: string[];
  key_alias: string | null;
  call_id: string;
  is_trace: 0 | 1;
  input: string | null;
  output: string | null;
}

const LIGHT = sql`project_id, trace_id, id, type, parent_observation_id, name, start_time, end_time, completion_start_time, environment, level, status_message, version, release,
  created_at, updated_at, metadata, provided_model_name, internal_model_id, model_parameters, usage_details, cost_details, total_cost, currency, cost_source,
  prompt_id, prompt_name, prompt_version, trace_name, user_id, session_id, tags, key_alias, call_id, is_trace`;
const FULL = sql`${LIGHT}, input, output`;

/** All observations of a trace or `most` of them, newest versions in no order; read with liveRows. */
export function observationsOfTrace(projectId: string, traceId: string, most?: number): SqlFragment {
  return newestVersions('observations', sql`${FULL}, is_deleted`, sql`${projectIs(projectId)} AND trace_id = ${text(traceId)}`, most);
}

/** Observations of an id, newest versions in no order (the same id may exist in several traces); read with liveRows. */
export function observationById(projectId: string, id: string): SqlFragment {
  return newestVersions('observations', sql`${FULL}, is_deleted`, sql`${projectIs(projectId)} AND id = ${text(id)}`);
}

const word = (expression: SqlFragment) => ({ holds: 'text' as const, expression });
const number = (expression: SqlFragment) => ({ holds: 'number' as const, expression });
const prefixSum = (map: SqlFragment, prefix: SqlFragment) => sql`arraySum(mapValues(mapFilter((k, v) -> startsWith(k, ${prefix}), ${map})))`;
const seconds = (from: SqlFragment, to: SqlFragment) => sql`dateDiff('microsecond', ${from}, ${to}) / 1000000`;

/** Columns that a filter on observations may name; those of the trace are carried by the row or come from its trace (column t.*). */
const COLUMNS: FilterColumns = {
  id: word(sql`id`),
  type: word(sql`type`),
  name: word(sql`name`),
  traceId: word(sql`trace_id`),
  startTime: { holds: 'instant', expression: sql`start_time` },
  endTime: { holds: 'instant', expression: sql`end_time` },
  createdAt: { holds: 'instant', expression: sql`created_at` },
  updatedAt: { holds: 'instant', expression: sql`updated_at` },
  environment: word(sql`environment`),
  level: word(sql`level`),
  statusMessage: word(sql`status_message`),
  version: word(sql`version`),
  parentObservationId: word(sql`nullIf(parent_observation_id, '')`),
  isRootObservation: { holds: 'boolean', expression: sql`(parent_observation_id = '')` },
  latency: number(seconds(sql`start_time`, sql`end_time`)),
  timeToFirstToken: number(seconds(sql`start_time`, sql`completion_start_time`)),
  tokensPerSecond: number(sql`${prefixSum(sql`usage_details`, sql`'output'`)} / nullIf(${seconds(sql`start_time`, sql`end_time`)}, 0)`),
  inputTokens: number(prefixSum(sql`usage_details`, sql`'input'`)),
  outputTokens: number(prefixSum(sql`usage_details`, sql`'output'`)),
  totalTokens: number(sql`usage_details['total']`),
  tokens: number(sql`usage_details['total']`),
  inputCost: number(prefixSum(sql`cost_details`, sql`'input'`)),
  outputCost: number(prefixSum(sql`cost_details`, sql`'output'`)),
  totalCost: number(sql`total_cost`),
  model: word(sql`provided_model_name`),
  providedModelName: word(sql`provided_model_name`),
  promptName: word(sql`prompt_name`),
  promptVersion: number(sql`prompt_version`),
  metadata: { holds: 'metadata', expression: sql`metadata` },
  userId: word(sql`o_user`),
  sessionId: word(sql`o_session`),
  traceName: word(sql`o_trace_name`),
  traceTags: { holds: 'list', expression: sql`o_tags` },
  tags: { holds: 'list', expression: sql`o_tags` },
  traceEnvironment: word(sql`o_environment`),
};
/** Names of these columns, for whoever filters observations without the store. */
export const observationFilterColumns: readonly string[] = Object.keys(COLUMNS);
const OF_TRACES = new Set(['userId', 'sessionId', 'traceName', 'traceTags', 'tags', 'traceEnvironment']);

export interface ObservationListQuery {
  projectId: string;
  name?: string | undefined;
  userId?: string | undefined;
  sessionId?: string | undefined;
  types?: readonly string[] | undefined;
  traceId?: string | undefined;
  level?: string | undefined;
  /** '' = only observations without a parent. */
  parentObservationId?: string | undefined;
  isRoot?: boolean | undefined;
  environments?: readonly string[] | undefined;
  version?: string | undefined;
  filter: readonly FilterCondition[];
  /** The id, or part of the name. */
  searchNames?: string | undefined;
  /** Words that input and output hold. */
  content?: readonly ContentQuestion[] | undefined;
}

/** Traces that observations of a range may belong to: an observation may begin up to 30 days after its trace. */
function tracesAround(range: TimeRange): TimeRange {
  return { from: new Date(new Date(range.from).getTime() - 30 * DAY_MS), to: new Date(new Date(range.to).getTime() + DAY_MS) };
}

/** The row's own attribute, or its trace's where it carries none. */
function ownOrOfTrace(column: SqlFragment, value: string, projectId: string, range: TimeRange): SqlFragment {
  const traces = sql`SELECT id FROM ${tracesIn(projectId, tracesAround(range))} WHERE ${column} = ${text(value)}`;
  return sql`(ifNull(${column} = ${text(value)}, 0) OR (${column} IS NULL AND trace_id IN (${traces})))`;
}

function simpleConditions(query: ObservationListQuery, range: TimeRange): SqlFragment[] {
  const filtered = new Set(query.filter.map((condition) => condition.column));
  const conditions: SqlFragment[] = [];
  const add = (column: string, condition: SqlFragment | null) => {
    if (condition && !filtered.has(column)) conditions.push(condition);
  };
  add('name', query.name === undefined ? null : sql`name = ${text(query.name)}`);
  add('userId', query.userId === undefined ? null : ownOrOfTrace(sql`user_id`, query.userId, query.projectId, range));
  add('sessionId', query.sessionId === undefined ? null : ownOrOfTrace(sql`session_id`, query.sessionId, query.projectId, range));
  add('type', query.types?.length ? sql`type IN ${texts(query.types)}` : null);
  add('traceId', query.traceId === undefined ? null : sql`trace_id = ${text(query.traceId)}`);
  add('level', query.level === undefined ? null : sql`level = ${text(query.level)}`);
  add('parentObservationId', query.parentObservationId === undefined ? null : sql`parent_observation_id = ${text(query.parentObservationId)}`);
  add('isRootObservation', query.isRoot === undefined ? null : query.isRoot ? sql`parent_observation_id = ''` : sql`parent_observation_id != ''`);
  add('environment', query.environments?.length ? sql`environment IN ${texts(query.environments)}` : null);
  add('version', query.version === undefined ? null : sql`version = ${text(query.version)}`);
  for (const { question, field } of query.content ?? [])
    conditions.push(sql`(trace_id, id) IN (${observationsHolding(query.projectId, range, question, field)})`);
  if (query.searchNames !== undefined) {
    const asked = text(query.searchNames);
    conditions.push(sql`(id = ${asked} OR trace_id = ${asked} OR positionCaseInsensitiveUTF8(ifNull(name, ''), ${asked}) > 0)`);
  }
  return conditions;
}

const DAY_MS = 86_400_000;

/** Observations of a range with the trace's user, session, name and tags where a condition needs them. Observations may begin up to 30 days after their trace. */
function source(query: ObservationListQuery, range: TimeRange): SqlFragment {
  // A trace id narrows what FINAL has to look at; it is part of the key, so it may stand inside.
  const inside = [projectIs(query.projectId), ...(query.traceId === undefined ? [] : [sql`trace_id = ${text(query.traceId)}`])];
  const rows = liveIn('observations', LIGHT, range, inside);
  const needsTrace = query.filter.some((condition) => OF_TRACES.has(condition.column));
  if (!needsTrace) return rows;
  const traces = tracesAround(range);
  return sql`(SELECT o.*, coalesce(o.user_id, t.user_id) AS o_user, coalesce(o.session_id, t.session_id) AS o_session, coalesce(o.trace_name, t.name) AS o_trace_name,
      if(empty(o.tags), t.tags, o.tags) AS o_tags, if(t.id = '', o.environment, t.environment) AS o_environment
    FROM ${rows} AS o LEFT JOIN ${tracesIn(query.projectId, traces)} AS t ON o.trace_id = t.id)`;
}

function matching(query: ObservationListQuery, range: TimeRange, more: readonly SqlFragment[] = []): SqlFragment {
  const conditions = [...simpleConditions(query, range), ...filterToSql(query.filter, COLUMNS), ...more];
  return conditions.length > 0 ? sql`${source(query, range)} WHERE ${join(conditions, ' AND ')}` : source(query, range);
}

export function countObservations(query: ObservationListQuery, range: TimeRange): SqlFragment {
  return sql`SELECT count() AS total FROM ${matching(query, range)} ${FINAL_SETTINGS}`;
}

/** Where a page of v2 ended. */
export interface ObservationCursor {
  lastStartTimeTo: string;
  lastTraceId: string;
  lastId: string;
}

export interface ObservationKey {
  trace_id: string;
  id: string;
  start_time: string;
}

/** Keys of a page, newest first, deterministic on ties. */
export function observationKeys(query: ObservationListQuery, range: TimeRange, limit: number, after: ObservationCursor | null = null): SqlFragment {
  const beyond = after
    ? [
        sql`(start_time, xxHash32(trace_id), trace_id, id) < (${instant(after.lastStartTimeTo)}, xxHash32(${text(after.lastTraceId)}), ${text(after.lastTraceId)}, ${text(after.lastId)})`,
      ]
    : [];
  return sql`SELECT trace_id, id, start_time FROM ${matching(query, range, beyond)}
    ORDER BY start_time DESC, xxHash32(trace_id) DESC, trace_id DESC, id DESC LIMIT ${uint32(limit)} ${FINAL_SETTINGS}`;
}

/** Whole rows of known keys, in any order. */
export function observationsOfKeys(projectId: string, keys: readonly ObservationKey[], content: boolean): SqlFragment {
  const times = keys.map((key) => Date.parse(key.start_time));
  const range = { from: new Date(Math.min(...times)), to: new Date(Math.max(...times) + 1) };
  const conditions = [
    projectIs(projectId),
    sql`trace_id IN ${texts([...new Set(keys.map((key) => key.trace_id))])}`,
    sql`id IN ${texts(keys.map((key) => key.id))}`,
  ];
  return liveStatement('observations', content ? FULL : LIGHT, range, conditions);
}
