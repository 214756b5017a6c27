// Who opens a session: a virtual key in any header that carries one elsewhere, in the sub-protocol or the query where a client cannot set headers, or a secret that was made for a browser.
import type { IncomingMessage } from 'node:http';
import { authenticate, authenticateAgain, type Caller, presentedKey } from '#gateway/authenticate.ts';
import type { GatewayDeps } from '#gateway/deps.ts';
import { AppError } from '#lib/errors.ts';
import type { RealtimeSecret } from './secret-store.ts';
import { hashOf, SECRET_PREFIX } from './secrets.ts';

export interface SocketCaller {
  /** The secret that was presented, null for a key. */
  readonly secret: RealtimeSecret | null;
  /** Who that is as it stands now; asked again for every answer. @throws AppError as `authenticate`. */
  find(): Promise<Caller>;
}

/** OpenAI's sub-protocol that carries a key, for browsers. */
const PROTOCOL_KEY = /(?:^|[\s,])openai-insecure-api-key\.([\x21-\x2b\x2d-\x7e]+)/;
const HEADERS = ['x-litellm-api-key', 'authorization', 'api-key', 'x-api-key', 'ocp-apim-subscription-key'];

/** @throws AppError 401 for no key, and for a secret that is unknown or over. */
export async function callerOf(request: IncomingMessage, query: URLSearchParams, deps: GatewayDeps, keyHeaderName: string | null): Promise<SocketCaller> {
  takeOtherCarriers(request, query, keyHeaderName);
  const presented = presentedKey(request.headers, keyHeaderName);
  if (!presented.startsWith(SECRET_PREFIX)) return { secret: null, find: async () => await authenticate(request, deps, keyHeaderName) };
  const secret = await deps.realtimeSecrets.find(hashOf(presented), deps.clock.nowMs());
  if (secret === null)
    throw new AppError('Authentication Error, this client secret is unknown or over: POST /v1/realtime/client_secrets makes another.', {
      status: 401,
      code: 'auth_error',
    });
  return { secret, find: async () => await authenticateAgain(secret.keyId, request, deps) };
}

/** Where no header says who calls: what browsers and clients of Azure send in the place of one. */
function takeOtherCarriers(request: IncomingMessage, query: URLSearchParams, keyHeaderName: string | null): void {
  const { headers } = request;
  if ((keyHeaderName === null ? HEADERS : [keyHeaderName.toLowerCase()]).some((name) => headers[name] !== undefined && headers[name] !== '')) return;
  const inProtocol = PROTOCOL_KEY.exec(headers['sec-websocket-protocol'] ?? '')?.[1];
  const inQuery = query.get('api-key') ?? query.get('Authorization')?.replace(/^bearer\s+/i, '');
  const key = inProtocol ?? inQuery;
  if (key !== undefined && key !== '') headers[keyHeaderName?.toLowerCase() ?? 'authorization'] = `Bearer ${key}`;
}
