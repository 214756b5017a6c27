// The load generator over keep-alive sockets of node:net: a fixed number of callers that each send when their answer is whole (closed loop), or a fixed rate
// that does not wait for anybody (open loop; latencies count from the moment a request was due).
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
  /** Open loop: when the waiting requests were due. */
  readonly due?: number[];
  /** Open loop: callers with nothing to send. */
  readonly free?: Caller[];
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

/** Requests of an open loop that have no free socket yet; beyond, the lane does not keep up and the run says so. */
const MOST_WAITING = 1_000;

/** Sends `perSecond` requests a second until `isOver` says so, each on a socket that is free; what is under way is awaited. */
export async function runRate(target: Target, request: Buffer, perSecond: number, isOver: (successes: number) => boolean): Promise<LoadResult> {
  const result: LoadResult = { successes: 0, failures: 0, latenciesMs: [], firstByteMs: [], elapsedMs: 0, firstFailure: null };
  const startMs = performance.now();
  const due: number[] = [];
  const free: Caller[] = [];
  const callers: Caller[] = [];
  let over = false;
  const run: Run = { request: () => request, port: target.port, result, isOver: () => over && due.length === 0, due, free };
  let sent = 0;
  await new Promise<void>((resolve) => {
    const tick = (): void => {
      for (; startMs + (sent * 1000) / perSecond <= performance.now(); sent++) due.push(startMs + (sent * 1000) / perSecond);
      if (due.length > MOST_WAITING) {
        result.failures += due.length;
        result.firstFailure ??= `it does not keep up with ${perSecond} requests a second`;
        due.length = 0;
      }
      while (due.length > 0 && free.length > 0) (free.pop() as Caller).next();
      for (let missing = due.length - callers.filter((caller) => caller.connecting).length; missing > 0 && callers.length < 256; missing--) {
        callers.push(new Caller(run));
      }
      if (isOver(result.successes)) resolve();
      else setTimeout(tick, 1);
    };
    tick();
  });
  over = true;
  for (const caller of free) caller.next();
  await Promise.all(callers.map((caller) => caller.done));
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
  connecting = false;
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
    this.connecting = true;
    socket.on('connect', () => {
      this.connecting = false;
      this.next();
    });
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

  /** Sends the next request, or ends when the run is over, or (open loop) waits until one is due. */
  next(): void {
    const { due, free } = this.#run;
    this.#waiting = false;
    if (this.#run.isOver()) {
      this.#socket.destroy();
      this.#finish();
      return;
    }
    const dueMs = due === undefined ? performance.now() : due.shift();
    if (dueMs === undefined) {
      free?.push(this);
      return;
    }
    this.#waiting = true;
    this.#firstByteMs = 0;
    this.#sentMs = dueMs;
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
    this.next();
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
