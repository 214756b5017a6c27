// Finds an upstream that takes a session: deployments of the model by the routing, again or the next one after a refused handshake, then the fallback models.
import type WebSocket from 'ws';
import type { Call } from '#gateway/call.ts';
import { ClientGone, type Failure, ownFailure } from '#gateway/errors.ts';
import { refusalOf } from '#gateway/exchange.ts';
import { hasOthers, route, type Trail } from '#gateway/route.ts';
import type { Plane } from '#gateway/run.ts';
import { closeFailed, openWritten } from '#gateway/settle.ts';
import { tellRest } from '#gateway/shared-rests.ts';
import type { Group } from '#gateway/snapshot.ts';
import { forTags } from '#gateway/tag-routing.ts';
import type { Target } from '#gateway/target.ts';
import { holdTargetBudget, settleTargetBudget } from '#gateway/target-budgets.ts';
import { tryUntil } from '#gateway/tries.ts';
import { upstreamModel } from '#gateway/upstream-body.ts';
import { AppError } from '#lib/errors.ts';
import { openUpstreamSocket } from './upstream-socket.ts';

/** A session that an upstream has taken. */
export interface Reached {
  readonly socket: WebSocket;
  readonly target: Target;
  /** The model's name there. */
  readonly model: string;
}

/** @throws Unreached with the last failure; ClientGone. */
export async function reachUpstream(call: Call, plane: Plane): Promise<Reached> {
  const deadlineMs = plane.deps.clock.nowMs() + call.snapshot.config.requestTimeoutMs;
  const outcome = await tryUntil(call, plane.deps, {
    deadlineMs,
    attempt: (trail) => tryNext(call, plane, trail, deadlineMs),
    hasAnswered: (tried) => 'socket' in tried,
    fallBack: (model) => void Object.assign(call, { group: forTags(call, call.snapshot.resolve(model) as Group), model, fallbacks: call.fallbacks + 1 }),
  });
  if ('socket' in outcome) return outcome;
  throw new Unreached(outcome);
}

/** No upstream took the session. */
export class Unreached extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

async function tryNext(call: Call, plane: Plane, trail: Trail, deadlineMs: number): Promise<Reached | Failure> {
  const { deps, affinity } = plane;
  for (;;) {
    const { target, choice } = route(call, deps, affinity, trail);
    call.choice = choice;
    trail.last = target;
    const full = await holdTargetBudget(call, deps, target);
    // Its answers are held for one by one.
    settleTargetBudget(call, deps, 0n);
    if (full === null) {
      trail.tried.add(target);
      return await attempt(call, plane, target, deadlineMs);
    }
    trail.overBudget.add(target);
    if (call.gone || !hasOthers(call, trail, deps.clock.nowMs())) return full;
  }
}

async function attempt(call: Call, plane: Plane, target: Target, deadlineMs: number): Promise<Reached | Failure> {
  const { deps } = plane;
  if (target.upstream === null || target.upstream.local !== undefined) return ownFailure(target.problem ?? noSessions(target));
  const unserved = refusalOf(target.upstream, call, target);
  if (unserved !== null) return ownFailure(unserved);
  const model = upstreamModel(call, target);
  const record = await openWritten(call, deps, target, model);
  if (record === null) return ownFailure(new ClientGone());
  const sentAtMs = deps.clock.nowMs();
  target.load.began(sentAtMs);
  target.health.began(sentAtMs);
  const timeoutMs = Math.max(1, Math.min(deadlineMs - sentAtMs, target.deployment.timeoutMs ?? call.snapshot.config.connectTimeoutMs));
  const outcome = await openUpstreamSocket(call, target, { model, timeoutMs });
  const nowMs = deps.clock.nowMs();
  target.load.ended(0, nowMs);
  call.upstreamUs += deps.clock.nowUs() - record.startedAtUs;
  if (!('errorClass' in outcome)) {
    target.health.succeeded(nowMs);
    target.load.answered(nowMs - sentAtMs, nowMs);
    plane.affinity.answered(call, target.deployment.id, nowMs);
    return { socket: outcome, target, model };
  }
  closeFailed(record, outcome, deps.clock.nowUs());
  if (call.gone) target.health.left();
  else if (target.health.failed(outcome.status, outcome.retryAfterMs, nowMs)) tellRest(target, deps);
  return outcome;
}

function noSessions({ deployment }: Target): AppError {
  return new AppError(
    `Realtime sessions are not supported for ${deployment.providerName} deployments: use a model of OpenAI, Azure OpenAI or a server like theirs.`,
    {
      status: 501,
      code: 'not_supported',
      param: 'model',
    },
  );
}
