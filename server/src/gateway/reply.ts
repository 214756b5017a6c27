// Writes whole answers and errors to the client.
import type { Call, ClientResponse } from './call.ts';
import type { GatewayDeps } from './deps.ts';
import type { Failure } from './errors.ts';
import { errorHeaders } from './headers.ts';

/** Up to this size copying a body behind its head is cheaper than handing the kernel two pieces. */
const LONGEST_JOINED = 64 * 1024;

/** One write: head and body leave together. Latin-1 maps every byte to one character and back, so the text form is exact. */
export function sendWhole(response: ClientResponse, status: number, headers: string[], body: Buffer): void {
  if (response.destroyed || response.headersSent) return;
  headers.push('content-length', String(body.length));
  response.writeHead(status, headers);
  if (body.length > LONGEST_JOINED) response.end(body);
  else response.end(body.toString('latin1'), 'latin1');
}

/** An error in the envelope of the client's dialect; as an event where pings have begun the stream already. */
export function sendFailure(call: Call, deps: GatewayDeps, failure: Failure): void {
  if (call.pings !== null && call.response.headersSent) {
    if (!call.response.destroyed) call.response.end(call.dialect.errorEvent(failure));
    return;
  }
  const headers = ['content-type', 'application/json', ...errorHeaders(call, deps), ...failure.headers];
  if (failure.retryAfterMs !== null) headers.push('retry-after', String(Math.max(1, Math.ceil(failure.retryAfterMs / 1000))));
  if (failure.status === 401 && failure.errorClass === null) headers.push('www-authenticate', 'Bearer');
  sendWhole(call.response, failure.status, headers, Buffer.from(call.dialect.envelope(failure)));
}
