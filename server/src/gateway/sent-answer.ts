// What leaves of an answer that is still coming. Each part is framed for HTTP/1.1 in a block that is kept for the journal: it goes to the kernel in one piece
// (node's own framing makes four), and what arrived need not be held for as long as the call lasts.
import type { ClientResponse } from './call.ts';

/** Most streams are short; a longer one gets blocks that grow. */
const FIRST_BLOCK_BYTES = 4 * 1024;
const LARGEST_BLOCK_BYTES = 32 * 1024;
/** A longer part is kept as it came: copying it would cost more than the kernel's four pieces, and memory twice. */
const LONGEST_COPIED_BYTES = 8 * 1024;
const CARRIAGE_RETURN = 0x0d;
const LINE_FEED = 0x0a;
const HEX = Buffer.from('0123456789abcdef');

interface Block {
  readonly bytes: Buffer;
  used: number;
  /** Of each part in it, without its framing. */
  readonly lengths: number[];
  readonly isFramed: boolean;
}

interface Memory {
  /** Counts bytes that are held for the call; false = there is no room. */
  hold(bytes: number): boolean;
}

export class SentAnswer {
  readonly #response: Pick<ClientResponse, 'write' | 'chunkedEncoding'>;
  readonly #memory: Memory;
  readonly #blocks: Block[] = [];
  #nextBlockBytes = FIRST_BLOCK_BYTES;
  #keptBytes = 0;
  /** Left without being kept, because there was no room. */
  unkeptBytes = 0;

  constructor(response: Pick<ClientResponse, 'write' | 'chunkedEncoding'>, memory: Memory) {
    this.#response = response;
    this.#memory = memory;
  }

  /** Sends a part behind the head and keeps it. False: the client reads slowly, `drain` will say when it has. */
  write(part: Buffer): boolean {
    if (part.length === 0) return true;
    if (part.length > LONGEST_COPIED_BYTES || !this.#response.chunkedEncoding) return this.#writeAsItCame(part);
    const framedBytes = part.length + hexDigits(part.length) + 4;
    const block = this.#room(framedBytes);
    if (block === null) {
      this.unkeptBytes += part.length;
      return this.#response.write(part);
    }
    const start = block.used;
    frame(block.bytes, start, part);
    block.used += framedBytes;
    block.lengths.push(part.length);
    this.#keptBytes += part.length;
    return this.#writeFramed(block.bytes.subarray(start, block.used));
  }

  /** What has left and was kept, in one piece, and `tail` behind it. */
  bytes(tail: Buffer | null): Buffer {
    const all = Buffer.allocUnsafe(this.#keptBytes + (tail?.length ?? 0));
    let at = 0;
    for (const { bytes, lengths, isFramed } of this.#blocks) {
      let from = 0;
      for (const length of lengths) {
        if (isFramed) from += hexDigits(length) + 2;
        at += bytes.copy(all, at, from, from + length);
        from += length + 2;
      }
    }
    tail?.copy(all, at);
    return all;
  }

  #writeAsItCame(part: Buffer): boolean {
    if (this.#memory.hold(part.length)) {
      this.#blocks.push({ bytes: part, used: part.length, lengths: [part.length], isFramed: false });
      this.#keptBytes += part.length;
    } else this.unkeptBytes += part.length;
    return this.#response.write(part);
  }

  /** Only for this one write: whoever writes or ends next leaves the framing to node. */
  #writeFramed(bytes: Buffer): boolean {
    this.#response.chunkedEncoding = false;
    const flows = this.#response.write(bytes);
    this.#response.chunkedEncoding = true;
    return flows;
  }

  /** The newest block, or a new one; null when there is no room. */
  #room(bytes: number): Block | null {
    const last = this.#blocks.at(-1);
    if (last?.isFramed && last.used + bytes <= last.bytes.length) return last;
    const size = Math.max(bytes, this.#nextBlockBytes);
    if (!this.#memory.hold(size)) return null;
    this.#nextBlockBytes = Math.min(this.#nextBlockBytes * 2, LARGEST_BLOCK_BYTES);
    const block = { bytes: Buffer.allocUnsafeSlow(size), used: 0, lengths: [], isFramed: true };
    this.#blocks.push(block);
    return block;
  }
}

/** Digits of a number in base 16. */
function hexDigits(value: number): number {
  return (35 - Math.clz32(value)) >> 2;
}

/** Writes a part as one chunk of the chunked transfer coding (RFC 9112 §7.1). */
function frame(into: Buffer, start: number, part: Buffer): void {
  const digits = hexDigits(part.length);
  for (let at = start + digits - 1, left = part.length; at >= start; at--, left >>>= 4) into[at] = HEX[left & 15] as number;
  let at = start + digits;
  into[at++] = CARRIAGE_RETURN;
  into[at++] = LINE_FEED;
  into.set(part, at);
  at += part.length;
  into[at++] = CARRIAGE_RETURN;
  into[at] = LINE_FEED;
}
