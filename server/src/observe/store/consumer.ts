// The loop from journal to stored rows: read after the position, fold, write durably, move the position, tell the folder. Any failure is repeated from the position; nothing is skipped silently.
import { AppError } from '#lib/errors.ts';
import type { Folder } from '#observe/fold/port.ts';
import { type DeadLetterRow, type FoldedRows, nothingFolded } from '#observe/rows.ts';
import { JournalKind, type JournalReader, type JournalRecord } from '#stores/journal/port.ts';
import { createLag, type Lag } from './lag.ts';
import type { Positions } from './positions.ts';
import type { Writer } from './writer.ts';

export interface ConsumerOptions {
  reader: JournalReader;
  folder: Folder;
  writer: Writer;
  positions: Positions;
  /** Journal bytes a round; bounds memory. */
  maxBytes?: number;
  /** Shortest time between the starts of two rounds that found the end of the journal: light load is stored in few, larger inserts. */
  minRoundMs?: number;
  /** How often the journal is looked at without being woken. */
  pollMs?: number;
  /** Told about every failed round; the loop goes on. */
  onError?: (error: unknown) => void;
}

export interface ConsumerState {
  consumedSequence: bigint;
  lagRecords: number;
  lagMs: number;
  /** Since this start. */
  writtenRows: number;
  deadLetters: number;
  failedRounds: number;
  /** When the end of the journal was last found, in milliseconds since 1970: what was durable then is stored. 0 = not since this start. */
  atEndAtMs: number;
}

export interface Consumer {
  /** New records are durable up to `sequence`. */
  wake(sequence?: bigint): void;
  state(): ConsumerState;
  /** Resolves when everything up to `sequence` is readable, false when that takes longer than `timeoutMs`. */
  reached(sequence: bigint, timeoutMs: number): Promise<boolean>;
  /**
   * Runs `work` between two rounds, while no row is on its way. Rejects as `work` does.
   * @throws AppError 503 when no round ends within `timeoutMs` (the store is away) or the consumer stops; then `work` was not begun.
   */
  exclusively<Result>(work: () => Promise<Result>, timeoutMs: number): Promise<Result>;
  /** Ends after the round in flight. */
  stop(): Promise<void>;
}

type Read = Awaited<ReturnType<JournalReader['read']>>;

const KINDS = [JournalKind.callSettled, JournalKind.ingestionBatch, JournalKind.otlpTraces, JournalKind.otlpMetrics, JournalKind.otlpLogs] as const;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;
/** Bytes of a record's content that its dead letter keeps. */
const DEAD_LETTER_BYTES = 8 * 1024 * 1024;

/** Starts the loop from the stored position (waiting for the records when they are away). */
export function startConsumer(options: ConsumerOptions): Consumer {
  return new JournalConsumer(options);
}

class JournalConsumer implements Consumer {
  readonly #options: ConsumerOptions;
  readonly #stopping = new AbortController();
  readonly #waiters = new Set<{ sequence: bigint; resolve: (reached: boolean) => void }>();
  readonly #tasks: (() => Promise<void>)[] = [];
  readonly #loop: Promise<void>;
  #position = 0n;
  #lag: Lag = createLag(0n);
  #woken = true;
  #ring: (() => void) | null = null;
  #writtenRows = 0;
  #deadLetters = 0;
  #failedRounds = 0;
  #atEndAtMs = 0;
  /** What was read while the round before was being written. */
  #ahead: { after: bigint; read: Promise<Read> } | null = null;

  constructor(options: ConsumerOptions) {
    this.#options = options;
    this.#loop = this.#run();
  }

  wake(sequence?: bigint): void {
    if (sequence !== undefined) this.#lag.told(sequence, Date.now());
    this.#woken = true;
    this.#ring?.();
  }

  state(): ConsumerState {
    return {
      consumedSequence: this.#position,
      ...this.#lag.now(Date.now()),
      writtenRows: this.#writtenRows,
      deadLetters: this.#deadLetters,
      failedRounds: this.#failedRounds,
      atEndAtMs: this.#atEndAtMs,
    };
  }

  async reached(sequence: bigint, timeoutMs: number): Promise<boolean> {
    if (this.#position >= sequence) return true;
    return await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => waiter.resolve(false), timeoutMs);
      const waiter = {
        sequence,
        resolve: (reached: boolean) => {
          clearTimeout(timer);
          this.#waiters.delete(waiter);
          resolve(reached);
        },
      };
      this.#waiters.add(waiter);
      this.wake(sequence);
    });
  }

  async exclusively<Result>(work: () => Promise<Result>, timeoutMs: number): Promise<Result> {
    return await new Promise<Result>((resolve, reject) => {
      const unavailable = () =>
        reject(
          new AppError('The store of events is busy or away: try again in a few seconds.', {
            status: 503,
            code: 'ServiceUnavailableError',
            retryAfterSeconds: 2,
          }),
        );
      const timer = setTimeout(() => {
        this.#tasks.splice(this.#tasks.indexOf(task), 1);
        unavailable();
      }, timeoutMs);
      const task = async (): Promise<void> => {
        clearTimeout(timer);
        if (this.#stopped) return unavailable();
        await work().then(resolve, reject);
      };
      this.#tasks.push(task);
      this.wake();
      if (this.#stopped) unavailable();
    });
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new AppError('The consumer is stopping.', { status: 503, code: 'stopping' }));
    this.#ring?.();
    await this.#loop;
    await this.#ahead?.read.catch(() => undefined);
    await this.#runTasks();
    for (const waiter of this.#waiters) waiter.resolve(false);
  }

  get #stopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #run(): Promise<void> {
    await this.#patiently(async () => {
      this.#position = await this.#options.positions.load();
      const told = this.#lag;
      this.#lag = createLag(this.#position);
      const { lagRecords } = told.now(Date.now());
      if (lagRecords > 0) this.#woken = true;
    });
    while (!this.#stopped) {
      const startedAt = performance.now();
      this.#woken = false;
      await this.#runTasks();
      const atEnd = await this.#patiently(() => this.#round());
      if (atEnd === false || this.#stopped) continue;
      await this.#rest(Math.max(0, (this.#options.minRoundMs ?? 100) - (performance.now() - startedAt)), false);
      if (!this.#woken) await this.#rest(this.#options.pollMs ?? 2_000, true);
    }
  }

  async #runTasks(): Promise<void> {
    for (let task = this.#tasks.shift(); task; task = this.#tasks.shift()) await task();
  }

  /** Repeats `work` with growing pauses until it succeeds; undefined when the consumer stops meanwhile. */
  async #patiently<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
    for (let pauseMs = FIRST_PAUSE_MS; !this.#stopped; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      try {
        return await work();
      } catch (error) {
        if (this.#stopped) return undefined;
        this.#failedRounds += 1;
        this.#options.onError?.(error);
        await this.#rest(pauseMs, false);
      }
    }
    return undefined;
  }

  /** Waits; a wake-up ends it early when `wakeable`, stopping always does. */
  async #rest(ms: number, wakeable: boolean): Promise<void> {
    if (this.#stopped || ms <= 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(end, ms);
      const stopping = this.#stopping.signal;
      function end(): void {
        clearTimeout(timer);
        resolve();
      }
      this.#ring = () => {
        if (wakeable || stopping.aborted) end();
      };
    });
    this.#ring = null;
  }

  /** One stretch of the journal; true when its end was reached. */
  async #round(): Promise<boolean> {
    const beganAtMs = Date.now();
    const { records, lastSequence, atEnd } = await this.#readAfter(this.#position);
    if (records.length > 0) await this.#store(records, lastSequence, !atEnd);
    else if (lastSequence > this.#position) await this.#advance(lastSequence);
    if (atEnd) this.#atEndAtMs = beganAtMs;
    return atEnd;
  }

  async #readAfter(sequence: bigint): Promise<Read> {
    const ahead = this.#ahead;
    this.#ahead = null;
    if (ahead !== null) {
      // Awaited whatever it was for: reads of one reader must not overlap.
      const read = await ahead.read;
      // The end that it found is of some time ago: only a look of now may say that there is no more.
      if (ahead.after === sequence) return { ...read, atEnd: false };
    }
    return await this.#read(sequence);
  }

  async #read(sequence: bigint): Promise<Read> {
    return await this.#options.reader.read(sequence, { maxBytes: this.#options.maxBytes ?? 4 * 1024 * 1024, kinds: KINDS });
  }

  /** Reads and prepares what comes after a run whose rows are on their way to the disk: its thread would only wait. */
  #readAhead(after: bigint): void {
    const read = this.#read(after).then((found) => {
      if (found.records.length > 0) this.#options.folder.prepare(found.records);
      return found;
    });
    // A failure is the next round's.
    read.catch(() => undefined);
    this.#ahead = { after, read };
  }

  /** Folds and writes a run of records. A run that the folder cannot take (a fault of ours) goes record by record, so that one poisonous record cannot stop the others. */
  async #store(records: readonly JournalRecord[], lastSequence: bigint, hasMore: boolean): Promise<void> {
    let rows: FoldedRows;
    try {
      rows = await this.#options.folder.fold(records);
    } catch (error) {
      this.#options.folder.abandoned();
      if (error instanceof AppError && (error.status === 503 || error.status === 422)) throw error;
      this.#options.onError?.(error);
      if (records.length > 1) {
        for (const record of records) await this.#store([record], record.sequence, false);
        return await this.#advance(lastSequence);
      }
      rows = { ...nothingFolded(), deadLetters: [deadLetterOf(records[0] as JournalRecord, error)] };
    }
    const firstSequence = records[0]?.sequence ?? lastSequence;
    try {
      const writing = this.#options.writer.write(rows, { firstSequence, lastSequence, signal: this.#stopping.signal });
      if (hasMore) this.#readAhead(lastSequence);
      const { written, deadLetters } = await writing;
      this.#writtenRows += written;
      this.#deadLetters += deadLetters;
    } catch (error) {
      this.#options.folder.abandoned();
      throw error;
    }
    this.#options.folder.committed();
    await this.#advance(lastSequence);
  }

  async #advance(sequence: bigint): Promise<void> {
    if (sequence <= this.#position) return;
    // The rows are stored; when this fails they are folded and written again, which changes nothing.
    await this.#options.positions.save(sequence);
    this.#position = sequence;
    this.#lag.reached(sequence);
    for (const waiter of this.#waiters) if (waiter.sequence <= sequence) waiter.resolve(true);
  }
}

function deadLetterOf(record: JournalRecord, error: unknown): DeadLetterRow {
  const bytes = Buffer.concat(record.parts);
  return {
    project_id: record.project,
    received_at: new Date().toISOString(),
    sequence: String(record.sequence),
    place: `fold:${record.kind}`,
    reason: error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 500) : 'unknown failure',
    content: bytes.subarray(0, DEAD_LETTER_BYTES).toString('base64'),
  };
}
