// Reads the shared journal in the order of its registered objects; the next few are fetched while one is being read.
import type { Blobs } from '#stores/blobs/port.ts';
import type { Records } from '#stores/records/port.ts';
import type { JournalKind, JournalReader, JournalRecord } from './port.ts';
import { type DecodedObject, decodeObject, placeOf, sequenceOf } from './shared-object.ts';
import { objectsFrom, type RegisteredObject } from './shared-registry.ts';

export interface SharedReaderOptions {
  blobs: Blobs;
  records: Pick<Records, 'query'>;
  /** An object that is not what was written, or is not there: passed over. */
  onCorrupt?: (place: { key: string; offset: number | null }) => void;
}

/** Small objects come one every 100 ms from each writer: what had to wait is read many at a time, within the bytes that are asked for. */
const OBJECTS_A_READ = 64;

export function openSharedReader(options: SharedReaderOptions): JournalReader {
  return new SharedReader(options);
}

class SharedReader implements JournalReader {
  readonly #options: SharedReaderOptions;
  /** Objects that are being fetched or half read. */
  #fetched = new Map<bigint, Promise<DecodedObject>>();

  constructor(options: SharedReaderOptions) {
    this.#options = options;
  }

  async read(afterSequence: bigint, options: { maxBytes: number; kinds?: readonly JournalKind[] }): ReturnType<JournalReader['read']> {
    const from = placeOf(afterSequence);
    const registered = await objectsFrom(this.#options.records, from.number, OBJECTS_A_READ);
    const objects = registered.filter((object) => object.number > from.number || object.records > from.place);
    this.#forgetBefore(from.number);
    const records: JournalRecord[] = [];
    let lastSequence = afterSequence;
    let bytes = 0;
    for (const [index, object] of objects.entries()) {
      this.#fetchAhead(objects, index, options.maxBytes);
      const decoded = await this.#decoded(object);
      for (const record of decoded.records) {
        if (record.sequence <= afterSequence) continue;
        if (records.length > 0 && bytes + record.sizeBytes > options.maxBytes) return { records, lastSequence, atEnd: false };
        lastSequence = record.sequence;
        if (options.kinds !== undefined && !options.kinds.includes(record.kind)) continue;
        bytes += record.sizeBytes;
        const { sizeBytes: _, ...plain } = record;
        records.push(plain);
      }
      // Also past what was damaged.
      lastSequence = sequenceOf(object.number, object.records);
      this.#fetched.delete(object.number);
    }
    return { records, lastSequence, atEnd: registered.length < OBJECTS_A_READ };
  }

  async close(): Promise<void> {
    this.#fetched.clear();
  }

  #fetchAhead(objects: readonly RegisteredObject[], from: number, maxBytes: number): void {
    let bytes = 0;
    for (const object of objects.slice(from)) {
      if (bytes > maxBytes) return;
      bytes += object.sizeBytes;
      // Whoever awaits it hears of its failure.
      this.#decoded(object).catch(() => {});
    }
  }

  #decoded(object: RegisteredObject): Promise<DecodedObject> {
    const known = this.#fetched.get(object.number);
    if (known !== undefined) return known;
    const decoding = this.#fetch(object);
    this.#fetched.set(object.number, decoding);
    decoding.catch(() => this.#fetched.delete(object.number));
    return decoding;
  }

  async #fetch({ number, key }: RegisteredObject): Promise<DecodedObject> {
    const bytes = await this.#options.blobs.get(key);
    if (bytes === null) {
      this.#options.onCorrupt?.({ key, offset: null });
      return { records: [], damagedAt: 0 };
    }
    const decoded = decodeObject(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), number);
    if (decoded.damagedAt !== null) this.#options.onCorrupt?.({ key, offset: decoded.damagedAt });
    return decoded;
  }

  #forgetBefore(number: bigint): void {
    for (const known of this.#fetched.keys()) if (known < number) this.#fetched.delete(known);
  }
}
