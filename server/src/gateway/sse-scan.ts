// Watches an upstream's event stream at the level of bytes: passes complete frames on at once, cuts out the usage frame that the client did not ask for,
// holds the final [DONE] back until the call is settled, and notices what is malformed. Only the frame with usage is ever parsed.
import { contentEnd, DONE_FRAME, dataOf, frameEnd, lastFrameEnd } from '#http/sse.ts';
import type { StreamScan } from './dialects/dialect.ts';

/** A frame longer than this is passed on in pieces: it cannot be the usage frame, and memory stays bounded. */
const LONGEST_HELD_FRAME = 64 * 1024;
/** Keys without their first quote: JSON is full of quotes, and a search that stops at each of them takes several times as long. */
const USAGE = Buffer.from('usage"');
const FINISH = Buffer.from('finish_reason":');
const DONE = '[DONE]';
const QUOTE = 0x22;
const BRACE = 0x7b;

export class SseScan implements StreamScan {
  /** The stream's `usage` object, null until it was seen. */
  usage: unknown = null;
  /** `model` of the frame that carried the usage. */
  model: string | null = null;
  /** [DONE] has arrived; nothing after it is passed on. */
  done = false;
  /** Some choice has finished. */
  finished = false;
  /** A data frame that is not a whole JSON object has been seen; it was not passed on. */
  malformed = false;
  /** Errors pass as data frames: OpenAI's language has no event of its own for them. */
  readonly failed = null;
  readonly begun = null;
  readonly ending = DONE_FRAME;
  /** Data frames passed on. */
  frames = 0;
  /** Bytes were passed on after the last complete frame: an error event needs a blank line first. */
  midFrame = false;
  readonly #cutUsage: boolean;
  #carry: Buffer | null = null;

  /** @param cutUsage take the usage frame (empty `choices`) out, because it was we who asked for it. */
  constructor(cutUsage: boolean) {
    this.#cutUsage = cutUsage;
  }

  /** Takes what arrived; answers what may leave now, null for nothing yet. */
  push(chunk: Buffer): Buffer | null {
    if (this.done || this.malformed) return null;
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
    return this.#pass(end === bytes.length ? bytes : bytes.subarray(0, end), startsInside);
  }

  #pass(bytes: Buffer, startsInside: boolean): Buffer | null {
    // The rest of an oversized frame belongs to what has left already.
    let start = startsInside ? frameEnd(bytes, 0) : 0;
    if (!this.finished) this.finished = hasValue(bytes, FINISH, QUOTE);
    // Some upstreams repeat a growing usage in every frame: the last one counts.
    const hasUsage = hasValue(bytes, USAGE, BRACE);
    // Nearly always everything passes, and nothing has to be made for it.
    let kept: Buffer[] | null = null;
    let runStart = 0;
    while (start < bytes.length) {
      const end = frameEnd(bytes, start);
      const verdict = this.#judge(bytes, start, end, hasUsage && hasValue(bytes.subarray(start, end), USAGE, BRACE));
      if (verdict !== 'pass') {
        kept ??= [];
        kept.push(bytes.subarray(runStart, start));
        runStart = end;
        if (verdict === 'stop') return joined(kept);
      }
      start = end;
    }
    if (kept === null) return bytes;
    kept.push(bytes.subarray(runStart));
    return joined(kept);
  }

  #judge(bytes: Buffer, start: number, end: number, hasUsage: boolean): 'pass' | 'cut' | 'stop' {
    // 'd' of "data:"; comments, ids and event names pass unread.
    if (bytes[start] !== 0x64) return 'pass';
    const last = contentEnd(bytes, start, end);
    if (bytes[last - 1] !== 0x7d) {
      if (bytes.toString('latin1', start, last).replace(/^data:\s*/, '') === DONE) this.done = true;
      else this.malformed = true;
      return 'stop';
    }
    if (hasUsage && this.#readUsage(bytes.toString('utf8', start, end)) && this.#cutUsage) return 'cut';
    this.frames++;
    return 'pass';
  }

  /** True when the frame is a usage frame proper: no choices beside the usage. */
  #readUsage(frame: string): boolean {
    try {
      const parsed = JSON.parse(dataOf(frame) ?? '') as { usage?: unknown; choices?: unknown; model?: unknown };
      if (typeof parsed.usage !== 'object' || parsed.usage === null) return false;
      this.usage = parsed.usage;
      this.model = typeof parsed.model === 'string' ? parsed.model : null;
      return Array.isArray(parsed.choices) && parsed.choices.length === 0;
    } catch {
      return false;
    }
  }
}

function joined(pieces: Buffer[]): Buffer | null {
  const filled = pieces.filter((piece) => piece.length > 0);
  if (filled.length === 0) return null;
  return filled.length === 1 ? (filled[0] as Buffer) : Buffer.concat(filled);
}

/** Whether a key stands there (given without its first quote) with a value that begins so: an object, a text. Most frames say null or nothing. */
function hasValue(bytes: Buffer, key: Buffer, begins: number): boolean {
  for (let at = bytes.indexOf(key); at >= 0; at = bytes.indexOf(key, at + key.length)) {
    if (bytes[at - 1] !== QUOTE) continue;
    let value = at + key.length;
    while (bytes[value] === 0x20 || bytes[value] === 0x3a) value++;
    if (bytes[value] === begins) return true;
  }
  return false;
}
