// The money of a session: every answer of the model and every transcription is a call of its own, admitted, reserved and written down before it can begin, settled with what it used before its end is told.
import type { AttemptRecord } from '#call-record.ts';
import { findGroup, reserved } from '#gateway/admit.ts';
import type { Caller } from '#gateway/authenticate.ts';
import { Call, type Ending } from '#gateway/call.ts';
import type { GatewayDeps } from '#gateway/deps.ts';
import { type Failure, ownFailure } from '#gateway/errors.ts';
import { takeLimits } from '#gateway/limits.ts';
import { record } from '#gateway/meters.ts';
import type { Endpoint } from '#gateway/providers/provider.ts';
import { fieldOf, readRequest } from '#gateway/request.ts';
import { claimsOf, findRules } from '#gateway/rules.ts';
import type { Plane } from '#gateway/run.ts';
import { closeDelivered, closeFailed, type Delivered, openWritten, release, settle } from '#gateway/settle.ts';
import type { Target } from '#gateway/target.ts';
import { holdTargetBudget } from '#gateway/target-budgets.ts';
import { traceContext } from '#gateway/trace-context.ts';
import { AppError } from '#lib/errors.ts';
import type { Fields } from '#lib/json.ts';

/** The session that a turn belongs to. */
export interface TurnHome {
  readonly call: Call;
  readonly plane: Plane;
  /** Who calls, as the key stands now. @throws AppError when it is blocked, gone or expired meanwhile. */
  caller(): Promise<Caller>;
}

export interface Wanted {
  readonly endpoint: Endpoint;
  readonly target: Target;
  readonly upstreamModel: string;
  /** Members beside the model: what was asked, `metadata`. */
  readonly body: Fields;
  /** Picos to hold; may throw what admission throws. */
  amount(call: Call, strict: boolean): bigint;
  /** It runs already: it is counted, whatever limits and budgets say. */
  readonly isForced: boolean;
  /** A refusal is a row of its own. */
  readonly leavesRow: boolean;
}

/** An answer or a transcription that is written down as begun. */
export interface Turn {
  readonly call: Call;
  readonly target: Target;
  readonly record: AttemptRecord;
  /** Counted without a reservation. */
  readonly isForced: boolean;
}

/** A turn, or why there must be none; what failed is told by the caller. */
export async function openTurn(home: TurnHome, wanted: Wanted): Promise<Turn | Failure> {
  const { deps, meters } = home.plane;
  const call = draft(home, wanted);
  let isForced = false;
  try {
    isForced = await admitTurn(call, home, wanted);
    const attempt = await openWritten(call, deps, wanted.target, wanted.upstreamModel);
    if (attempt === null) throw new AppError('The session is over.', { status: 499, code: 'session_ended' });
    call.busy = wanted.target.load;
    wanted.target.load.began(deps.clock.nowMs());
    return { call, target: wanted.target, record: attempt, isForced };
  } catch (error) {
    const failure = ownFailure(error);
    if (!(error instanceof AppError)) deps.log.error('an answer of a realtime session failed inside the gateway', { callId: call.id, error });
    tellStatus(call, failure.status);
    if (wanted.leavesRow && failure.status !== 429)
      await written(call, deps, { outcome: 'failure', httpStatus: failure.status, errorClass: failure.type, errorMessage: failure.message, ...NO_ANSWER });
    release(call, deps);
    record(call, meters, deps);
    return failure;
  }
}

const NO_ANSWER = { answerFormat: 'none', answer: [] } as const;

/** The session's own request, as a caller of which the session is the parent. */
function draft({ call: session, plane }: TurnHome, { endpoint, body }: Wanted): Call {
  const { traceId, spanId } = traceContext(session);
  const headers = { ...session.request.headers, traceparent: `00-${traceId}-${spanId}-01` };
  const request = Object.create(session.request, { headers: { value: headers } }) as typeof session.request;
  const response = Object.create(session.response, { statusCode: { value: 200, writable: true } }) as typeof session.response;
  const call = new Call(plane.deps, session.snapshot, { endpoint, route: session.route, pathModel: null }, [request, response]);
  call.clientAddress = session.clientAddress;
  const guardrails = session.asked === null ? undefined : fieldOf(session.asked, 'guardrails');
  call.body = Buffer.from(JSON.stringify({ ...body, model: session.asked?.model ?? session.model, ...(guardrails === undefined ? {} : { guardrails }) }));
  call.asked = readRequest(call.body, null, endpoint);
  call.key = session.key;
  call.keyId = session.keyId;
  call.guards = call.snapshot.guards?.of(call) ?? null;
  return call;
}

/** Whether it goes on without a reservation. @throws AppError as any admission. */
async function admitTurn(call: Call, { call: session, plane: { deps }, caller }: TurnHome, wanted: Wanted): Promise<boolean> {
  const group = { name: session.group?.name ?? session.model, targets: [wanted.target], captured: null };
  try {
    const { key } = await caller();
    call.key = key;
    findGroup(call);
    Object.assign(call, { group, model: session.model });
    findRules(call, deps);
    // The session holds the parallel place.
    call.limiters = call.limiters.map((limiter) => ({ ...limiter, parallel: null }));
    await takeLimits(call, deps);
    const strict = call.snapshot.config.budgetMode === 'strict';
    reserved(call, await deps.budgets.reserve(claimsOf(call), wanted.amount(call, strict), strict));
    const full = await holdTargetBudget(call, deps, wanted.target);
    if (full !== null) throw new AppError(full.message, { status: full.status, code: 'budget_exceeded', param: 'model' });
    return false;
  } catch (error) {
    if (!wanted.isForced || !(error instanceof AppError)) throw error;
    Object.assign(call, { group, model: session.model });
    return call.reservation === null;
  }
}

/** Ends a turn with what it used. @returns the error when it could not be made durable: then its end must not be told. */
export async function settleTurn(
  { plane: { deps, meters } }: Pick<TurnHome, 'plane'>,
  turn: Turn,
  delivered: Delivered,
  ending: Ending,
): Promise<Error | null> {
  const { call, target } = turn;
  closeDelivered(call, deps, target, delivered);
  Object.assign(turn.record, { errorClass: ending.errorClass, errorMessage: ending.errorMessage });
  if (turn.isForced && call.costPicos !== null && call.costPicos > 0n) deps.budgets.correct(deps.budgets.accountsOf(claimsOf(call)), call.costPicos);
  const error = await written(call, deps, ending);
  if (ending.outcome === 'failure') tellStatus(call, ending.httpStatus);
  record(call, meters, deps);
  return error;
}

/** Ends a turn that nothing came of: it costs nothing. */
export async function withdrawTurn(
  { plane: { deps, meters } }: Pick<TurnHome, 'plane'>,
  turn: Turn,
  why: { failure: Failure | null; message: string },
): Promise<void> {
  const { call } = turn;
  const { failure, message } = why;
  const nowUs = deps.clock.nowUs();
  if (failure !== null) closeFailed(turn.record, failure, nowUs);
  else Object.assign(turn.record, { endedAtUs: nowUs, outcome: 'cancelled', cost: '0' });
  tellStatus(call, failure?.status ?? 499);
  const reason = { errorClass: failure?.errorClass ?? null, errorMessage: failure?.message ?? message };
  await written(call, deps, { outcome: failure === null ? 'cancelled' : 'failure', httpStatus: call.response.statusCode, ...reason, ...NO_ANSWER });
  record(call, meters, deps);
}

/** The status that the meters hear of; nothing is sent with it. */
function tellStatus(call: Call, status: number): void {
  (call.response as { statusCode: number }).statusCode = status;
}

function written(call: Call, deps: GatewayDeps, ending: Ending): Promise<Error | null> {
  return new Promise((resolve) => settle(call, deps, ending, resolve));
}
