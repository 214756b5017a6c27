// The corridor that every call walks: authenticate, read, admit, then pick and attempt until something answers, relay, settle.
// Steps are plain functions; only the body, a key that is not in memory, a remote limit and the upstream are waited for.
import type { AttemptRecord } from '#call-record.ts';
import { AppError } from '#lib/errors.ts';
import { admit, reserve } from './admit.ts';
import type { Affinity } from './affinity.ts';
import { Attempt } from './attempt.ts';
import { authenticate } from './authenticate.ts';
import { readBody } from './body.ts';
import type { BytePool } from './byte-pool.ts';
import { replay } from './cache/replay.ts';
import { findCached } from './cache/response-cache.ts';
import type { SimilarAnswers } from './cache/similar-answers.ts';
import type { Call } from './call.ts';
import type { GatewayDeps } from './deps.ts';
import { ClientGone, type Failure, ownFailure } from './errors.ts';
import { bytesOf, exchangeFor, refusalOf } from './exchange.ts';
import type { CallGuards } from './guards/call-guards.ts';
import type { GuardSet } from './guards/guard-set.ts';
import { hedgeAfterMs, race } from './hedge.ts';
import type { ServersRoom } from './mcp/servers-room.ts';
import { openForm } from './media/media-call.ts';
import { type Meters, record } from './meters.ts';
import { Pings } from './pings.ts';
import { prepareSending } from './prepare.ts';
import { mockUpstream } from './providers/demo/demo.ts';
import { billRefused, relay } from './relay.ts';
import { sendFailure } from './reply.ts';
import { type Asked, readRequest } from './request.ts';
import { answerBackground, checkBackground, openBackground, withdrawBackground } from './responses/background/begin.ts';
import { openTurn } from './responses/turn.ts';
import { hasOthers, route, type Trail } from './route.ts';
import { closeDelivered, closeFailed, openWritten, release, settle } from './settle.ts';
import { tellRest } from './shared-rests.ts';
import type { Group } from './snapshot.ts';
import { forTags } from './tag-routing.ts';
import type { Target } from './target.ts';
import { holdTargetBudget, settleTargetBudget } from './target-budgets.ts';
import { serveToolLoop } from './tool-loop/loop.ts';
import { wantedTools } from './tool-loop/wanted.ts';
import { TranslatedAnswer } from './translated-answer.ts';
import { tryUntil } from './tries.ts';
import { upstreamModel } from './upstream-body.ts';
import { estimateUsage } from './usage.ts';

/** What all calls share. */
export interface Plane {
  readonly deps: GatewayDeps;
  readonly pool: BytePool;
  readonly meters: Meters;
  readonly affinity: Affinity;
  readonly mcp: ServersRoom;
  readonly similar: SimilarAnswers;
}

/** Every try of a call has failed; carries the last reason. */
class CallFailed extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** Serves one call from its headers to its settlement. Never rejects. */
export async function run(call: Call, plane: Plane): Promise<void> {
  const { deps, pool } = plane;
  try {
    const caller = authenticate(call.request, deps, call.snapshot.config.keyHeaderName);
    const { key, keyId } = caller instanceof Promise ? await caller : caller;
    call.key = key;
    // A key that was regenerated is one key, whichever hash opened it.
    call.keyId = key === null ? keyId : key.id;
    call.body = call.inner === null ? await readBody(call, pool, deps.settings.limits.maxRequestBytes) : takeBody(call, pool, call.inner.body);
    await openForm(call);
    call.asked = readRequest(call.body, call.pathModel, call.endpoint, {
      streams: call.pathStreams,
      defaultModel: call.endpoint === 'moderations' ? call.snapshot.moderationModel : null,
    });
    const tools = call.inner === null ? wantedTools(call) : null;
    if (tools === null) await answer(call, plane, call.asked);
    else await serveToolLoop(call, plane, [tools, run]);
  } catch (error) {
    await refuse(call, plane, error);
  } finally {
    call.pings?.stop();
    release(call, deps);
    pool.give(call.heldBytes);
    call.waiting = null;
    if (!call.handedOver) record(call, plane.meters, deps);
  }
  if (call.question?.keptAs != null) await plane.similar.learn(call, (inner) => run(inner, plane));
}

/** Looked at, admitted, answered from what was kept or by an upstream. */
async function answer(call: Call, plane: Plane, asked: Asked): Promise<void> {
  const { deps } = plane;
  if (call.snapshot.guards !== null) await guardRequest(call, call.snapshot.guards);
  if (call.endpoint === 'responses') await openResponse(call, plane);
  const admitted = admit(call, deps);
  if (admitted instanceof Promise) await admitted;
  if (call.guards !== null) await call.guards.request(false);
  // Guards may restore for one caller what another must not see: what they look at is never cached.
  const cached = call.snapshot.config.cache === null || call.guards !== null || asked.background ? null : await findCached(call, deps);
  const found = cached ?? (call.question === null ? null : await plane.similar.find(call, (inner) => run(inner, plane)));
  if (call.gone) throw new ClientGone();
  if (found !== null) await replay(call, deps, found);
  else await ask(call, plane);
}

/** A body that is there already is counted all the same. @throws AppError 429 no room. */
function takeBody(call: Call, pool: BytePool, body: Buffer): Buffer {
  if (hold(call, pool, body.length)) return body;
  throw new AppError('The gateway holds as many bytes as it may: try again in a moment.', { status: 429, code: 'rate_limit_error', retryAfterSeconds: 1 });
}

async function openResponse(call: Call, { deps, pool }: Plane): Promise<void> {
  await openTurn(call, deps, (bytes) => hold(call, pool, bytes));
  if (call.inner !== null) call.pinnedTo ??= call.inner.pinnedTo;
  if (call.asked?.background === true) checkBackground(call);
}

/** Guards look at the request before anything of it can be written down; those that ask a service only once the call is admitted. */
async function guardRequest(call: Call, guards: GuardSet): Promise<void> {
  call.withheld = true;
  call.guards = guards.of(call);
  if (call.guards === null) call.withheld = false;
  else await call.guards.request(true);
  // What a stored response goes on with is added to the body: its own input has to be looked at before.
  if (call.endpoint === 'responses') await call.guards?.request(false);
}

/** Brings the answer of an upstream to the client. */
async function ask(call: Call, plane: Plane): Promise<void> {
  if (call.asked?.background === true) return await askInBackground(call, plane);
  const { pingMs } = call.snapshot.config;
  if (pingMs !== null && call.asked?.stream === true && call.inner === null) call.pings = new Pings(call, plane.deps, pingMs);
  await relay(call, call.guards === null ? await reach(call, plane) : await reachWatched(call, call.guards, plane), plane);
}

/** Brings what runs at an upstream from here on. */
async function askInBackground(call: Call, plane: Plane): Promise<void> {
  // What runs cannot be taken back: guards that look beside a call look before it.
  if (call.guards?.has('during_call')) await call.guards.during();
  const attempt = await reach(call, plane);
  if (!(await answerBackground(call, attempt, plane.deps))) await relay(call, attempt, plane);
}

/** Some guards look at the request while the provider works on it; nothing is relayed until they have decided. */
async function reachWatched(call: Call, guards: CallGuards, plane: Plane): Promise<Attempt> {
  const watching = guards.has('during_call')
    ? guards.during().then(
        () => null,
        (error: unknown) => error,
      )
    : null;
  const attempt = await reach(call, plane);
  const refusal = (await watching) ?? null;
  if (refusal === null) return attempt;
  billRefused(call, attempt, plane.deps);
  throw refusal;
}

/** Counts bytes that are held for a call; false = there is no room. */
function hold(call: Call, pool: BytePool, bytes: number): boolean {
  if (!pool.take(bytes)) return false;
  call.heldBytes += bytes;
  return true;
}

/** @throws CallFailed with the last failure; ClientGone. */
async function reach(call: Call, plane: Plane): Promise<Attempt> {
  const deadlineMs = call.inner?.deadlineMs ?? plane.deps.clock.nowMs() + call.snapshot.config.requestTimeoutMs;
  const outcome = await tryUntil(call, plane.deps, {
    deadlineMs,
    attempt: (trail) => tryNext(call, plane, trail, deadlineMs),
    hasAnswered: (tried) => tried instanceof Attempt,
    fallBack: (model) => fallBack(call, plane.deps, model),
  });
  if (outcome instanceof Attempt) return outcome;
  throw new CallFailed(outcome);
}

/** Tries the deployment that the routing names; those whose budget is used up are passed over, which is no try. */
async function tryNext(call: Call, plane: Plane, trail: Trail, deadlineMs: number): Promise<Attempt | Failure> {
  const { deps, affinity } = plane;
  for (;;) {
    const { target, choice } = route(call, deps, affinity, trail);
    call.choice = choice;
    trail.last = target;
    const holding = holdTargetBudget(call, deps, target);
    const refused = holding instanceof Promise ? await holding : holding;
    if (refused === null) {
      trail.tried.add(target);
      const afterMs = hedgeAfterMs(call, trail);
      const outcome =
        afterMs === null ? await attempt(call, plane, target, deadlineMs) : await race(call, target, { plane, trail, deadlineMs, afterMs, attempt });
      if (!(outcome instanceof Attempt)) settleTargetBudget(call, deps, 0n);
      return outcome;
    }
    trail.overBudget.add(target);
    if (call.gone || !hasOthers(call, trail, deps.clock.nowMs())) return refused;
  }
}

/** One try: the attempt when it answers, the failure when it does not. */
async function attempt(call: Call, plane: Plane, target: Target, deadlineMs: number): Promise<Attempt | Failure> {
  const { deps, pool } = plane;
  const asked = call.asked as Asked;
  const upstream = asked.mockResponse === null ? target.upstream : mockUpstream(asked.mockResponse);
  const dispatcher = upstream?.local ?? target.dispatcher;
  if (upstream === null || dispatcher === null) return ownFailure(target.problem);
  const model = upstreamModel(call, target);
  const unserved = refusalOf(upstream, call, target);
  if (unserved !== null) return ownFailure(unserved);
  const exchange = exchangeFor(call, target, upstream, model);
  const { path, translation } = exchange;
  const preparing = prepareSending({ call, target, upstream, dispatcher: dispatcher as never, hold: (bytes) => hold(call, pool, bytes) }, exchange);
  const prepared = preparing instanceof Promise ? await preparing : preparing;
  if ('errorClass' in prepared) return prepared;
  call.native = translation === null;
  // It may have left while a token was fetched.
  if (call.gone || call.side?.lost === true) return ownFailure(new ClientGone());
  if (call.side !== null) call.side.opened = true;
  const record = await (asked.background ? openBackground : openWritten)(call, deps, target, model);
  if (record === null) return ownFailure(new ClientGone());
  const tried = new Attempt(call, target, { pool, nowMs: () => deps.clock.nowMs() });
  const answers = translation === null ? tried : new TranslatedAnswer(tried, translation, (bytes) => tried.hold(bytes));
  const sentAtMs = deps.clock.nowMs();
  call.busy = target.load;
  target.load.began(sentAtMs);
  target.health.began(sentAtMs);
  const failure = await tried.start(prepared.dispatcher, upstream.origin, {
    answers,
    path,
    headers: prepared.headers,
    body: bytesOf(exchange),
    ...timeouts(call, target, deadlineMs - deps.clock.nowMs()),
  });
  const nowMs = deps.clock.nowMs();
  if (failure === null) {
    target.health.succeeded(nowMs);
    target.load.answered(nowMs - sentAtMs, nowMs);
    plane.affinity.answered(call, target.deployment.id, nowMs);
    return tried;
  }
  await failed({ call, deps, target }, record, failure);
  return failure;
}

/** A try has ended without an answer. */
async function failed({ call, deps, target }: { call: Call; deps: GatewayDeps; target: Target }, record: AttemptRecord, failure: Failure): Promise<void> {
  const nowMs = deps.clock.nowMs();
  if (call.begun) await withdrawBackground(call, deps);
  if (call.gone || call.side?.lost === true) {
    target.health.left();
    closeDelivered(call, deps, target, {
      outcome: 'cancelled',
      httpStatus: null,
      usage: estimateUsage(call.body, [], 'none', call.dialect.said),
      estimated: true,
      answeredModel: null,
    });
  } else {
    closeFailed(record, failure, deps.clock.nowUs());
    target.load.ended(0, nowMs);
    call.busy = null;
    call.upstreamUs += record.endedAtUs - record.startedAtUs;
    if (target.health.failed(failure.status, failure.retryAfterMs, nowMs)) tellRest(target, deps);
  }
}

function timeouts(call: Call, target: Target, remainingMs: number): { firstMs: number; idleMs: number; totalMs: number } {
  const { config } = call.snapshot;
  const asked = call.asked as Asked;
  const { deployment } = target;
  const totalMs = Math.max(1, Math.min(remainingMs, asked.timeoutMs ?? headerSeconds(call, 'x-litellm-timeout') ?? deployment.timeoutMs ?? remainingMs));
  const streamMs = headerSeconds(call, 'x-litellm-stream-timeout') ?? deployment.streamTimeoutMs ?? config.streamTimeoutMs;
  return { firstMs: asked.stream ? Math.min(totalMs, streamMs ?? totalMs) : totalMs, idleMs: config.idleTimeoutMs, totalMs };
}

function headerSeconds(call: Call, name: string): number | null {
  const seconds = Number(call.request.headers[name]);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : null;
}

/** Moves the call to another model: the old reservation is given back, the new one is taken. */
function fallBack(call: Call, deps: GatewayDeps, model: string): void | Promise<void> {
  const group = forTags(call, call.snapshot.resolve(model) as Group);
  if (call.reservation !== null) deps.budgets.settle(call.reservation, 0n);
  call.reservation = null;
  call.group = group;
  call.model = model;
  call.fallbacks++;
  return reserve(call, deps, group);
}

/** Ends a call that has no answer to relay: writes it down, then tells the client. */
async function refuse(call: Call, plane: Plane, error: unknown): Promise<void> {
  const { deps } = plane;
  const gone = error instanceof ClientGone || call.gone;
  const failure = error instanceof CallFailed ? error.failure : ownFailure(error);
  if (failure.type === 'internal_server_error' && !(error instanceof CallFailed) && !gone)
    deps.log.error('a call failed inside the gateway', { callId: call.id, error });
  // Refusals before authentication and by rate limits leave no record: nobody's money, and a flood of them must cost nothing.
  if (
    call.keyId !== '' &&
    call.asked !== null &&
    !call.settled &&
    !(failure.status === 429 && call.attempts.length === 0) &&
    !(gone && call.attempts.length === 0)
  ) {
    await new Promise<void>((resolve) => {
      const ending = { outcome: gone ? 'cancelled' : 'failure', httpStatus: gone ? 499 : failure.status } as const;
      const reason = gone ? { errorClass: null, errorMessage: null } : { errorClass: failure.errorClass ?? failure.type, errorMessage: failure.message };
      settle(call, deps, { ...ending, ...reason, answerFormat: 'none', answer: [] }, () => resolve());
      if (call.response.headersSent && call.pings === null) resolve();
    });
  }
  if (!gone) sendFailure(call, deps, failure);
}
