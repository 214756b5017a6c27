// Port: journal. Accepted events and money, durable before they are acknowledged; consumers read them in sequence order and a segment leaves when all have.

/** What a record holds; numbers are on disk for ever, so they are never reused. */
export const JournalKind = {
  /** A call is about to be dispatched: JSON CallStarted (money). */
  callStarted: 1,
  /** A call has ended: JSON CallSettled, then the request and response bytes when content is kept (money + payload). */
  callSettled: 2,
  /** A batch for POST /api/public/ingestion as received: JSON header, then the body. */
  ingestionBatch: 3,
  /** An OTLP/HTTP trace export as received (decompressed): JSON header with its content type, then the body. */
  otlpTraces: 4,
  /** A call has ended, for the ledger alone: its trace is in a record of its own, or elsewhere. JSON CallSettled without content (money). */
  callBilled: 5,
  /** An OTLP metrics export as received (decompressed): JSON header with its content type, then the body. */
  otlpMetrics: 6,
  /** An OTLP logs export, likewise. */
  otlpLogs: 7,
} as const;
export type JournalKind = (typeof JournalKind)[keyof typeof JournalKind];

/** One record as read back. `parts[0]` is always the JSON header. */
export interface JournalRecord {
  sequence: bigint;
  kind: JournalKind;
  /** Organisation-wide unique project id the record belongs to; '' for none. */
  project: string;
  parts: Buffer[];
}

/** money = reserved space, never refused because of payload; payload = bounded, refused when full. */
export type JournalClass = 'money' | 'payload';

export interface JournalState {
  /** Bytes on disk that some consumer still needs. */
  backlogBytes: number;
  /** Payload is refused at this many bytes. */
  payloadLimitBytes: number;
  /** ok, warning (>= 80 % of the limit), full (payload refused). */
  level: 'ok' | 'warning' | 'full';
  lastSequence: bigint;
  durableSequence: bigint;
}

/** What accepting events needs of a journal: on this machine's disk, or shared by machines. */
export interface JournalAppender {
  /**
   * Appends and calls `done` once the record is durable (its group is synced, its object is stored). Returns its sequence (of this writer: only a journal
   * with one writer gives the same to its readers), or null when the class is full (nothing was written; `done` is not called).
   */
  append(journalClass: JournalClass, kind: JournalKind, project: string, parts: readonly Uint8Array[], done: (error: Error | null) => void): bigint | null;
  /** Whether a record of this size would be accepted now. */
  accepts(journalClass: JournalClass, sizeBytes: number): boolean;
  state(): JournalState;
  /** Called after each durable group (coalesced): how consumers are woken. */
  onDurable(listener: (durableSequence: bigint) => void): void;
  /** Everything appended so far is durable (or was told to have failed) when it resolves. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** The journal of one machine, with money in it. */
export interface JournalWriter extends JournalAppender {
  /**
   * Hands a money record to the operating system before it returns (survives kill -9 of this process, not a power cut)
   * without waiting for the disk. Used for `callStarted`.
   */
  appendNow(kind: JournalKind, project: string, parts: readonly Uint8Array[]): bigint;
  /** Closes the current segment and starts a new one, so that a consumer-finished segment can leave. */
  roll(): Promise<void>;
  /** Removes (after handing each to `archive`) every closed segment whose last sequence is <= `consumedSequence`. */
  release(consumedSequence: bigint, archive: (segmentName: string, path: string) => Promise<void>): Promise<number>;
}

/** Money of one process in a store that machines share: records without bodies, many in one commit. */
export interface MoneyAppender {
  /**
   * Appends a record (JSON on one line). `done` hears null once it is durable in the store, or an error when the store does not answer in time: then it may or
   * may not be there, and the caller keeps it elsewhere. Returns its sequence.
   */
  append(kind: JournalKind, record: string, done: (error: Error | null) => void): bigint;
  /** The store does not answer now: an append is told so at once. */
  isAway(): boolean;
  state(): Pick<JournalState, 'lastSequence' | 'durableSequence'>;
  /** Everything appended so far is durable, or was told to have failed, when it resolves. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

export interface JournalReader {
  /**
   * Records after `afterSequence`, in order, at most `maxBytes` of them (at least one when there is one). Stops before a record that is
   * incomplete. Only the kinds asked for are materialised; others are skipped by their length.
   */
  read(
    afterSequence: bigint,
    options: { maxBytes: number; kinds?: readonly JournalKind[] },
  ): Promise<{ records: JournalRecord[]; lastSequence: bigint; atEnd: boolean }>;
  close(): Promise<void>;
}
