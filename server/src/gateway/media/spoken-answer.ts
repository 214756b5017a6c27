// What is written down of sound that went to a client: its type, length and hash instead of the bytes themselves.
import { createHash, type Hash } from 'node:crypto';
import { dataOf, frameEnd } from '#http/sse.ts';
import { fieldsOf, parsed } from '#lib/json.ts';

export class SpokenAnswer {
  readonly #type: string;
  readonly #isEvents: boolean;
  readonly #hash: Hash = createHash('sha256');
  #bytes = 0;

  /** @param isEvents the sound stands as base64 in whole frames of an event stream. */
  constructor(type: string, isEvents: boolean) {
    this.#type = type;
    this.#isEvents = isEvents;
  }

  /** Bytes that leave. */
  add(bytes: Buffer): void {
    if (!this.#isEvents) {
      this.#take(bytes);
      return;
    }
    for (let start = 0, end = frameEnd(bytes, 0); end >= 0; start = end, end = frameEnd(bytes, start)) {
      const { audio } = fieldsOf(parsed(dataOf(bytes.toString('utf8', start, end)) ?? ''));
      if (typeof audio === 'string') this.#take(Buffer.from(audio, 'base64'));
    }
  }

  #take(sound: Buffer): void {
    this.#bytes += sound.length;
    this.#hash.update(sound);
  }

  /** For the journal; once. */
  facts(): Buffer {
    return Buffer.from(JSON.stringify({ audio: { content_type: this.#type, bytes: this.#bytes, sha256: this.#hash.digest('hex') } }));
  }
}
