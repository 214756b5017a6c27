// Started experiments and the queue of their items in PostgreSQL.
import type { RecordsSession } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import type { PromptMessage } from './render.ts';

/** Told when a job is started or called off. */
export const EXPERIMENTS_CHANNEL = 'genai_experiments';

export interface NewJob {
  id: string;
  projectId: string;
  organizationId: string;
  datasetId: string;
  runName: string;
  promptName: string;
  promptVersion: number;
  messages: readonly PromptMessage[];
  model: string;
  parameters: Readonly<Record<string, unknown>>;
  userId: string;
  userName: string;
}

export interface JobRow {
  id: string;
  run_name: string;
  prompt_name: string;
  prompt_version: number;
  model: string;
  parameters: Record<string, unknown>;
  user_name: string;
  state: 'running' | 'done' | 'failed' | 'cancelled';
  problem: string | null;
  created_at: Date;
  finished_at: Date | null;
  total: string;
  done: string;
  failed: string;
  cost: string | null;
  causes: string[];
}

/** Writes a job with all active items of its dataset. Returns how many. Part of a transaction. */
export async function insertJob(session: RecordsSession, job: NewJob): Promise<number> {
  await session.query(sql`
    INSERT INTO experiment_jobs (id, project_id, organization_id, dataset_id, run_name, prompt_name, prompt_version, messages, model, parameters, user_id, user_name)
    VALUES (${job.id}, ${job.projectId}, ${job.organizationId}, ${job.datasetId}, ${job.runName}, ${job.promptName}, ${job.promptVersion}, ${JSON.stringify(job.messages)}::jsonb,
      ${job.model}, ${JSON.stringify(job.parameters)}::jsonb, ${job.userId}, ${job.userName})`);
  const items = await session.query(sql`
    INSERT INTO experiment_job_items (job_id, item_id)
    SELECT ${job.id}, id FROM dataset_items WHERE dataset_id = ${job.datasetId} AND valid_to IS NULL AND status = 'ACTIVE' RETURNING item_id`);
  await session.query(sql`SELECT pg_notify(${EXPERIMENTS_CHANNEL}, '')`);
  return items.length;
}

const COLUMNS = sql`j.id, j.run_name, j.prompt_name, j.prompt_version, j.model, j.parameters, j.user_name, j.state, j.problem, j.created_at, j.finished_at,
  (SELECT count(*) FROM experiment_job_items i WHERE i.job_id = j.id) AS total,
  (SELECT count(*) FROM experiment_job_items i WHERE i.job_id = j.id AND i.state = 'done') AS done,
  (SELECT count(*) FROM experiment_job_items i WHERE i.job_id = j.id AND i.state = 'failed') AS failed,
  (SELECT trim_scale(sum(i.cost))::text FROM experiment_job_items i WHERE i.job_id = j.id) AS cost,
  ARRAY(SELECT DISTINCT i.cause FROM experiment_job_items i WHERE i.job_id = j.id AND i.state = 'failed' AND i.cause IS NOT NULL ORDER BY 1 LIMIT 5) AS causes`;

/** The newest jobs of a dataset. */
export async function jobsOf(session: RecordsSession, projectId: string, datasetId: string, limit: number): Promise<JobRow[]> {
  return await session.query<JobRow>(sql`
    SELECT ${COLUMNS} FROM experiment_jobs j WHERE j.project_id = ${projectId} AND j.dataset_id = ${datasetId} ORDER BY j.created_at DESC, j.id LIMIT ${limit}`);
}

export async function jobById(session: RecordsSession, projectId: string, id: string): Promise<JobRow | null> {
  const [row] = await session.query<JobRow>(sql`SELECT ${COLUMNS} FROM experiment_jobs j WHERE j.project_id = ${projectId} AND j.id = ${id}`);
  return row ?? null;
}

export async function runningJobsOf(session: RecordsSession, projectId: string): Promise<number> {
  const [row] = await session.query<{ count: string }>(
    sql`SELECT count(*) AS count FROM experiment_jobs WHERE project_id = ${projectId} AND state = 'running'`,
  );
  return Number(row?.count ?? 0);
}

/** Whether a job of this name runs over the dataset, before its run has an item. */
export async function isStarting(session: RecordsSession, datasetId: string, runName: string): Promise<boolean> {
  return (await session.query(sql`SELECT 1 FROM experiment_jobs WHERE dataset_id = ${datasetId} AND run_name = ${runName} AND state = 'running'`)).length > 0;
}

/** Ends a job before its end: what waits is not asked. What is asked now is still put into the run. */
export async function endJob(session: RecordsSession, id: string, state: 'failed' | 'cancelled', problem: string | null): Promise<void> {
  await session.query(sql`UPDATE experiment_jobs SET state = ${state}, problem = ${problem}, finished_at = now() WHERE id = ${id} AND state = 'running'`);
  await session.query(sql`UPDATE experiment_job_items SET state = 'cancelled' WHERE job_id = ${id} AND state = 'pending'`);
}

export interface ClaimedItem {
  job_id: string;
  item_id: string;
  attempts: number;
  project_id: string;
  organization_id: string;
  dataset_id: string;
  run_name: string;
  prompt_name: string;
  prompt_version: number;
  messages: PromptMessage[];
  model: string;
  parameters: Record<string, unknown>;
  user_id: string;
  user_name: string;
}

/** Takes due items of running jobs, also those whose process died. */
export async function claim(session: RecordsSession, limit: number, lockSeconds: number): Promise<ClaimedItem[]> {
  return await session.query<ClaimedItem>(sql`
    UPDATE experiment_job_items i SET state = 'running', attempts = i.attempts + 1, locked_until = now() + make_interval(secs => ${lockSeconds})
    FROM experiment_jobs j
    WHERE j.id = i.job_id AND (i.job_id, i.item_id) IN (
      SELECT c.job_id, c.item_id FROM experiment_job_items c JOIN experiment_jobs r ON r.id = c.job_id
      WHERE r.state = 'running' AND ((c.state = 'pending' AND c.run_at <= now()) OR (c.state = 'running' AND c.locked_until < now()))
      ORDER BY c.run_at, c.item_id LIMIT ${limit} FOR UPDATE OF c SKIP LOCKED)
    RETURNING i.job_id, i.item_id, i.attempts, j.project_id, j.organization_id, j.dataset_id, j.run_name, j.prompt_name, j.prompt_version, j.messages, j.model, j.parameters, j.user_id, j.user_name`);
}

/** Gives back what an earlier process held, for whoever is alone. */
export async function releaseAll(session: RecordsSession): Promise<void> {
  await session.query(sql`UPDATE experiment_job_items SET locked_until = now() WHERE state = 'running' AND locked_until > now()`);
}

export interface ItemEnd {
  state: 'done' | 'failed';
  cause: string | null;
  traceId: string | null;
  cost: string | null;
}

/** Ends an item, and its job when it was the last one. */
export async function endItem(
  session: RecordsSession,
  { job_id: jobId, item_id: itemId }: Pick<ClaimedItem, 'job_id' | 'item_id'>,
  end: ItemEnd,
): Promise<void> {
  await session.query(sql`
    UPDATE experiment_job_items SET state = ${end.state}, cause = ${end.cause}, trace_id = ${end.traceId}, cost = ${end.cost}::numeric, locked_until = NULL
    WHERE job_id = ${jobId} AND item_id = ${itemId}`);
  await session.query(sql`
    UPDATE experiment_jobs SET state = 'done', finished_at = now() WHERE id = ${jobId} AND state = 'running'
      AND NOT EXISTS (SELECT 1 FROM experiment_job_items WHERE job_id = ${jobId} AND state IN ('pending', 'running'))`);
}

/** Back into the queue; `counted` false gives the attempt back. */
export async function putBack(
  session: RecordsSession,
  { job_id: jobId, item_id: itemId }: Pick<ClaimedItem, 'job_id' | 'item_id'>,
  again: { inSeconds: number; cause: string; counted: boolean },
): Promise<void> {
  await session.query(sql`
    UPDATE experiment_job_items SET state = 'pending', run_at = now() + make_interval(secs => ${again.inSeconds}), cause = ${again.cause}, locked_until = NULL,
      attempts = attempts - ${again.counted ? 0 : 1}
    WHERE job_id = ${jobId} AND item_id = ${itemId}`);
  // A job that was called off meanwhile asks no more.
  await session.query(sql`
    UPDATE experiment_job_items SET state = 'cancelled' WHERE job_id = ${jobId} AND state = 'pending' AND EXISTS (SELECT 1 FROM experiment_jobs WHERE id = ${jobId} AND state <> 'running')`);
}

/** When the next item is due; null when none waits. */
export async function nextDue(session: RecordsSession): Promise<Date | null> {
  const [row] = await session.query<{ at: Date | null }>(sql`
    SELECT min(at) AS at FROM (
      SELECT min(i.run_at) AS at FROM experiment_job_items i JOIN experiment_jobs j ON j.id = i.job_id WHERE i.state = 'pending' AND j.state = 'running'
      UNION ALL SELECT min(i.locked_until) FROM experiment_job_items i JOIN experiment_jobs j ON j.id = i.job_id WHERE i.state = 'running' AND j.state = 'running') AS due`);
  return row?.at ?? null;
}
