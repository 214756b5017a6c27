// One look at a response in the background: how its upstream has it, and its end when it has ended.
import type { GatewayDeps } from '#gateway/deps.ts';
import type { Target } from '#gateway/target.ts';
import { askUpstream, isAskable, UpstreamRefused } from '#gateway/upstream-request.ts';
import { fieldsOf, parsed, textOf } from '#lib/json.ts';
import type { BackgroundResponse } from './port.ts';
import { settleBackground } from './settle.ts';

export const RUNNING: ReadonlySet<string> = new Set(['queued', 'in_progress']);
/** Then it is cancelled; where not even that is answered it stays counted at its reservation. */
export const DEADLINE_MS = 24 * 3_600_000;
/** An upstream that has just said that it has it may not find it for a moment. */
const NOT_FOUND_BEFORE = 3;
const SOONEST_MS = 1_000;
const LATEST_MS = 60_000;

export type LookDeps = Pick<GatewayDeps, 'background' | 'journal' | 'budgets' | 'prices' | 'clock' | 'log'>;

/** Whom to ask, and whether it is to end now. */
export interface Looking {
  readonly target: Target | null;
  readonly cancels?: boolean;
}

/** Looks at one that is ours for a while. True when it is over. @throws when the look was in vain. */
export async function lookAtBackground(deps: LookDeps, job: BackgroundResponse, { target, cancels = false }: Looking): Promise<boolean> {
  if (job.responseId === null) return await lost(deps, job, 'its creation was never answered');
  if (target === null || !isAskable(target) || target.upstream?.native.has('responses') !== true)
    throw new Error('the configuration has its deployment no more');
  const nowMs = deps.clock.nowMs();
  const isLate = nowMs - job.createdAtMs > DEADLINE_MS;
  const ask = (below: string, method: 'GET' | 'POST') => askUpstream(target, { endpoint: 'responses', below: `/${job.responseId}${below}`, method });
  let answer: string;
  try {
    answer = await ask('', 'GET');
    if ((cancels || isLate) && RUNNING.has(statusOf(answer))) answer = await ask('/cancel', 'POST');
  } catch (error) {
    const isGone = error instanceof UpstreamRefused && error.failure.upstreamStatus === 404;
    if (isGone && (cancels || isLate || job.failures >= NOT_FOUND_BEFORE)) return await lost(deps, job, 'its upstream has forgotten it');
    throw error;
  }
  if (!RUNNING.has(statusOf(answer))) {
    await settleBackground(deps, { job, target, answer });
    return true;
  }
  if (isLate) return await lost(deps, job, 'it has not ended in 24 hours');
  await deps.background.note(job.id, { responseId: job.responseId, status: statusOf(answer), nextAtMs: nextLookMs(job.createdAtMs, nowMs) });
  return false;
}

const statusOf = (answer: string): string => textOf(fieldsOf(parsed(answer)).status);

/** Nobody will ever say what became of it. */
async function lost({ background, log }: LookDeps, { id }: BackgroundResponse, why: string): Promise<true> {
  log.error(`a response in the background is given up and stays counted at its reservation: ${why}`, { callId: id });
  await background.settle(id);
  return true;
}

/** The less often the older it is: a tenth of its age, 1 s to 1 min, a little apart from others. */
export function nextLookMs(createdAtMs: number, nowMs: number): number {
  const wait = Math.min(LATEST_MS, Math.max(SOONEST_MS, (nowMs - createdAtMs) / 10));
  return nowMs + Math.round(wait * (0.9 + Math.random() * 0.2));
}
