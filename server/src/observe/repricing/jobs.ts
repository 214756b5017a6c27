// Re-pricings as the records keep them: one JSON document a job among the settings of the installation, so that a job goes on where it was after a restart.
import { randomUUID } from 'node:crypto';
import type { Records, RecordsSession } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';

/** Told when a job is asked for or called off. */
export const REPRICING_CHANNEL = 'genai_repricing';

/** Where a job is: everything up to this key was looked at. */
export interface RepricingCursor {
  start_time: string;
  trace_id: string;
  id: string;
}

export interface RepricingJob {
  id: string;
  projectId: string;
  fromTimestamp: string;
  toTimestamp: string;
  /** The model's name as it was reported; null = every model. */
  model: string | null;
  dryRun: boolean;
  state: 'running' | 'done' | 'cancelled' | 'failed';
  problem: string | null;
  /** 0 to 100, by time. */
  percent: number;
  /** Observations with a model and usage whose cost nobody said. */
  looked: number;
  /** Of those: with another cost or price row now. */
  changed: number;
  /** Of those: without a price now; what they cost before stays. */
  unpriced: number;
  /** What the changed ones cost before and afterwards, decimal text. */
  costBefore: string;
  costAfter: string;
  cursor: RepricingCursor | null;
  createdAt: string;
  createdBy: string | null;
  finishedAt: string | null;
}

export type RepricingWish = Pick<RepricingJob, 'projectId' | 'fromTimestamp' | 'toTimestamp' | 'model' | 'dryRun' | 'createdBy'>;

const ROOT = 'repricing/';
const KEPT = 50;
const prefixOf = (projectId: string): string => `${ROOT}${projectId}/`;
const keyOf = ({ projectId, id }: Pick<RepricingJob, 'projectId' | 'id'>): string => `${prefixOf(projectId)}${id}`;

/** Writes a wish down; null when one of the project runs already. */
export async function createJob(records: Records, wish: RepricingWish): Promise<RepricingJob | null> {
  const job: RepricingJob = {
    ...wish,
    id: randomUUID(),
    state: 'running',
    problem: null,
    ...{ percent: 0, looked: 0, changed: 0, unpriced: 0, costBefore: '0', costAfter: '0', cursor: null, finishedAt: null },
    createdAt: new Date().toISOString(),
  };
  return await records.transaction(async (session) => {
    await session.query(sql`SELECT pg_advisory_xact_lock(hashtext(${prefixOf(wish.projectId)}))`);
    const jobs = await jobsOf(session, wish.projectId);
    if (jobs.some(({ state }) => state === 'running')) return null;
    for (const old of jobs.slice(KEPT - 1)) await session.query(sql`DELETE FROM instance_settings WHERE key = ${keyOf(old)}`);
    await session.query(sql`INSERT INTO instance_settings (key, value) VALUES (${keyOf(job)}, ${JSON.stringify(job)}::jsonb)`);
    await session.query(sql`SELECT pg_notify(${REPRICING_CHANNEL}, '')`);
    return job;
  });
}

/** The jobs of a project, the newest first. */
export async function jobsOf(session: RecordsSession, projectId: string): Promise<RepricingJob[]> {
  const rows = await session.query<{ value: RepricingJob }>(
    sql`SELECT value FROM instance_settings WHERE starts_with(key, ${prefixOf(projectId)}) ORDER BY value ->> 'createdAt' DESC, key`,
  );
  return rows.map(({ value }) => value);
}

export async function jobById(session: RecordsSession, name: Pick<RepricingJob, 'projectId' | 'id'>): Promise<RepricingJob | null> {
  const [row] = await session.query<{ value: RepricingJob }>(sql`SELECT value FROM instance_settings WHERE key = ${keyOf(name)}`);
  return row?.value ?? null;
}

/** Every job that is not at its end, the oldest first. */
export async function runningJobs(session: RecordsSession): Promise<RepricingJob[]> {
  const rows = await session.query<{ value: RepricingJob }>(
    sql`SELECT value FROM instance_settings WHERE starts_with(key, ${ROOT}) AND value ->> 'state' = 'running' ORDER BY value ->> 'createdAt', key`,
  );
  return rows.map(({ value }) => value);
}

/** Keeps where a job is. False when it was called off meanwhile: then nothing was written. */
export async function saveJob(session: RecordsSession, job: RepricingJob): Promise<boolean> {
  const rows = await session.query(
    sql`UPDATE instance_settings SET value = ${JSON.stringify(job)}::jsonb, updated_at = now() WHERE key = ${keyOf(job)} AND value ->> 'state' = 'running' RETURNING key`,
  );
  return rows.length > 0;
}

/** Calls a job off; what it did stays. */
export async function cancelJob(session: RecordsSession, name: Pick<RepricingJob, 'projectId' | 'id'>): Promise<void> {
  const ended = JSON.stringify({ state: 'cancelled', finishedAt: new Date().toISOString() });
  await session.query(sql`
    UPDATE instance_settings SET value = value || ${ended}::jsonb, updated_at = now() WHERE key = ${keyOf(name)} AND value ->> 'state' = 'running'`);
}

/** What changed costs in a time range: for whoever compares sums of before and after. */
export async function jobsWithin(session: RecordsSession, projectId: string, range: { from: Date; to: Date }): Promise<RepricingJob[]> {
  const jobs = await jobsOf(session, projectId);
  return jobs.filter((job) => !job.dryRun && job.changed > 0 && new Date(job.fromTimestamp) < range.to && new Date(job.toTimestamp) > range.from);
}
