// Messages on a stream of bytes between processes of one machine: a JSON value and, beside it, bytes as they are.

const HEADER_BYTES = 8;
/** Larger than any record of the journal. */
const MAX_FRAME_BYTES = 1024 * 1024 * 1024;

export interface Frame {
  readonly value: unknown;
  readonly body: Buffer;
}

/** The pieces of one message, in the order in which they are written. */
export function frameOf(value: unknown, parts: readonly Uint8Array[] = []): Uint8Array[] {
  const json = Buffer.from(JSON.stringify(value));
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE(json.byteLength, 0);
  header.writeUInt32BE(
    parts.reduce((sum, part) => sum + part.byteLength, 0),
    4,
  );
  return [header, json, ...parts];
}

/** Gathers pieces as they arrive and gives out whole messages. */
export class FrameReader {
  #pieces: Buffer[] = [];
  #held = 0;

  /** @throws RangeError or SyntaxError when this is no stream of messages: its connection is of no use any longer. */
  push(piece: Buffer): Frame[] {
    this.#pieces.push(piece);
    this.#held += piece.byteLength;
    const frames: Frame[] = [];
    for (let size = this.#nextSize(); size !== null && this.#held >= size; size = this.#nextSize()) frames.push(this.#take(size));
    return frames;
  }

  /** Size of the message at the front, or null while even that cannot be told. */
  #nextSize(): number | null {
    if (this.#held < HEADER_BYTES) return null;
    while ((this.#pieces[0] as Buffer).byteLength < HEADER_BYTES) this.#pieces.unshift(Buffer.concat(this.#pieces.splice(0, 2)));
    const first = this.#pieces[0] as Buffer;
    const size = HEADER_BYTES + first.readUInt32BE(0) + first.readUInt32BE(4);
    if (size > MAX_FRAME_BYTES) throw new RangeError(`a message of ${size} bytes`);
    return size;
  }

  #take(size: number): Frame {
    const all = this.#pieces.length === 1 ? (this.#pieces[0] as Buffer) : Buffer.concat(this.#pieces);
    const jsonEnd = HEADER_BYTES + all.readUInt32BE(0);
    this.#pieces = all.byteLength === size ? [] : [all.subarray(size)];
    this.#held -= size;
    return { value: JSON.parse(all.toString('utf8', HEADER_BYTES, jsonEnd)), body: all.subarray(jsonEnd, size) };
  }
}
