// Segments that are no longer written: their size, their last sequence, and their departure once every consumer has passed them.
import type { JournalFolder } from './file.ts';
import { firstSequenceOf, measureSegment, SEQUENCES_PER_START, segmentsAmong } from './segment.ts';

export type Archive = (segmentName: string, path: string) => Promise<void>;

/** The closed segments of one folder, oldest first. */
export class ClosedSegments {
  readonly #folder: JournalFolder;
  readonly #segments = new Map<string, { sizeBytes: number; lastSequence: bigint | null }>();
  #totalBytes = 0;
  #releasing = false;

  constructor(folder: JournalFolder) {
    this.#folder = folder;
  }

  get totalBytes(): number {
    return this.#totalBytes;
  }

  add(name: string, sizeBytes: number, lastSequence: bigint | null): void {
    this.#segments.set(name, { sizeBytes, lastSequence });
    this.#totalBytes += sizeBytes;
  }

  /** Archives and removes the segments that end at or before `consumed`; how many left. A second call while one runs does nothing. */
  async release(consumed: bigint, archive: Archive): Promise<number> {
    if (this.#releasing) return 0;
    this.#releasing = true;
    let released = 0;
    try {
      for (const [name, segment] of [...this.#segments]) {
        if ((firstSequenceOf(name) as bigint) > consumed) break;
        segment.lastSequence ??= await this.#lastSequenceOf(name);
        if (segment.lastSequence > consumed) break;
        await archive(name, this.#folder.pathOf(name));
        this.#folder.remove(name);
        this.#segments.delete(name);
        this.#totalBytes -= segment.sizeBytes;
        released++;
      }
    } finally {
      this.#releasing = false;
    }
    return released;
  }

  async #lastSequenceOf(name: string): Promise<bigint> {
    const names = segmentsAmong(this.#folder.list());
    const next = names[names.indexOf(name) + 1];
    const following = next === undefined ? null : firstSequenceOf(next);
    // Inside one start segments follow each other without a gap; before a new start the true end must be read.
    if (following !== null && following % SEQUENCES_PER_START !== 0n) return following - 1n;
    const file = await this.#folder.openForRead(name);
    try {
      return (await measureSegment(file)).lastSequence ?? (firstSequenceOf(name) as bigint);
    } finally {
      await file.close();
    }
  }
}
