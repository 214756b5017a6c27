// Writes whole answers and errors to the client.
import type { ServerResponse } from 'node:http';
import type { Call } from './call.ts';
import type { GatewayDeps } from './deps.ts';
import { envelope, type Failure } from './errors.ts';
import { errorHeaders } from './headers.ts';

/** One write: head and body leave together. */
export function sendWhole(response: ServerResponse, status: number, headers: string[], body: Buffer): void {
  if (response.destroyed || response.headersSent) return;
  headers.push('content-length', String(body.length));
  response.writeHead(status, headers);
  response.end(body);
}

/** An error in LiteLLM's envelope. */
export function sendFailure(call: Call, deps: GatewayDeps, failure: Failure): void {
  const headers = ['content-type', 'application/json', ...errorHeaders(call, deps), ...failure.headers];
  if (failure.retryAfterMs !== null) headers.push('retry-after', String(Math.max(1, Math.ceil(failure.retryAfterMs / 1000))));
  if (failure.status === 401 && failure.errorClass === null) headers.push('www-authenticate', 'Bearer');
  sendWhole(call.response, failure.status, headers, Buffer.from(envelope(failure)));
}
