// Watches a stream of Responses events at the level of bytes: frames pass at once, the one with the whole response waits for the settlement. Only that one is parsed.
import type { StreamScan } from '#gateway/dialects/dialect.ts';
import { contentEnd, dataOf, frameEnd, lastFrameEnd } from '#http/sse.ts';
import { fieldsOf, parsed, textOf } from '#lib/json.ts';

/** The last frame holds the whole answer; a longer one is given up. */
const LONGEST_FRAME = 16 * 1024 * 1024;
const LAST = /^event: ?response\.(completed|incomplete|failed|cancelled)\b/;

export class ResponsesScan implements StreamScan {
  usage: unknown = null;
  readonly begun = null;
  model: string | null = null;
  done = false;
  readonly finished = false;
  malformed = false;
  failed: string | null = null;
  readonly midFrame = false;
  ending: Buffer | null = null;
  #carry: Buffer | null = null;

  push(chunk: Buffer): Buffer | null {
    if (this.done || this.malformed || this.failed !== null) return null;
    const bytes = this.#carry === null ? chunk : Buffer.concat([this.#carry, chunk]);
    const end = lastFrameEnd(bytes);
    this.#carry = end === bytes.length ? null : bytes.subarray(end);
    if ((this.#carry?.length ?? 0) > LONGEST_FRAME) this.malformed = true;
    for (let start = 0; start < end; ) {
      const next = frameEnd(bytes, start);
      if (!this.#passes(bytes, start, next)) return start === 0 ? null : bytes.subarray(0, start);
      start = next;
    }
    return end === 0 ? null : bytes.subarray(0, end);
  }

  #passes(bytes: Buffer, start: number, end: number): boolean {
    const first = bytes[start];
    // 'e' of event and 'd' of data; comments pass unread.
    if (first !== 0x65 && first !== 0x64) return true;
    if (bytes[contentEnd(bytes, start, end) - 1] !== 0x7d) {
      this.malformed = true;
      return false;
    }
    const name = bytes.toString('latin1', start, Math.min(end, start + 40));
    if (first === 0x65 && !LAST.test(name) && !/^event: ?error\b/.test(name)) return true;
    return this.#judge(bytes, start, end);
  }

  #judge(bytes: Buffer, start: number, end: number): boolean {
    const data = dataOf(bytes.toString('utf8', start, end)) ?? '';
    const event = fieldsOf(parsed(data));
    const type = textOf(event.type);
    if (type === 'error') {
      this.failed = JSON.stringify({ error: { message: event.message, code: event.code, type: event.code, ...fieldsOf(event.error) } });
      return false;
    }
    if (!/^response\.(completed|incomplete|failed|cancelled)$/.test(type)) return true;
    const response = fieldsOf(event.response);
    this.usage = response.usage ?? null;
    this.model = textOf(response.model) || null;
    this.done = true;
    this.ending = Buffer.from(bytes.subarray(start, end));
    return false;
  }
}
