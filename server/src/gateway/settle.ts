// The end of a call: every try gets its cost, the reservation becomes the real amount, limits are given back, and the call is written down. Exactly once.
import type { AttemptRecord, CallSettled, CallStarted, CallUsage, OrganisationPath } from '#call-record.ts';
import { formatPicos } from '#lib/money.ts';
import type { PriceRow } from '#prices/port.ts';
import type { Call, Ending } from './call.ts';
import type { GatewayDeps } from './deps.ts';
import { ClientGone, type Failure, ownFailure } from './errors.ts';
import { leaveLimits } from './limits.ts';
import { isMediaCall } from './media/media-call.ts';
import { type MediaBill, mediaBill } from './media/media-settlement.ts';
import { searchesOf } from './rerank.ts';
import type { Target } from './target.ts';
import { settleTargetBudget } from './target-budgets.ts';
import { traceContext } from './trace-context.ts';

const LONGEST_MESSAGE = 2_000;

/** Whose call it is, as it stands now. */
export function organisationPath(call: Call, deps: GatewayDeps): OrganisationPath {
  const { key } = call;
  const home = deps.masterHome;
  return {
    organizationId: key?.organizationId ?? home.organizationId,
    costCentre: key?.costCentre ?? null,
    teamId: key?.teamId ?? null,
    teamAlias: key?.teamAlias ?? null,
    keyId: call.keyId,
    keyAlias: key?.alias ?? null,
    keyUserId: key?.userId ?? null,
    projectId: key?.projectId ?? home.projectId,
  };
}

/** A try as it begins: what is written down before it is sent, and its record. */
export function draftAttempt(call: Call, deps: GatewayDeps, target: Target, upstreamModel: string): { started: CallStarted; record: AttemptRecord } {
  const { deployment } = target;
  const price = target.price(deps.prices, deps.clock.nowMs());
  const startedAtUs = deps.clock.nowUs();
  const index = call.attempts.length;
  const currency = price?.currency ?? 'USD';
  const started: CallStarted = {
    callId: call.id,
    attempt: index,
    startedAtUs,
    model: call.model,
    deploymentId: deployment.id,
    provider: deployment.providerName,
    upstreamModel,
    reserved: price === null || call.reservation === null ? null : formatPicos(call.reservation.reservedPicos),
    currency,
    priceId: price?.id ?? null,
    path: organisationPath(call, deps),
    ...(call.side?.beside === true ? { beside: true } : {}),
  };
  const record: AttemptRecord = {
    index,
    deploymentId: deployment.id,
    provider: deployment.providerName,
    upstreamModel,
    apiBase: target.upstream?.apiBase ?? null,
    startedAtUs,
    endedAtUs: startedAtUs,
    outcome: 'unknown',
    choice: call.choice,
    httpStatus: null,
    errorClass: null,
    errorMessage: null,
    usage: null,
    usageEstimated: false,
    cost: null,
    currency,
    priceId: price?.id ?? null,
  };
  return { started, record };
}

/**
 * Writes `started` and opens the try's record; a promise where machines share the journal.
 * @throws AppError 503 when not even money can be written.
 */
function openAttempt(call: Call, deps: GatewayDeps, target: Target, upstreamModel: string): AttemptRecord | Promise<AttemptRecord> {
  const { started, record } = draftAttempt(call, deps, target, upstreamModel);
  const written = deps.journal.started(started);
  const open = (): AttemptRecord => {
    call.attempts.push(record);
    return record;
  };
  return written instanceof Promise ? written.then(open) : open();
}

/**
 * The opened try once its `started` is written, which takes a moment where machines share it; null when the client left meanwhile: then nothing is sent and nothing billed.
 * @throws AppError 503 when not even money can be written.
 */
export async function openWritten(call: Call, deps: GatewayDeps, target: Target, upstreamModel: string): Promise<AttemptRecord | null> {
  const record = await openAttempt(call, deps, target, upstreamModel);
  if (call.side !== null) call.side.record = record;
  if (!call.gone && call.side?.lost !== true) return record;
  closeFailed(record, ownFailure(new ClientGone()), deps.clock.nowUs());
  return null;
}

/** What a try delivered and is billed for. */
export interface Delivered {
  outcome: 'success' | 'failure' | 'cancelled';
  httpStatus: number | null;
  usage: CallUsage;
  estimated: boolean;
  /** `model` of the answer: prices deployments whose own name has no price. */
  answeredModel: string | null;
}

/** Closes a try that failed before anything was delivered: it costs nothing. */
export function closeFailed(record: AttemptRecord, failure: Failure, nowUs: number): void {
  record.endedAtUs = nowUs;
  record.outcome = 'failure';
  record.httpStatus = failure.upstreamStatus;
  record.errorClass = failure.errorClass;
  record.errorMessage = failure.message.slice(0, LONGEST_MESSAGE);
  record.cost = '0';
}

/** Closes a try that delivered something; sets the call's usage and adds to its cost. */
export function closeDelivered(call: Call, deps: GatewayDeps, target: Target, delivered: Delivered): void {
  const record = call.side?.record ?? (call.attempts.at(-1) as AttemptRecord);
  const nowUs = deps.clock.nowUs();
  const { usage, estimated, price } = billOf(call, delivered, priceOf(target, deps, delivered.answeredModel));
  record.endedAtUs = nowUs;
  record.outcome = delivered.outcome;
  record.httpStatus = delivered.httpStatus;
  record.usage = usage;
  record.usageEstimated = estimated;
  call.upstreamUs += nowUs - record.startedAtUs;
  call.usage = usage;
  call.usageEstimated = estimated;
  if (price === null) {
    settleTargetBudget(call, deps, 0n);
    return;
  }
  const picos = deps.prices.cost(price, usage);
  settleTargetBudget(call, deps, picos);
  record.costLines = deps.prices.costLines(price, usage);
  call.costPicos = picos;
  record.cost = formatPicos(picos);
  record.currency = price.currency;
  record.priceId = price.id;
}

/** What is counted and at which rates. */
function billOf(call: Call, delivered: Delivered, price: PriceRow | null): MediaBill {
  if (isMediaCall(call.endpoint)) return mediaBill(call, delivered.estimated ? null : delivered.usage, price);
  if (call.endpoint !== 'rerank') return { usage: delivered.usage, estimated: delivered.estimated, price };
  // What a search costs must not depend on whether the upstream counts them.
  const estimated = delivered.estimated || (price?.searchPicos !== undefined && delivered.usage.searches === undefined);
  return { usage: { searches: searchesOf(call), ...delivered.usage }, estimated, price };
}

function priceOf(target: Target, deps: GatewayDeps, answeredModel: string | null): PriceRow | null {
  const price = target.price(deps.prices, deps.clock.nowMs());
  if (price !== null || answeredModel === null) return price;
  return deps.prices.ofDeployment(target.deployment, answeredModel);
}

/** What a caller says may be kept, as far as the key and the call itself have a say in it. */
export function callerKeepsContent(call: Pick<Call, 'key' | 'request'>): boolean {
  return (call.key?.keepContent ?? true) && call.request.headers['x-litellm-enable-message-redaction'] !== 'true';
}

/** What was asked and answered may be written down. */
export function keepsContentOf(call: Call): boolean {
  return !call.withheld && !call.snapshot.config.contentOff && callerKeepsContent(call);
}

/**
 * Settles a call; a second time it does nothing. `done` runs when the record is durable (or could not be made so): only then may the last byte leave.
 */
export function settle(call: Call, deps: GatewayDeps, ending: Ending, done: (error: Error | null) => void): void {
  if (call.settled) return;
  call.settled = true;
  release(call, deps);
  const keepsContent = keepsContentOf(call);
  deps.journal.settled(settledRecord(call, deps, ending, keepsContent), keepsContent ? call.body : null, keepsContent ? ending.answer : [], done);
}

/** Gives back what admission took: budget, parallel place, token window. */
export function release(call: Call, deps: GatewayDeps): void {
  settleTargetBudget(call, deps, 0n);
  if (call.reservation !== null) {
    deps.budgets.settle(call.reservation, call.costPicos ?? 0n);
    call.reservation = null;
  }
  if (call.busy !== null) {
    call.busy.ended(call.usage?.total ?? 0, deps.clock.nowMs());
    call.busy = null;
  }
  if (call.limiters.length > 0) {
    leaveLimits(call, deps);
    call.limiters = [];
  }
  if (call.key !== null && call.usage !== null && !call.usageEstimated) deps.outputHistory.record(call.keyId, call.model, call.usage.output);
}

/** The record of a call as it stands. */
export function settledRecord(call: Call, deps: GatewayDeps, ending: Ending, keepsContent: boolean): CallSettled {
  const last = call.attempts.at(-1);
  return {
    callId: call.id,
    ...traceContext(call),
    clientAddress: call.clientAddress,
    endpoint: call.endpoint,
    stream: call.asked?.stream ?? false,
    startedAtUs: call.startedAtUs,
    endedAtUs: deps.clock.nowUs(),
    firstTokenAtUs: call.firstTokenAtUs,
    model: call.asked?.model ?? call.model,
    outcome: ending.outcome,
    httpStatus: ending.httpStatus,
    errorClass: ending.errorClass,
    errorMessage: ending.errorMessage?.slice(0, LONGEST_MESSAGE) ?? null,
    path: organisationPath(call, deps),
    usage: call.usage,
    usageEstimated: call.usageEstimated,
    // A call whose every try failed cost nothing; one whose price is unknown has no cost.
    cost: call.costPicos !== null || call.usage === null ? formatPicos((call.costPicos ?? 0n) + call.besidePicos) : null,
    currency: last?.currency ?? 'USD',
    attempts: call.attempts,
    ...(call.guards === null ? {} : { guards: call.guards.log }),
    content: keepsContent ? 'full' : 'off',
    answerFormat: keepsContent ? ending.answerFormat : 'none',
  };
}
