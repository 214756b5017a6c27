// Figures of the overview page: one pass over the calls of a range. A call is a gateway call, or a generation or embedding that an SDK reported and no gateway call counts already.
import { FINAL_SETTINGS, liveIn, type TimeRange } from '#observe/store/newest.ts';
import { projectIs, tracesIn } from '#observe/traces/sql.ts';
import { instant, type SqlFragment, sql, uint32 } from '#stores/analytics/sql.ts';

export interface OverviewTotals {
  calls: string;
  failures: string;
  input_tokens: string;
  output_tokens: string;
  cost: string;
  unknown_cost: string;
  currency: string;
  latency: (number | null)[];
  first_token: (number | null)[];
}

export interface OverviewBucket {
  bucket: number;
  calls: string;
  failures: string;
  cost: string;
  input_tokens: string;
  output_tokens: string;
}

export interface OverviewGroup {
  name: string;
  calls: string;
  cost: string;
  tokens: string;
}

const COLUMNS = sql`trace_id, id, parent_observation_id, type, start_time, end_time, completion_start_time, level, provided_model_name, usage_details, total_cost, currency, cost_source,
  call_id, key_id, key_alias, team_id`;
const tokens = (prefix: SqlFragment) => sql`sum(arraySum(mapValues(mapFilter((k, v) -> startsWith(k, ${prefix}), usage_details))))`;
const INPUT = tokens(sql`'input'`);
const OUTPUT = tokens(sql`'output'`);
const COST = sql`sum(ifNull(total_cost, toDecimal128(0, 12)))`;

/** Calls of a range, each once. */
function callsIn(projectId: string, range: TimeRange): SqlFragment {
  const all = liveIn('observations', COLUMNS, range, [projectIs(projectId)]);
  const doubled = sql`SELECT trace_id, parent_observation_id FROM ${liveIn('observations', sql`trace_id, parent_observation_id, cost_source`, range, [projectIs(projectId)])}
    WHERE cost_source = 'gateway' AND parent_observation_id != ''`;
  return sql`(SELECT * FROM ${all} WHERE (call_id != '' OR type IN ('GENERATION', 'EMBEDDING')) AND cost_source != 'elsewhere' AND (trace_id, id) NOT IN (${doubled}))`;
}

export function overviewTotals(projectId: string, range: TimeRange): SqlFragment {
  const ms = (to: SqlFragment) => sql`dateDiff('microsecond', start_time, ${to}) / 1000`;
  return sql`SELECT count() AS calls, countIf(level = 'ERROR') AS failures, ${INPUT} AS input_tokens, ${OUTPUT} AS output_tokens, ${COST} AS cost,
      countIf(total_cost IS NULL AND level != 'ERROR') AS unknown_cost, any(currency) AS currency,
      quantilesIf(0.5, 0.95, 0.99)(ifNull(${ms(sql`end_time`)}, 0), end_time IS NOT NULL) AS latency,
      quantilesIf(0.5, 0.95)(ifNull(${ms(sql`completion_start_time`)}, 0), completion_start_time IS NOT NULL) AS first_token
    FROM ${callsIn(projectId, range)} ${FINAL_SETTINGS}`;
}

/** Buckets are counted from the range's start; empty ones are left out. */
export function overviewSeries(projectId: string, range: TimeRange, bucketSeconds: number): SqlFragment {
  return sql`SELECT toUInt32(intDiv(dateDiff('second', ${instant(range.from)}, start_time), ${uint32(bucketSeconds)})) AS bucket, count() AS calls, countIf(level = 'ERROR') AS failures,
      ${COST} AS cost, ${INPUT} AS input_tokens, ${OUTPUT} AS output_tokens
    FROM ${callsIn(projectId, range)} GROUP BY bucket ORDER BY bucket ${FINAL_SETTINGS}`;
}

const GROUPS = {
  model: sql`ifNull(provided_model_name, '')`,
  key: sql`if(ifNull(key_alias, '') != '', ifNull(key_alias, ''), substring(key_id, 1, 12))`,
  team: sql`ifNull(team_id, '')`,
} as const;

/** The largest groups by cost, then by calls; rows without a name are left out. */
export function overviewGroups(projectId: string, range: TimeRange, by: keyof typeof GROUPS): SqlFragment {
  return sql`SELECT ${GROUPS[by]} AS name, count() AS calls, ${COST} AS cost, ${INPUT} + ${OUTPUT} AS tokens
    FROM ${callsIn(projectId, range)} WHERE name != '' GROUP BY name ORDER BY cost DESC, calls DESC, name LIMIT 20 ${FINAL_SETTINGS}`;
}

export function overviewTraces(projectId: string, range: TimeRange): SqlFragment {
  return sql`SELECT count() AS traces FROM ${tracesIn(projectId, range)} ${FINAL_SETTINGS}`;
}
