// What a client's own requests mean for its response in the background: a look that tells its end wakes whoever counts it; before it is deleted it is ended and counted.
import { setTimeout as sleep } from 'node:timers/promises';
import type { GatewayDeps } from '#gateway/deps.ts';
import { LOCK_MS } from '#gateway/jobs/runner.ts';
import type { StoredResponse } from '#gateway/responses/port.ts';
import type { Target } from '#gateway/target.ts';
import { AppError } from '#lib/errors.ts';
import { fieldsOf, parsed, textOf } from '#lib/json.ts';
import { lookAtBackground, RUNNING } from './look.ts';

const LOOK_AGAIN_MS = 100;
const LONGEST_WAIT_MS = 10_000;

/** A client has been told `answer`: if that is its end, it is counted soon. */
export async function tellSeen(deps: GatewayDeps, stored: StoredResponse, answer: string): Promise<void> {
  const told = fieldsOf(parsed(answer));
  if (told.background === true && !RUNNING.has(textOf(told.status))) await tellEnded(deps, stored);
}

/** A client has seen its end: it is counted soon. Never rejects: who looks after it finds it anyway. */
export async function tellEnded({ background, log }: GatewayDeps, { id, deploymentId }: Pick<StoredResponse, 'id' | 'deploymentId'>): Promise<void> {
  try {
    const open = await background.openIdOf(id, deploymentId);
    if (open !== null) await background.hurry(open);
  } catch (error) {
    log.warn('a response in the background has ended and is counted later', { responseId: id, error });
  }
}

/**
 * Ends one that still runs and counts it, so that nothing of it is lost with what the upstream has of it.
 * @throws AppError 409 while somebody else does, UpstreamRefused.
 */
export async function endBackground(deps: GatewayDeps, { id, deploymentId }: StoredResponse, target: Target): Promise<void> {
  const givenUpAtMs = deps.clock.nowMs() + LONGEST_WAIT_MS;
  for (;;) {
    const open = await deps.background.openIdOf(id, deploymentId);
    if (open === null) return;
    const job = await deps.background.take(open, LOCK_MS);
    if (job !== null) {
      try {
        if (await lookAtBackground(deps, job, { target, cancels: true })) return;
      } catch (error) {
        await deps.background.noteFailure(job.id, (error as Error).message, deps.clock.nowMs());
        throw error;
      }
    }
    if (deps.clock.nowMs() > givenUpAtMs)
      throw new AppError(`Response with id '${id}' is being ended: try again in a moment.`, {
        status: 409,
        code: 'invalid_request_error',
        retryAfterSeconds: 1,
      });
    await sleep(LOOK_AGAIN_MS);
  }
}
