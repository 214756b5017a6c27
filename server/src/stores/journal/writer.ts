// The journal's writer: group commit over segment files. One fdatasync is in flight at a time; what arrives meanwhile is the next group.
import { AppError } from '#lib/errors.ts';
import type { ClosedSegments } from './closed-segments.ts';
import type { JournalFolder } from './file.ts';
import { OpenSegment } from './open-segment.ts';
import { bytesOf, type PendingRecord, RecordEncoder, vectorsOf } from './pending.ts';
import type { JournalClass, JournalKind, JournalState, JournalWriter } from './port.ts';
import { fits, levelOf, type SpaceLimits } from './space.ts';

export interface WriterSettings extends SpaceLimits {
  /** A segment is closed at this size. */
  readonly segmentBytes: number;
  /** Smallest time between the starts of two group commits; a record after a quiet time never waits for it. */
  readonly lingerMs: number;
  /** Longest time until a record of `appendNow` is made durable when no other group does it before. */
  readonly nowSyncMs: number;
  /** Told of each failed write or sync; the records' own `done` is told as well. */
  readonly onFault: (error: Error) => void;
}

/** Where a writer writes. */
export interface JournalPlace {
  readonly folder: JournalFolder;
  readonly closed: ClosedSegments;
  readonly segment: OpenSegment;
}

/** Gathered records are handed to the operating system early beyond this, so that memory stays bounded. */
const MOST_GATHERED_BYTES = 4 * 1024 * 1024;
const RETRY_MS = 200;

export class FileJournalWriter implements JournalWriter {
  readonly #folder: JournalFolder;
  readonly #closed: ClosedSegments;
  readonly #settings: WriterSettings;
  readonly #encoder = new RecordEncoder();
  readonly #listeners: ((durableSequence: bigint) => void)[] = [];
  #segment: OpenSegment;
  /** Gathered, not yet handed to the operating system. */
  #pending: PendingRecord[] = [];
  #pendingBytes = 0;
  /** Handed over, waiting for the next sync. */
  #written: PendingRecord[] = [];
  /** Copies of what `appendNow` wrote and no sync has covered: their callers count on them, so they are written again when a sync fails. */
  #promised: PendingRecord[] = [];
  #inFlight: PendingRecord[] | null = null;
  #unsynced = false;
  /** The open segment's name is not durable yet (`openJournalWriter` has seen to the first one's). */
  #folderUnsynced = false;
  #rollWanted = false;
  #nextSequence: bigint;
  #lastSequence: bigint;
  #durableSequence: bigint;
  /** Everything before this place of the open segment is durable. */
  #durable: { position: number; lastSequence: bigint | null } = { position: 0, lastSequence: null };
  #lastStartMs = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | null = null;
  #timerDueMs = 0;
  #startQueued = false;
  #isClosed = false;

  /** Use `openJournalWriter`, which recovers the folder first. */
  constructor(place: JournalPlace, start: { lastSequence: bigint; nextSequence: bigint }, settings: WriterSettings) {
    this.#folder = place.folder;
    this.#closed = place.closed;
    this.#segment = place.segment;
    this.#settings = settings;
    this.#nextSequence = start.nextSequence;
    this.#lastSequence = start.lastSequence;
    this.#durableSequence = start.lastSequence;
  }

  // biome-ignore lint/complexity/useMaxParams: the port's form; an options object would be one more allocation a record
  append(journalClass: JournalClass, kind: JournalKind, project: string, parts: readonly Uint8Array[], done: (error: Error | null) => void): bigint | null {
    let sizeBytes = 0;
    for (const part of parts) sizeBytes += part.byteLength;
    if (!this.accepts(journalClass, sizeBytes)) return null;
    const { sequence, buffers, sizeBytes: recordBytes } = this.#encode(kind, project, parts);
    this.#push({ sequence, journalClass, sizeBytes: recordBytes, buffers, done, promised: false });
    if (this.#pendingBytes >= MOST_GATHERED_BYTES) this.#writeOut();
    this.#scheduleSoon();
    return sequence;
  }

  appendNow(kind: JournalKind, project: string, parts: readonly Uint8Array[]): bigint {
    let sizeBytes = 0;
    for (const part of parts) sizeBytes += part.byteLength;
    if (!this.accepts('money', sizeBytes))
      throw unavailable('the journal has no room left, not even in its money reserve: free disk space or let the consumers catch up');
    // A copy of its own: it must outlive the encoder's slab until a sync has covered it.
    const encoded = this.#encode(kind, project, parts);
    const promised: PendingRecord = { ...encoded, journalClass: 'money', buffers: [Buffer.concat(encoded.buffers)], done: noOne, promised: true };
    this.#push(promised);
    this.#writeOut();
    if (this.#segment.lastSequence === null || this.#segment.lastSequence < promised.sequence) {
      this.#pending = this.#pending.filter((record) => record !== promised);
      this.#pendingBytes = bytesOf(this.#pending);
      throw unavailable('the journal cannot write to its disk: free disk space or look at the log for the cause');
    }
    if (this.#pending.length > 0 || this.#written.length > 0) this.#scheduleSoon();
    else this.#schedule(this.#settings.nowSyncMs);
    return promised.sequence;
  }

  accepts(journalClass: JournalClass, sizeBytes: number): boolean {
    return !this.#isClosed && fits(this.#settings, journalClass, this.#usedBytes(), sizeBytes);
  }

  state(): JournalState {
    const backlogBytes = this.#usedBytes();
    return {
      backlogBytes,
      payloadLimitBytes: this.#settings.payloadLimitBytes,
      level: levelOf(this.#settings, backlogBytes),
      lastSequence: this.#lastSequence,
      durableSequence: this.#durableSequence,
    };
  }

  onDurable(listener: (durableSequence: bigint) => void): void {
    this.#listeners.push(listener);
  }

  flush(): Promise<void> {
    if (this.#pending.length === 0 && this.#written.length === 0 && this.#inFlight === null && !this.#unsynced) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const done = (error: Error | null) => (error === null ? resolve() : reject(error));
      this.#push({ sequence: this.#lastSequence, journalClass: 'money', sizeBytes: 0, buffers: [], done, promised: false });
      this.#schedule(0);
    });
  }

  async roll(): Promise<void> {
    await this.flush();
    if (this.#segment.sizeBytes === 0) return;
    this.#rollWanted = true;
    if (this.#inFlight === null) this.#rollIfDue();
    else await this.flush();
  }

  release(consumedSequence: bigint, archive: (segmentName: string, path: string) => Promise<void>): Promise<number> {
    return this.#closed.release(consumedSequence, archive);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      while (this.#pending.length > 0 || this.#written.length > 0 || this.#inFlight !== null || this.#unsynced) await this.flush();
    } finally {
      if (this.#timer !== null) clearTimeout(this.#timer);
      this.#segment.finish();
    }
  }

  #usedBytes(): number {
    return this.#closed.totalBytes + this.#segment.sizeBytes + this.#pendingBytes;
  }

  #encode(kind: JournalKind, project: string, parts: readonly Uint8Array[]): { sequence: bigint; buffers: Uint8Array[]; sizeBytes: number } {
    const sequence = this.#nextSequence;
    const { buffers, sizeBytes } = this.#encoder.encode({ kind, project, sequence, parts });
    this.#nextSequence = sequence + 1n;
    this.#lastSequence = sequence;
    return { sequence, buffers, sizeBytes };
  }

  #push(record: PendingRecord): void {
    this.#pending.push(record);
    this.#pendingBytes += record.sizeBytes;
  }

  /** Under load groups start `lingerMs` apart; after a quiet time the group starts at the end of this event-loop turn. */
  #scheduleSoon(): void {
    if (this.#inFlight !== null || this.#startQueued) return;
    const sinceMs = performance.now() - this.#lastStartMs;
    this.#schedule(sinceMs >= this.#settings.lingerMs ? 0 : this.#settings.lingerMs - sinceMs);
  }

  #schedule(delayMs: number): void {
    if (this.#inFlight !== null || this.#startQueued) return;
    if (delayMs <= 0) {
      this.#startQueued = true;
      setImmediate(() => this.#start());
      return;
    }
    const dueMs = performance.now() + delayMs;
    if (this.#timer !== null && this.#timerDueMs <= dueMs) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timerDueMs = dueMs;
    this.#timer = setTimeout(() => this.#start(), delayMs);
  }

  #start(): void {
    this.#startQueued = false;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#inFlight !== null) return;
    this.#lastStartMs = performance.now();
    if (!this.#rollIfDue()) return;
    this.#writeOut();
    if (this.#written.length === 0 && !this.#unsynced) return;
    this.#inFlight = this.#written;
    this.#written = [];
    this.#unsynced = false;
    const { sizeBytes: position, lastSequence } = this.#segment;
    const landed = (error: Error | null): void => this.#landed(error, { position, lastSequence });
    if (!this.#folderUnsynced) {
      this.#segment.sync(landed);
      return;
    }
    this.#folder.sync((error) => {
      if (error !== null) return landed(error);
      this.#folderUnsynced = false;
      this.#segment.sync(landed);
    });
  }

  #landed(error: Error | null, reached: { position: number; lastSequence: bigint | null }): void {
    const records = this.#inFlight as PendingRecord[];
    this.#inFlight = null;
    if (error !== null) {
      this.#syncFailed(error, records);
      return;
    }
    this.#durable = reached;
    if (this.#promised.length > 0) this.#promised = this.#promised.filter((record) => record.sequence > (reached.lastSequence ?? 0n));
    this.#announce(reached.lastSequence, records);
    if (this.#pending.length > 0 || this.#written.length > 0) this.#scheduleSoon();
    else if (this.#unsynced) this.#schedule(this.#settings.nowSyncMs);
  }

  /** After a failed sync the kernel may have dropped the pages: everything since the last good sync is cut away, and only what was promised is written again. */
  #syncFailed(error: Error, records: readonly PendingRecord[]): void {
    this.#segment.cutTo(this.#durable.position, this.#durable.lastSequence);
    this.#fail(error, [...records, ...this.#written]);
    this.#written = [];
    this.#unsynced = false;
    this.#pending = [...this.#promised, ...this.#pending];
    this.#pendingBytes = bytesOf(this.#pending);
    this.#promised = [];
    this.#rollWanted = true;
    // At once: the process may be killed before the next group, and what was promised survives that only in the operating system's hands.
    this.#rollIfDue();
    this.#writeOut();
    if (this.#pending.length > 0 || this.#written.length > 0 || this.#unsynced) this.#schedule(RETRY_MS);
  }

  /** Hands the gathered records to the operating system. When that fails money is tried again without the payload, and the rest is told. */
  #writeOut(): void {
    const records = this.#pending;
    if (records.length === 0) return;
    this.#pending = [];
    this.#pendingBytes = 0;
    const error = this.#tryWrite(records);
    if (error !== null) {
      const money = records.filter((record) => record.journalClass === 'money' && record.sizeBytes > 0);
      let failed = records.filter((record) => !money.includes(record));
      if (failed.every((record) => record.sizeBytes === 0) || this.#tryWrite(money) !== null) failed = [...records];
      this.#pending = failed.filter((record) => record.promised);
      this.#pendingBytes = bytesOf(this.#pending);
      this.#fail(
        error,
        failed.filter((record) => !record.promised),
      );
    }
    this.#encoder.reset();
  }

  #tryWrite(records: readonly PendingRecord[]): Error | null {
    const sizeBytes = bytesOf(records);
    try {
      if (sizeBytes > 0) {
        let last = records.length - 1;
        while ((records[last] as PendingRecord).sizeBytes === 0) last--;
        this.#segment.write(vectorsOf(records), sizeBytes, (records[last] as PendingRecord).sequence);
        this.#unsynced = true;
      }
    } catch (error) {
      return error as Error;
    }
    for (const record of records) {
      if (record.promised) this.#promised.push(record);
      else this.#written.push(record);
    }
    return null;
  }

  /** Starts a new segment when it is time; false when the old one could not be made durable (its records have been told). */
  #rollIfDue(): boolean {
    const old = this.#segment;
    if (old.sizeBytes === 0) this.#rollWanted = false;
    if (!old.broken && (old.sizeBytes === 0 || (old.sizeBytes < this.#settings.segmentBytes && !this.#rollWanted))) return true;
    let next: OpenSegment;
    try {
      next = OpenSegment.create(this.#folder, (old.lastSequence ?? old.firstSequence) + 1n, this.#settings.segmentBytes);
    } catch (error) {
      // No new file can be made: the old segment goes on beyond its size.
      this.#settings.onFault(error as Error);
      return true;
    }
    try {
      if (this.#folderUnsynced) this.#folder.syncNow();
      if (old.sizeBytes > this.#durable.position) old.finish();
      else old.abandon();
    } catch (error) {
      next.abandon();
      this.#folder.remove(next.name);
      this.#syncFailed(error as Error, []);
      return false;
    }
    this.#closed.add(old.name, old.sizeBytes, old.lastSequence ?? old.firstSequence);
    this.#segment = next;
    this.#durable = { position: 0, lastSequence: null };
    this.#promised = [];
    this.#unsynced = false;
    this.#folderUnsynced = true;
    this.#rollWanted = false;
    // Durable with the old segment: their fate must not hang on the next sync.
    const records = this.#written;
    this.#written = [];
    this.#announce(old.lastSequence, records);
    return true;
  }

  #announce(durableSequence: bigint | null, records: readonly PendingRecord[]): void {
    if (durableSequence !== null) this.#durableSequence = durableSequence;
    this.#tell(records, null);
    for (const listener of this.#listeners) listener(this.#durableSequence);
  }

  #fail(error: Error, records: readonly PendingRecord[]): void {
    this.#settings.onFault(error);
    if (this.#segment.broken) this.#schedule(RETRY_MS);
    // Later, because the caller may still be inside its own `append`.
    if (records.length > 0) setImmediate(() => this.#tell(records, error));
  }

  #tell(records: readonly PendingRecord[], error: Error | null): void {
    for (const record of records) {
      try {
        record.done(error);
      } catch (thrown) {
        // One faulty listener must not keep the others waiting.
        this.#settings.onFault(thrown as Error);
      }
    }
  }
}

function noOne(): void {}

function unavailable(message: string): AppError {
  return new AppError(message, { status: 503, code: 'journal_unavailable', retryAfterSeconds: 5 });
}
