// One call that needs several requests to its upstream: sends them a few at a time, answers once with what they say together. The attempt sees one upstream that answers once.
import type { Dispatcher } from 'undici';
import { isFields, parsed } from '#lib/json.ts';
import { AnswerFault } from './errors.ts';
import type { EmbeddingAnswer } from './providers/embeddings.ts';
import { UpstreamSaid } from './providers/wire.ts';

/** Requests of one call that are under way at once. */
const AT_ONCE = 8;
/** Pictures in their largest size are the longest. */
const LONGEST_ANSWER = 64 * 1024 * 1024;

export interface FanOutParts {
  readonly dispatcher: Pick<Dispatcher, 'dispatch'>;
  readonly requests: readonly { readonly headers: string[]; readonly body: Buffer }[];
  /** Makes one answer of all, which come in the requests' order. @throws Error when one makes no sense. */
  combine(answers: readonly EmbeddingAnswer[]): Record<string, unknown>;
  /** Some answers are enough. */
  readonly partly?: boolean;
  /** Counts bytes that are held; false = there is no room. */
  hold(bytes: number): boolean;
}

type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2];

/** An answer that is none. */
interface Refusal {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Speaks undici's dispatch contract once. The first request that fails decides; what is under way then is let go. */
export class FanOut implements Dispatcher.DispatchController {
  readonly #parts: FanOutParts;
  readonly #answers: EmbeddingAnswer[] = [];
  readonly #open = new Set<Dispatcher.DispatchController>();
  #options: Dispatcher.DispatchOptions | null = null;
  #handler: Dispatcher.DispatchHandler | null = null;
  #next = 0;
  #done = 0;
  #over = false;
  /** What the first request failed of, where others may be enough. */
  #missed: Error | Refusal | null = null;
  #headers: Headers = {};
  aborted = false;
  paused = false;
  reason: Error | null = null;
  rawHeaders = null;
  rawTrailers = null;

  constructor(parts: FanOutParts) {
    this.#parts = parts;
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    this.#options = options;
    this.#handler = handler;
    handler.onRequestStart?.(this, {});
    while (this.#next < Math.min(AT_ONCE, this.#parts.requests.length)) this.#send();
    return true;
  }

  /** An answer is whole when it goes on: there is nothing to slow down. */
  pause(): void {}
  resume(): void {}

  abort(reason: Error): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    const told = !this.#over;
    this.#stop(reason);
    if (told) queueMicrotask(() => this.#handler?.onResponseError?.(this, reason));
  }

  #send(): void {
    const index = this.#next++;
    const request = this.#parts.requests[index];
    if (request === undefined || this.#over) return;
    const options = { ...(this.#options as Dispatcher.DispatchOptions), headers: request.headers, body: request.body };
    this.#parts.dispatcher.dispatch(options, new PartAnswer(this, index));
  }

  began(controller: Dispatcher.DispatchController): void {
    if (this.#over) controller.abort(new Error('the call is over'));
    else this.#open.add(controller);
  }

  hold(bytes: number): boolean {
    return this.#parts.hold(bytes);
  }

  /** A request was answered. */
  answered(index: number, controller: Dispatcher.DispatchController, { status, headers, text }: { status: number; headers: Headers; text: string }): void {
    this.#open.delete(controller);
    if (this.#over) return;
    if (status < 200 || status > 299) {
      this.#miss({ status, headers, text });
      return;
    }
    const body = parsed(text);
    if (!isFields(body)) {
      this.#miss(new AnswerFault('the answer is not a whole JSON object'));
      return;
    }
    this.#answers[index] = { body, headers };
    this.#headers = headers;
    this.#answeredOne();
  }

  /** A request broke off. */
  failed(controller: Dispatcher.DispatchController, error: Error): void {
    this.#open.delete(controller);
    if (!this.#over) this.#miss(error);
  }

  #answeredOne(): void {
    this.#done++;
    if (this.#done < this.#parts.requests.length) this.#send();
    else this.#finishAll();
  }

  #miss(why: Error | Refusal): void {
    this.#missed ??= why;
    if (this.#parts.partly === true) this.#answeredOne();
    else this.#tell(why);
  }

  #tell(why: Error | Refusal): void {
    if (why instanceof Error) {
      this.#stop(why);
      this.#handler?.onResponseError?.(this, why);
    } else this.#finish(why.status, why.headers, why.text);
  }

  #finishAll(): void {
    const answers = this.#answers.filter((answer) => answer !== undefined);
    if (answers.length === 0 && this.#missed !== null) {
      this.#tell(this.#missed);
      return;
    }
    let whole: string;
    try {
      whole = JSON.stringify(this.#parts.combine(answers));
    } catch (error) {
      this.#tell(error instanceof UpstreamSaid ? error : new AnswerFault((error as Error).message));
      return;
    }
    this.#finish(200, { ...this.#headers, 'content-type': 'application/json' }, whole);
  }

  #finish(status: number, headers: Headers, text: string): void {
    this.#stop(new Error('the call is over'));
    const handler = this.#handler as Dispatcher.DispatchHandler;
    handler.onResponseStart?.(this, status, headers);
    handler.onResponseData?.(this, Buffer.from(text));
    handler.onResponseEnd?.(this, {});
  }

  #stop(reason: Error): void {
    this.#over = true;
    for (const controller of this.#open) controller.abort(reason);
    this.#open.clear();
  }
}

/** One request's answer, held whole. */
class PartAnswer implements Dispatcher.DispatchHandler {
  readonly #call: FanOut;
  readonly #index: number;
  readonly #chunks: Buffer[] = [];
  #size = 0;
  #status = 0;
  /** The call knows how it ended. */
  #told = false;
  #headers: Headers = {};

  constructor(call: FanOut, index: number) {
    this.#call = call;
    this.#index = index;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#call.began(controller);
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: Headers): void {
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#told) return;
    this.#size += chunk.length;
    if (this.#size <= LONGEST_ANSWER && this.#call.hold(chunk.length)) {
      this.#chunks.push(chunk);
      return;
    }
    const fault = new AnswerFault('the answer is too large to be held');
    this.onResponseError(controller, fault);
    controller.abort(fault);
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    if (this.#told) return;
    this.#told = true;
    this.#call.answered(this.#index, controller, { status: this.#status, headers: this.#headers, text: Buffer.concat(this.#chunks).toString('utf8') });
  }

  onResponseError(controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#told) return;
    this.#told = true;
    this.#chunks.length = 0;
    this.#call.failed(controller, error);
  }
}
