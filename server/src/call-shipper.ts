// Brings the settled calls of a gateway's own journal into the journal that machines share, so that a worker makes traces of them. Nobody's answer waits for it.
import type { Positions } from '#observe/store/positions.ts';
import { type JournalAppender, JournalKind, type JournalReader, type JournalRecord } from '#stores/journal/port.ts';
import type { Log } from '#telemetry/log.ts';

export interface CallShipperOptions {
  reader: JournalReader;
  shared: JournalAppender;
  positions: Positions;
  log: Log;
}

export interface CallShipper {
  /** New records are durable. */
  wake(): void;
  /**
   * Everything up to this sequence is in the shared journal when it resolves true, or everything that there is: a journal of which nothing was written since
   * its start has a later number than its last record. False when that takes longer.
   */
  reached(sequence: bigint, timeoutMs: number): Promise<boolean>;
  close(): Promise<void>;
}

const ROUND_BYTES = 4 * 1024 * 1024;
const POLL_MS = 2_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;

/** Starts from the stored position. A round that fails is repeated whole: a call that arrives twice is one trace. */
export function startCallShipper(options: CallShipperOptions): CallShipper {
  return new Shipper(options);
}

class Shipper implements CallShipper {
  readonly #options: CallShipperOptions;
  readonly #loop: Promise<void>;
  #position = -1n;
  /** Rounds begun, and the last of those that came to the end of the journal. */
  #rounds = 0;
  #roundAtEnd = 0;
  #closed = false;
  #woken = false;
  #ring: (() => void) | null = null;

  constructor(options: CallShipperOptions) {
    this.#options = options;
    this.#loop = this.#run();
  }

  wake(): void {
    this.#woken = true;
    this.#ring?.();
  }

  async reached(sequence: bigint, timeoutMs: number): Promise<boolean> {
    const deadline = Date.now() + timeoutMs;
    // The round under way may have looked before the last record was there.
    const roundsBefore = this.#rounds;
    const isReached = (): boolean => this.#position >= sequence || this.#roundAtEnd > roundsBefore;
    while (!isReached() && Date.now() < deadline) {
      this.wake();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return isReached();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#ring?.();
    await this.#loop;
  }

  async #run(): Promise<void> {
    for (let pauseMs = FIRST_PAUSE_MS; !this.#closed; ) {
      this.#woken = false;
      try {
        if (this.#position < 0n) this.#position = await this.#options.positions.load();
        const round = ++this.#rounds;
        const atEnd = await this.#round();
        if (atEnd) this.#roundAtEnd = round;
        pauseMs = FIRST_PAUSE_MS;
        if (atEnd && !this.#woken) await this.#rest(POLL_MS);
      } catch (error) {
        this.#options.log.warn('calls wait in the journal of this process until the shared one takes them', { error });
        this.#woken = false;
        await this.#rest(pauseMs);
        pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
      }
    }
  }

  async #round(): Promise<boolean> {
    const { records, lastSequence, atEnd } = await this.#options.reader.read(this.#position, { maxBytes: ROUND_BYTES, kinds: [JournalKind.callSettled] });
    await Promise.all(records.map((record) => this.#ship(record)));
    if (lastSequence > this.#position) {
      await this.#options.positions.save(lastSequence);
      this.#position = lastSequence;
    }
    return atEnd;
  }

  #ship({ kind, project, parts }: JournalRecord): Promise<void> {
    return new Promise((resolve, reject) => {
      const sequence = this.#options.shared.append('payload', kind, project, parts, (error) => (error === null ? resolve() : reject(error)));
      if (sequence === null) reject(new Error('the shared journal is full'));
    });
  }

  async #rest(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#ring = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.#closed) this.#ring();
    });
    this.#ring = null;
  }
}
