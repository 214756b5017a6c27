// Watches a Messages event stream at the level of bytes: frames pass at once, message_stop waits for the settlement, an error event becomes a failure. Only frames with counts are parsed.
import type { StreamScan } from '#gateway/dialects/dialect.ts';
import { contentEnd, dataOf, frameEnd, lastFrameEnd } from '#http/sse.ts';
import { type Fields, fieldsOf, parsed, textOf } from '#lib/json.ts';

/** A frame longer than this is passed on in pieces, so that memory stays bounded. */
const LONGEST_HELD_FRAME = 64 * 1024;
const ENDING = Buffer.from('event: message_stop\ndata: {"type":"message_stop"}\n\n');
const E = 0x65;
const D = 0x64;

export class MessagesScan implements StreamScan {
  model: string | null = null;
  done = false;
  finished = false;
  malformed = false;
  failed: string | null = null;
  midFrame = false;
  readonly ending = ENDING;
  #usage: Fields | null = null;
  #carry: Buffer | null = null;

  /** Final once the message's delta has come. */
  get usage(): unknown {
    return this.finished ? this.#usage : null;
  }

  get begun(): unknown {
    return this.#usage;
  }

  push(chunk: Buffer): Buffer | null {
    if (this.done || this.malformed || this.failed !== null) return null;
    const bytes = this.#carry === null ? chunk : Buffer.concat([this.#carry, chunk]);
    const end = lastFrameEnd(bytes);
    if (end === 0 && bytes.length > LONGEST_HELD_FRAME) {
      this.#carry = null;
      this.midFrame = true;
      return bytes;
    }
    this.#carry = end === bytes.length ? null : bytes.subarray(end);
    if (end === 0) return null;
    const startsInside = this.midFrame;
    this.midFrame = false;
    return this.#pass(bytes, end, startsInside ? frameEnd(bytes, 0) : 0);
  }

  /** Everything up to the first frame that ends the stream. */
  #pass(bytes: Buffer, end: number, first: number): Buffer | null {
    for (let start = first; start < end; ) {
      const next = frameEnd(bytes, start);
      if (!this.#passes(bytes, start, next)) return start === 0 ? null : bytes.subarray(0, start);
      start = next;
    }
    return bytes.subarray(0, end);
  }

  #passes(bytes: Buffer, start: number, end: number): boolean {
    if (bytes[start] !== E && bytes[start] !== D) return true;
    if (bytes[contentEnd(bytes, start, end) - 1] !== 0x7d) {
      this.malformed = true;
      return false;
    }
    // Deltas are nearly all of a stream and hold nothing to know.
    if (bytes.toString('latin1', start, start + 20) === 'event: content_block') return true;
    const data = dataOf(bytes.toString('utf8', start, end));
    return data === null || this.#judge(data);
  }

  #judge(data: string): boolean {
    const event = fieldsOf(parsed(data));
    if (event.type === 'message_start') {
      const message = fieldsOf(event.message);
      this.model = textOf(message.model) || null;
      this.#count(message.usage);
    } else if (event.type === 'message_delta') {
      this.#count(event.usage);
      this.finished ||= typeof fieldsOf(event.delta).stop_reason === 'string';
    } else if (event.type === 'message_stop') this.done = true;
    else if (event.type === 'error') this.failed = data;
    return !this.done && this.failed === null;
  }

  #count(usage: unknown): void {
    for (const [key, value] of Object.entries(fieldsOf(usage))) if (value !== null) this.#usage = { ...this.#usage, [key]: value };
  }
}
