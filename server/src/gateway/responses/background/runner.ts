// Looks after responses in the background that nobody asks about, until they have ended and are counted.
import { type JobRunner, startJobs } from '#gateway/jobs/runner.ts';
import type { Snapshot } from '#gateway/snapshot.ts';
import { DEADLINE_MS, type LookDeps, lookAtBackground } from './look.ts';

export interface BackgroundParts {
  readonly deps: LookDeps;
  /** Runs with the configuration of now, whose connections stay open meanwhile. */
  withSnapshot<Result>(work: (snapshot: Snapshot) => Promise<Result>): Promise<Result>;
  /** First wait after a look in vain, doubled each time up to a minute; default 1 s. */
  readonly retryMs?: number;
}

const LONGEST_RETRY_MS = 60_000;

/** Starts working. Never throws: while the records are away it tries again. */
export function startBackground({ deps, withSnapshot, retryMs = 1_000 }: BackgroundParts): Promise<JobRunner> {
  const { background, clock, log } = deps;
  return startJobs({
    ...{ name: 'a response in the background', queue: background, clock, log, retryMs, longestRetryMs: LONGEST_RETRY_MS, givenUpMs: DEADLINE_MS },
    look: (job) => withSnapshot(async (snapshot) => void (await lookAtBackground(deps, job, { target: snapshot.targetOf(job.deploymentId) }))),
  });
}
