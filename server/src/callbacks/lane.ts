// The way to one receiver: sent at once while it answers, else put aside on the disk and sent later, oldest first. A receiver that is away or slow holds nobody up.

import type { LoggedCall } from './logged-call.ts';
import { type Outbox, openOutbox, type Space } from './outbox.ts';
import { type Delivery, type Receiver, Refused } from './receiver.ts';

export interface LaneCounts {
  delivered(calls: number): void;
  /** The receiver understood and refused. */
  refused(calls: number, error: Error): void;
  /** No room was left to keep them. */
  dropped(calls: number): void;
  /** A try failed; the calls wait. */
  failed(error: Error): void;
  damaged(file: string): void;
}

export interface LaneParts {
  receiver: Receiver;
  folder: string;
  space: Space;
  counts: LaneCounts;
  /** Tests shorten it. */
  firstPauseMs?: number;
}

export interface Lane {
  /** Takes calls; resolves when they need the journal no more: delivered, refused, on the disk, or dropped because nothing is left of the space. */
  accept(batch: string, calls: readonly LoggedCall[]): Promise<void>;
  /** Puts something on the disk and sends it from there: resolves when it is safe. */
  queue(name: string, delivery: Delivery): Promise<void>;
  state(): { waiting: number; waitingBytes: number; behind: boolean };
  close(): Promise<void>;
}

/** A receiver that takes longer than this is not waited for by the journal's reader. */
const PATIENCE_MS = 2_000;
const SEND_TIMEOUT_MS = 30_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

export function openLane(parts: LaneParts): Lane {
  return new ReceiverLane(parts);
}

class ReceiverLane implements Lane {
  readonly #parts: LaneParts;
  readonly #outbox: Outbox;
  readonly #closing = new AbortController();
  #draining: Promise<void> | null = null;

  constructor(parts: LaneParts) {
    this.#parts = parts;
    this.#outbox = openOutbox(parts.folder, parts.space, (name) => parts.counts.damaged(name));
    if (this.#outbox.waiting > 0) this.#drain();
  }

  async accept(batch: string, calls: readonly LoggedCall[]): Promise<void> {
    const deliveries = this.#parts.receiver.render(calls);
    for (const [index, delivery] of deliveries.entries()) {
      // What waits goes first: a trace is told of in the order in which it happened.
      if (this.#draining === null && (await this.#try(delivery, PATIENCE_MS)) !== 'later') continue;
      await this.#putAside(`${batch}-${String(index).padStart(5, '0')}`, delivery);
    }
  }

  async queue(name: string, delivery: Delivery): Promise<void> {
    await this.#putAside(name, delivery);
  }

  state(): { waiting: number; waitingBytes: number; behind: boolean } {
    return { waiting: this.#outbox.waiting, waitingBytes: this.#outbox.sizeBytes, behind: this.#draining !== null };
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#draining;
    await this.#parts.receiver.close();
  }

  async #putAside(name: string, delivery: Delivery): Promise<void> {
    if (!(await this.#outbox.put(name, delivery))) this.#parts.counts.dropped(delivery.calls);
    this.#drain();
  }

  async #try(delivery: Delivery, timeoutMs: number): Promise<'done' | 'later'> {
    const { receiver, counts } = this.#parts;
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(timeoutMs)]);
    try {
      await withinSignal(receiver.deliver(delivery, signal), signal);
      counts.delivered(delivery.calls);
      return 'done';
    } catch (error) {
      if (error instanceof Refused) {
        counts.refused(delivery.calls, error);
        return 'done';
      }
      if (!this.#closing.signal.aborted) counts.failed(error as Error);
      return 'later';
    }
  }

  #drain(): void {
    this.#draining ??= this.#sendWaiting().finally(() => {
      this.#draining = null;
      // Something may have been put aside between the last look and now.
      if (this.#outbox.waiting > 0 && !this.#closing.signal.aborted) this.#drain();
    });
  }

  async #sendWaiting(): Promise<void> {
    const firstPauseMs = this.#parts.firstPauseMs ?? FIRST_PAUSE_MS;
    let pauseMs = firstPauseMs;
    while (!this.#closing.signal.aborted) {
      try {
        const next = await this.#outbox.oldest();
        if (next === null) return;
        if ((await this.#try(next.delivery, SEND_TIMEOUT_MS)) === 'done') {
          await this.#outbox.remove(next.name);
          pauseMs = firstPauseMs;
          continue;
        }
      } catch (error) {
        this.#parts.counts.failed(error as Error);
      }
      await pause(pauseMs * (0.5 + Math.random() / 2), this.#closing.signal);
      pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
    }
  }
}

/** Not every receiver can be told to stop. */
function withinSignal(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new Error('it took too long'));
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = (): void => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', end);
      resolve();
    }, ms);
    timer.unref();
    signal.addEventListener('abort', end, { once: true });
  });
}
