// POST /v1/realtime/client_secrets: a short-lived secret of our own for a browser. It opens sessions of one model here, in the name of the caller's key; a provider's own secret would go past every budget.
import { hash, randomBytes } from 'node:crypto';
import { findGroup } from '#gateway/admit.ts';
import { authenticate } from '#gateway/authenticate.ts';
import { readBody } from '#gateway/body.ts';
import type { Call } from '#gateway/call.ts';
import { ownFailure } from '#gateway/errors.ts';
import { sendFailure, sendWhole } from '#gateway/reply.ts';
import { readRequest } from '#gateway/request.ts';
import { findRules } from '#gateway/rules.ts';
import type { Plane } from '#gateway/run.ts';
import { AppError } from '#lib/errors.ts';
import { type Fields, fieldsOf, isFields, parsed, textOf } from '#lib/json.ts';
import { sessionTexts } from './texts.ts';

/** How a secret of this kind begins, as OpenAI's. */
export const SECRET_PREFIX = 'ek_';
const LONGEST_BYTES = 256 * 1024;
/** OpenAI's bounds and default, in seconds. */
const [SHORTEST, LONGEST, USUAL] = [10, 7_200, 600];

export const hashOf = (secret: string): string => hash('sha256', secret, 'hex');

/** Serves one request. Never rejects. */
export async function serveSecrets(call: Call, plane: Plane): Promise<void> {
  const { deps, pool } = plane;
  try {
    const { key, keyId } = await authenticate(call.request, deps, call.snapshot.config.keyHeaderName);
    call.key = key;
    call.keyId = key === null ? keyId : key.id;
    call.body = await readBody(call, pool, Math.min(LONGEST_BYTES, deps.settings.limits.maxRequestBytes));
    const body = parsed(call.body.toString('utf8'));
    if (!isFields(body)) throw new AppError('The body is no JSON object.', { status: 400, code: 'bad_request_error' });
    const session = isFields(body.session) ? body.session : {};
    const model = textOf(session.model) || textOf(body.model);
    call.body = Buffer.from(JSON.stringify({ model }));
    call.asked = readRequest(call.body, null, call.endpoint);
    findGroup(call);
    findRules(call, deps);
    if (session.type !== undefined && session.type !== 'realtime')
      throw new AppError('Only sessions of the type "realtime" are supported.', { status: 400, code: 'not_supported', param: 'session.type' });
    await guard(call, session);
    sendJson(call, await make(call, plane, { session, model, keyId, seconds: lifetime(body.expires_after) }));
  } catch (error) {
    if (!(error instanceof AppError) && !call.gone) deps.log.error('a realtime secret could not be made', { callId: call.id, error });
    if (!call.gone) sendFailure(call, deps, ownFailure(error));
  } finally {
    pool.give(call.heldBytes);
    call.waiting = null;
    plane.meters.calls.add(1, 'realtime client_secrets', '', String(call.gone ? 499 : call.response.statusCode));
  }
}

async function guard(call: Call, session: Fields): Promise<void> {
  const guards = call.snapshot.guards?.of(call) ?? null;
  const places = sessionTexts(session);
  if (guards === null || places.length === 0) return;
  const { texts, refusal } = await guards.said(places.map(({ text }) => text));
  if (refusal !== null) throw refusal;
  for (const [index, place] of places.entries()) place.set(texts[index] ?? place.text);
}

/** @throws AppError 400. */
function lifetime(expiresAfter: unknown): number {
  const seconds = fieldsOf(expiresAfter).seconds ?? USUAL;
  if (typeof seconds === 'number' && Number.isInteger(seconds) && seconds >= SHORTEST && seconds <= LONGEST) return seconds;
  throw new AppError(`expires_after.seconds is a whole number from ${SHORTEST} to ${LONGEST}.`, {
    status: 400,
    code: 'bad_request_error',
    param: 'expires_after.seconds',
  });
}

async function make(call: Call, { deps }: Plane, of: { session: Fields; model: string; keyId: string; seconds: number }): Promise<Fields> {
  const value = SECRET_PREFIX + randomBytes(32).toString('base64url');
  const expiresAtMs = deps.clock.nowMs() + of.seconds * 1000;
  const { model: _, ...session } = of.session;
  await deps.realtimeSecrets.keep(hashOf(value), { keyId: of.keyId, model: of.model, session: JSON.stringify(session), expiresAtMs });
  return {
    value,
    expires_at: Math.floor(expiresAtMs / 1000),
    session: { type: 'realtime', object: 'realtime.session', id: `sess_${call.id}`, ...session, model: of.model },
  };
}

function sendJson(call: Call, value: unknown): void {
  sendWhole(call.response, 200, ['content-type', 'application/json', 'cache-control', 'no-store'], Buffer.from(JSON.stringify(value)));
}
