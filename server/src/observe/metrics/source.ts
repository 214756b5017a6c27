// The rows that a view of the metrics API reads, with what is joined to them only when it is asked for.
import { liveIn, type TimeRange } from '#observe/store/newest.ts';
import { ordinaryMetrics } from '#observe/traces/metrics-sql.ts';
import { projectIs, tracesIn } from '#observe/traces/sql.ts';
import { type SqlFragment, sql } from '#stores/analytics/sql.ts';
import type { ViewName } from './query.ts';
import type { Need } from './views.ts';

const DAY_MS = 86_400_000;

/** What belongs to a row may lie a while before it and after it. */
function around(range: TimeRange, daysBefore: number, daysAfter: number): TimeRange {
  return { from: new Date(new Date(range.from).getTime() - daysBefore * DAY_MS), to: new Date(new Date(range.to).getTime() + daysAfter * DAY_MS) };
}

/** The table expression of a view. */
export function sourceOf(view: ViewName, projectId: string, range: TimeRange, needs: ReadonlySet<Need>): SqlFragment {
  if (view === 'traces') return tracesSource(projectId, range, needs);
  return view === 'observations' ? observationsSource(projectId, range, needs) : scoresSource(view, projectId, range, needs);
}

function tracesSource(projectId: string, range: TimeRange, needs: ReadonlySet<Need>): SqlFragment {
  const figures = needs.has('figures')
    ? sql` LEFT JOIN (SELECT trace_id AS f_trace, ids AS f_ids, latency AS f_latency, total_tokens AS f_total_tokens, total_cost AS f_total_cost FROM ${ordinaryMetrics(projectId, range)}) AS f ON t.id = f.f_trace`
    : sql``;
  const scores = needs.has('scores')
    ? sql` LEFT JOIN (SELECT trace_id AS s_trace, count() AS s_count FROM ${liveIn('scores', sql`trace_id`, around(range, 1, 30), [projectIs(projectId)])} WHERE trace_id != '' GROUP BY trace_id) AS s ON t.id = s.s_trace`
    : sql``;
  return sql`(SELECT * FROM ${tracesIn(projectId, range)} AS t${figures}${scores})`;
}

const OBSERVATION = sql`id, trace_id, parent_observation_id, type, name, start_time, end_time, completion_start_time, environment, level, version, release, metadata,
  provided_model_name, usage_details, cost_details, total_cost, cost_source, prompt_name, prompt_version, trace_name, user_id, session_id, tags`;

function observationsSource(projectId: string, range: TimeRange, needs: ReadonlySet<Need>): SqlFragment {
  // An observation that the gateway's record of the same call lies under counts neither tokens nor cost: that record does.
  const gateway = sql`SELECT trace_id, parent_observation_id FROM ${liveIn('observations', sql`trace_id, parent_observation_id`, around(range, 1, 1), [projectIs(projectId), sql`cost_source = 'gateway'`, sql`parent_observation_id != ''`])}`;
  const rows = sql`(SELECT *, (cost_source != 'elsewhere' AND (trace_id, id) NOT IN (${gateway})) AS counted FROM ${liveIn('observations', OBSERVATION, range, [projectIs(projectId)])})`;
  const traces = needs.has('trace') ? sql` LEFT JOIN ${traceAttributes(projectId, around(range, 30, 1))} AS t ON o.trace_id = t.t_id` : sql``;
  const attributes = needs.has('trace')
    ? sql`, coalesce(o.trace_name, t.x_name) AS t_name, coalesce(o.user_id, t.x_user_id) AS t_user_id, coalesce(o.session_id, t.x_session_id) AS t_session_id,
      if(empty(o.tags), t.x_tags, o.tags) AS t_tags, t.x_release AS t_release, t.x_version AS t_version`
    : sql``;
  const scores = needs.has('scores')
    ? sql` LEFT JOIN (SELECT trace_id AS s_trace, observation_id AS s_observation, count() AS s_count FROM ${liveIn('scores', sql`trace_id, observation_id`, around(range, 1, 30), [projectIs(projectId)])} WHERE observation_id != '' GROUP BY trace_id, observation_id) AS s ON o.trace_id = s.s_trace AND o.id = s.s_observation`
    : sql``;
  const counts = needs.has('scores') ? sql`, s.s_count AS s_count` : sql``;
  return sql`(SELECT o.*${attributes}${counts} FROM ${rows} AS o${traces}${scores})`;
}

/** Attributes of traces by id, under names that no row of a view has. */
function traceAttributes(projectId: string, range: TimeRange): SqlFragment {
  return sql`(SELECT id AS t_id, name AS x_name, user_id AS x_user_id, session_id AS x_session_id, tags AS x_tags, release AS x_release, version AS x_version FROM ${tracesIn(projectId, range)})`;
}

const SCORE = sql`id, timestamp, trace_id, observation_id, session_id, dataset_run_id, name, source, data_type, value, string_value, metadata, environment, config_id`;
const TYPES = {
  'scores-numeric': sql`data_type IN ('NUMERIC', 'BOOLEAN')`,
  'scores-boolean': sql`data_type = 'BOOLEAN'`,
  'scores-categorical': sql`data_type = 'CATEGORICAL'`,
} as const;

function scoresSource(view: keyof typeof TYPES, projectId: string, range: TimeRange, needs: ReadonlySet<Need>): SqlFragment {
  const rows = sql`(SELECT * FROM ${liveIn('scores', SCORE, range, [projectIs(projectId)])} WHERE ${TYPES[view]})`;
  const traces = needs.has('trace') ? sql` LEFT JOIN ${traceAttributes(projectId, around(range, 365, 1))} AS t ON s.trace_id = t.t_id` : sql``;
  const attributes = needs.has('trace')
    ? sql`, t.x_name AS t_name, t.x_user_id AS t_user_id, t.x_tags AS t_tags, t.x_release AS t_release, t.x_version AS t_version`
    : sql``;
  const observations = needs.has('observation')
    ? sql` LEFT JOIN (SELECT trace_id AS o_trace, id AS o_id, name AS o_name, provided_model_name AS o_model, prompt_name AS o_prompt_name, prompt_version AS o_prompt_version
        FROM ${liveIn('observations', sql`trace_id, id, name, provided_model_name, prompt_name, prompt_version`, around(range, 365, 1), [projectIs(projectId)])}) AS o ON s.trace_id = o.o_trace AND s.observation_id = o.o_id`
    : sql``;
  const named = needs.has('observation')
    ? sql`, o.o_name AS o_name, o.o_model AS o_model, o.o_prompt_name AS o_prompt_name, o.o_prompt_version AS o_prompt_version`
    : sql``;
  return sql`(SELECT s.*${attributes}${named} FROM ${rows} AS s${traces}${observations})`;
}
