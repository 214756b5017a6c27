// Watches the event streams of sound and pictures (speech.audio.*, transcript.text.*, image_*.*): whole frames pass at once, the one that ends the answer waits for the settlement.
import type { StreamScan } from '#gateway/dialects/dialect.ts';
import { dataOf, frameEnd } from '#http/sse.ts';
import { countOf, type Fields, fieldsOf, isFields, parsed, textOf } from '#lib/json.ts';

/** Sound or a picture in one frame; a longer one is given up. */
const LONGEST_FRAME = 24 * 1024 * 1024;
/** The whole answer is there. */
const ENDS = /^(?:speech\.audio|transcript\.text)\.done$/;
/** One picture is there; others may follow. */
const COMPLETED = /^image_(?:generation|edit)\.completed$/;

export class MediaScan implements StreamScan {
  usage: unknown = null;
  readonly begun = null;
  model: string | null = null;
  done = false;
  finished = false;
  malformed = false;
  failed: string | null = null;
  readonly midFrame = false;
  ending: Buffer | null = null;
  /** A frame that is not whole, in the pieces that have come. */
  #carry: Buffer[] = [];
  #carriedBytes = 0;

  push(chunk: Buffer): Buffer | null {
    if (this.done || this.malformed || this.failed !== null) return null;
    // Base64 has no line breaks: most pieces of a long frame are put aside with one look.
    if (this.#carry.length > 0 && chunk.indexOf(0x0a) < 0) {
      this.#keep(chunk);
      return null;
    }
    const bytes = this.#carry.length === 0 ? chunk : Buffer.concat([...this.#carry, chunk]);
    const passed: Buffer[] = [];
    let start = 0;
    for (let end = frameEnd(bytes, start); end >= 0; end = frameEnd(bytes, start)) {
      const frame = this.#judge(bytes.subarray(start, end));
      if (frame !== null) passed.push(frame);
      start = end;
      if (this.done || this.malformed || this.failed !== null) return joined(passed);
    }
    this.#carry = [];
    this.#carriedBytes = 0;
    if (start < bytes.length) this.#keep(bytes.subarray(start));
    return joined(passed);
  }

  #keep(piece: Buffer): void {
    this.#carry.push(piece);
    this.#carriedBytes += piece.length;
    if (this.#carriedBytes > LONGEST_FRAME) this.malformed = true;
  }

  /** The frame when it may leave now. */
  #judge(frame: Buffer): Buffer | null {
    const data = dataOf(frame.toString('utf8'));
    if (data === null) return frame;
    if (data === '[DONE]') {
      this.done = true;
      this.finished = true;
      this.ending = this.ending === null ? frame : Buffer.concat([this.ending, frame]);
      return null;
    }
    const event = parsed(data);
    if (!isFields(event)) {
      this.malformed = true;
      return null;
    }
    const type = textOf(event.type);
    if (type === 'error' || isFields(event.error)) {
      this.failed = JSON.stringify({ error: { message: event.message, code: event.code, type: event.code, ...fieldsOf(event.error) } });
      return null;
    }
    this.model ??= textOf(event.model) || null;
    if (COMPLETED.test(type)) {
      this.usage = withPicture(fieldsOf(this.usage), fieldsOf(event.usage));
      this.finished = true;
      const earlier = this.ending;
      this.ending = Buffer.from(frame);
      return earlier;
    }
    if (isFields(event.usage)) this.usage = event.usage;
    if (!ENDS.test(type)) return this.#after(frame);
    this.done = true;
    this.finished = true;
    this.ending = Buffer.from(frame);
    return null;
  }

  /** A picture was not the last that comes. */
  #after(frame: Buffer): Buffer {
    const earlier = this.ending;
    this.ending = null;
    return earlier === null ? frame : Buffer.concat([earlier, frame]);
  }
}

/** Each picture tells its own tokens; together they are the call's. */
function withPicture(sum: Fields, usage: Fields): Fields {
  const added: Fields = { ...sum, images: countOf(sum.images) + 1 };
  for (const [name, value] of Object.entries(usage)) {
    if (typeof value === 'number') added[name] = countOf(sum[name]) + value;
    else if (isFields(value)) added[name] = addedCounts(fieldsOf(sum[name]), value);
  }
  return added;
}

function addedCounts(sum: Fields, more: Fields): Fields {
  const added = { ...sum };
  for (const [name, value] of Object.entries(more)) if (typeof value === 'number') added[name] = countOf(sum[name]) + value;
  return added;
}

function joined(frames: readonly Buffer[]): Buffer | null {
  if (frames.length === 0) return null;
  return frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames);
}
