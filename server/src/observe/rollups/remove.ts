// What leaves the roll-ups' files: names and models of what was deleted, and what was settled again.
import { deleteRows } from '#observe/life/remove-rows.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import { type SqlFragment, sql, text, uint64 } from '#stores/analytics/sql.ts';
import { arrivedBefore } from './marks.ts';

/**
 * Removes roll-ups of a project's buckets that hold observations which match, as they were settled before an instant. Readers do not trust them since then:
 * their dirty mark is younger. Called before the observations themselves go.
 */
export async function removeRollups(analytics: Analytics, projectId: string, observations: SqlFragment, beforeMs: number): Promise<void> {
  const buckets = sql`SELECT toStartOfInterval(start_time, toIntervalMinute(15)) FROM observations WHERE ${observations}`;
  await remove(analytics, sql`project_id = ${text(projectId)} AND settled_as <= ${uint64(String(beforeMs * 1_000))} AND bucket IN (${buckets})`);
}

/** Younger rows may belong to a settling that has not ended. */
const SURELY_ENDED_US = 3_600_000_000;

/** Removes what no clean mark names any longer: settled again since, or cut off before its end. Nobody reads it: its buckets were dirty for minutes before they were settled again. */
export async function removeSuperseded(analytics: Analytics, nowMs: number): Promise<void> {
  const named = sql`SELECT max(version) FROM rollup_marks WHERE is_clean = 1 GROUP BY project_id, begins, ends`;
  await remove(analytics, sql`settled_as < ${uint64(String(arrivedBefore(nowMs) - SURELY_ENDED_US))} AND settled_as NOT IN (${named})`);
}

async function remove(analytics: Analytics, condition: SqlFragment): Promise<void> {
  const [found] = await analytics.query<{ count: string }>(sql`SELECT count() AS count FROM observation_rollups WHERE ${condition}`, { timeoutMs: 300_000 });
  if (Number(found?.count ?? 0) > 0) await deleteRows(analytics, 'observation_rollups', condition);
}
