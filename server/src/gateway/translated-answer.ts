// Stands between an upstream's connection and the attempt: what arrives in the upstream's language goes on in the client's. Errors pass untouched.
import type { Dispatcher } from 'undici';
import { isFields, parsed } from '#lib/json.ts';
import { AnswerFault } from './errors.ts';
import { type AnswerTranslation, type StreamTranslation, UpstreamSaid } from './providers/wire.ts';

/** A whole answer longer than this is not translated: it would have to be held twice. */
const LONGEST_WHOLE = 64 * 1024 * 1024;

type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2];
type Controller = Dispatcher.DispatchController;
type Reading = 'untouched' | 'whole' | 'stream' | 'over';

export class TranslatedAnswer implements Dispatcher.DispatchHandler {
  readonly #handler: Dispatcher.DispatchHandler;
  readonly #translation: AnswerTranslation;
  /** Counts bytes that are held; false = there is no room. */
  readonly #take: (bytes: number) => boolean;
  #reading: Reading = 'untouched';
  #held: Buffer[] = [];
  #size = 0;
  #stream: StreamTranslation | null = null;

  constructor(handler: Dispatcher.DispatchHandler, translation: AnswerTranslation, take: (bytes: number) => boolean) {
    this.#handler = handler;
    this.#translation = translation;
    this.#take = take;
  }

  onRequestStart(controller: Controller, context: unknown): void {
    this.#handler.onRequestStart?.(controller, context);
  }

  onResponseStart(controller: Controller, status: number, headers: Headers, statusMessage?: string): void {
    let told = headers;
    if (status >= 200 && status < 300) {
      const streams = isStream(headers['content-type']);
      this.#reading = streams ? 'stream' : 'whole';
      told = { ...headers, 'content-type': streams ? 'text/event-stream; charset=utf-8' : 'application/json' };
      if (streams) this.#stream = this.#translation.stream();
    }
    this.#handler.onResponseStart?.(controller, status, told, statusMessage);
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.#reading === 'untouched') this.#handler.onResponseData?.(controller, chunk);
    else if (this.#reading === 'whole') this.#hold(controller, chunk);
    else if (this.#reading === 'stream') this.#pass(controller, chunk);
  }

  onResponseEnd(controller: Controller, trailers: Headers): void {
    if (this.#reading === 'over') return;
    try {
      if (this.#reading === 'whole') this.#handler.onResponseData?.(controller, this.#whole());
      if (this.#reading === 'stream') this.#finish(controller);
    } catch (error) {
      this.#fail(controller, error);
      return;
    }
    this.#reading = 'over';
    this.#handler.onResponseEnd?.(controller, trailers);
  }

  onResponseError(controller: Controller, error: Error): void {
    if (this.#reading === 'over') return;
    this.#reading = 'over';
    this.#handler.onResponseError?.(controller, error);
  }

  #hold(controller: Controller, chunk: Buffer): void {
    this.#size += chunk.length;
    if (this.#size > LONGEST_WHOLE || !this.#take(chunk.length)) this.#fail(controller, new Error('the answer is too large to be translated'));
    else this.#held.push(chunk);
  }

  #whole(): Buffer {
    const bytes = this.#held.length === 1 ? (this.#held[0] as Buffer) : Buffer.concat(this.#held);
    this.#held = [];
    const answer = parsed(bytes.toString('utf8'));
    // What is no JSON object, or an error with a good status, is for the attempt to judge.
    if (!isFields(answer) || (answer.error !== undefined && answer.error !== null)) return bytes;
    const translated = this.#translation.whole(answer);
    return translated === null ? bytes : Buffer.from(JSON.stringify(translated));
  }

  /** Every chunk goes on, even an empty one: it shows that the upstream is not silent. */
  #pass(controller: Controller, chunk: Buffer): void {
    let out: string;
    try {
      out = (this.#stream as StreamTranslation).push(chunk);
    } catch (error) {
      this.#fail(controller, error);
      return;
    }
    this.#handler.onResponseData?.(controller, Buffer.from(out));
  }

  #finish(controller: Controller): void {
    const last = (this.#stream as StreamTranslation).end();
    // A cut answer gets no end: the relay sees that and says so.
    if (last !== null) this.#handler.onResponseData?.(controller, Buffer.from(last));
  }

  #fail(controller: Controller, error: unknown): void {
    if (this.#reading === 'over') return;
    this.#reading = 'over';
    const told = error instanceof UpstreamSaid ? error : new AnswerFault((error as Error).message);
    this.#handler.onResponseError?.(controller, told);
    controller.abort(told);
  }
}

function isStream(contentType: string | string[] | undefined): boolean {
  const type = String(contentType ?? '');
  return type.startsWith('text/event-stream') || type.startsWith('application/vnd.amazon.eventstream');
}
