// The upstream's side of a session: its handshake within a time, what it says when it refuses, and a socket that is read from only when somebody listens.
import type { IncomingMessage } from 'node:http';
import WebSocket from 'ws';
import type { Call } from '#gateway/call.ts';
import { type Failure, ownFailure, TimeoutError, transportFailure, upstreamFailure } from '#gateway/errors.ts';
import { forwardedHeaders } from '#gateway/exchange.ts';
import type { Upstream } from '#gateway/providers/provider.ts';
import { retryAfterMs } from '#gateway/retry-after.ts';
import type { Target } from '#gateway/target.ts';

/** Events carry answers' sound in pieces; whole items with pictures are the longest. */
const LONGEST_MESSAGE_BYTES = 32 * 1024 * 1024;
const LONGEST_REFUSAL_BYTES = 64 * 1024;
/** Of the handshake's own or of HTTP bodies. */
const LEFT_OUT = new Set(['content-type', 'accept-encoding', 'content-length', 'connection', 'upgrade', 'host']);

/** Resolves to the open socket, paused, or to why there is none. Never rejects. */
export async function openUpstreamSocket(call: Call, target: Target, { model, timeoutMs }: { model: string; timeoutMs: number }): Promise<WebSocket | Failure> {
  const upstream = target.upstream as Upstream;
  try {
    const path = upstream.path('realtime-session', model);
    const signed = (await upstream.authorize?.({ path, body: Buffer.alloc(0), stream: true })) ?? [];
    const headers = headersOf([...forwardedHeaders(call, target, upstream.headers as string[]), ...signed]);
    const beta = betaOf(call);
    if (beta !== null) headers['openai-beta'] = beta;
    return await handshake(call, target, { url: `${upstream.origin.replace(/^http/, 'ws')}${path}`, headers, timeoutMs });
  } catch (error) {
    return ownFailure(error);
  }
}

function headersOf(flat: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let index = 0; index < flat.length; index += 2) {
    const name = (flat[index] as string).toLowerCase();
    if (!LEFT_OUT.has(name)) headers[name] = flat[index + 1] as string;
  }
  return headers;
}

/** The protocol that the client speaks: said in a header, or by browsers as a sub-protocol. */
function betaOf({ request: { headers } }: Call): string | null {
  const header = headers['openai-beta'];
  if (typeof header === 'string' && header !== '') return header.slice(0, 200);
  return /(?:^|[\s,])openai-beta\.realtime-v1(?:$|[\s,])/.test(String(headers['sec-websocket-protocol'] ?? '')) ? 'realtime=v1' : null;
}

function handshake(call: Call, target: Target, sending: { url: string; headers: Record<string, string>; timeoutMs: number }): Promise<WebSocket | Failure> {
  const { deployment } = target;
  const origin = { label: target.errorLabel, deployment };
  return new Promise((resolve) => {
    const agent = call.snapshot.agentFor((target.upstream as Upstream).origin, deployment);
    const socket = new WebSocket(sending.url, {
      agent,
      headers: sending.headers,
      perMessageDeflate: false,
      maxPayload: LONGEST_MESSAGE_BYTES,
      handshakeTimeout: sending.timeoutMs,
      followRedirects: false,
    });
    call.waiting = { interrupt: () => socket.terminate() };
    const done = (outcome: WebSocket | Failure): void => {
      call.waiting = null;
      resolve(outcome);
    };
    socket.once('open', () => {
      // Its first event must not come before somebody listens.
      socket.pause();
      done(socket);
    });
    socket.on('unexpected-response', (request, response) => {
      void refusal(response).then((text) => {
        done(upstreamFailure(response.statusCode ?? 502, text, origin, retryAfterMs(response.headers, Date.now())));
        request.destroy();
      });
    });
    socket.on('error', (error: Error) =>
      done(transportFailure(/handshake has timed out/.test(error.message) ? new TimeoutError(error.message) : error, origin)),
    );
  });
}

async function refusal(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of response) {
      chunks.push(chunk as Buffer);
      sizeBytes += (chunk as Buffer).length;
      if (sizeBytes > LONGEST_REFUSAL_BYTES) break;
    }
  } catch {
    // What came before the cut is told.
  }
  return Buffer.concat(chunks).toString('utf8');
}
