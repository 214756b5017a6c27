// Reads of log records and data points: a page of keys newest first, then the rows of those keys.
import { FINAL_SETTINGS, type TimeRange } from '#observe/store/newest.ts';
import { instant, join, type SqlFragment, sql, text, texts, uint32 } from '#stores/analytics/sql.ts';

export interface SignalKey {
  /** ISO, to the microsecond. */
  timestamp: string;
  id: string;
}

interface CommonQuery {
  projectId: string;
  services?: readonly string[] | undefined;
  environments?: readonly string[] | undefined;
  names?: readonly string[] | undefined;
}

export interface LogQuery extends CommonQuery {
  traceId?: string | undefined;
  spanId?: string | undefined;
  /** The least severity number. */
  severity?: number | undefined;
}

export interface MetricQuery extends CommonQuery {
  types?: readonly string[] | undefined;
}

function commonConditions({ projectId, services, environments }: CommonQuery): SqlFragment[] {
  const conditions = [sql`project_id = ${text(projectId)}`];
  if (services?.length) conditions.push(sql`service_name IN ${texts(services)}`);
  if (environments?.length) conditions.push(sql`environment IN ${texts(environments)}`);
  return conditions;
}

function logConditions(query: LogQuery): SqlFragment[] {
  const conditions = commonConditions(query);
  if (query.names?.length) conditions.push(sql`event_name IN ${texts(query.names)}`);
  if (query.traceId !== undefined) conditions.push(sql`trace_id = ${text(query.traceId)}`);
  if (query.spanId !== undefined) conditions.push(sql`span_id = ${text(query.spanId)}`);
  if (query.severity !== undefined) conditions.push(sql`severity_number >= ${uint32(query.severity)}`);
  return conditions;
}

function metricConditions(query: MetricQuery): SqlFragment[] {
  const conditions = commonConditions(query);
  if (query.names?.length) conditions.push(sql`name IN ${texts(query.names)}`);
  if (query.types?.length) conditions.push(sql`type IN ${texts(query.types)}`);
  return conditions;
}

interface Page {
  window: TimeRange;
  limit: number;
  /** The last key of the page before. */
  after: SignalKey | null;
}

function keysOf(table: SqlFragment, conditions: readonly SqlFragment[], { window, limit, after }: Page): SqlFragment {
  const all = [...conditions, sql`timestamp >= ${instant(window.from)} AND timestamp < ${instant(window.to)}`];
  if (after !== null) all.push(sql`(timestamp, id) < (${instant(after.timestamp)}, ${text(after.id)})`);
  return sql`SELECT timestamp, id FROM ${table} FINAL WHERE ${join(all, ' AND ')} ORDER BY timestamp DESC, id DESC LIMIT ${uint32(limit)} ${FINAL_SETTINGS}`;
}

export const logKeys = (query: LogQuery, page: Page): SqlFragment => keysOf(sql`otel_logs`, logConditions(query), page);
export const metricKeys = (query: MetricQuery, page: Page): SqlFragment => keysOf(sql`otel_metrics`, metricConditions(query), page);

/** Rows of a page's keys, in its order. NaN and infinities come as words. */
function rowsOf(table: SqlFragment, query: CommonQuery, keys: readonly SignalKey[]): SqlFragment {
  const times = keys.map(({ timestamp }) => timestamp).sort();
  const conditions = [sql`project_id = ${text(query.projectId)}`, sql`id IN ${texts(keys.map(({ id }) => id))}`];
  if (query.names?.length) conditions.push(sql`${table.text === 'otel_logs' ? sql`event_name` : sql`name`} IN ${texts(query.names)}`);
  const range = sql`timestamp >= ${instant(times[0] as string)} AND timestamp <= ${instant(times.at(-1) as string)}`;
  return sql`SELECT * FROM ${table} WHERE ${join(conditions, ' AND ')} AND ${range} ORDER BY timestamp DESC, id DESC, sequence DESC LIMIT 1 BY timestamp, id
    SETTINGS output_format_json_quote_denormals = 1`;
}

export const logsOfKeys = (query: LogQuery, keys: readonly SignalKey[]): SqlFragment => rowsOf(sql`otel_logs`, query, keys);
export const metricsOfKeys = (query: MetricQuery, keys: readonly SignalKey[]): SqlFragment => rowsOf(sql`otel_metrics`, query, keys);
