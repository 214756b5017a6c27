// Writes money into the records in group commits: one statement is on its way at a time, what arrives meanwhile is the next group. Nobody waits longer than its patience.
import { AppError } from '#lib/errors.ts';
import type { Records } from '#stores/records/port.ts';
import type { JournalKind, MoneyAppender } from './port.ts';
import { appendGroup, MONEY_LEASE_SECONDS, type MoneyLine, renewWriter } from './records-journal.ts';

export interface RecordsWriterOptions {
  /** Connections of its own: money waits behind nobody's query. */
  records: Pick<Records, 'query'>;
  /** From `registerWriter`. */
  writer: bigint;
  /** How long a record waits before its caller is told to keep it elsewhere. */
  patienceMs?: number;
  /** The records have stopped answering. */
  onAway?: (error: unknown) => void;
  onBack?: () => void;
  /** Another process took this one for dead: nothing more is written under this number. */
  onFenced?: () => void;
  /** A group is durable: how many records, and how long its commit took. */
  onCommit?: (records: number, seconds: number) => void;
}

const PATIENCE_MS = 2_000;
const PROBE_MS = 300;
const RENEW_MS = (MONEY_LEASE_SECONDS * 1000) / 6;
const MAX_GROUP = 1_000;

interface Waiting extends MoneyLine {
  readonly sinceMs: number;
  /** Null once it has been told. */
  done: ((error: Error | null) => void) | null;
}

export class RecordsMoneyWriter implements MoneyAppender {
  readonly #options: Required<RecordsWriterOptions>;
  #pending: Waiting[] = [];
  #inFlight: Waiting[] | null = null;
  #startQueued = false;
  #lastSequence = 0n;
  #durableSequence = 0n;
  #away = false;
  #fenced = false;
  #closed = false;
  #patience: NodeJS.Timeout | null = null;
  #probe: NodeJS.Timeout | null = null;
  readonly #renewal: NodeJS.Timeout;
  #idle: (() => void)[] = [];

  constructor(options: RecordsWriterOptions) {
    this.#options = { patienceMs: PATIENCE_MS, onAway: () => {}, onBack: () => {}, onFenced: () => {}, onCommit: () => {}, ...options };
    this.#renewal = setInterval(() => void this.#renew(), RENEW_MS).unref();
  }

  append(kind: JournalKind, record: string, done: (error: Error | null) => void): bigint {
    const sequence = ++this.#lastSequence;
    if (this.isAway()) {
      // Asynchronous all the same: a caller's `done` never runs before its `append` has returned.
      queueMicrotask(() => done(away()));
      return sequence;
    }
    this.#pending.push({ sequence, kind, record, done, sinceMs: performance.now() });
    this.#patience ??= setTimeout(() => this.#impatient(), this.#options.patienceMs);
    this.#startSoon();
    return sequence;
  }

  isAway(): boolean {
    return this.#away || this.#fenced || this.#closed;
  }

  state(): { lastSequence: bigint; durableSequence: bigint } {
    return { lastSequence: this.#lastSequence, durableSequence: this.#durableSequence };
  }

  flush(): Promise<void> {
    if (this.#pending.length === 0 && this.#inFlight === null) return Promise.resolve();
    return new Promise((resolve) => {
      this.#idle.push(resolve);
    });
  }

  async close(): Promise<void> {
    await this.flush();
    this.#closed = true;
    clearInterval(this.#renewal);
    if (this.#patience !== null) clearTimeout(this.#patience);
    if (this.#probe !== null) clearTimeout(this.#probe);
  }

  #startSoon(): void {
    if (this.#startQueued || this.#inFlight !== null) return;
    this.#startQueued = true;
    // What this turn of the event loop brings goes together.
    setImmediate(() => {
      this.#startQueued = false;
      if (this.#inFlight === null && this.#pending.length > 0) void this.#commit(this.#pending.splice(0, MAX_GROUP));
    });
  }

  async #commit(group: Waiting[]): Promise<void> {
    this.#inFlight = group;
    const startedMs = performance.now();
    let error: unknown = null;
    try {
      if (!(await appendGroup(this.#options.records, this.#options.writer, group))) this.#fence();
    } catch (failure) {
      error = failure;
    }
    this.#inFlight = null;
    const failed = error !== null || this.#fenced;
    if (error !== null) this.#goAway(error);
    // Listeners hear of their records before the position may pass them.
    for (const waiting of group) tell(waiting, failed ? away() : null);
    this.#durableSequence = (group.at(-1) as Waiting).sequence;
    if (!failed) {
      this.#options.onCommit(group.length, (performance.now() - startedMs) / 1000);
      this.#comeBack();
    }
    if (this.#pending.length > 0) this.#startSoon();
    else for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** Tells whoever has waited for too long; the statement on its way may still arrive, which harms nobody. */
  #impatient(): void {
    this.#patience = null;
    const oldest = this.#inFlight?.find(({ done }) => done !== null) ?? this.#pending[0];
    if (oldest === undefined) return;
    const leftMs = oldest.sinceMs + this.#options.patienceMs - performance.now();
    if (leftMs > 0) {
      this.#patience = setTimeout(() => this.#impatient(), leftMs);
      return;
    }
    this.#goAway(away());
  }

  #goAway(error: unknown): void {
    const isNews = !this.isAway();
    this.#away = true;
    for (const waiting of this.#inFlight ?? []) tell(waiting, away());
    for (const waiting of this.#pending.splice(0)) tell(waiting, away());
    if (isNews) this.#options.onAway(error);
    if (!this.#closed) this.#probe ??= setTimeout(() => void this.#ask(), PROBE_MS).unref();
  }

  async #ask(): Promise<void> {
    try {
      // One that never answers ends by its own time limit.
      if (!(await renewWriter(this.#options.records, this.#options.writer))) this.#fence();
      this.#probe = null;
      if (this.#inFlight === null) this.#comeBack();
      else this.#probe = setTimeout(() => void this.#ask(), PROBE_MS).unref();
    } catch {
      this.#probe = this.#closed ? null : setTimeout(() => void this.#ask(), PROBE_MS).unref();
    }
  }

  #comeBack(): void {
    if (!this.#away) return;
    this.#away = false;
    if (!this.#fenced) this.#options.onBack();
  }

  async #renew(): Promise<void> {
    if (this.#away || this.#fenced) return;
    try {
      if (!(await renewWriter(this.#options.records, this.#options.writer))) this.#fence();
    } catch (error) {
      // A quiet gateway notices here.
      if (!this.#closed) this.#goAway(error);
    }
  }

  #fence(): void {
    if (this.#fenced || this.#closed) return;
    this.#fenced = true;
    for (const waiting of this.#pending.splice(0)) tell(waiting, away());
    this.#options.onFenced();
  }
}

function tell(waiting: Waiting, error: Error | null): void {
  const { done } = waiting;
  waiting.done = null;
  done?.(error);
}

function away(): AppError {
  return new AppError('PostgreSQL does not take what calls cost at the moment; try again in a few seconds.', {
    status: 503,
    code: 'no_db_connection',
    retryAfterSeconds: 2,
  });
}
