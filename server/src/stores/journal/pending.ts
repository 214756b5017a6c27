// Records on their way to the disk: encoded once into a reused slab, large bodies referenced as they are, never copied.
import type { JournalClass } from './port.ts';
import { headBytes, type RecordFields, recordBytes, writeHead } from './record.ts';

/** A record (or a mere waiter, with no buffers) whose `done` is owed. */
export interface PendingRecord {
  readonly sequence: bigint;
  readonly journalClass: JournalClass;
  readonly sizeBytes: number;
  readonly buffers: readonly Uint8Array[];
  readonly done: (error: Error | null) => void;
  /** Written by `appendNow`: its caller has already gone on, so it is kept until a sync has covered it. */
  readonly promised: boolean;
}

const SLAB_BYTES = 512 * 1024;
/** Parts up to this size are copied beside their head: a copy this small costs less than one more vector element in the system call. */
const COPIED_PART_BYTES = 4 * 1024;

/** Encodes records; `reset` when all of them have been handed to the operating system. */
export class RecordEncoder {
  #slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
  #used = 0;

  /** The record as vectors for one write: head and small parts together, then each large part itself. */
  encode(fields: RecordFields): { buffers: Uint8Array[]; sizeBytes: number } {
    const { parts, project } = fields;
    const projectBytes = project.length === 0 ? 0 : Buffer.byteLength(project);
    const sizeBytes = recordBytes(parts, projectBytes);
    const head = headBytes(parts.length, projectBytes);
    let copied = 0;
    while (copied < parts.length && (parts[copied] as Uint8Array).byteLength <= COPIED_PART_BYTES) copied++;
    let contiguousBytes = head;
    for (let index = 0; index < copied; index++) contiguousBytes += (parts[index] as Uint8Array).byteLength;
    const { slab, offset } = this.#room(contiguousBytes);
    writeHead(slab, offset, fields, { record: sizeBytes, project: projectBytes });
    let at = offset + head;
    for (let index = 0; index < copied; index++) {
      const part = parts[index] as Uint8Array;
      slab.set(part, at);
      at += part.byteLength;
    }
    const buffers: Uint8Array[] = [slab.subarray(offset, at)];
    for (let index = copied; index < parts.length; index++) {
      if ((parts[index] as Uint8Array).byteLength > 0) buffers.push(parts[index] as Uint8Array);
    }
    return { buffers, sizeBytes };
  }

  /** No encoded record is waiting any more: the slab starts over. */
  reset(): void {
    this.#used = 0;
  }

  #room(bytes: number): { slab: Buffer; offset: number } {
    // A full slab lives on in the vectors that point into it; only the newest one is reused.
    if (this.#used + bytes > this.#slab.byteLength) {
      this.#slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, bytes));
      this.#used = 0;
    }
    const offset = this.#used;
    this.#used += bytes;
    return { slab: this.#slab, offset };
  }
}

/** Bytes of all records in a list. */
export function bytesOf(records: readonly PendingRecord[]): number {
  let total = 0;
  for (const record of records) total += record.sizeBytes;
  return total;
}

/** The vectors of all records in order. */
export function vectorsOf(records: readonly PendingRecord[]): Uint8Array[] {
  const vectors: Uint8Array[] = [];
  for (const record of records) for (const buffer of record.buffers) vectors.push(buffer);
  return vectors;
}
