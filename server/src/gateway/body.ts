// Reads a request's body into one buffer: refused early when it is declared too large, counted when it is not declared, within the pool of bytes in flight.
import { AppError } from '#lib/errors.ts';
import type { BytePool } from './byte-pool.ts';
import type { Call, Interruptible } from './call.ts';
import { ClientGone } from './errors.ts';

/**
 * The body. What it takes from the pool is added to `call.heldBytes` and given back when the call ends.
 * @throws AppError 413 too large, 415 compressed, 429 no room; ClientGone.
 */
export function readBody(call: Call, pool: BytePool, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => new BodyReader(call, { pool, maxBytes }, { resolve, reject }).start());
}

interface Limits {
  readonly pool: BytePool;
  readonly maxBytes: number;
}

interface Settlers {
  resolve(body: Buffer): void;
  reject(error: Error): void;
}

/** Bytes from which on a body is long. */
const LONG = 1024 * 1024;

class BodyReader implements Interruptible {
  readonly #call: Call;
  readonly #limits: Limits;
  readonly #promise: Settlers;
  readonly #chunks: Buffer[] = [];
  /** Where a long body of a declared length is put together as it comes; joining its pieces would hold it twice. */
  #whole: Buffer | null = null;
  #size = 0;
  #over = false;

  constructor(call: Call, limits: Limits, promise: Settlers) {
    this.#call = call;
    this.#limits = limits;
    this.#promise = promise;
  }

  start(): void {
    const { request } = this.#call;
    const { pool, maxBytes } = this.#limits;
    const encoding = request.headers['content-encoding'];
    const declared = Number(request.headers['content-length'] ?? 0);
    request.on('data', (chunk: Buffer) => this.#add(chunk)).on('end', () => this.#end());
    if (encoding !== undefined && encoding !== 'identity') this.#fail(refused('Send the body uncompressed: content-encoding is not supported.', 415));
    else if (declared > maxBytes) this.#fail(tooLarge(maxBytes));
    else if (!take(this.#call, pool, declared)) this.#fail(noRoom());
    else this.#call.waiting = this;
    if (!this.#over && declared >= LONG) this.#whole = Buffer.allocUnsafeSlow(declared);
  }

  interrupt(): void {
    this.#fail(new ClientGone());
  }

  /** After a refusal the rest flows by, so that the client can read the answer; a body much larger than allowed loses its connection. */
  #add(chunk: Buffer): void {
    const { pool, maxBytes } = this.#limits;
    this.#size += chunk.length;
    if (this.#over) {
      if (this.#size > maxBytes * 3) this.#call.request.destroy();
    } else if (this.#size > maxBytes) this.#fail(tooLarge(maxBytes));
    else if (this.#size > this.#call.heldBytes && !take(this.#call, pool, this.#size - this.#call.heldBytes)) this.#fail(noRoom());
    else if (this.#whole !== null) chunk.copy(this.#whole, this.#size - chunk.length);
    else this.#chunks.push(chunk);
  }

  #end(): void {
    if (this.#over) return;
    this.#call.waiting = null;
    if (this.#whole !== null) this.#promise.resolve(this.#whole.subarray(0, this.#size));
    else this.#promise.resolve(this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks, this.#size));
  }

  #fail(error: Error): void {
    this.#over = true;
    this.#chunks.length = 0;
    this.#whole = null;
    this.#call.waiting = null;
    this.#promise.reject(error);
  }
}

function take(call: Call, pool: BytePool, bytes: number): boolean {
  if (bytes > 0 && !pool.take(bytes)) return false;
  call.heldBytes += bytes;
  return true;
}

function tooLarge(maxBytes: number): AppError {
  return refused(`The body is larger than the ${maxBytes} bytes that the gateway accepts.`, 413);
}

/** The pool of bytes in flight is used up. */
export function noRoom(): AppError {
  return new AppError('The gateway holds as many bytes as it may: try again in a moment.', { status: 429, code: 'rate_limit_error', retryAfterSeconds: 1 });
}

function refused(message: string, status: number): AppError {
  return new AppError(message, { status, code: 'bad_request_error' });
}
