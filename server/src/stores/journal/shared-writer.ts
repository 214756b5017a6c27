// The shared journal's writer: records are gathered for a moment and put as one object that must not exist yet. The object is the commit; its number follows.
import { randomBytes } from 'node:crypto';
import { AppError } from '#lib/errors.ts';
import type { Blobs } from '#stores/blobs/port.ts';
import type { Records } from '#stores/records/port.ts';
import type { JournalAppender, JournalClass, JournalKind, JournalState } from './port.ts';
import { encodeRecord, MOST_RECORDS } from './shared-object.ts';
import { OBJECT_PREFIX, registerObject } from './shared-registry.ts';

export interface SharedWriterOptions {
  blobs: Blobs;
  records: Pick<Records, 'query'>;
  /** Bytes held in memory until they are durable; refused beyond. */
  limitBytes: number;
  /** How long the first record of an object waits for others. */
  lingerMs?: number;
  /** An object is put at once when it has so many bytes. */
  objectBytes?: number;
  /** How long an object is tried before its records are told that they failed. */
  patienceMs?: number;
  onFault?: (error: unknown) => void;
}

const LINGER_MS = 100;
const OBJECT_BYTES = 4 * 1024 * 1024;
const PATIENCE_MS = 10_000;
const RETRY_MS = 250;
/** Objects that wait for their number while the records are away; beyond, whoever lists the store finds them. */
const MAX_UNREGISTERED = 10_000;
const CLOSE_PATIENCE_MS = 5_000;

interface Batch {
  readonly chunks: Uint8Array[];
  readonly told: ((error: Error | null) => void)[];
  sizeBytes: number;
  last: bigint;
}

interface Putting {
  readonly batch: Batch;
  done: Promise<void>;
}

interface Written {
  key: string;
  sizeBytes: number;
  records: number;
}

export class SharedJournalWriter implements JournalAppender {
  readonly #options: Required<SharedWriterOptions>;
  /** Of this start: nobody else writes under it. */
  readonly #epoch = `${Date.now().toString(36)}-${randomBytes(6).toString('hex')}`;
  readonly #listeners: ((sequence: bigint) => void)[] = [];
  readonly #putting = new Set<Putting>();
  #batch: Batch | null = null;
  #timer: NodeJS.Timeout | null = null;
  #objects = 0;
  #appended = 0n;
  #heldBytes = 0;
  #unregistered: Written[] = [];
  #registering: Promise<void> | null = null;
  #closed = false;
  #abandoned = false;

  constructor(options: SharedWriterOptions) {
    this.#options = { lingerMs: LINGER_MS, objectBytes: OBJECT_BYTES, patienceMs: PATIENCE_MS, onFault: () => {}, ...options };
  }

  // biome-ignore lint/complexity/useMaxParams: the port's form
  append(_class: JournalClass, kind: JournalKind, project: string, parts: readonly Uint8Array[], done: (error: Error | null) => void): bigint | null {
    if (this.#closed) return null;
    this.#batch ??= { chunks: [], told: [], sizeBytes: 0, last: 0n };
    const batch = this.#batch;
    const { chunks, sizeBytes } = encodeRecord(kind, project, parts, batch.told.length + 1);
    if (this.#heldBytes + sizeBytes > this.#options.limitBytes) return null;
    batch.chunks.push(...chunks);
    batch.told.push(done);
    batch.sizeBytes += sizeBytes;
    batch.last = ++this.#appended;
    this.#heldBytes += sizeBytes;
    if (batch.sizeBytes >= this.#options.objectBytes || batch.told.length >= MOST_RECORDS) this.#put();
    else this.#timer ??= setTimeout(() => this.#put(), this.#options.lingerMs);
    return batch.last;
  }

  accepts(_class: JournalClass, sizeBytes: number): boolean {
    return !this.#closed && this.#heldBytes + sizeBytes <= this.#options.limitBytes;
  }

  state(): JournalState {
    const { limitBytes } = this.#options;
    const share = this.#heldBytes / limitBytes;
    let durable = this.#appended;
    for (const { batch } of this.#putting) durable = lesser(durable, batch.last - BigInt(batch.told.length));
    if (this.#batch !== null) durable = lesser(durable, this.#batch.last - BigInt(this.#batch.told.length));
    return {
      backlogBytes: this.#heldBytes,
      payloadLimitBytes: limitBytes,
      level: share >= 1 ? 'full' : share >= 0.8 ? 'warning' : 'ok',
      lastSequence: this.#appended,
      durableSequence: durable,
    };
  }

  onDurable(listener: (sequence: bigint) => void): void {
    this.#listeners.push(listener);
  }

  async flush(): Promise<void> {
    this.#put();
    await Promise.all([...this.#putting].map(({ done }) => done));
  }

  async close(): Promise<void> {
    await this.flush();
    this.#closed = true;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_PATIENCE_MS);
    });
    // What has no number yet is durable all the same: whoever lists the store finds it.
    await Promise.race([late, this.#registering ?? Promise.resolve()]);
    clearTimeout(timer);
    this.#abandoned = true;
  }

  #put(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const batch = this.#batch;
    if (batch === null) return;
    this.#batch = null;
    const key = `${OBJECT_PREFIX}${this.#epoch}/${String(this.#objects++).padStart(10, '0')}`;
    const entry: Putting = { batch, done: Promise.resolve() };
    entry.done = this.#write(key, batch).then((error) => this.#finish(entry, key, error));
    this.#putting.add(entry);
  }

  #finish(entry: Putting, key: string, error: Error | null): void {
    const { batch } = entry;
    this.#putting.delete(entry);
    this.#heldBytes -= batch.sizeBytes;
    for (const told of batch.told) told(error);
    if (error !== null) return;
    const { durableSequence } = this.state();
    for (const listener of this.#listeners) listener(durableSequence);
    if (this.#unregistered.length < MAX_UNREGISTERED) this.#unregistered.push({ key, sizeBytes: batch.sizeBytes, records: batch.told.length });
    this.#registering ??= this.#register().finally(() => {
      this.#registering = null;
    });
  }

  /** Puts the object until it is there or patience ends; null when it is. */
  async #write(key: string, batch: Batch): Promise<Error | null> {
    const body = Buffer.concat(batch.chunks, batch.sizeBytes);
    const deadline = Date.now() + this.#options.patienceMs;
    for (let pauseMs = RETRY_MS; ; pauseMs = Math.min(pauseMs * 2, 2_000)) {
      try {
        await before(deadline, this.#options.blobs.put(key, body, { ifAbsent: true }));
        return null;
      } catch (error) {
        // Only this start writes under its name: an earlier try of ours did arrive.
        if (error instanceof AppError && error.status === 412) return null;
        this.#options.onFault(error);
        if (Date.now() + pauseMs > deadline) return error as Error;
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    }
  }

  async #register(): Promise<void> {
    for (let pauseMs = RETRY_MS; this.#unregistered.length > 0; ) {
      const [first] = this.#unregistered as [Written];
      try {
        await registerObject(this.#options.records, first);
        this.#unregistered.shift();
        pauseMs = RETRY_MS;
      } catch (error) {
        this.#options.onFault(error);
        if (this.#abandoned) return;
        await new Promise((resolve) => setTimeout(resolve, pauseMs).unref());
        pauseMs = Math.min(pauseMs * 2, 5_000);
      }
    }
  }
}

/** The work, or a failure at the deadline: an object that arrives later all the same is kept, which nobody was promised. */
async function before(deadlineMs: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new AppError('The blob store does not answer in time.', { status: 503, code: 'blobs_away', retryAfterSeconds: 2 });
    timer = setTimeout(() => reject(error), deadlineMs - Date.now());
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function lesser(one: bigint, other: bigint): bigint {
  return one < other ? one : other;
}
