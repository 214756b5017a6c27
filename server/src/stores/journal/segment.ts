// Segments: file names that carry the first sequence, and a cursor that walks the records of one segment.
import type { ReadableFile } from './file.ts';
import { bodyIsWhole, type Frame, partsOf, readFrame } from './record.ts';

/**
 * Every start of a writer continues at the next multiple of this: a sequence that was handed out, read by a consumer and then lost in a power cut is never
 * handed out again. 2^40 records a start, 2^23 starts until PostgreSQL's bigint ends.
 */
export const SEQUENCES_PER_START = 1n << 40n;

/** File name of the segment whose first possible sequence this is; names sort in sequence order. */
export function segmentName(firstSequence: bigint): string {
  return `${firstSequence.toString().padStart(20, '0')}.journal`;
}

/** First possible sequence of a segment, or null when the file is not a segment. */
export function firstSequenceOf(name: string): bigint | null {
  return /^\d{20}\.journal$/.test(name) ? BigInt(name.slice(0, 20)) : null;
}

/** The segments among a folder's files, oldest first. */
export function segmentsAmong(names: readonly string[]): string[] {
  return names.filter((name) => firstSequenceOf(name) !== null).sort();
}

/** What lies at the cursor. `end`: never written or past the file's end; `incomplete`: a record that is cut off; `damaged`: not what was written. */
export type CursorAnswer = { frame: Frame; parts: Buffer[] } | 'end' | 'incomplete' | 'damaged';

export interface CursorWish {
  /** Parts to return: 0 none, 1 the JSON header, Infinity all. */
  parts: number;
  /** True when the record is known to be complete, so that bodies that are not wanted need not be read. */
  trusted: boolean;
}

const SMALLEST_CHUNK_BYTES = 64 * 1024;
const LARGEST_CHUNK_BYTES = 1024 * 1024;

/** Walks one segment from a position. Bytes once returned stay valid: chunks are never reused. */
export class SegmentCursor {
  readonly #file: ReadableFile;
  #chunk: Buffer = Buffer.alloc(0);
  #chunkPosition = 0;
  #chunkBytes = SMALLEST_CHUNK_BYTES;
  /** Where the next record starts in the file. */
  position: number;

  constructor(file: ReadableFile, position: number) {
    this.#file = file;
    this.position = position;
  }

  /** The record at the cursor; moves on only when one is returned. Yields to the event loop only when bytes must be read. */
  async next(wishFor: (frame: Frame) => CursorWish): Promise<CursorAnswer> {
    for (;;) {
      const answer = this.#look(wishFor);
      if (typeof answer === 'object' && 'need' in answer) {
        if (await this.#fill(answer.need)) continue;
        return this.#stop(this.#chunk.byteLength === 0 ? 'end' : 'incomplete');
      }
      return typeof answer === 'string' ? this.#stop(answer) : answer;
    }
  }

  /** The record at the cursor from the bytes at hand, or how many bytes it takes. */
  #look(wishFor: (frame: Frame) => CursorWish): CursorAnswer | { need: number } {
    const offset = this.position - this.#chunkPosition;
    const answer = readFrame(this.#chunk, offset, this.#chunk.byteLength);
    if (answer === 'damaged') return 'damaged';
    if (answer === 'blank') return 'end';
    if ('need' in answer) return answer;
    const { frame } = answer;
    const wish = wishFor(frame);
    if (wish.parts > 1 || !wish.trusted) {
      if (offset + frame.sizeBytes > this.#chunk.byteLength) return { need: frame.sizeBytes };
      if (!bodyIsWhole(this.#chunk, offset, frame)) return 'damaged';
    }
    this.position += frame.sizeBytes;
    return { frame, parts: partsOf(this.#chunk, offset, frame, wish.parts) };
  }

  /** Forgets what was read ahead, so that the next look sees the file as it is then. */
  #stop<Answer>(answer: Answer): Answer {
    this.#chunk = Buffer.alloc(0);
    this.#chunkPosition = this.position;
    this.#chunkBytes = SMALLEST_CHUNK_BYTES;
    return answer;
  }

  /** Brings at least `bytes` from the cursor on into the chunk; false when the file ends before. */
  async #fill(bytes: number): Promise<boolean> {
    const step = 4 * LARGEST_CHUNK_BYTES;
    let kept = this.#chunk.subarray(Math.min(this.position - this.#chunkPosition, this.#chunk.byteLength));
    // A damaged length must not allocate what the file does not hold, so a long record grows step by step.
    for (let want = Math.max(this.#chunkBytes, Math.min(bytes, step)); ; want = Math.min(Math.max(bytes, want), want * 2)) {
      const chunk = Buffer.allocUnsafeSlow(want);
      kept.copy(chunk);
      const missing = want - kept.byteLength;
      const read = await readFully(this.#file, chunk.subarray(kept.byteLength), this.position + kept.byteLength);
      kept = chunk.subarray(0, kept.byteLength + read);
      if (kept.byteLength >= bytes || read < missing) break;
    }
    this.#chunk = kept;
    this.#chunkPosition = this.position;
    this.#chunkBytes = Math.min(this.#chunkBytes * 2, LARGEST_CHUNK_BYTES);
    return kept.byteLength >= bytes;
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

async function readFully(file: ReadableFile, target: Buffer, position: number): Promise<number> {
  let total = 0;
  while (total < target.byteLength) {
    const read = await file.read(target.subarray(total), position + total);
    if (read === 0) break;
    total += read;
  }
  return total;
}

/** Walks a whole segment and tells where its last good record ends. `lastSequence` is null when there is none. */
export async function measureSegment(file: ReadableFile): Promise<{ goodBytes: number; lastSequence: bigint | null; records: number }> {
  const cursor = new SegmentCursor(file, 0);
  let goodBytes = 0;
  let lastSequence: bigint | null = null;
  let records = 0;
  for (;;) {
    const answer = await cursor.next(() => ({ parts: 0, trusted: false }));
    if (typeof answer === 'string' || (lastSequence !== null && answer.frame.sequence <= lastSequence)) break;
    lastSequence = answer.frame.sequence;
    goodBytes = cursor.position;
    records++;
  }
  return { goodBytes, lastSequence, records };
}
