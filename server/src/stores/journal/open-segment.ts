// The segment that is being written: positioned writes that either land whole or are cut back, and what of it is durable.
import type { JournalFolder, WritableFile } from './file.ts';
import { segmentName } from './segment.ts';

/** One open segment. Its file is extended with zeros ahead (sparse), because a write inside a file's size needs no journal commit of the file system. */
export class OpenSegment {
  readonly name: string;
  readonly firstSequence: bigint;
  readonly #file: WritableFile;
  readonly #extendBytes: number;
  #position = 0;
  #lastSequence: bigint | null = null;
  #broken = false;

  private constructor(firstSequence: bigint, file: WritableFile, extendBytes: number) {
    this.name = segmentName(firstSequence);
    this.firstSequence = firstSequence;
    this.#file = file;
    this.#extendBytes = extendBytes;
  }

  /** Creates the file; its name is durable only after the folder's next sync. @throws what the file system says. */
  static create(folder: JournalFolder, firstSequence: bigint, extendBytes: number): OpenSegment {
    const file = folder.create(segmentName(firstSequence));
    try {
      file.truncate(extendBytes);
    } catch {
      // Without room to extend the segment still works, only slower.
    }
    return new OpenSegment(firstSequence, file, extendBytes);
  }

  get sizeBytes(): number {
    return this.#position;
  }

  get lastSequence(): bigint | null {
    return this.#lastSequence;
  }

  /** True after a cut failed: nothing may be written behind the remains, only a new segment helps. */
  get broken(): boolean {
    return this.#broken;
  }

  /** Writes all vectors after what is there, or nothing. @throws the first error, after cutting back. */
  write(vectors: readonly Uint8Array[], sizeBytes: number, lastSequence: bigint): void {
    if (this.#broken) throw new Error('the journal segment cannot be cut back after a failed write');
    let rest = vectors;
    let written = 0;
    try {
      for (;;) {
        const count = this.#file.write(rest, this.#position + written);
        written += count;
        if (written === sizeBytes) break;
        if (count === 0) throw new Error('the journal file takes no more bytes');
        rest = afterBytes(rest, count);
      }
    } catch (error) {
      this.cutTo(this.#position, this.#lastSequence);
      throw error;
    }
    this.#position += sizeBytes;
    this.#lastSequence = lastSequence;
  }

  /** Forgets everything behind `position`: cut, then extended with zeros again. */
  cutTo(position: number, lastSequence: bigint | null): void {
    this.#position = position;
    this.#lastSequence = lastSequence;
    try {
      this.#file.truncate(position);
    } catch {
      this.#broken = true;
      return;
    }
    try {
      this.#file.truncate(Math.max(this.#extendBytes, position));
    } catch {
      // As in `create`.
    }
  }

  sync(done: (error: Error | null) => void): void {
    this.#file.sync(done);
  }

  /** Makes everything durable, gives the unused zeros back and closes. @throws when the bytes cannot be made durable; the segment stays open. */
  finish(): void {
    if (!this.#broken) this.#file.truncate(this.#position);
    this.#file.syncNow();
    this.#file.close();
  }

  /** Closes the file when nothing in it waits to become durable; unused zeros that cannot be given back do no harm. */
  abandon(): void {
    try {
      if (!this.#broken) this.#file.truncate(this.#position);
    } catch {
      // A reader takes the zeros for the end.
    }
    this.#file.close();
  }
}

function afterBytes(vectors: readonly Uint8Array[], count: number): Uint8Array[] {
  const rest: Uint8Array[] = [];
  let skip = count;
  for (const vector of vectors) {
    if (skip >= vector.byteLength) {
      skip -= vector.byteLength;
      continue;
    }
    rest.push(skip > 0 ? vector.subarray(skip) : vector);
    skip = 0;
  }
  return rest;
}
