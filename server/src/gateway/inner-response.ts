// Where the answer of a call goes whose client is the gateway itself: held whole, or handed on event by event as it comes.

import { dataOf, frameEnd } from '#http/sse.ts';
import type { ClientResponse } from './call.ts';

/** An event longer than this is given up. */
const LONGEST_EVENT = 16 * 1024 * 1024;

/** Told what a stream brings. */
export interface InnerEvents {
  /** The stream has begun, with these headers. */
  began(headers: readonly string[]): void;
  /** The data of one event. */
  event(data: string): void;
  /** An event that is too long for anybody. */
  tooLong(): void;
}

export class InnerResponse implements ClientResponse {
  headersSent = false;
  statusCode = 200;
  headers: readonly string[] = [];
  /** A whole answer. */
  readonly chunks: Buffer[] = [];
  /** It came as an event stream. */
  isStream = false;
  /** It ended in the middle. */
  isCut = false;
  readonly #client: ClientResponse | null;
  readonly #events: InnerEvents | null;
  readonly #waiting: (() => void)[] = [];
  #carry: Buffer | null = null;

  /** @param client whose slowness and leaving count; null = nobody waits. @param events null = the answer is wanted whole. */
  constructor(client: ClientResponse | null, events: InnerEvents | null) {
    this.#client = client;
    this.#events = events;
  }

  get destroyed(): boolean {
    return this.#client?.destroyed === true;
  }

  get writableNeedDrain(): boolean {
    return this.#client?.writableNeedDrain === true;
  }

  writeHead(status: number, headers: string[]): void {
    this.headersSent = true;
    this.statusCode = status;
    this.headers = headers;
    this.isStream = this.#events !== null && status === 200 && headerOf(headers, 'content-type').startsWith('text/event-stream');
    if (this.isStream) this.#events?.began(headers);
  }

  write(bytes: Buffer | string): boolean {
    this.#take(Buffer.from(bytes as string));
    return !this.isStream || !this.writableNeedDrain;
  }

  end(bytes?: Buffer | string, encoding?: BufferEncoding): void {
    if (bytes !== undefined) this.#take(typeof bytes === 'string' ? Buffer.from(bytes, encoding) : bytes);
  }

  destroy(): void {
    this.isCut = true;
  }

  on(event: 'drain' | 'close', listener: () => void): void {
    if (event === 'drain') this.#waiting.push(listener);
  }

  /** The client reads again. */
  drained(): void {
    for (const listener of this.#waiting) listener();
  }

  get body(): string {
    return Buffer.concat(this.chunks).toString('utf8');
  }

  #take(bytes: Buffer): void {
    if (!this.isStream) {
      this.chunks.push(bytes);
      return;
    }
    const all = this.#carry === null ? bytes : Buffer.concat([this.#carry, bytes]);
    let start = 0;
    for (let end = frameEnd(all, start); end >= 0; end = frameEnd(all, start)) {
      const data = dataOf(all.toString('utf8', start, end));
      if (data !== null) this.#events?.event(data);
      start = end;
    }
    this.#carry = start === all.length ? null : all.subarray(start);
    if ((this.#carry?.length ?? 0) <= LONGEST_EVENT) return;
    this.#carry = null;
    this.#events?.tooLong();
  }
}

/** A header of a flat list; '' when it is not there. */
export function headerOf(headers: readonly string[], name: string): string {
  for (let at = 0; at < headers.length; at += 2) if (headers[at]?.toLowerCase() === name) return headers[at + 1] ?? '';
  return '';
}
