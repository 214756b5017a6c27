// Which rows hold the words of a question: found by the index without settling versions; whoever uses them reads the live rows.
import type { TimeRange } from '#observe/store/newest.ts';
import { instant, type SqlFragment, sql, text } from '#stores/analytics/sql.ts';
import { holdsWords, type SearchField } from './folded.ts';

/** What of a trace may begin so long after it and still be found with it. */
const AFTER_MS = 86_400_000;

/** (trace_id, id) of observations in a range. */
export function observationsHolding(projectId: string, range: TimeRange, question: string, field: SearchField = 'any'): SqlFragment {
  return sql`SELECT trace_id, id FROM observations WHERE project_id = ${text(projectId)} AND start_time >= ${instant(range.from)} AND start_time < ${instant(range.to)} AND ${holdsWords(question, field)}`;
}

/** Ids of traces in a range whose own content or that of an observation holds the words. */
export function tracesHolding(projectId: string, range: TimeRange, question: string, field: SearchField = 'any'): SqlFragment {
  const project = sql`project_id = ${text(projectId)}`;
  const until = new Date(new Date(range.to).getTime() + AFTER_MS);
  const own = sql`SELECT id FROM traces WHERE ${project} AND timestamp >= ${instant(range.from)} AND timestamp < ${instant(range.to)} AND ${holdsWords(question, field)}`;
  const below = sql`SELECT trace_id AS id FROM observations WHERE ${project} AND start_time >= ${instant(range.from)} AND start_time < ${instant(until)} AND ${holdsWords(question, field)}`;
  return sql`${own} UNION ALL ${below}`;
}
