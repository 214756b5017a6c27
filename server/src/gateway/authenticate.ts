// Who calls: finds the key among the carriers, compares the master key, looks the virtual key up, refuses what is blocked or expired.
import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { VirtualKey } from '#identity/principal.ts';
import { AppError } from '#lib/errors.ts';
import { checkRoute, type KeyDoor } from './allowed-routes.ts';
import type { GatewayDeps } from './deps.ts';

/** The caller: a virtual key, or null for the master key. */
export interface Caller {
  readonly key: VirtualKey | null;
  /** SHA-256 of the presented key in hex. */
  readonly keyId: string;
}

/** LiteLLM's order of carriers; `authorization` stands second and needs its Bearer prefix. */
const CARRIERS = ['x-litellm-api-key', 'authorization', 'api-key', 'x-api-key', 'x-goog-api-key', 'ocp-apim-subscription-key'];
/** Carries the key that Google's clients write into the address (gateway.ts). */
export const QUERY_KEY = 'x-genai-query-key';
const WITH_QUERY = [...CARRIERS, QUERY_KEY];
/** API Management passes its own subscription key on under this name: only what looks like a key of a gateway is one. */
const SUBSCRIPTION_KEY = 'ocp-apim-subscription-key';

/** What is asked for: a key may be for some paths only. */
export interface Asking {
  readonly headers: IncomingHttpHeaders;
  /** The request's target. */
  readonly url?: string | undefined;
}

/**
 * Authenticates by headers alone, synchronously when the key is in memory.
 * @param door whose path it is; the data plane's unless said otherwise.
 * @throws AppError 401 (none, malformed, unknown, blocked), 400 expired_key, 403 for a path that the key is not for; 503 when the records are away and the key is not known.
 */
export function authenticate(asking: Asking, deps: GatewayDeps, keyHeaderName: string | null, door: KeyDoor = 'llm'): Caller | Promise<Caller> {
  const presented = presentedKey(asking.headers, keyHeaderName);
  const keyId = hash('sha256', presented, 'hex');
  if (deps.masterKeyHash !== null && sameDigest(keyId, deps.masterKeyHash)) return { key: null, keyId };
  const known = deps.keys.find(keyId);
  if (known === undefined) return deps.keys.load(keyId).then((key) => atDoor(accept(key, keyId, deps.clock.nowMs()), asking, door));
  return atDoor(accept(known, keyId, deps.clock.nowMs()), asking, door);
}

/**
 * The caller by the hash of a key that was presented earlier, as the key stands now.
 * @throws AppError as `authenticate`.
 */
export async function authenticateAgain(keyId: string, asking: Asking, deps: GatewayDeps): Promise<Caller> {
  if (deps.masterKeyHash !== null && sameDigest(keyId, deps.masterKeyHash)) return { key: null, keyId };
  const known = deps.keys.find(keyId) ?? (await deps.keys.load(keyId));
  return atDoor(accept(known, keyId, deps.clock.nowMs()), asking, 'llm');
}

function atDoor(caller: Caller, { url }: Asking, door: KeyDoor): Caller {
  if (caller.key !== null) checkRoute(caller.key, url ?? '/', door);
  return caller;
}

function sameDigest(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

/** The key as the client sent it, first carrier that is present. */
export function presentedKey(headers: IncomingHttpHeaders, keyHeaderName: string | null): string {
  for (const name of keyHeaderName === null ? WITH_QUERY : [keyHeaderName.toLowerCase()]) {
    const value = headers[name];
    if (typeof value !== 'string' || value === '') continue;
    if (name === SUBSCRIPTION_KEY && keyHeaderName === null && !value.startsWith('sk-')) continue;
    const bearer = /^bearer\s+/i.exec(value);
    const key = bearer === null ? value : value.slice(bearer[0].length);
    if ((name === 'authorization' && bearer === null) || key.trim() === '') {
      throw refused('Malformed API Key passed in. Ensure Key has `Bearer ` prefix.', 'auth_error', 401);
    }
    return key.trim();
  }
  throw refused('Authentication Error, No api key passed in.', 'auth_error', 401);
}

function accept(key: VirtualKey | null, keyId: string, nowMs: number): Caller {
  if (key === null) {
    const message = `Authentication Error, Invalid proxy server token passed. key=${keyId}, not found in db. Create key via \`/key/generate\` call.`;
    throw refused(message, 'token_not_found_in_db', 401);
  }
  if (key.blocked) throw refused('Authentication Error, Key is blocked. Update via `/key/unblock` if you are admin.', 'auth_error', 401);
  if (key.expiresAtMs !== null && key.expiresAtMs <= nowMs) {
    const message = `Authentication Error - Expired Key. Key Expiry time ${new Date(key.expiresAtMs).toISOString()} and current time ${new Date(nowMs).toISOString()}`;
    throw refused(message, 'expired_key', 400);
  }
  return { key, keyId };
}

function refused(message: string, code: string, status: number): AppError {
  return new AppError(message, { status, code });
}
