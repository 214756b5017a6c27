// The vectors of questions that share everything around them, as bytes: when each ends, the key of its answer, its direction. Bounded; the oldest leaves first. Pure.

export interface Shelved {
  readonly endsAtMs: number;
  /** Key of the answer: 64 hex digits. */
  readonly key: string;
  readonly vector: Int16Array;
}

/** Questions of one shelf. */
export const MOST_SHELVED = 200;
/** A shelf is read with every question that is new to it. */
const LONGEST_SHELF = 1024 * 1024;
const MOST_DIMENSIONS = 8_192;
const SCALE = 32_767;
const VERSION = 1;
const HEAD = 5;
const ENTRY_HEAD = 8 + 32;

/** A direction: length 1, each member as a whole number. Null for what has none. */
export function directionOf(values: unknown): Int16Array | null {
  if (!Array.isArray(values) || values.length === 0 || values.length > MOST_DIMENSIONS) return null;
  if (!values.every((value) => typeof value === 'number' && Number.isFinite(value))) return null;
  // First by the greatest: the squares of very great and very small numbers are none.
  const greatest = values.reduce((most: number, value: number) => Math.max(most, Math.abs(value)), 0);
  if (greatest === 0) return null;
  const scaled = values.map((value: number) => value / greatest);
  const length = Math.sqrt(scaled.reduce((sum, value) => sum + value * value, 0));
  return Int16Array.from(scaled, (value) => Math.round((value / length) * SCALE));
}

/** Cosine, from -1 to 1; of directions of different kinds -1. */
export function similarity(one: Int16Array, other: Int16Array): number {
  if (one.length !== other.length) return -1;
  let sum = 0;
  for (let at = 0; at < one.length; at++) sum += (one[at] as number) * (other[at] as number);
  return Math.max(-1, Math.min(1, sum / (SCALE * SCALE)));
}

/** Those that are at least so similar and have not ended, the most similar first. */
export function similarOnes(shelf: readonly Shelved[], vector: Int16Array, { threshold, nowMs }: { threshold: number; nowMs: number }) {
  return shelf
    .filter(({ endsAtMs }) => endsAtMs > nowMs)
    .map(({ key, vector: other }) => ({ key, similarity: similarity(vector, other) }))
    .filter((found) => found.similarity >= threshold)
    .sort((one, other) => other.similarity - one.similarity);
}

/** The shelf with one more: of the same kind, what has not ended, an answer once, the newest. */
export function shelvedWith(shelf: readonly Shelved[], added: Shelved, nowMs: number): readonly Shelved[] {
  const kept = shelf.filter(({ endsAtMs, key, vector }) => endsAtMs > nowMs && key !== added.key && vector.length === added.vector.length);
  const most = Math.max(1, Math.min(MOST_SHELVED, Math.floor((LONGEST_SHELF - HEAD) / entryBytes(added.vector.length))));
  return [...kept, added].slice(-most);
}

const entryBytes = (dimensions: number): number => ENTRY_HEAD + dimensions * 2;

export function packShelf(shelf: readonly Shelved[]): Buffer {
  const dimensions = shelf[0]?.vector.length ?? 0;
  const bytes = Buffer.alloc(HEAD + shelf.length * entryBytes(dimensions));
  bytes.writeUInt8(VERSION, 0);
  bytes.writeUInt16BE(dimensions, 1);
  bytes.writeUInt16BE(shelf.length, 3);
  let at = HEAD;
  for (const { endsAtMs, key, vector } of shelf) {
    bytes.writeDoubleBE(endsAtMs, at);
    bytes.write(key, at + 8, 32, 'hex');
    at += ENTRY_HEAD;
    for (const value of vector) at = bytes.writeInt16BE(value, at);
  }
  return bytes;
}

/** Empty for bytes that are no shelf. */
export function unpackShelf(bytes: Buffer | null): readonly Shelved[] {
  if (bytes === null || bytes.length < HEAD || bytes.readUInt8(0) !== VERSION) return [];
  const [dimensions, count] = [bytes.readUInt16BE(1), bytes.readUInt16BE(3)];
  if (dimensions === 0 || bytes.length !== HEAD + count * entryBytes(dimensions)) return [];
  return Array.from({ length: count }, (_, index) => {
    const at = HEAD + index * entryBytes(dimensions);
    const vector = new Int16Array(dimensions);
    for (let member = 0; member < dimensions; member++) vector[member] = bytes.readInt16BE(at + ENTRY_HEAD + member * 2);
    return { endsAtMs: bytes.readDoubleBE(at), key: bytes.toString('hex', at + 8, at + 40), vector };
  });
}
