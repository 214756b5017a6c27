// What leaves of an answer that is still coming. Each part is framed for HTTP/1.1 in a block that is kept for the journal: it goes to the kernel in one piece
// (node's own framing makes four), and what arrived need not be held for as long as the call lasts.
import type { ServerResponse } from 'node:http';

/** Most streams are short; a longer one gets blocks that grow. */
const FIRST_BLOCK_BYTES = 4 * 1024;
const LARGEST_BLOCK_BYTES = 32 * 1024;
const CARRIAGE_RETURN = 0x0d;
const LINE_FEED = 0x0a;
const HEX = Buffer.from('0123456789abcdef');

interface Block {
  readonly bytes: Buffer;
  used: number;
  /** Of each part in it, without its framing. */
  readonly lengths: number[];
}

interface Memory {
  /** Counts bytes that are held for the call; false = there is no room. */
  hold(bytes: number): boolean;
}

export class SentAnswer {
  readonly #response: ServerResponse;
  readonly #memory: Memory;
  readonly #blocks: Block[] = [];
  #block: Block | null = null;
  #keptBytes = 0;
  /** Left without being kept, because there was no room. */
  unkeptBytes = 0;

  constructor(response: ServerResponse, memory: Memory) {
    this.#response = response;
    this.#memory = memory;
  }

  /** Sends a part behind the head and keeps it. False: the client reads slowly, `drain` will say when it has. */
  write(part: Buffer): boolean {
    if (part.length === 0) return true;
    const framing = this.#response.chunkedEncoding ? hexDigits(part.length) + 4 : 0;
    const block = this.#room(part.length + framing);
    if (block === null) {
      this.unkeptBytes += part.length;
      return this.#response.write(part);
    }
    const start = block.used;
    this.#keptBytes += part.length;
    block.lengths.push(part.length);
    if (framing === 0) block.bytes.set(part, start);
    else frame(block.bytes, start, part);
    block.used += part.length + framing;
    return this.#send(block.bytes.subarray(start, block.used), framing > 0);
  }

  /** What has left and was kept, in one piece, and `tail` behind it. */
  bytes(tail: Buffer | null): Buffer {
    const all = Buffer.allocUnsafe(this.#keptBytes + (tail?.length ?? 0));
    const isFramed = this.#response.chunkedEncoding;
    let at = 0;
    for (const { bytes, lengths } of this.#blocks) {
      let from = 0;
      for (const length of lengths) {
        if (isFramed) from += hexDigits(length) + 2;
        at += bytes.copy(all, at, from, from + length);
        from += isFramed ? length + 2 : length;
      }
    }
    tail?.copy(all, at);
    return all;
  }

  #send(bytes: Buffer, isFramed: boolean): boolean {
    if (!isFramed) return this.#response.write(bytes);
    // Only for this one write: whoever writes or ends next leaves the framing to node.
    this.#response.chunkedEncoding = false;
    const flows = this.#response.write(bytes);
    this.#response.chunkedEncoding = true;
    return flows;
  }

  #room(bytes: number): Block | null {
    const last = this.#block;
    if (last !== null && last.used + bytes <= last.bytes.length) return last;
    const next = last === null ? FIRST_BLOCK_BYTES : Math.min(last.bytes.length * 2, LARGEST_BLOCK_BYTES);
    const size = Math.max(bytes, next);
    if (!this.#memory.hold(size)) return null;
    const block = { bytes: Buffer.allocUnsafeSlow(size), used: 0, lengths: [] };
    this.#blocks.push(block);
    this.#block = block;
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
