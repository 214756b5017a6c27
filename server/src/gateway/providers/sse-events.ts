// An upstream's event stream as events: name and data of each whole frame, however the bytes are cut.
import { dataOf, frameEnd } from '#http/sse.ts';

/** A frame without an end is given up beyond this. */
const LONGEST_FRAME = 16 * 1024 * 1024;

export interface SseEvent {
  readonly name: string | null;
  readonly data: string;
}

export class SseEvents {
  #carry: Buffer = EMPTY;
  /** Where the search for the frame's end goes on: long frames in small pieces stay linear. */
  #searched = 0;

  /**
   * The events that the bytes complete; comments are left out.
   * @throws Error when a frame grows beyond all measure.
   */
  push(bytes: Buffer): SseEvent[] {
    const all = this.#carry.length === 0 ? bytes : Buffer.concat([this.#carry, bytes]);
    const events: SseEvent[] = [];
    let start = 0;
    let from = Math.max(0, this.#searched - 3);
    for (;;) {
      const end = frameEnd(all, from);
      if (end < 0) break;
      addEvent(events, all.toString('utf8', start, end));
      start = end;
      from = end;
    }
    this.#carry = start === all.length ? EMPTY : all.subarray(start);
    this.#searched = this.#carry.length;
    if (this.#carry.length > LONGEST_FRAME) throw new Error('an event of the stream is too long');
    return events;
  }

  /** What stands after the last blank line when the connection ends counts as a frame too. */
  end(): SseEvent[] {
    const events: SseEvent[] = [];
    if (this.#carry.length > 0) addEvent(events, this.#carry.toString('utf8'));
    this.#carry = EMPTY;
    return events;
  }
}

const EMPTY = Buffer.alloc(0);

function addEvent(events: SseEvent[], frame: string): void {
  const data = dataOf(frame);
  if (data !== null) events.push({ name: /^event:[ \t]*(.*?)\r?$/m.exec(frame)?.[1] ?? null, data });
}
