// Reads of sessions: a session is what traces name as theirs; it begins with its first trace.
import { FINAL_SETTINGS, type TimeRange } from '#observe/store/newest.ts';
import { tracesIn } from '#observe/traces/sql.ts';
import { instant, join, type SqlFragment, sql, text, texts, uint32 } from '#stores/analytics/sql.ts';

export interface SessionView {
  id: string;
  created_at: string;
  environment: string;
}

export interface SessionListQuery {
  projectId: string;
  environments?: readonly string[] | undefined;
  /** When the session began. */
  range: TimeRange;
}

/** Nothing is stored before this. */
const EARLIEST = new Date(Date.UTC(2015, 0, 1));

/** Every session that began before the range's end: its beginning needs all its traces, so older ones are read too. */
function sessions({ projectId, environments, range }: SessionListQuery): SqlFragment {
  const until = { from: EARLIEST, to: range.to };
  const conditions = [sql`created_at >= ${instant(range.from)}`, ...(environments?.length ? [sql`environment IN ${texts(environments)}`] : [])];
  return sql`(SELECT id, created_at, environment FROM
    (SELECT session_id AS id, min(timestamp) AS created_at, argMin(environment, timestamp) AS environment
      FROM ${tracesIn(projectId, until)} WHERE ifNull(session_id, '') != '' GROUP BY session_id)
    WHERE ${join(conditions, ' AND ')})`;
}

export function countSessions(query: SessionListQuery): SqlFragment {
  return sql`SELECT count() AS total FROM ${sessions(query)} ${FINAL_SETTINGS}`;
}

/** A page, the latest begun first; deterministic on ties. */
export function listSessions(query: SessionListQuery, page: { limit: number; skip: number }): SqlFragment {
  return sql`SELECT id, created_at, environment FROM ${sessions(query)} ORDER BY created_at DESC, id DESC
    LIMIT ${uint32(page.limit)} OFFSET ${uint32(page.skip)} ${FINAL_SETTINGS}`;
}

/** A session's traces whole, oldest first. */
export function tracesOfSession(projectId: string, sessionId: string, range: TimeRange, limit: number): SqlFragment {
  return sql`SELECT * FROM ${tracesIn(projectId, range, { content: true })} WHERE session_id = ${text(sessionId)} ORDER BY timestamp, id LIMIT ${uint32(limit)} ${FINAL_SETTINGS}`;
}
