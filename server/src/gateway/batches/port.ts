// Port: files of batches and batches that outlive their call. Each belongs to one owner, and nobody else can tell that it exists.
import type { CallSettled, CallStarted } from '#call-record.ts';
import type { JobQueue } from '#gateway/jobs/runner.ts';
import type { Fields } from '#lib/json.ts';

/** What the lines of a file may use, as counted while it came in. */
export interface CountedLines {
  readonly lines: number;
  /** Path that every line calls, as its client wrote it. */
  readonly url: string;
  /** Bytes of the lines' bodies. */
  readonly bodyBytes: number;
  /** Sum of max_tokens times n over the lines that state it. */
  readonly maxOutputTokens: number;
  /** Answers of the lines that state none. */
  readonly unstated: number;
  /** Lines whose input no byte count bounds: images, audio, files, web search. */
  readonly unbounded: number;
}

export interface BatchFile {
  readonly id: string;
  /** `team:<id>`, `key:<id>` or `master`. */
  readonly owner: string;
  readonly deploymentId: string;
  readonly upstreamId: string;
  readonly model: string;
  readonly purpose: 'batch' | 'batch_output';
  readonly filename: string;
  readonly sizeBytes: number;
  /** Null for what a batch gave. */
  readonly counted: CountedLines | null;
  readonly createdAtMs: number;
  readonly expiresAtMs: number | null;
}

/** What of the call is known when a batch begins, kept for when it ends. */
export interface BatchCall {
  readonly started: CallStarted;
  readonly context: Pick<
    CallSettled,
    | 'traceId'
    | 'spanId'
    | 'parentSpanId'
    | 'clientAddress'
    | 'endUser'
    | 'sessionId'
    | 'traceName'
    | 'tags'
    | 'environment'
    | 'release'
    | 'version'
    | 'metadata'
  >;
  readonly apiBase: string | null;
}

export interface Batch {
  readonly id: string;
  readonly owner: string;
  readonly deploymentId: string;
  /** Null while it is not known whether the upstream has it. */
  readonly upstreamId: string | null;
  readonly model: string;
  readonly inputFileId: string;
  readonly outputFileId: string | null;
  readonly errorFileId: string | null;
  readonly call: BatchCall;
  /** Picos; null = the price is unknown. */
  readonly reservedPicos: bigint | null;
  readonly accounts: readonly string[];
  /** The upstream's object as it last was. */
  readonly told: Fields;
  readonly status: string;
  readonly createdAtMs: number;
  readonly settled: boolean;
  /** Looks of the background in vain, one after the other. */
  readonly failures: number;
}

export type NewBatch = Omit<Batch, 'outputFileId' | 'errorFileId' | 'settled' | 'failures' | 'upstreamId' | 'createdAtMs'> & {
  /** When the background looks whether the upstream has it, should nobody have said so. */
  readonly nextAtMs: number;
};

/** A page of a list, newest first. */
export interface Page {
  /** Null = everybody's. */
  readonly owner: string | null;
  readonly after: string | null;
  readonly limit: number;
  readonly oldestFirst?: boolean;
}

/** How an open batch has been found. */
export interface Seen {
  readonly upstreamId: string;
  readonly told: Fields;
  readonly status: string;
  readonly outputFileId: string | null;
  readonly errorFileId: string | null;
  readonly nextAtMs: number;
}

/** Everything but lists: `owner` null = whoever's. Every method fails with AppError 503 when the records are away. */
export interface BatchStore extends JobQueue<Batch> {
  keepFile(file: Omit<BatchFile, 'createdAtMs'>): Promise<void>;
  findFile(id: string, owner: string | null): Promise<BatchFile | null>;
  /** @param page `purpose` null = any. */
  listFiles(page: Page & { readonly purpose: string | null }): Promise<BatchFile[]>;
  removeFile(id: string): Promise<void>;
  /** Keeps the batch and, as one, what it holds: a ledger row that counts at every level until the end is known. */
  begin(batch: NewBatch): Promise<void>;
  /** The upstream refused it: nothing of it is left. */
  withdraw(id: string): Promise<void>;
  find(id: string, owner: string | null): Promise<Batch | null>;
  list(page: Page): Promise<Batch[]>;
  /** Keeps how the batch was found; one that is settled stays as it is. `release`: whoever claimed it is done with it. */
  note(id: string, seen: Seen, release?: boolean): Promise<void>;
  /** The background looks at it as soon as it can. */
  hurry(id: string): Promise<void>;
  /** Whether the ledger still counts the batch at its reservation. */
  isOpen(id: string): Promise<boolean>;
}

/** The call of a batch. */
export const callIdOf = (batchId: string): string => batchId.slice('batch_'.length);
