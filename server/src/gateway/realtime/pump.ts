// One direction of a session: messages one after the other, in their order; who sends is not read from while one is looked at or while who receives is behind.
import type WebSocket from 'ws';

/** Bytes that wait for a receiver before its sender is paused, and down to which they must shrink before it goes on. */
const HIGH_BYTES = 1024 * 1024;
const LOW_BYTES = 256 * 1024;

interface Message {
  readonly data: Buffer;
  readonly isBinary: boolean;
}

export interface PumpEnds {
  readonly source: WebSocket;
  readonly sink: WebSocket;
  handle(data: Buffer, isBinary: boolean): void | Promise<void>;
  /** The handler threw: a fault of ours. */
  onFault(error: unknown): void;
}

export class Pump {
  readonly #ends: PumpEnds;
  readonly #queue: Message[] = [];
  #isBusy = false;
  #whenIdle: (() => void)[] = [];

  constructor(ends: PumpEnds) {
    this.#ends = ends;
  }

  /** From here on its source is read from. */
  start(): void {
    this.#ends.source.on('message', (data, isBinary) => {
      // What one chunk of the connection held may come at once: bounded by the chunk and the longest message.
      this.#queue.push({ data: data as Buffer, isBinary });
      if (!this.#isBusy) void this.#run();
    });
    this.#ends.source.resume();
  }

  /** Resolves when everything that came has been handled. */
  idle(): Promise<void> {
    return this.#isBusy ? new Promise((resolve) => this.#whenIdle.push(resolve)) : Promise.resolve();
  }

  /** To the sink; nothing happens once it is closed. */
  send(data: string | Buffer): void {
    const { sink } = this.#ends;
    if (sink.readyState !== sink.OPEN) return;
    sink.send(data, { binary: false }, () => this.#flow());
    this.#flow();
  }

  async #run(): Promise<void> {
    this.#isBusy = true;
    const { source, handle, onFault } = this.#ends;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      try {
        const work = handle(next.data, next.isBinary);
        if (work instanceof Promise) {
          source.pause();
          await work;
        }
      } catch (error) {
        onFault(error);
      }
    }
    this.#isBusy = false;
    this.#flow();
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  #flow(): void {
    const { source, sink } = this.#ends;
    const waiting = sink.readyState === sink.OPEN ? sink.bufferedAmount : 0;
    if (waiting > HIGH_BYTES) source.pause();
    else if (!this.#isBusy && source.isPaused && waiting <= LOW_BYTES) source.resume();
  }
}
