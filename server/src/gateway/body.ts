// Reads a request's body into one buffer: refused early when it is declared too large, counted when it is not declared, within the pool of bytes in flight.
import type { IncomingMessage } from 'node:http';
import { AppError } from '#lib/errors.ts';
import type { BytePool } from './byte-pool.ts';
import type { Call } from './call.ts';
import { ClientGone } from './errors.ts';

/**
 * The body. What it takes from the pool is added to `call.heldBytes` and given back when the call ends.
 * @throws AppError 413 too large, 415 compressed, 429 no room; ClientGone.
 */
export function readBody(call: Call, pool: BytePool, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const { request } = call;
    const chunks: Buffer[] = [];
    let size = 0;
    function fail(error: Error): void {
      call.interrupt = null;
      request.off('data', onData).off('end', onEnd);
      discard(request, maxBytes);
      reject(error);
    }
    const encoding = request.headers['content-encoding'];
    if (encoding !== undefined && encoding !== 'identity') return fail(refused('Send the body uncompressed: content-encoding is not supported.', 415));
    const declared = Number(request.headers['content-length'] ?? 0);
    if (declared > maxBytes) return fail(tooLarge(maxBytes));
    if (!take(call, pool, declared)) return fail(noRoom());
    function onData(chunk: Buffer): void {
      size += chunk.length;
      if (size > maxBytes) fail(tooLarge(maxBytes));
      else if (size > call.heldBytes && !take(call, pool, size - call.heldBytes)) fail(noRoom());
      else chunks.push(chunk);
    }
    function onEnd(): void {
      call.interrupt = null;
      resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size));
    }
    call.interrupt = () => fail(new ClientGone());
    request.on('data', onData).on('end', onEnd);
  });
}

function take(call: Call, pool: BytePool, bytes: number): boolean {
  if (bytes > 0 && !pool.take(bytes)) return false;
  call.heldBytes += bytes;
  return true;
}

/** Lets the rest of a refused body flow by, so that the client can read the answer; a body much larger than allowed loses its connection. */
function discard(request: IncomingMessage, maxBytes: number): void {
  let size = 0;
  request.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > maxBytes * 2) request.destroy();
  });
  request.resume();
}

function tooLarge(maxBytes: number): AppError {
  return refused(`The body is larger than the ${maxBytes} bytes that the gateway accepts.`, 413);
}

function noRoom(): AppError {
  return new AppError('The gateway holds as many bytes as it may: try again in a moment.', { status: 429, code: 'rate_limit_error', retryAfterSeconds: 1 });
}

function refused(message: string, status: number): AppError {
  return new AppError(message, { status, code: 'bad_request_error' });
}
