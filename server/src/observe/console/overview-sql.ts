// Figures of the overview page: one pass over the calls of a range. A call is a gateway call, or a generation or embedding that an SDK reported and no gateway call counts already.
import { FINAL_SETTINGS, liveIn, type TimeRange } from '#observe/store/newest.ts';
import { projectIs, tracesIn } from '#observe/traces/sql.ts';
import { instant, type SqlFragment, sql, uint32 } from '#stores/analytics/sql.ts';

/** One row of the one pass: the totals, a bucket, or a group, told apart by `part`. */
export interface OverviewRow {
  part: 'total' | 'bucket' | 'model' | 'key' | 'team';
  bucket: number;
  name: string;
  calls: string;
  failures: string;
  cost: string;
  unknown_cost: string;
  currency: string;
  /** Sums by usage key. */
  usage: Record<string, string>;
  latency: (number | null)[];
  first_token: (number | null)[];
}

const COLUMNS = sql`trace_id, id, parent_observation_id, type, start_time, end_time, completion_start_time, level, provided_model_name, usage_details, total_cost, currency, cost_source,
  call_id, key_id, key_alias, team_id`;
/** Calls of a range, each once. */
function callsIn(projectId: string, range: TimeRange): SqlFragment {
  const all = liveIn('observations', COLUMNS, range, [projectIs(projectId)]);
  const doubled = sql`SELECT trace_id, parent_observation_id FROM ${liveIn('observations', sql`trace_id, parent_observation_id, cost_source`, range, [projectIs(projectId)])}
    WHERE cost_source = 'gateway' AND parent_observation_id != ''`;
  return sql`(SELECT * FROM ${all} WHERE (call_id != '' OR type IN ('GENERATION', 'EMBEDDING')) AND cost_source != 'elsewhere' AND (trace_id, id) NOT IN (${doubled}))`;
}

const MODEL = sql`ifNull(provided_model_name, '')`;
const KEY = sql`if(ifNull(key_alias, '') != '', ifNull(key_alias, ''), substring(key_id, 1, 12))`;
const milliseconds = (to: SqlFragment): SqlFragment => sql`dateDiff('microsecond', start_time, ${to}) / 1000`;

/** A call's price is unknown when no cost stands on it, except that a failed call that used nothing was never billed: it costs 0. */
const COST_UNKNOWN = sql`(total_cost IS NULL AND (level != 'ERROR' OR notEmpty(usage_details)))`;

/** Totals, buckets (counted from the range's start; empty ones left out) and groups (nameless ones included, under '') in one pass over the calls. */
export function overviewRows(projectId: string, range: TimeRange, bucketSeconds: number): SqlFragment {
  return sql`SELECT multiIf(grouping(bucket) = 0, 'bucket', grouping(model) = 0, 'model', grouping(key) = 0, 'key', grouping(team) = 0, 'team', 'total') AS part,
      bucket, multiIf(grouping(model) = 0, model, grouping(key) = 0, key, grouping(team) = 0, team, '') AS name,
      count() AS calls, countIf(level = 'ERROR') AS failures, sum(ifNull(total_cost, toDecimal128(0, 12))) AS cost,
      countIf(${COST_UNKNOWN}) AS unknown_cost, any(currency) AS currency, sumMap(usage_details) AS usage,
      quantilesIf(0.5, 0.95, 0.99)(ifNull(${milliseconds(sql`end_time`)}, 0), end_time IS NOT NULL) AS latency,
      quantilesIf(0.5, 0.95)(ifNull(${milliseconds(sql`completion_start_time`)}, 0), completion_start_time IS NOT NULL) AS first_token
    FROM (SELECT *, toUInt32(intDiv(dateDiff('second', ${instant(range.from)}, start_time), ${uint32(bucketSeconds)})) AS bucket, ${MODEL} AS model, ${KEY} AS key,
        ifNull(team_id, '') AS team FROM ${callsIn(projectId, range)})
    GROUP BY GROUPING SETS ((bucket), (model), (key), (team), ()) ${FINAL_SETTINGS}`;
}

export function overviewTraces(projectId: string, range: TimeRange): SqlFragment {
  return sql`SELECT count() AS traces FROM ${tracesIn(projectId, range)} ${FINAL_SETTINGS}`;
}
