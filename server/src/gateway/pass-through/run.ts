// The corridor of a pass-through call: authenticated, within the key's models, limits and budgets, sent as it is with the provider's credential, answered as it comes, settled and written down.
import type { Dispatcher } from 'undici';
import { mayUseModel } from '#gateway/access.ts';
import { reserve } from '#gateway/admit.ts';
import { authenticate } from '#gateway/authenticate.ts';
import { readBody } from '#gateway/body.ts';
import type { Call } from '#gateway/call.ts';
import { ClientGone, ownFailure } from '#gateway/errors.ts';
import { forwardedHeaders } from '#gateway/exchange.ts';
import { takeLimits } from '#gateway/limits.ts';
import { record } from '#gateway/meters.ts';
import type { Upstream } from '#gateway/providers/provider.ts';
import { sendFailure } from '#gateway/reply.ts';
import { type Asked, readPassed } from '#gateway/request.ts';
import { findRules } from '#gateway/rules.ts';
import type { Plane } from '#gateway/run.ts';
import { openWritten, release, settle } from '#gateway/settle.ts';
import { holdTargetBudget } from '#gateway/target-budgets.ts';
import { AppError } from '#lib/errors.ts';
import { type Destination, destinationOf } from './destination.ts';
import { namesModelInBody, type PassThroughMatch } from './doors.ts';
import { guardFurther, guardPassed } from './guarded.ts';
import { PassedAnswer } from './passed-answer.ts';

/** Serves one call. Never rejects. */
export async function passThrough(call: Call, plane: Plane, match: PassThroughMatch): Promise<void> {
  const { deps, pool } = plane;
  call.passed = true;
  try {
    const { key, keyId } = await authenticate(call.request, deps, call.snapshot.config.keyHeaderName);
    call.key = key;
    call.keyId = key === null ? keyId : key.id;
    const body = await readBody(call, pool, deps.settings.limits.maxRequestBytes);
    // Until guards have looked, nothing of it may be written down.
    call.withheld = call.snapshot.guards !== null;
    const isJson = body.length > 0 && /^application\/json\b/.test(String(call.request.headers['content-type'] ?? ''));
    const asked = askedOf(call, match, { body, isJson });
    const model = asked.model === '' ? null : asked.model;
    const destination = destinationOf(call, match, model);
    const name = match.provider === null ? match.route : `${match.provider.name}/${model ?? 'pass-through'}`;
    checkAccess(call, name, model);
    call.asked = { ...asked, model: name };
    call.model = name;
    call.group = { name, targets: [destination.target], captured: null };
    if (call.snapshot.guards !== null) await guardPassed(call, { isJson, bytes: body.length });
    findRules(call, deps);
    const limited = takeLimits(call, deps);
    if (limited instanceof Promise) await limited;
    const reserved = reserve(call, deps, call.group);
    if (reserved instanceof Promise) await reserved;
    await guardFurther(call, isJson);
    await send(call, plane, destination, isJson ? call.body : body);
  } catch (error) {
    await refuse(call, plane, error);
  } finally {
    release(call, deps);
    pool.give(call.heldBytes);
    call.waiting = null;
    record(call, plane.meters, deps);
  }
}

/** JSON is read for its model, its limits and its trace; of anything else only the kind and the size are written down. */
function askedOf(call: Call, match: PassThroughMatch, { body, isJson }: { body: Buffer; isJson: boolean }): Asked {
  call.body = isJson ? body : Buffer.from(JSON.stringify({ content_type: call.request.headers['content-type'] ?? null, bytes: body.length }));
  const asked = readPassed(call.body, isJson);
  const model = match.pathModel ?? (call.request.method === 'POST' && namesModelInBody(match.rest) ? asked.model : '');
  return { ...asked, model };
}

/** A key with a list of models needs the model in it, or the provider as a whole; what calls no model, and an endpoint of the configuration, need the whole. */
function checkAccess(call: Call, name: string, model: string | null): void {
  const { key, snapshot } = call;
  if (key === null || mayUseModel(key, name, snapshot) || (model !== null && mayUseModel(key, model, snapshot))) return;
  const message = `key not allowed to access model. ${name.slice(0, 200)} is not in its list: an administrator adds it, or the whole door (for example "openai/*").`;
  throw new AppError(message, { status: snapshot.config.compat.modelDeniedStatus, code: 'key_model_access_denied', param: 'model' });
}

async function send(call: Call, plane: Plane, destination: Destination, body: Buffer): Promise<void> {
  const { deps } = plane;
  const { target, path, headers } = destination;
  if (target.problem !== null) throw target.problem;
  const upstream = target.upstream as Upstream;
  const signed = (await upstream.authorize?.({ path, body, stream: false })) ?? [];
  const all = forwardedHeaders(call, target, [...headers, ...signed]);
  const full = await holdTargetBudget(call, deps, target);
  if (full !== null) throw new AppError(full.message, { status: full.status, code: 'budget_exceeded', param: 'model' });
  if (call.gone) throw new ClientGone();
  if ((await openWritten(call, deps, target, call.model)) === null) {
    settle(call, deps, { outcome: 'cancelled', httpStatus: 499, errorClass: null, errorMessage: null, answerFormat: 'none', answer: [] }, () => {});
    throw new ClientGone();
  }
  call.busy = target.load;
  target.load.began(deps.clock.nowMs());
  await new Promise<void>((resolve) => {
    const answer = new PassedAnswer(call, destination, plane, resolve);
    const method = call.request.method as Dispatcher.HttpMethod;
    const sending = { origin: upstream.origin, path, method, headers: all, headersTimeout: 0, bodyTimeout: 0 };
    try {
      (target.dispatcher as Dispatcher).dispatch({ ...sending, body: body.length === 0 ? null : body }, answer);
    } catch (error) {
      answer.failBeforeAnswer(error as Error);
    }
  });
}

/** Ends a call that was refused before it was sent. */
async function refuse(call: Call, { deps }: Plane, error: unknown): Promise<void> {
  const failure = ownFailure(error);
  const gone = error instanceof ClientGone || call.gone;
  if (failure.type === 'internal_server_error' && !gone && !(error instanceof AppError))
    deps.log.error('a call failed inside the gateway', { callId: call.id, error });
  if (call.keyId !== '' && call.asked !== null && failure.status !== 429 && !gone) {
    const reason = { errorClass: failure.type, errorMessage: failure.message };
    await new Promise<void>((resolve) =>
      settle(call, deps, { outcome: 'failure', httpStatus: failure.status, ...reason, answerFormat: 'none', answer: [] }, () => resolve()),
    );
  }
  if (!gone) sendFailure(call, deps, failure);
}
