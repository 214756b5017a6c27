// The journal's reader: tails the segment files of a writer that may live in another process; segments may appear and leave at any time.
import { type JournalFolder, openJournalFolder } from './file.ts';
import type { JournalKind, JournalReader, JournalRecord } from './port.ts';
import type { Frame } from './record.ts';
import { type CursorWish, firstSequenceOf, SegmentCursor, segmentsAmong } from './segment.ts';

/** A place in a closed segment where a record should be and is not. */
export interface Corruption {
  readonly segment: string;
  readonly position: number;
}

export interface ReaderSettings {
  /** Told of each damaged place in a closed segment; reading goes on with the next segment. */
  readonly onCorrupt?: (corruption: Corruption) => void;
}

/** What `read` takes; the last two are this adapter's additions to the port. */
export interface ReadOptions {
  readonly maxBytes: number;
  readonly kinds?: readonly JournalKind[];
  /** Only `parts[0]` of each record; bodies are not read when `durableSequence` vouches for them. */
  readonly headersOnly?: boolean;
  /** Records beyond this are not returned: they are not durable yet. */
  readonly durableSequence?: bigint;
}

export interface ReadAnswer {
  records: JournalRecord[];
  /** Where to go on: the last sequence looked at, skipped kinds included. */
  lastSequence: bigint;
  atEnd: boolean;
}

interface Place {
  readonly name: string;
  readonly cursor: SegmentCursor;
}

/** What a record that is not returned counts, so that a call among many of them ends too. */
const SKIPPED_RECORD_BYTES = 64;
const BEYOND_BOUND: CursorWish = { parts: 0, trusted: true };

/** Opens a reader on a journal folder (created when absent). Reads of one reader must not overlap. */
export function openJournalReader(folder: string | JournalFolder, settings: ReaderSettings = {}): FileJournalReader {
  return new FileJournalReader(typeof folder === 'string' ? openJournalFolder(folder) : folder, settings);
}

export class FileJournalReader implements JournalReader {
  readonly #folder: JournalFolder;
  readonly #settings: ReaderSettings;
  #place: Place | null = null;
  /** The last sequence before the cursor. */
  #reached = 0n;
  #segments: string[] = [];
  #corruptions = 0;

  /** Use `openJournalReader`. */
  constructor(folder: JournalFolder, settings: ReaderSettings) {
    this.#folder = folder;
    this.#settings = settings;
  }

  /** Damaged places met so far. */
  get corruptions(): number {
    return this.#corruptions;
  }

  async read(afterSequence: bigint, options: ReadOptions): Promise<ReadAnswer> {
    if (this.#place === null || afterSequence !== this.#reached) await this.#seek(afterSequence);
    const answer: ReadAnswer = { records: [], lastSequence: afterSequence, atEnd: false };
    for (let bytes = 0; bytes < options.maxBytes; ) {
      const step = await this.#step(answer, afterSequence, options);
      if (step === 'end') return this.#end(answer);
      bytes += step;
    }
    return answer;
  }

  /** Looks at one record; how many bytes it adds to the answer. */
  async #step(answer: ReadAnswer, afterSequence: bigint, options: ReadOptions): Promise<number | 'end'> {
    const place = this.#place;
    if (place === null) return 'end';
    // Known before the look: whether nobody writes behind the cursor any more.
    const next = this.#segments[this.#segments.indexOf(place.name) + 1];
    const before = place.cursor.position;
    const found = await place.cursor.next((frame) => this.#wish(frame, afterSequence, options, next !== undefined));
    if (typeof found === 'string') return (await this.#advance(place, next, found)) ? 0 : 'end';
    const { frame, parts } = found;
    if (options.durableSequence !== undefined && frame.sequence > options.durableSequence) {
      place.cursor.position = before;
      return 'end';
    }
    this.#reached = frame.sequence;
    if (frame.sequence <= afterSequence) return 0;
    answer.lastSequence = frame.sequence;
    if (parts.length === 0) return SKIPPED_RECORD_BYTES;
    answer.records.push({ sequence: frame.sequence, kind: frame.kind as JournalKind, project: frame.project, parts });
    return frame.sizeBytes;
  }

  async close(): Promise<void> {
    await this.#leave();
  }

  #wish(frame: Frame, afterSequence: bigint, options: ReadOptions, isClosed: boolean): CursorWish {
    if (options.durableSequence !== undefined && frame.sequence > options.durableSequence) return BEYOND_BOUND;
    const trusted = isClosed || options.durableSequence !== undefined;
    const wanted = frame.sequence > afterSequence && (options.kinds === undefined || options.kinds.includes(frame.kind as JournalKind));
    return { parts: wanted ? (options.headersOnly ? 1 : Number.POSITIVE_INFINITY) : 0, trusted };
  }

  /** The answer when nothing more is there: the next call looks again from here. */
  #end(answer: ReadAnswer): ReadAnswer {
    answer.atEnd = true;
    this.#reached = answer.lastSequence;
    return answer;
  }

  /** No record at the cursor: on to the next segment when there is one. False when this is the end of the journal. */
  async #advance(place: Place, next: string | undefined, found: 'end' | 'incomplete' | 'damaged'): Promise<boolean> {
    if (next === undefined) {
      this.#refresh();
      const index = this.#segments.indexOf(place.name);
      // Gone: everything in it had been consumed, so the oldest one left is next.
      if (index === -1 && this.#segments.length > 0) return await this.#enter(this.#segments[0] as string);
      // A new successor: the old segment is looked at once more, because it may have grown before it was closed.
      return index !== -1 && index + 1 < this.#segments.length;
    }
    if (found !== 'end') {
      this.#corruptions++;
      this.#settings.onCorrupt?.({ segment: place.name, position: place.cursor.position });
    }
    return await this.#enter(next);
  }

  #refresh(): void {
    this.#segments = segmentsAmong(this.#folder.list());
  }

  async #seek(afterSequence: bigint): Promise<void> {
    await this.#leave();
    this.#refresh();
    let start = this.#segments[0];
    for (const name of this.#segments) if ((firstSequenceOf(name) as bigint) <= afterSequence + 1n) start = name;
    this.#reached = afterSequence;
    if (start !== undefined) await this.#enter(start);
  }

  /** Opens a segment, or the next one that still exists. */
  async #enter(name: string): Promise<boolean> {
    await this.#leave();
    let candidate: string | undefined = name;
    while (candidate !== undefined) {
      try {
        this.#place = { name: candidate, cursor: new SegmentCursor(await this.#folder.openForRead(candidate), 0) };
        return true;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        const missing: string = candidate;
        this.#refresh();
        candidate = this.#segments.find((segment) => segment > missing);
      }
    }
    return false;
  }

  async #leave(): Promise<void> {
    const place = this.#place;
    this.#place = null;
    await place?.cursor.close();
  }
}
