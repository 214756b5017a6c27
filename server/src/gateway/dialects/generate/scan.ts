// Watches a streamGenerateContent stream at the level of bytes: frames pass at once; from the one with the finish reason on they wait for the settlement, because nothing else ends the stream.
import type { StreamScan } from '#gateway/dialects/dialect.ts';
import { contentEnd, dataOf, frameEnd, lastFrameEnd } from '#http/sse.ts';
import { fieldsOf, isFields, objectsOf, parsed, textOf } from '#lib/json.ts';

const LONGEST_HELD = 16 * 1024 * 1024;
const USAGE = '"usageMetadata"';
const FINISH = '"finishReason"';
const ERROR = '"error"';

export class GenerateScan implements StreamScan {
  usage: unknown = null;
  readonly begun = null;
  model: string | null = null;
  readonly done = false;
  finished = false;
  malformed = false;
  failed: string | null = null;
  readonly midFrame = false;
  readonly #held: Buffer[] = [];
  #heldBytes = 0;
  #carry: Buffer | null = null;

  get ending(): Buffer | null {
    return this.#held.length === 0 ? null : Buffer.concat(this.#held);
  }

  push(chunk: Buffer): Buffer | null {
    if (this.malformed || this.failed !== null) return null;
    const bytes = this.#carry === null ? chunk : Buffer.concat([this.#carry, chunk]);
    const end = lastFrameEnd(bytes);
    this.#carry = end === bytes.length ? null : bytes.subarray(end);
    if ((this.#carry?.length ?? 0) > LONGEST_HELD || this.#heldBytes > LONGEST_HELD) this.malformed = true;
    let passed = 0;
    for (let start = 0; start < end && !this.malformed && this.failed === null; ) {
      const next = frameEnd(bytes, start);
      this.#judge(bytes, start, next);
      if (this.finished) this.#hold(bytes.subarray(start, next));
      else if (!this.malformed && this.failed === null) passed = next;
      start = next;
    }
    return passed === 0 ? null : bytes.subarray(0, passed);
  }

  #hold(frame: Buffer): void {
    this.#held.push(Buffer.from(frame));
    this.#heldBytes += frame.length;
  }

  /** Frames without counts, reasons and errors are never parsed. */
  #judge(bytes: Buffer, start: number, end: number): void {
    if (bytes[start] !== 0x64) return;
    if (bytes[contentEnd(bytes, start, end) - 1] !== 0x7d) {
      this.malformed = true;
      return;
    }
    const frame = bytes.subarray(start, end);
    if (!frame.includes(USAGE) && !frame.includes(FINISH) && !frame.includes(ERROR)) return;
    const data = dataOf(frame.toString('utf8')) ?? '';
    const answer = fieldsOf(parsed(data));
    if (isFields(answer.error)) this.failed = data;
    if (isFields(answer.usageMetadata)) this.usage = answer.usageMetadata;
    this.model = textOf(answer.modelVersion) || this.model;
    const blocked = fieldsOf(answer.promptFeedback).blockReason !== undefined;
    this.finished ||= blocked || objectsOf(answer.candidates).some(({ finishReason }) => typeof finishReason === 'string');
  }
}
