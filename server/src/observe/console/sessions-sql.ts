// Sessions as the console lists them: what a range's traces say of the session they name, the latest active first.
import { FINAL_SETTINGS, newestOf, type TimeRange } from '#observe/store/newest.ts';
import { type TraceMetrics, traceMetrics } from '#observe/traces/metrics-sql.ts';
import { projectIs, tracesIn } from '#observe/traces/sql.ts';
import { instant, join, type SqlFragment, sql, text, texts, uint32 } from '#stores/analytics/sql.ts';

/** One session as its traces within the range show it. */
export interface SessionRow {
  id: string;
  first_at: string;
  last_at: string;
  traces: string;
  users: string[];
  environment: string;
}

export interface SessionsQuery {
  projectId: string;
  range: TimeRange;
  /** A part of the session's id, or of a user's. */
  search?: string | undefined;
}

const USERS_SHOWN = 3;

/** A page of sessions, from behind a given one on. */
export function sessionRows({ projectId, range, search }: SessionsQuery, limit: number, before: { timestamp: string; id: string } | null): SqlFragment {
  const found = search
    ? [sql`(positionCaseInsensitiveUTF8(id, ${text(search)}) > 0 OR arrayExists(user -> positionCaseInsensitiveUTF8(user, ${text(search)}) > 0, all_users))`]
    : [];
  const beyond = before ? [sql`(last_at, id) < (${instant(before.timestamp)}, ${text(before.id)})`] : [];
  return sql`SELECT id, first_at, last_at, traces, arraySlice(all_users, 1, ${uint32(USERS_SHOWN)}) AS users, environment FROM
    (SELECT session_id AS id, min(timestamp) AS first_at, max(timestamp) AS last_at, count() AS traces,
        groupUniqArrayIf(100)(ifNull(user_id, ''), ifNull(user_id, '') != '') AS all_users, argMin(environment, timestamp) AS environment
      FROM ${tracesIn(projectId, range)} WHERE ifNull(session_id, '') != '' GROUP BY session_id)
    WHERE ${join([sql`true`, ...found, ...beyond], ' AND ')} ORDER BY last_at DESC, id DESC LIMIT ${uint32(limit)} ${FINAL_SETTINGS}`;
}

/** Sums of one session's traces. */
export interface SessionFigures extends Pick<TraceMetrics, 'total_cost' | 'priced' | 'total_tokens' | 'errors'> {
  session_id: string;
}

/** Cost, tokens and failures of given sessions within a range. */
export function sessionFigures(projectId: string, range: TimeRange, sessionIds: readonly string[]): SqlFragment {
  const members = sql`(SELECT id, session_id FROM ${tracesIn(projectId, range)} WHERE session_id IN ${texts(sessionIds)})`;
  const columns = sql`project_id, trace_id, id, parent_observation_id, start_time, end_time, level, cost_source, total_cost, cost_details, usage_details`;
  const observations = newestOf('observations', columns, sql`${projectIs(projectId)} AND trace_id IN (SELECT id FROM ${members})`);
  return sql`SELECT session_id, sum(m.total_cost) AS total_cost, sum(m.priced) AS priced, sum(m.total_tokens) AS total_tokens, sum(m.errors) AS errors
    FROM ${members} AS t INNER JOIN (${traceMetrics(observations)}) AS m ON m.trace_id = t.id GROUP BY session_id ${FINAL_SETTINGS}`;
}
