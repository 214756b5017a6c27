// The loop from the journal to receivers: reads finished calls after a position of its own and hands them on; the position moves when no receiver needs the journal for them any more.
// At least once: after a crash the page of the last position is handed on again, under the same ids.
import type { CallSettled } from '#call-record.ts';
import { JournalKind, type JournalReader } from '#stores/journal/port.ts';
import type { Log } from '#telemetry/log.ts';
import type { CallbackDirectory, PlacedTarget } from './directory.ts';
import type { Lanes } from './lanes.ts';
import { headerOf, type LoggedCall, loggedCall } from './logged-call.ts';

export interface DispatcherParts {
  reader: JournalReader;
  positions: { load(): Promise<bigint | null>; save(sequence: bigint): Promise<void> };
  durableSequence: () => bigint;
  directory: CallbackDirectory;
  lanes: Lanes;
  /** Told of every page of calls, for alerts; null = nobody asks. Never rejects. */
  onCalls: () => ((calls: readonly CallSettled[]) => Promise<void>) | null;
  log: Log;
  /** Tests shorten it. */
  lingerMs?: number;
}

export interface Dispatcher {
  /** New records are durable. */
  wake(): void;
  close(): Promise<void>;
}

/** Small: a page is parsed on the event loop that serves calls. */
const PAGE_BYTES = 256 * 1024;
/** Calls of this long go out together. */
const LINGER_MS = 250;
const POLL_MS = 2_000;
const PAUSE_MS = 1_000;

/** Starts from the stored position; the first start ever begins with what comes. */
export async function startDispatcher(parts: DispatcherParts): Promise<Dispatcher> {
  let position = await parts.positions.load();
  if (position === null) {
    position = parts.durableSequence();
    await parts.positions.save(position);
  }
  return new JournalDispatcher(parts, position);
}

class JournalDispatcher implements Dispatcher {
  readonly #parts: DispatcherParts;
  readonly #loop: Promise<void>;
  #position: bigint;
  #closed = false;
  #woken = true;
  #ring: (() => void) | null = null;

  constructor(parts: DispatcherParts, position: bigint) {
    this.#parts = parts;
    this.#position = position;
    this.#loop = this.#run();
  }

  wake(): void {
    this.#woken = true;
    this.#ring?.();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#ring?.();
    await this.#loop;
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      if (!this.#woken) await this.#rest(POLL_MS, true);
      if (this.#closed) return;
      await this.#rest(this.#parts.lingerMs ?? LINGER_MS, false);
      this.#woken = false;
      try {
        while (!(await this.#round()) && !this.#closed);
      } catch (error) {
        this.#parts.log.warn('a round of the callbacks failed; it is repeated', { error });
        this.#woken = true;
        await this.#rest(PAUSE_MS, false);
      }
    }
  }

  /** True when everything durable has been handed on. */
  async #round(): Promise<boolean> {
    const { reader, directory, durableSequence } = this.#parts;
    const durable = durableSequence();
    const onCalls = this.#parts.onCalls();
    if (directory.isEmpty && onCalls === null) {
      await this.#moveTo(durable);
      return true;
    }
    const options = { maxBytes: PAGE_BYTES, kinds: [JournalKind.callSettled], headersOnly: directory.isEmpty, durableSequence: durable };
    const { records, lastSequence, atEnd } = await reader.read(this.#position, options);
    const headers: CallSettled[] = [];
    const batches = new Map<string, { target: PlacedTarget; calls: LoggedCall[] }>();
    for (const record of records) {
      const header = headerOf(record);
      if (header === null) continue;
      headers.push(header);
      const targets = directory.targetsOf(header);
      const call = targets.length === 0 ? null : loggedCall(header, record);
      for (const target of targets) {
        const batch = batches.get(target.id) ?? { target, calls: [] };
        batches.set(target.id, batch);
        batch.calls.push(call as LoggedCall);
      }
    }
    const name = String(this.#position + 1n).padStart(20, '0');
    await Promise.all([...batches.values()].map(({ target, calls }) => this.#parts.lanes.accept(target, name, calls)));
    if (onCalls !== null && headers.length > 0) await onCalls(headers);
    await this.#moveTo(lastSequence);
    return atEnd;
  }

  async #moveTo(sequence: bigint): Promise<void> {
    if (sequence <= this.#position) return;
    await this.#parts.positions.save(sequence);
    this.#position = sequence;
  }

  async #rest(ms: number, wakes: boolean): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      const ring = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.#ring = wakes ? ring : () => (this.#closed ? ring() : undefined);
      if (this.#closed || (wakes && this.#woken)) ring();
    });
    this.#ring = null;
  }
}
