// Figures of a trace out of its observations and scores. An observation whose child is the gateway's record of the same call, or that the fold recognised as such a double (`elsewhere`), counts neither its cost nor its tokens: the gateway's count once.
import { liveIn, type TimeRange } from '#observe/store/newest.ts';
import { type SqlFragment, sql, text } from '#stores/analytics/sql.ts';

/** A row of traceMetrics. */
export interface TraceMetrics {
  trace_id: string;
  ids: string[];
  /** Seconds; 0 for a trace of one instant. */
  latency: number;
  /** Decimal strings. */
  total_cost: string;
  input_cost: string;
  output_cost: string;
  /** How many counted observations have a known cost. */
  priced: string;
  input_tokens: string;
  output_tokens: string;
  total_tokens: string;
  errors: string;
  warnings: string;
  defaults: string;
  debugs: string;
  worst_level: string;
}

const ZERO = sql`toDecimal128(0, 12)`;

/** Sum over the members of a map whose key starts with a prefix. */
const ofPrefix = (map: SqlFragment, prefix: SqlFragment): SqlFragment => sql`arraySum(mapValues(mapFilter((k, v) -> startsWith(k, ${prefix}), ${map})))`;

/** One row a trace from a table expression of live observations. */
export function traceMetrics(observations: SqlFragment): SqlFragment {
  const counted = (values: SqlFragment, zero: SqlFragment) => sql`arraySum(arrayMap((value, id) -> if(has(by_gateway, id), ${zero}, value), ${values}, ids))`;
  return sql`SELECT trace_id, ids, latency, errors, warnings, defaults, debugs,
      multiIf(errors > 0, 'ERROR', warnings > 0, 'WARNING', defaults > 0, 'DEFAULT', 'DEBUG') AS worst_level,
      ${counted(sql`costs`, ZERO)} AS total_cost, ${counted(sql`input_costs`, ZERO)} AS input_cost, ${counted(sql`output_costs`, ZERO)} AS output_cost,
      ${counted(sql`input_counts`, sql`toUInt64(0)`)} AS input_tokens, ${counted(sql`output_counts`, sql`toUInt64(0)`)} AS output_tokens,
      ${counted(sql`total_counts`, sql`toUInt64(0)`)} AS total_tokens, ${counted(sql`known`, sql`toUInt8(0)`)} AS priced
    FROM (SELECT trace_id, groupArray(id) AS ids, arrayConcat(groupArrayIf(parent_observation_id, cost_source = 'gateway' AND parent_observation_id != ''), groupArrayIf(id, cost_source = 'elsewhere')) AS by_gateway,
        dateDiff('microsecond', min(start_time), max(ifNull(end_time, start_time))) / 1000000 AS latency,
        countIf(level = 'ERROR') AS errors, countIf(level = 'WARNING') AS warnings, countIf(level = 'DEFAULT') AS defaults, countIf(level = 'DEBUG') AS debugs,
        groupArray(ifNull(total_cost, ${ZERO})) AS costs, groupArray(toUInt8(total_cost IS NOT NULL)) AS known,
        groupArray(toDecimal128(${ofPrefix(sql`cost_details`, sql`'input'`)}, 12)) AS input_costs, groupArray(toDecimal128(${ofPrefix(sql`cost_details`, sql`'output'`)}, 12)) AS output_costs,
        groupArray(${ofPrefix(sql`usage_details`, sql`'input'`)}) AS input_counts, groupArray(${ofPrefix(sql`usage_details`, sql`'output'`)}) AS output_counts,
        groupArray(usage_details['total']) AS total_counts
      FROM ${observations} GROUP BY trace_id)`;
}

const DAY_MS = 86_400_000;

/** The metrics of every trace of a range; observations may begin a day before their trace and up to 30 days after it. */
export function ordinaryMetrics(projectId: string, range: TimeRange): SqlFragment {
  const columns = sql`trace_id, id, parent_observation_id, start_time, end_time, level, cost_source, total_cost, cost_details, usage_details`;
  return sql`(${traceMetrics(liveIn('observations', columns, around(range), [sql`project_id = ${text(projectId)}`]))})`;
}

/** Score values of every trace of a range by name: averages, categories, booleans ('true' | 'false'). */
export function scoreValues(projectId: string, range: TimeRange): SqlFragment {
  const scores = liveIn('scores', sql`trace_id, name, data_type, value, string_value`, around(range), [
    sql`project_id = ${text(projectId)}`,
    sql`trace_id != ''`,
  ]);
  return sql`(SELECT trace_id,
      CAST((groupArrayIf(name, data_type IN ('NUMERIC', 'BOOLEAN')), groupArrayIf(average, data_type IN ('NUMERIC', 'BOOLEAN'))), 'Map(String, Float64)') AS numbers,
      CAST((groupArrayIf(name, data_type = 'CATEGORICAL'), groupArrayIf(category, data_type = 'CATEGORICAL')), 'Map(String, String)') AS categories,
      CAST((groupArrayIf(name, data_type = 'BOOLEAN'), groupArrayIf(if(average > 0.5, 'true', 'false'), data_type = 'BOOLEAN')), 'Map(String, String)') AS booleans
    FROM (SELECT trace_id, name, data_type, ifNull(avg(value), 0) AS average, ifNull(any(string_value), '') AS category FROM ${scores} GROUP BY trace_id, name, data_type) GROUP BY trace_id)`;
}

function around(range: TimeRange): TimeRange {
  return { from: new Date(new Date(range.from).getTime() - DAY_MS), to: new Date(new Date(range.to).getTime() + 30 * DAY_MS) };
}
