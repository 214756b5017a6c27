// Reads of traces: a trace is a row of `traces` or an observation that carries it (is_trace = 1); exactly one of the two exists.

import type { FilterCondition } from '#observe/filter/filter.ts';
import { type FilterColumns, filterToSql } from '#observe/filter/to-sql.ts';
import { tracesHolding } from '#observe/search/candidates.ts';
import type { ContentQuestion } from '#observe/search/content-filter.ts';
import { FINAL_SETTINGS, liveIn, newestOf, newestVersions, type TimeRange } from '#observe/store/newest.ts';
import { instant, join, oneOf, type SqlFragment, sql, text, texts, uint32 } from '#stores/analytics/sql.ts';
import { ordinaryMetrics, scoreValues, traceMetrics } from './metrics-sql.ts';

/** A trace as the reads give it, whichever table it came from. */
export interface TraceView {
  id: string;
  timestamp: string;
  name: string | null;
  user_id: string | null;
  session_id: string | null;
  environment: string;
  release: string | null;
  version: string | null;
  public: 0 | 1;
  bookmarked: 0 | 1;
  tags: string[];
  metadata: Record<string, string>;
  created_at: string;
  updated_at: string;
  input: string | null;
  output: string | null;
}

const OWN = sql`id, timestamp, name, user_id, session_id, environment, release, version, public, bookmarked, tags, metadata, created_at, updated_at`;
const CARRIED = sql`trace_id AS id, start_time AS timestamp, coalesce(trace_name, name) AS name, user_id, session_id, environment, release, version,
  toUInt8(0) AS public, toUInt8(0) AS bookmarked, tags, metadata, created_at, updated_at`;
const CONTENT = sql`, input, output`;
const NO_CONTENT = sql``;
const CARRIER_COLUMNS = sql`trace_id, id, start_time, trace_name, name, user_id, session_id, environment, release, version, tags, metadata, created_at, updated_at, is_trace`;

export const projectIs = (projectId: string): SqlFragment => sql`project_id = ${text(projectId)}`;

/** All traces of a range as a table expression; the statement ends with FINAL_SETTINGS. `traceIds` narrows it. */
export function tracesIn(projectId: string, range: TimeRange, options: { content?: boolean; traceIds?: readonly string[] } = {}): SqlFragment {
  const content = options.content ? CONTENT : NO_CONTENT;
  const own = [projectIs(projectId), ...(options.traceIds ? [sql`id IN ${texts(options.traceIds)}`] : [])];
  const carried = [projectIs(projectId), sql`is_trace = 1`, ...(options.traceIds ? [sql`trace_id IN ${texts(options.traceIds)}`] : [])];
  const carriers = liveIn('observations', sql`${CARRIER_COLUMNS}${content}`, range, carried);
  return sql`(SELECT ${OWN}${content} FROM ${liveIn('traces', sql`${OWN}${content}`, range, own)} UNION ALL SELECT ${CARRIED}${content} FROM ${carriers})`;
}

/** Traces by id, whenever they were. */
export function tracesById(projectId: string, traceIds: readonly string[], content: boolean): SqlFragment {
  const io = content ? CONTENT : NO_CONTENT;
  const own = newestOf('traces', sql`project_id, ${OWN}${io}`, sql`${projectIs(projectId)} AND id IN ${texts(traceIds)}`);
  const carriers = newestOf('observations', sql`project_id, ${CARRIER_COLUMNS}${io}`, sql`${projectIs(projectId)} AND trace_id IN ${texts(traceIds)}`);
  return sql`SELECT ${OWN}${io} FROM ${own} UNION ALL SELECT ${CARRIED}${io} FROM ${carriers} WHERE is_trace = 1`;
}

/** A row of `traces` by id, whenever it was; read with liveRows. */
export function ownTraceById(projectId: string, traceId: string): SqlFragment {
  return newestVersions('traces', sql`${OWN}${CONTENT}, is_deleted`, sql`${projectIs(projectId)} AND id = ${text(traceId)}`);
}

const word = (expression: SqlFragment) => ({ holds: 'text' as const, expression });
const number = (expression: SqlFragment) => ({ holds: 'number' as const, expression });

/** Columns that a filter on traces may name. Those with a metric of observations or scores make the read join them. */
const COLUMNS: FilterColumns = {
  id: word(sql`id`),
  name: word(sql`name`),
  timestamp: { holds: 'instant', expression: sql`timestamp` },
  createdAt: { holds: 'instant', expression: sql`created_at` },
  updatedAt: { holds: 'instant', expression: sql`updated_at` },
  userId: word(sql`user_id`),
  sessionId: word(sql`session_id`),
  environment: word(sql`environment`),
  version: word(sql`version`),
  release: word(sql`release`),
  tags: { holds: 'list', expression: sql`tags` },
  public: { holds: 'boolean', expression: sql`public` },
  bookmarked: { holds: 'boolean', expression: sql`bookmarked` },
  metadata: { holds: 'metadata', expression: sql`metadata` },
  latency: number(sql`m.latency`),
  inputTokens: number(sql`m.input_tokens`),
  outputTokens: number(sql`m.output_tokens`),
  totalTokens: number(sql`m.total_tokens`),
  tokens: number(sql`m.total_tokens`),
  inputCost: number(sql`m.input_cost`),
  outputCost: number(sql`m.output_cost`),
  totalCost: number(sql`m.total_cost`),
  level: word(sql`m.worst_level`),
  errorCount: number(sql`m.errors`),
  warningCount: number(sql`m.warnings`),
  defaultCount: number(sql`m.defaults`),
  debugCount: number(sql`m.debugs`),
  scores_avg: { holds: 'named numbers', expression: sql`s.numbers` },
  scores: { holds: 'named numbers', expression: sql`s.numbers` },
  score_categories: { holds: 'named texts', expression: sql`s.categories` },
  score_booleans: { holds: 'named texts', expression: sql`s.booleans` },
};
const OF_SCORES = new Set(['scores_avg', 'scores', 'score_categories', 'score_booleans']);
const OF_OBSERVATIONS = new Set([
  'latency',
  'inputTokens',
  'outputTokens',
  'totalTokens',
  'tokens',
  'inputCost',
  'outputCost',
  'totalCost',
  'level',
  'errorCount',
  'warningCount',
  'defaultCount',
  'debugCount',
]);

export interface TraceListQuery {
  projectId: string;
  userId?: string | undefined;
  name?: string | undefined;
  sessionId?: string | undefined;
  /** All of these. */
  tags?: readonly string[] | undefined;
  version?: string | undefined;
  release?: string | undefined;
  /** Any of these. */
  environments?: readonly string[] | undefined;
  /** Part of the name, the id or the user without regard to case, or words of the content. */
  search?: string | undefined;
  /** The id, or part of the name or user. */
  searchNames?: string | undefined;
  /** Words that the trace or an observation of it holds. */
  content?: readonly ContentQuestion[] | undefined;
  filter: readonly FilterCondition[];
}

/** Simple parameters that a `filter` on the same column replaces (langfuse.md §1.0). */
function simpleConditions(query: TraceListQuery): SqlFragment[] {
  const filtered = new Set(query.filter.map((condition) => condition.column));
  const conditions: SqlFragment[] = [];
  const add = (column: string, condition: SqlFragment | null) => {
    if (condition && !filtered.has(column)) conditions.push(condition);
  };
  add('userId', query.userId === undefined ? null : sql`user_id = ${text(query.userId)}`);
  add('name', query.name === undefined ? null : sql`name = ${text(query.name)}`);
  add('sessionId', query.sessionId === undefined ? null : sql`session_id = ${text(query.sessionId)}`);
  add('tags', query.tags?.length ? sql`hasAll(tags, ${texts(query.tags)})` : null);
  add('version', query.version === undefined ? null : sql`version = ${text(query.version)}`);
  add('release', query.release === undefined ? null : sql`release = ${text(query.release)}`);
  add('environment', query.environments?.length ? sql`environment IN ${texts(query.environments)}` : null);
  if (query.searchNames !== undefined) conditions.push(sql`(${namesHold(query.searchNames)})`);
  return conditions;
}

function namesHold(asked: string): SqlFragment {
  const searched = text(asked);
  return sql`positionCaseInsensitiveUTF8(ifNull(name, ''), ${searched}) > 0 OR id = ${searched} OR positionCaseInsensitiveUTF8(ifNull(user_id, ''), ${searched}) > 0`;
}

/** What is asked of the content, of the range that is looked at. */
function contentConditions({ projectId, content, search }: TraceListQuery, range: TimeRange): SqlFragment[] {
  const asked = (content ?? []).map(({ question, field }) => sql`id IN (${tracesHolding(projectId, range, question, field)})`);
  return search === undefined ? asked : [...asked, sql`(${namesHold(search)} OR id IN (${tracesHolding(projectId, range, search)}))`];
}

/** FROM and WHERE of a trace list in a range. */
function matching(query: TraceListQuery, range: TimeRange): SqlFragment {
  const names = query.filter.map((condition) => condition.column);
  const conditions = [...simpleConditions(query), ...contentConditions(query, range), ...filterToSql(query.filter, COLUMNS)];
  const metrics = names.some((name) => OF_OBSERVATIONS.has(name))
    ? sql` LEFT JOIN ${ordinaryMetrics(query.projectId, range)} AS m ON t.id = m.trace_id`
    : sql``;
  const scores = names.some((name) => OF_SCORES.has(name)) ? sql` LEFT JOIN ${scoreValues(query.projectId, range)} AS s ON t.id = s.trace_id` : sql``;
  const where = conditions.length > 0 ? sql` WHERE ${join(conditions, ' AND ')}` : sql``;
  return sql`${tracesIn(query.projectId, range)} AS t${metrics}${scores}${where}`;
}

export function countTraces(query: TraceListQuery, range: TimeRange): SqlFragment {
  return sql`SELECT count() AS total FROM ${matching(query, range)} ${FINAL_SETTINGS}`;
}

const ORDERS = {
  id: sql`id`,
  timestamp: sql`timestamp`,
  name: sql`name`,
  userId: sql`user_id`,
  release: sql`release`,
  version: sql`version`,
  public: sql`public`,
  bookmarked: sql`bookmarked`,
  sessionId: sql`session_id`,
} as const;
export type TraceOrder = { field: keyof typeof ORDERS; direction: 'asc' | 'desc' };
export const TRACE_ORDER_FIELDS = Object.keys(ORDERS) as (keyof typeof ORDERS)[];

/** Ids and instants of a page in its order; deterministic on ties. */
export function traceKeys(query: TraceListQuery, range: TimeRange, order: TraceOrder, page: { limit: number; skip?: number }): SqlFragment {
  const direction = oneOf(['asc', 'desc'], order.direction);
  const first = order.field === 'timestamp' ? sql`` : sql`${ORDERS[order.field]} ${direction}, `;
  return sql`SELECT t.id AS id, t.timestamp AS timestamp FROM ${matching(query, range)}
    ORDER BY ${first}timestamp ${direction}, id ${direction} LIMIT ${uint32(page.limit)} OFFSET ${uint32(page.skip ?? 0)} ${FINAL_SETTINGS}`;
}

/** Newest first, from behind a given trace on. */
export function traceKeysBefore(query: TraceListQuery, range: TimeRange, limit: number, before: { timestamp: string; id: string } | null): SqlFragment {
  const rows = sql`(SELECT t.id AS id, t.timestamp AS timestamp FROM ${matching(query, range)})`;
  const beyond = before ? sql` WHERE (timestamp, id) < (${instant(before.timestamp)}, ${text(before.id)})` : sql``;
  return sql`SELECT id, timestamp FROM ${rows}${beyond} ORDER BY timestamp DESC, id DESC LIMIT ${uint32(limit)} ${FINAL_SETTINGS}`;
}

/** Whole traces of known ids within known instants. */
export function tracesOfKeys(projectId: string, keys: readonly { id: string; timestamp: string }[], content: boolean): SqlFragment {
  const times = keys.map((key) => Date.parse(key.timestamp));
  const range = { from: new Date(Math.min(...times)), to: new Date(Math.max(...times) + 1) };
  return sql`SELECT * FROM ${tracesIn(projectId, range, { content, traceIds: keys.map((key) => key.id) })} ${FINAL_SETTINGS}`;
}

/** Observation ids, cost and latency of given traces. */
export function metricsOf(projectId: string, traceIds: readonly string[]): SqlFragment {
  const columns = sql`project_id, trace_id, id, parent_observation_id, start_time, end_time, level, cost_source, total_cost, cost_details, usage_details`;
  return traceMetrics(newestOf('observations', columns, sql`${projectIs(projectId)} AND trace_id IN ${texts(traceIds)}`));
}
