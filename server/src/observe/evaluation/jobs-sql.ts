// The queue of judgements in PostgreSQL: put in, taken by one process at a time, finished with a cause.
import type { RecordsSession } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import type { TargetKind } from './schema.ts';

export interface JobRow {
  id: string;
  project_id: string;
  organization_id: string;
  rule_id: string;
  evaluator_id: string;
  backfill_id: string | null;
  target: TargetKind;
  trace_id: string;
  target_id: string;
  run_item_id: string | null;
  attempts: number;
  created_at: Date;
}

/** A thing to judge. */
export interface Target {
  traceId: string;
  id: string;
  runItemId: string | null;
  /** When it was last changed: a session that went on is judged again. */
  changedAt: string;
}

export interface NewJobs {
  projectId: string;
  ruleId: string;
  evaluatorIds: readonly string[];
  backfillId: string | null;
  target: TargetKind;
  targets: readonly Target[];
  delaySeconds: number;
}

/** Puts targets into the queue, each once a rule and evaluator. A pending session waits from its last change; one that was judged and went on is judged again. */
export async function enqueue(session: RecordsSession, jobs: NewJobs): Promise<number> {
  if (jobs.targets.length === 0 || jobs.evaluatorIds.length === 0) return 0;
  const rows = await session.query(sql`
    INSERT INTO evaluation_jobs AS stored (project_id, rule_id, evaluator_id, backfill_id, target, trace_id, target_id, run_item_id, run_at)
    SELECT ${jobs.projectId}, ${jobs.ruleId}, evaluator, ${jobs.backfillId}, ${jobs.target}, t.trace_id, t.target_id, t.run_item_id, now() + make_interval(secs => ${jobs.delaySeconds})
    FROM unnest(${jobs.targets.map(({ traceId }) => traceId)}::text[], ${jobs.targets.map(({ id }) => id)}::text[], ${jobs.targets.map(({ runItemId }) => runItemId)}::text[],
      ${jobs.targets.map(({ changedAt }) => changedAt)}::timestamptz[]) AS t (trace_id, target_id, run_item_id, changed_at)
      CROSS JOIN unnest(${jobs.evaluatorIds}::text[]) AS evaluator
    ON CONFLICT (rule_id, evaluator_id, target, trace_id, target_id) DO UPDATE
      SET state = 'pending', run_at = excluded.run_at, attempts = 0, cause = NULL, finished_at = NULL
      WHERE stored.target = 'session' AND stored.state <> 'running'
        AND (SELECT max(t2.changed_at) FROM unnest(${jobs.targets.map(({ id }) => id)}::text[], ${jobs.targets.map(({ changedAt }) => changedAt)}::timestamptz[]) AS t2 (id, changed_at)
          WHERE t2.id = stored.target_id) > coalesce(stored.finished_at, stored.run_at - make_interval(secs => ${jobs.delaySeconds}))
    RETURNING id`);
  return rows.length;
}

export async function pendingOf(session: RecordsSession, ruleId: string): Promise<number> {
  const [row] = await session.query<{ count: string }>(sql`SELECT count(*) AS count FROM evaluation_jobs WHERE rule_id = ${ruleId} AND state = 'pending'`);
  return Number(row?.count ?? 0);
}

/** Takes due jobs of rules that run, also those whose process died; they are this process's for `lockSeconds`. */
export async function claim(session: RecordsSession, limit: number, lockSeconds: number): Promise<JobRow[]> {
  return await session.query<JobRow>(sql`
    UPDATE evaluation_jobs j SET state = 'running', attempts = attempts + 1, locked_until = now() + make_interval(secs => ${lockSeconds})
    FROM projects p
    WHERE p.id = j.project_id AND j.id IN (
      SELECT c.id FROM evaluation_jobs c JOIN evaluation_rules r ON r.id = c.rule_id
      WHERE ((c.state = 'pending' AND c.run_at <= now()) OR (c.state = 'running' AND c.locked_until < now()))
        AND r.paused_reason IS NULL AND (r.enabled OR c.backfill_id IS NOT NULL)
      ORDER BY c.run_at, c.id LIMIT ${limit} FOR UPDATE OF c SKIP LOCKED)
    RETURNING j.id, j.project_id, p.organization_id, j.rule_id, j.evaluator_id, j.backfill_id, j.target, j.trace_id, j.target_id, j.run_item_id, j.attempts, j.created_at`);
}

/** When the next job is due; null when none waits. */
export async function nextDue(session: RecordsSession): Promise<Date | null> {
  const [row] = await session.query<{ at: Date | null }>(sql`
    SELECT min(at) AS at FROM (
      SELECT min(c.run_at) AS at FROM evaluation_jobs c JOIN evaluation_rules r ON r.id = c.rule_id
        WHERE c.state = 'pending' AND r.paused_reason IS NULL AND (r.enabled OR c.backfill_id IS NOT NULL)
      UNION ALL SELECT min(locked_until) FROM evaluation_jobs WHERE state = 'running') due`);
  return row?.at ?? null;
}

export interface Finished {
  state: 'done' | 'failed' | 'skipped' | 'cancelled';
  cause: string | null;
  scoreId?: string | null;
  judgeTraceId?: string | null;
  cost?: string | null;
}

export async function finish(session: RecordsSession, id: string, { state, cause, scoreId, judgeTraceId, cost }: Finished): Promise<void> {
  await session.query(sql`
    UPDATE evaluation_jobs SET state = ${state}, cause = ${cause}, score_id = ${scoreId ?? null}, judge_trace_id = ${judgeTraceId ?? null},
      cost = CASE WHEN ${cost ?? null}::numeric IS NULL THEN cost ELSE coalesce(cost, 0) + ${cost ?? null}::numeric END, locked_until = NULL, finished_at = now()
    WHERE id = ${id}::bigint`);
}

/** Back into the queue; what the attempt cost is kept. `counted` false gives the attempt back. */
export async function putBack(
  session: RecordsSession,
  id: string,
  again: { inSeconds: number; cause: string; counted: boolean; cost?: string | null },
): Promise<void> {
  await session.query(sql`
    UPDATE evaluation_jobs SET state = 'pending', run_at = now() + make_interval(secs => ${again.inSeconds}), cause = ${again.cause}, locked_until = NULL,
      attempts = attempts - ${again.counted ? 0 : 1},
      cost = CASE WHEN ${again.cost ?? null}::numeric IS NULL THEN cost ELSE coalesce(cost, 0) + ${again.cost ?? null}::numeric END
    WHERE id = ${id}::bigint`);
}

/** What was spent against a limit: known cost, and the dearest call so far for each that runs now. */
export async function spentOf(session: RecordsSession, of: { backfillId: string } | { ruleId: string; sinceMs: number }): Promise<number> {
  const scope =
    'backfillId' in of
      ? sql`backfill_id = ${of.backfillId}`
      : sql`rule_id = ${of.ruleId} AND (finished_at IS NULL OR finished_at > ${new Date(of.sinceMs).toISOString()}::timestamptz)`;
  const [row] = await session.query<{ spent: string }>(sql`
    SELECT coalesce(sum(cost), 0) + coalesce(max(cost), 0) * greatest(count(*) FILTER (WHERE state = 'running') - 1, 0) AS spent FROM evaluation_jobs WHERE ${scope}`);
  return Number(row?.spent ?? 0);
}

/** Ends a backfill before its end: what waits is cancelled. */
export async function stopBackfill(session: RecordsSession, id: string, cause: string): Promise<void> {
  await session.query(sql`UPDATE evaluation_backfills SET state = 'stopped', cause = ${cause} WHERE id = ${id}`);
  await session.query(
    sql`UPDATE evaluation_jobs SET state = 'cancelled', cause = ${cause}, finished_at = now() WHERE backfill_id = ${id} AND state = 'pending'`,
  );
}

const KEPT_DAYS = 30;

/** Forgets what was finished long ago. */
export async function forgetOld(session: RecordsSession): Promise<void> {
  await session.query(sql`
    DELETE FROM evaluation_jobs WHERE id IN (
      SELECT id FROM evaluation_jobs WHERE finished_at < now() - make_interval(days => ${KEPT_DAYS}) ORDER BY finished_at LIMIT 10000)`);
}
