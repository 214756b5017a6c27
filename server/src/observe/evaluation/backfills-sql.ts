// The statements of backfills, and what the queue shows of them.
import type { RecordsSession } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';

export interface BackfillRow {
  id: string;
  rule_id: string;
  from_time: Date;
  to_time: Date;
  max_cost: string | null;
  state: 'running' | 'stopped';
  cause: string | null;
  targets: number;
  created_by: string | null;
  created_at: Date;
  waiting: string;
  done: string;
  failed: string;
  cost: string | null;
}

export async function insertBackfill(
  session: RecordsSession,
  backfill: { id: string; projectId: string; ruleId: string; from: string; to: string; maxCost: number | null; createdBy: string | null },
): Promise<void> {
  await session.query(sql`
    INSERT INTO evaluation_backfills (id, project_id, rule_id, from_time, to_time, max_cost, state, created_by)
    VALUES (${backfill.id}, ${backfill.projectId}, ${backfill.ruleId}, ${backfill.from}::timestamptz, ${backfill.to}::timestamptz, ${backfill.maxCost}::numeric, 'running', ${backfill.createdBy})`);
}

export async function countBackfill(session: RecordsSession, id: string, targets: number): Promise<void> {
  await session.query(sql`UPDATE evaluation_backfills SET targets = ${targets} WHERE id = ${id}`);
}

/** The limit of a backfill; null when it has none. */
export async function maxCostOf(session: RecordsSession, id: string): Promise<number | null> {
  const [row] = await session.query<{ max_cost: string | null }>(sql`SELECT max_cost FROM evaluation_backfills WHERE id = ${id}`);
  return row?.max_cost === null || row === undefined ? null : Number(row.max_cost);
}

export async function backfillsOf(session: RecordsSession, projectId: string, ruleId: string): Promise<BackfillRow[]> {
  return await session.query<BackfillRow>(sql`
    SELECT b.id, b.rule_id, b.from_time, b.to_time, b.max_cost, b.state, b.cause, b.targets, b.created_by, b.created_at,
      count(j.id) FILTER (WHERE j.state IN ('pending', 'running')) AS waiting, count(j.id) FILTER (WHERE j.state = 'done') AS done,
      count(j.id) FILTER (WHERE j.state = 'failed') AS failed, sum(j.cost) AS cost
    FROM evaluation_backfills b LEFT JOIN evaluation_jobs j ON j.backfill_id = b.id
    WHERE b.project_id = ${projectId} AND b.rule_id = ${ruleId} GROUP BY b.id ORDER BY b.created_at DESC LIMIT 50`);
}

/** Average cost of an evaluator's last calls; null when none is known. */
export async function averageCostOf(session: RecordsSession, evaluatorId: string): Promise<number | null> {
  const [row] = await session.query<{ average: string | null }>(sql`
    SELECT avg(cost) AS average FROM (SELECT cost FROM evaluation_jobs WHERE evaluator_id = ${evaluatorId} AND state = 'done' AND cost IS NOT NULL ORDER BY id DESC LIMIT 100) last`);
  return row?.average === null || row === undefined ? null : Number(row.average);
}

export interface QueueRow {
  id: string;
  rule_id: string;
  rule_name: string;
  evaluator_id: string;
  evaluator_name: string;
  backfill_id: string | null;
  target: string;
  trace_id: string;
  target_id: string;
  state: string;
  run_at: Date;
  attempts: number;
  cause: string | null;
  score_id: string | null;
  judge_trace_id: string | null;
  cost: string | null;
  created_at: Date;
  finished_at: Date | null;
}

export async function queueOf(
  session: RecordsSession,
  projectId: string,
  asked: { state?: string | undefined; ruleId?: string | undefined; before?: number | undefined; limit: number },
): Promise<QueueRow[]> {
  return await session.query<QueueRow>(sql`
    SELECT j.id, j.rule_id, r.name AS rule_name, j.evaluator_id, e.name AS evaluator_name, j.backfill_id, j.target, j.trace_id, j.target_id, j.state, j.run_at, j.attempts,
      j.cause, j.score_id, j.judge_trace_id, j.cost, j.created_at, j.finished_at
    FROM evaluation_jobs j JOIN evaluation_rules r ON r.id = j.rule_id JOIN evaluators e ON e.id = j.evaluator_id
    WHERE j.project_id = ${projectId} AND (${asked.state ?? null}::text IS NULL OR j.state = ${asked.state ?? null}) AND (${asked.ruleId ?? null}::text IS NULL OR j.rule_id = ${asked.ruleId ?? null})
      AND (${asked.before ?? null}::bigint IS NULL OR j.id < ${asked.before ?? null}::bigint)
    ORDER BY j.id DESC LIMIT ${asked.limit}`);
}

/** Jobs by state, of the project or of one rule. */
export async function queueCounts(session: RecordsSession, projectId: string, ruleId: string | undefined): Promise<Record<string, number>> {
  const rows = await session.query<{ state: string; count: string }>(sql`
    SELECT state, count(*) AS count FROM evaluation_jobs WHERE project_id = ${projectId} AND (${ruleId ?? null}::text IS NULL OR rule_id = ${ruleId ?? null}) GROUP BY state`);
  return Object.fromEntries(rows.map(({ state, count }) => [state, Number(count)]));
}

/** Failed, skipped and cancelled jobs run again, at once; all of a project's failed ones when none is named. */
export async function retryJobs(session: RecordsSession, projectId: string, id: string | null): Promise<number> {
  const rows = await session.query(sql`
    UPDATE evaluation_jobs SET state = 'pending', run_at = now(), attempts = 0, finished_at = NULL
    WHERE project_id = ${projectId} AND ((${id}::bigint IS NULL AND state = 'failed') OR (id = ${id}::bigint AND state IN ('failed', 'skipped', 'cancelled'))) RETURNING id`);
  return rows.length;
}

export async function cancelJob(session: RecordsSession, projectId: string, id: string): Promise<boolean> {
  const rows = await session.query(sql`
    UPDATE evaluation_jobs SET state = 'cancelled', cause = 'cancelled by hand', finished_at = now() WHERE project_id = ${projectId} AND id = ${id}::bigint AND state = 'pending' RETURNING id`);
  return rows.length > 0;
}
