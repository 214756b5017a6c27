// Carries settled calls from the journal into PostgreSQL, each exactly once: from memory right after durability, by replay after a crash or an outage. Never on a call's way.
import type { CallSettled } from '#call-record.ts';
import type { JournalReader, JournalState } from '#stores/journal/port.ts';
import type { Records } from '#stores/records/port.ts';
import type { Log } from '#telemetry/log.ts';
import type { MoneyListener } from './call-journal.ts';
import { correctUnknown } from './ledger-corrections.ts';
import { applyOneByOne, isDataFault } from './ledger-faults.ts';
import { readPage } from './ledger-replay.ts';
import { entriesOfSettled, entriesOfUnknown, type LedgerEntry } from './ledger-row.ts';
import { applyGroup, storedPosition } from './ledger-sql.ts';
import { type OpenCall, OpenCalls } from './open-calls.ts';

export interface LedgerOptions {
  records: Records;
  reader: JournalReader;
  writer: { state(): Pick<JournalState, 'lastSequence' | 'durableSequence'>; flush(): Promise<void> };
  log: Log;
  /** Name of this journal's ledger in `consumer_positions`: a journal of another process has another. */
  consumer?: string;
  /** Longest wait of a settled call in memory before it is applied. */
  groupMs?: number;
  /** Calls waiting in memory; beyond, they are read again from the journal. */
  maxQueued?: number;
  /** A call open for longer was forgotten by its handler: it is billed at its reservation. */
  openLimitMs?: number;
}

export interface LedgerStatus {
  /** Everything up to this journal sequence is in PostgreSQL or still held by an open call. */
  position: bigint;
  queued: number;
  openCalls: number;
  /** True while calls have to be read again from the journal (PostgreSQL was away). */
  behind: boolean;
  /** Calls billed at their reservation since the start of the process. */
  unknownCalls: number;
  /** Rows that PostgreSQL refused for what they hold; each is in the log. */
  refusedRows: number;
}

export interface Ledger {
  /** Where the call journal reports to. */
  listener: MoneyListener;
  /**
   * Applies what the journal holds from before this process and bills calls that never ended. Before the doors open.
   * @throws when PostgreSQL or the journal cannot be read; may be called again.
   */
  start(): Promise<{ applied: number; unknownCalls: number }>;
  /** Everything settled before this call is in PostgreSQL when it resolves: what a read that follows must see. @throws when PostgreSQL is away. */
  flush(): Promise<void>;
  /** Journal sequence up to which the ledger needs nothing any more. */
  consumed(): bigint;
  status(): LedgerStatus;
  /** Applies what is left (as far as PostgreSQL answers) and stops. */
  close(): Promise<void>;
}

interface Queued {
  readonly sequence: bigint;
  readonly rows: () => LedgerEntry[];
  /** False: the journal cannot give these rows again (the call has no end there), so memory never lets go of them. */
  readonly rereadable: boolean;
}

/** Long enough that one statement serves many calls, short enough for a request log. Reads that must see everything call `flush`. */
const GROUP_MS = 150;
const MAX_QUEUED = 20_000;
const MAX_GROUP = 1_000;
const OPEN_LIMIT_MS = 6 * 3_600_000;
const TICK_MS = 1_000;
const MAX_RETRY_MS = 5_000;
const MAX_FLUSH_STEPS = 1_000;

/** The ledger of one process. There is one writer of `ledger` a journal. */
export function createLedger(options: LedgerOptions): Ledger {
  return new JournalLedger(options);
}

class JournalLedger implements Ledger {
  readonly #options: Required<LedgerOptions>;
  readonly #open = new OpenCalls();
  #queue: Queued[] = [];
  #position = 0n;
  #started = false;
  /** Sequences up to this one must be read again from the journal; null = memory holds everything. */
  #rereadUntil: bigint | null = null;
  #running: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #tick: NodeJS.Timeout | null = null;
  #retryMs = 0;
  #unknownCalls = 0;
  #refusedRows = 0;

  constructor(options: LedgerOptions) {
    this.#options = { groupMs: GROUP_MS, maxQueued: MAX_QUEUED, openLimitMs: OPEN_LIMIT_MS, consumer: 'ledger', ...options };
  }

  readonly listener: MoneyListener = {
    began: (sequence, record) => this.#open.begin(sequence, record),
    ended: (sequence, record) => this.#ended(sequence, record),
    lost: (callId) => this.#forgotten(this.#open.end(callId)),
  };

  async start(): Promise<{ applied: number; unknownCalls: number }> {
    const { records, writer } = this.#options;
    await writer.flush();
    const until = writer.state().lastSequence;
    this.#position = await storedPosition(records, this.#options.consumer);
    const before = new OpenCalls();
    let applied = await this.#replay(this.#position, until, before);
    const orphans = before.drain();
    const rows = orphans.flatMap((call) => entriesOfUnknown(call.attempts));
    if (rows.length > 0 || until > this.#position) applied += await this.#apply(rows, this.#vouched(until, this.#queue));
    this.#unknownCalls += orphans.length;
    if (orphans.length > 0) {
      const calls = orphans.slice(0, 100).map((call) => call.attempts[0]?.callId);
      this.#options.log.warn('calls without an end were billed at their reservation', { count: orphans.length, calls });
    }
    this.#started = true;
    this.#tick ??= setInterval(() => this.#onTick(), TICK_MS).unref();
    this.#schedule();
    return { applied, unknownCalls: orphans.length };
  }

  async flush(): Promise<void> {
    while (this.#running !== null) await this.#running.catch(() => {});
    // Only what waits now: calls that end meanwhile must not keep the caller here.
    const target = this.#rereadUntil ?? this.#queue.at(-1)?.sequence ?? 0n;
    for (let step = 0; this.#started && this.#waitsFor(target) && step < MAX_FLUSH_STEPS; step += 1) await this.#run();
  }

  #waitsFor(target: bigint): boolean {
    return this.#rereadUntil !== null || this.#queue.some((entry) => entry.sequence <= target);
  }

  consumed(): bigint {
    return this.#position;
  }

  status(): LedgerStatus {
    return {
      position: this.#position,
      queued: this.#queue.length,
      openCalls: this.#open.size,
      behind: this.#rereadUntil !== null,
      unknownCalls: this.#unknownCalls,
      refusedRows: this.#refusedRows,
    };
  }

  async close(): Promise<void> {
    if (this.#tick !== null) clearInterval(this.#tick);
    await this.flush().catch((error: unknown) => this.#options.log.warn('the ledger stops with calls that the next start applies', { error }));
    this.#started = false;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #ended(sequence: bigint, record: CallSettled): void {
    this.#open.end(record.callId);
    if (this.#rereadUntil !== null) {
      if (sequence > this.#rereadUntil) this.#rereadUntil = sequence;
      return;
    }
    this.#queue.push({ sequence, rows: () => entriesOfSettled(record), rereadable: true });
    if (this.#queue.length > this.#options.maxQueued) this.#leaveToJournal(sequence);
    this.#schedule();
  }

  /** Too many wait (PostgreSQL is away): the journal has them all, memory lets go. */
  #leaveToJournal(sequence: bigint): void {
    let last = sequence;
    for (const entry of this.#queue) if (entry.sequence > last) last = entry.sequence;
    this.#rereadUntil = last;
    this.#queue = this.#queue.filter((entry) => !entry.rereadable);
    this.#options.log.warn('the ledger is behind and will read calls again from the journal', { position: this.#position });
  }

  #forgotten(call: OpenCall | null): void {
    if (call === null) return;
    this.#unknownCalls += 1;
    this.#options.log.warn('a call without an end is billed at its reservation', { callId: call.attempts[0]?.callId });
    this.#queue.push({ sequence: call.sequence, rows: () => entriesOfUnknown(call.attempts), rereadable: false });
    this.#schedule();
  }

  #onTick(): void {
    for (const call of this.#open.drainBefore((Date.now() - this.#options.openLimitMs) * 1000)) this.#forgotten(call);
    // Records of other kinds move the position too, or their segments could never leave.
    if (this.#queue.length === 0 && this.#vouched(this.#durable(), []) > this.#position) this.#schedule();
  }

  #schedule(): void {
    if (!this.#started || this.#timer !== null || this.#running !== null) return;
    const delayMs = Math.max(this.#options.groupMs, this.#retryMs);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#run().catch(() => {});
    }, delayMs).unref();
  }

  /** One group. Only one runs at a time; a failure keeps everything and is tried again later. */
  #run(): Promise<void> {
    this.#running ??= this.#step()
      .then(
        () => {
          this.#retryMs = 0;
        },
        (error: unknown) => {
          if (this.#retryMs === 0) this.#options.log.warn('the ledger cannot reach PostgreSQL and keeps its place in the journal', { error });
          this.#retryMs = Math.min(MAX_RETRY_MS, Math.max(200, this.#retryMs * 2));
          throw error;
        },
      )
      .finally(() => {
        this.#running = null;
        if (this.#queue.length > 0 || this.#rereadUntil !== null) this.#schedule();
      });
    return this.#running;
  }

  async #step(): Promise<void> {
    // What is in memory first: rows that the journal could not give again stand only there.
    const queue = this.#queue;
    const group = queue.slice(0, MAX_GROUP);
    const durable = this.#rereadUntil === null ? this.#durable() : this.#position;
    const position = this.#vouched(durable, queue.slice(group.length));
    if (group.length > 0 || position > this.#position) {
      await this.#apply(
        group.flatMap((entry) => entry.rows()),
        position,
      );
      if (this.#queue === queue) queue.splice(0, group.length);
      else this.#queue = this.#queue.filter((entry) => !group.includes(entry));
    }
    if (this.#rereadUntil !== null && this.#queue.length === 0) await this.#reread();
  }

  /** Reads again what memory let go; calls that are open now are known to memory and are left alone. */
  async #reread(): Promise<void> {
    const until = this.#rereadUntil as bigint;
    await this.#replay(this.#position, until, null);
    // More may have ended meanwhile: then the next step goes on from here.
    if (this.#rereadUntil === until) this.#rereadUntil = null;
  }

  /** Applies the journal's settled calls in (from, until], page by page; `begun` collects the calls that began and did not end. */
  async #replay(from: bigint, until: bigint, begun: OpenCalls | null): Promise<number> {
    const { reader, log } = this.#options;
    let applied = 0;
    for (let after = from; after < until; ) {
      const page = await readPage(reader, after, until);
      if (page.unreadable > 0) log.error('the journal holds call records that are not what a gateway writes', { count: page.unreadable, after });
      const rows: LedgerEntry[] = [];
      for (const event of page.events) {
        if (event.kind === 'started') begun?.begin(event.sequence, event.record);
        else {
          begun?.end(event.record.callId);
          rows.push(...entriesOfSettled(event.record));
        }
      }
      const position = heldBack(this.#vouched(page.lastSequence, this.#queue), begun?.oldestSequence() ?? null);
      if (rows.length > 0) applied += await this.#apply(rows, position);
      after = page.lastSequence;
    }
    return applied;
  }

  #durable(): bigint {
    return this.#options.writer.state().durableSequence;
  }

  /** How far the position may go: at most `sequence`, and before every call that is open or waits in `queue`. */
  #vouched(sequence: bigint, queue: readonly Queued[]): bigint {
    let position = heldBack(sequence, this.#open.oldestSequence());
    for (const entry of queue) position = heldBack(position, entry.sequence);
    return position;
  }

  async #apply(rows: LedgerEntry[], position: bigint): Promise<number> {
    const { records, log, consumer } = this.#options;
    const target = position > this.#position ? position : this.#position;
    let applied: number;
    try {
      applied = await applyGroup(records, rows, { name: consumer, position: target });
      // Some are there already: by another start, or as calls of unknown end whose end has come to light.
      if (applied < rows.length) applied += await correctUnknown(records, rows, { name: consumer, position: target });
    } catch (error) {
      if (!isDataFault(error)) throw error;
      const result = await applyOneByOne(records, rows, { name: consumer, position: target }, log);
      this.#refusedRows += result.refused;
      applied = result.applied;
    }
    this.#position = target;
    return applied;
  }
}

function heldBack(sequence: bigint, needed: bigint | null): bigint {
  return needed !== null && needed <= sequence ? needed - 1n : sequence;
}
