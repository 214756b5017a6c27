// Usage by day: traces by the day they began, observations by the day and the model they ran on. Days are UTC, as in the public API.
import { FINAL_SETTINGS, type TimeRange } from '#observe/store/newest.ts';
import { tracesIn } from '#observe/traces/sql.ts';
import { join, type SqlFragment, sql, text, texts } from '#stores/analytics/sql.ts';
import { sourceOf } from './source.ts';
import type { Need } from './views.ts';

export interface DailyQuery {
  projectId: string;
  range: TimeRange;
  traceName?: string | undefined;
  userId?: string | undefined;
  tags?: readonly string[] | undefined;
  environments?: readonly string[] | undefined;
}

export interface DailyTotals {
  date: string;
  traces: string;
  observations: string;
  cost: string;
}

export interface DailyUsage {
  date: string;
  model: string | null;
  input: string;
  output: string;
  total: string;
  cost: string;
  observations: string;
  traces: string;
}

function tracesOf(query: DailyQuery): SqlFragment {
  const conditions = conditionsOf(query, { name: sql`name`, user: sql`user_id`, tags: sql`tags` });
  const where = conditions.length > 0 ? sql` WHERE ${join(conditions, ' AND ')}` : sql``;
  return sql`(SELECT toDate(timestamp) AS day FROM ${tracesIn(query.projectId, query.range)}${where})`;
}

function conditionsOf(query: DailyQuery, columns: { name: SqlFragment; user: SqlFragment; tags: SqlFragment }): SqlFragment[] {
  return [
    ...(query.traceName === undefined ? [] : [sql`ifNull(${columns.name} = ${text(query.traceName)}, 0)`]),
    ...(query.userId === undefined ? [] : [sql`ifNull(${columns.user} = ${text(query.userId)}, 0)`]),
    ...(query.tags?.length ? [sql`hasAll(${columns.tags}, ${texts(query.tags)})`] : []),
    ...(query.environments?.length ? [sql`environment IN ${texts(query.environments)}`] : []),
  ];
}

function observationsOf(query: DailyQuery): SqlFragment {
  const conditions = conditionsOf(query, { name: sql`t_name`, user: sql`t_user_id`, tags: sql`t_tags` });
  const ofTraces = query.traceName !== undefined || query.userId !== undefined || Boolean(query.tags?.length);
  const needs = new Set<Need>(ofTraces ? ['trace'] : []);
  const where = conditions.length > 0 ? sql` WHERE ${join(conditions, ' AND ')}` : sql``;
  const tokens = (prefix: SqlFragment): SqlFragment => sql`if(counted, arraySum(mapValues(mapFilter((k, v) -> startsWith(k, ${prefix}), usage_details))), 0)`;
  return sql`(SELECT toDate(start_time) AS day, trace_id, provided_model_name, if(counted, ifNull(total_cost, toDecimal128(0, 12)), toDecimal128(0, 12)) AS cost,
      ${tokens(sql`'input'`)} AS input, ${tokens(sql`'output'`)} AS output, if(counted, usage_details['total'], 0) AS total
    FROM ${sourceOf('observations', query.projectId, query.range, needs)}${where})`;
}

/** Every day of the range that has anything, the newest first. */
export function dailyTotals(query: DailyQuery): SqlFragment {
  return sql`SELECT toString(day) AS date, sum(traces) AS traces, sum(observations) AS observations, sum(cost) AS cost FROM (
      SELECT day, count() AS traces, toUInt64(0) AS observations, toDecimal128(0, 12) AS cost FROM ${tracesOf(query)} GROUP BY day
      UNION ALL SELECT day, toUInt64(0) AS traces, count() AS observations, sum(cost) AS cost FROM ${observationsOf(query)} GROUP BY day)
    GROUP BY day ORDER BY day DESC LIMIT 10000 ${FINAL_SETTINGS}`;
}

/** By day and model, what cost most first. */
export function dailyUsage(query: DailyQuery): SqlFragment {
  return sql`SELECT toString(day) AS date, provided_model_name AS model, sum(input) AS input, sum(output) AS output, sum(total) AS total, sum(cost) AS cost,
      count() AS observations, uniqExact(trace_id) AS traces
    FROM ${observationsOf(query)} GROUP BY day, provided_model_name ORDER BY day DESC, cost DESC, model LIMIT 100000 ${FINAL_SETTINGS}`;
}
