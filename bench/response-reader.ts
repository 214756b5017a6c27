// A minimal reader of HTTP/1.1 responses for the load generator: finds where each answer ends, by content-length or by chunks, and looks at nothing else.

export interface ResponseEvents {
  onHead(status: number): void;
  /** A piece of the body, framing removed. */
  onBody(piece: Buffer): void;
  onEnd(): void;
}

type State = 'head' | 'length' | 'chunk-size' | 'chunk-data' | 'chunk-end' | 'trailer';

/** Feed it what the socket gives; answers must not overlap beyond what keep-alive without pipelining sends. */
export class ResponseReader {
  readonly #events: ResponseEvents;
  #state: State = 'head';
  #held: Buffer = Buffer.alloc(0);
  #left = 0;

  constructor(events: ResponseEvents) {
    this.#events = events;
  }

  /** @throws Error when the bytes are no HTTP/1.1 response with a length. */
  push(data: Buffer): void {
    let bytes = this.#held.byteLength > 0 ? Buffer.concat([this.#held, data]) : data;
    this.#held = Buffer.alloc(0);
    while (bytes.byteLength > 0) {
      const used = this.#step(bytes);
      if (used === 0) {
        this.#held = bytes;
        return;
      }
      bytes = bytes.subarray(used);
    }
  }

  /** Bytes used by one step; 0 = more bytes are needed. */
  #step(bytes: Buffer): number {
    switch (this.#state) {
      case 'head':
        return this.#head(bytes);
      case 'length':
        return this.#data(bytes, 'head');
      case 'chunk-data':
        return this.#data(bytes, 'chunk-end');
      default:
        return this.#line(bytes);
    }
  }

  #head(bytes: Buffer): number {
    const end = bytes.indexOf('\r\n\r\n');
    if (end === -1) return 0;
    const head = bytes.toString('latin1', 0, end + 2).toLowerCase();
    const status = Number(head.slice(9, 12));
    if (!head.startsWith('http/1.1 ') || !(status >= 200)) throw new Error(`not a final HTTP/1.1 answer: ${head.slice(0, 40)}`);
    this.#events.onHead(status);
    const at = head.indexOf('\r\ncontent-length:');
    if (at !== -1) {
      this.#left = Number.parseInt(head.slice(at + 17), 10);
      this.#state = 'length';
      if (this.#left === 0) this.#finish();
    } else if (/\r\ntransfer-encoding: *chunked\r\n/.test(head)) this.#state = 'chunk-size';
    else throw new Error('an answer without a length');
    return end + 4;
  }

  #data(bytes: Buffer, next: 'head' | 'chunk-end'): number {
    const used = Math.min(bytes.byteLength, this.#left);
    this.#events.onBody(used === bytes.byteLength ? bytes : bytes.subarray(0, used));
    this.#left -= used;
    if (this.#left === 0) {
      if (next === 'head') this.#finish();
      else this.#state = next;
    }
    return used;
  }

  #line(bytes: Buffer): number {
    const end = bytes.indexOf('\r\n');
    if (end === -1) return 0;
    if (this.#state === 'chunk-end') this.#state = 'chunk-size';
    else if (this.#state === 'chunk-size') {
      this.#left = Number.parseInt(bytes.toString('latin1', 0, end), 16);
      if (Number.isNaN(this.#left)) throw new Error('a chunk without a size');
      this.#state = this.#left === 0 ? 'trailer' : 'chunk-data';
    } else if (end === 0) this.#finish();
    return end + 2;
  }

  #finish(): void {
    this.#state = 'head';
    this.#events.onEnd();
  }
}
