// A response begins in the background: written down before the upstream hears of it, held at its reservation until it ends, bound to its owner before its id is told.
import type { AttemptRecord } from '#call-record.ts';
import type { Attempt } from '#gateway/attempt.ts';
import type { Call } from '#gateway/call.ts';
import type { GatewayDeps } from '#gateway/deps.ts';
import { answerHeaders } from '#gateway/headers.ts';
import { STREAM_HEADERS } from '#gateway/pings.ts';
import { sendWhole } from '#gateway/reply.ts';
import { isResponseId, ownerOf } from '#gateway/responses/turn.ts';
import { claimsOf } from '#gateway/rules.ts';
import { draftAttempt, keepsContentOf, settledRecord } from '#gateway/settle.ts';
import type { Target } from '#gateway/target.ts';
import { settleTargetBudget } from '#gateway/target-budgets.ts';
import { askUpstream } from '#gateway/upstream-request.ts';
import { estimateTokens } from '#gateway/usage.ts';
import { dataOf, frameEnd } from '#http/sse.ts';
import { AppError } from '#lib/errors.ts';
import { type Fields, fieldsOf, parsed, textOf } from '#lib/json.ts';
import { tellEnded } from './end.ts';
import { nextLookMs, RUNNING } from './look.ts';
import { View } from './view.ts';

/** Longer than a creation may take: what has no id then will never have one. */
const SPARE_MS = 60_000;

/** @throws AppError 400 for a call that cannot run in the background whatever the model. */
export function checkBackground(call: Call): void {
  if (call.turn?.wanted !== true)
    throw refused('background needs a response that is kept: leave out "store": false, and set responses_retention.', 'background');
  if (call.guards?.has('post_call') === true)
    throw refused(
      'a guardrail of this key looks at answers, and the answer of a response in the background is not on its way here: leave out "background".',
      'background',
    );
}

/**
 * The opened try once it is written down; null when the client left meanwhile: then nothing is sent.
 * @throws AppError 503 when the records are away.
 */
export async function openBackground(call: Call, deps: GatewayDeps, target: Target, upstreamModel: string): Promise<AttemptRecord | null> {
  const { record } = draftAttempt(call, deps, target, upstreamModel);
  const keepsContent = keepsContentOf(call);
  const ending = {
    outcome: 'success',
    httpStatus: 200,
    errorClass: null,
    errorMessage: null,
    answerFormat: keepsContent ? 'json' : 'none',
    answer: [],
  } as const;
  const whole = { ...settledRecord(call, deps, ending, keepsContent), attempts: [...call.attempts, record] };
  const kept = deps.journal.masked?.(whole, keepsContent ? call.body : null) ?? { record: whole, request: keepsContent ? call.body : null };
  await deps.background.begin({
    id: call.id,
    deploymentId: target.deployment.id,
    call: { record: kept.record, inputTokens: estimateTokens(call.body.toString('utf8')) },
    request: kept.request,
    reservedPicos: record.priceId === null ? null : reservedOf(call),
    accounts: deps.budgets.accountsOf([...claimsOf(call), ...target.claims]),
    nextAtMs: deps.clock.nowMs() + call.snapshot.config.requestTimeoutMs + SPARE_MS,
  });
  call.attempts.push(record);
  if (!call.gone) {
    // From here on the client's leaving ends nothing.
    call.begun = true;
    return record;
  }
  await withdrawBackground(call, deps);
  return null;
}

/** The upstream has refused it, or does not run it in the background: nothing is held here any more. */
export async function withdrawBackground(call: Call, deps: GatewayDeps): Promise<void> {
  call.begun = false;
  // Should this fail, the end in the journal takes the place of what is held.
  await deps.background
    .withdraw(call.id)
    .catch((error: unknown) => deps.log.warn('what a response in the background held is given back later', { callId: call.id, error }));
}

/** Answers what runs from here on. False when nothing does: the answer is as any other's. @throws AppError 503 when it could not be kept: then it is cancelled. */
export async function answerBackground(call: Call, attempt: Attempt, deps: GatewayDeps): Promise<boolean> {
  const told = toldIn(attempt);
  const [responseId, status] = [textOf(told.id), textOf(told.status)];
  // Every stream begins with a response in progress: it has to say that it does not end with its client.
  const isStream = attempt.answer === null;
  if ((isStream && told.background !== true) || !RUNNING.has(status) || !isResponseId(responseId)) {
    await withdrawBackground(call, deps);
    return false;
  }
  held(call, deps);
  try {
    const nowMs = deps.clock.nowMs();
    await deps.background.note(call.id, { responseId, status, nextAtMs: nextLookMs(nowMs, nowMs) });
    const expiresAtMs = nowMs + call.snapshot.config.responsesRetentionMs;
    const deploymentId = attempt.target.deployment.id;
    await deps.responses.keep({ id: responseId, owner: ownerOf(call), previousId: call.turn?.previousId ?? null, deploymentId, content: null, expiresAtMs });
  } catch (error) {
    deps.log.error('a response in the background could not be kept and is cancelled', { callId: call.id, error });
    if (isStream) attempt.abort(new Error('the response could not be kept'));
    await askUpstream(attempt.target, { endpoint: 'responses', below: `/${responseId}/cancel`, method: 'POST' }).catch(() => {});
    throw new AppError('The response could not be kept: try again in a moment.', { status: 503, code: 'service_unavailable', retryAfterSeconds: 1 });
  }
  const headers = ['content-type', String(attempt.headers['content-type'] ?? 'application/json'), ...answerHeaders(call, attempt, deps)];
  if (attempt.answer !== null) sendWhole(call.response, attempt.status, headers, attempt.answer.bytes);
  else if (await showStream({ call, attempt, deps }, headers)) await tellEnded(deps, { id: responseId, deploymentId: attempt.target.deployment.id });
  return true;
}

/** What the upstream says of the response first. */
function toldIn({ answer, format, chunks }: Attempt): Fields {
  if (answer !== null) return fieldsOf(parsed(answer.bytes.toString('utf8')));
  if (format !== 'sse') return {};
  const bytes = Buffer.concat(chunks as Buffer[]);
  for (let start = 0, end = frameEnd(bytes, 0); end >= 0; start = end, end = frameEnd(bytes, start)) {
    const data = dataOf(bytes.toString('utf8', start, end));
    if (data !== null) return fieldsOf(fieldsOf(parsed(data)).response);
  }
  return {};
}

interface Streaming {
  readonly call: Call;
  readonly attempt: Attempt;
  readonly deps: GatewayDeps;
}

/** Resolves when the client has seen all of it (true), or sees no more of it. */
function showStream({ call, attempt, deps }: Streaming, headers: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    if (!call.response.destroyed) call.response.writeHead(attempt.status, [...headers, ...STREAM_HEADERS]);
    const origin = { label: attempt.target.errorLabel, deployment: attempt.target.deployment };
    const view = new View({ call, deps, watched: attempt, origin, over: resolve });
    view.start();
    attempt.attach(view);
  });
}

/** From here on the ledger counts it, and its end is written down by whoever sees it. */
function held(call: Call, deps: GatewayDeps): void {
  const reservedPicos = call.attempts.at(-1)?.priceId == null ? 0n : reservedOf(call);
  settleTargetBudget(call, deps, reservedPicos);
  if (call.reservation !== null) deps.budgets.settle(call.reservation, reservedPicos);
  call.reservation = null;
  call.settled = true;
}

const reservedOf = (call: Call): bigint => call.reservation?.reservedPicos ?? 0n;

function refused(message: string, param: string): AppError {
  return new AppError(message, { status: 400, code: 'invalid_request_error', param });
}
