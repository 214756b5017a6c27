// The load generator: a fixed number of keep-alive sockets over node:net, each sending its next request when its answer is whole (closed loop).
import { createConnection, type Socket } from 'node:net';
import { ResponseReader } from './response-reader.ts';

export interface Target {
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface LoadResult {
  successes: number;
  failures: number;
  /** Whole answer, one value a success. */
  latenciesMs: number[];
  /** First byte of the body, one value a success. */
  firstByteMs: number[];
  elapsedMs: number;
  /** The first failure in words. */
  firstFailure: string | null;
}

/** The bytes of one request. */
export function requestBytes(target: Target, body: Buffer, method = 'POST'): Buffer {
  const lines = [`${method} ${target.path} HTTP/1.1`, `host: 127.0.0.1:${target.port}`];
  for (const [name, value] of Object.entries(target.headers)) lines.push(`${name}: ${value}`);
  if (method !== 'GET') lines.push('content-type: application/json', `content-length: ${body.byteLength}`);
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body]);
}

interface Run {
  readonly request: () => Buffer;
  readonly port: number;
  readonly result: LoadResult;
  readonly isOver: () => boolean;
}

/** Sends as fast as `concurrency` sockets can until `until` says so; requests under way are awaited. */
export async function runLoad(
  target: Target,
  request: Buffer | (() => Buffer),
  concurrency: number,
  isOver: (successes: number) => boolean,
): Promise<LoadResult> {
  const result: LoadResult = { successes: 0, failures: 0, latenciesMs: [], firstByteMs: [], elapsedMs: 0, firstFailure: null };
  const startMs = performance.now();
  const make = typeof request === 'function' ? request : () => request;
  const run: Run = { request: make, port: target.port, result, isOver: () => isOver(result.successes) };
  await Promise.all(Array.from({ length: concurrency }, () => new Caller(run).done));
  result.elapsedMs = performance.now() - startMs;
  return result;
}

/** For `seconds`, or until `count` answers. */
export function forSeconds(seconds: number): () => boolean {
  const endMs = performance.now() + seconds * 1000;
  return () => performance.now() >= endMs;
}

class Caller {
  readonly done: Promise<void>;
  readonly #run: Run;
  #socket: Socket;
  #reader: ResponseReader;
  #finish!: () => void;
  #status = 0;
  #sentMs = 0;
  #firstByteMs = 0;
  #waiting = false;

  constructor(run: Run) {
    this.#run = run;
    this.done = new Promise((resolve) => {
      this.#finish = resolve;
    });
    this.#reader = this.#newReader();
    this.#socket = this.#connect();
  }

  #connect(): Socket {
    const socket = createConnection({ host: '127.0.0.1', port: this.#run.port, noDelay: true });
    socket.on('connect', () => this.#send());
    socket.on('data', (data: Buffer) => {
      try {
        this.#reader.push(data);
      } catch (error) {
        this.#fail((error as Error).message);
      }
    });
    socket.on('error', (error) => this.#fail(error.message));
    socket.on('close', () => {
      if (this.#waiting) this.#fail('the connection was closed before the answer was whole');
    });
    return socket;
  }

  #newReader(): ResponseReader {
    return new ResponseReader({
      onHead: (status) => {
        this.#status = status;
      },
      onBody: () => {
        if (this.#firstByteMs === 0) this.#firstByteMs = performance.now();
      },
      onEnd: () => this.#answered(),
    });
  }

  #send(): void {
    if (this.#run.isOver()) {
      this.#waiting = false;
      this.#socket.destroy();
      this.#finish();
      return;
    }
    this.#waiting = true;
    this.#firstByteMs = 0;
    this.#sentMs = performance.now();
    this.#socket.write(this.#run.request());
  }

  #answered(): void {
    const { result } = this.#run;
    if (this.#status === 200 || this.#status === 207) {
      result.successes++;
      result.latenciesMs.push(performance.now() - this.#sentMs);
      result.firstByteMs.push(this.#firstByteMs - this.#sentMs);
    } else {
      result.failures++;
      result.firstFailure ??= `status ${this.#status}`;
    }
    this.#send();
  }

  #fail(reason: string): void {
    if (!this.#waiting && this.#socket.destroyed) return;
    this.#waiting = false;
    this.#run.result.failures++;
    this.#run.result.firstFailure ??= reason;
    this.#socket.destroy();
    if (this.#run.isOver() || this.#run.result.failures > 1_000) {
      this.#finish();
      return;
    }
    this.#reader = this.#newReader();
    setTimeout(() => {
      this.#socket = this.#connect();
    }, 20);
  }
}
