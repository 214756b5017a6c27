// AWS's binary event stream: total length, header length, a checksum of both, headers, payload, a checksum of everything. Source: AWS's public description of `application/vnd.amazon.eventstream`.
import { crc32 } from 'node:zlib';

/** Longest message that AWS sends. */
const LONGEST_MESSAGE = 24 * 1024 * 1024;
const PRELUDE = 12;
const CHECKSUM = 4;

export interface StreamMessage {
  /** Text headers, `:event-type` and the like; headers of other types are left out. */
  readonly headers: ReadonlyMap<string, string>;
  readonly payload: string;
}

export class EventStream {
  #carry: Buffer = Buffer.alloc(0);

  /**
   * The messages that the bytes complete.
   * @throws Error when lengths or checksums are wrong.
   */
  push(bytes: Buffer): StreamMessage[] {
    let rest = this.#carry.length === 0 ? bytes : Buffer.concat([this.#carry, bytes]);
    const messages: StreamMessage[] = [];
    for (let length = lengthOf(rest); length !== null && rest.length >= length; length = lengthOf(rest)) {
      messages.push(messageOf(rest.subarray(0, length)));
      rest = rest.subarray(length);
    }
    this.#carry = rest;
    return messages;
  }

  /** Whether the bytes so far end with a whole message. */
  get isWhole(): boolean {
    return this.#carry.length === 0;
  }
}

/** Length of the message at the beginning; null while its prelude is not whole. */
function lengthOf(bytes: Buffer): number | null {
  if (bytes.length < PRELUDE) return null;
  const total = bytes.readUInt32BE(0);
  if (crc32(bytes.subarray(0, 8)) !== bytes.readUInt32BE(8)) throw new Error('the event stream is damaged: the checksum of a prelude is wrong');
  const headers = bytes.readUInt32BE(4);
  if (total > LONGEST_MESSAGE || total < PRELUDE + headers + CHECKSUM) throw new Error('the event stream is damaged: a length is impossible');
  return total;
}

function messageOf(bytes: Buffer): StreamMessage {
  const end = bytes.length - CHECKSUM;
  if (crc32(bytes.subarray(0, end)) !== bytes.readUInt32BE(end)) throw new Error('the event stream is damaged: the checksum of a message is wrong');
  const headersEnd = PRELUDE + bytes.readUInt32BE(4);
  return { headers: headersOf(bytes.subarray(PRELUDE, headersEnd)), payload: bytes.toString('utf8', headersEnd, end) };
}

/** Bytes of a value by its type; texts and bytes (6, 7) tell theirs. */
const FIXED_SIZES: Readonly<Record<number, number>> = { 0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16 };
const BYTES = 6;
const TEXT = 7;

function headersOf(bytes: Buffer): Map<string, string> {
  const headers = new Map<string, string>();
  for (let at = 0; at < bytes.length; ) {
    const nameEnd = at + 1 + bytes.readUInt8(at);
    const name = bytes.toString('utf8', at + 1, nameEnd);
    const type = bytes.readUInt8(nameEnd);
    at = nameEnd + 1;
    if (type === BYTES || type === TEXT) {
      const size = bytes.readUInt16BE(at);
      if (type === TEXT) headers.set(name, bytes.toString('utf8', at + 2, at + 2 + size));
      at += 2 + size;
    } else at += FIXED_SIZES[type] ?? bytes.length;
  }
  return headers;
}
