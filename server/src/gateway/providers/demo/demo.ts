// The demo provider: answers without a network, as an OpenAI upstream would, with plausible usage; streams word by word, in Japanese when the question is.
import { createHash } from 'node:crypto';
import type { Dispatcher } from 'undici';
import { CHAT_ONLY, endpointPath } from '#gateway/providers/openai/openai.ts';
import { openAiWire } from '#gateway/providers/openai/wire.ts';
import type { LocalUpstream, Provider, Upstream } from '#gateway/providers/provider.ts';
import { type DemoRequest, demoChat, demoChunks, demoEmbeddings } from './demo-answers.ts';

const PACE_MS = 12;

/** Deployments with `mock_response`, and the `demo` model of the starter configuration. */
export const demo: Provider = {
  errorLabel: () => 'DemoException',
  upstream: (deployment): Upstream => mockUpstream(deployment.mockResponse),
};

/** An upstream that says `text` (null: a greeting in the question's language). Also serves `mock_response` of a request's body. */
export function mockUpstream(text: string | null): Upstream {
  return {
    origin: 'http://demo.invalid',
    apiBase: 'demo:',
    native: CHAT_ONLY,
    path: endpointPath,
    headers: [],
    rename: new Map(),
    drop: new Set(),
    streamUsage: true,
    wire: openAiWire(true),
    local: { dispatch: (options, handler) => new DemoAnswer(handler).start(options, text) },
  };
}

/** Plays an upstream's part towards the handler; pausing and aborting work as they do with a socket. */
class DemoAnswer implements Dispatcher.DispatchController {
  readonly #handler: Dispatcher.DispatchHandler;
  #frames: Buffer[] = [];
  #timer: NodeJS.Timeout | null = null;
  #paceMs = 0;
  aborted = false;
  paused = false;
  reason: Error | null = null;
  rawHeaders = null;
  rawTrailers = null;

  constructor(handler: Dispatcher.DispatchHandler) {
    this.#handler = handler;
  }

  start(options: Parameters<LocalUpstream['dispatch']>[0], text: string | null): void {
    this.#handler.onRequestStart?.(this, {});
    const request = JSON.parse(options.body.toString('utf8')) as DemoRequest;
    const id = `chatcmpl-demo-${createHash('sha256').update(options.body).digest('hex').slice(0, 24)}`;
    if (options.path === '/embeddings') this.#frames = [Buffer.from(JSON.stringify(demoEmbeddings(request)))];
    else if (request.stream === true) this.#frames = demoChunks(request, id, text);
    else this.#frames = [Buffer.from(JSON.stringify(demoChat(request, id, text)))];
    this.#paceMs = request.stream === true ? PACE_MS : 0;
    const headers = { 'content-type': request.stream === true ? 'text/event-stream' : 'application/json' };
    setImmediate(() => {
      if (this.aborted) return;
      this.#handler.onResponseStart?.(this, 200, headers);
      this.#next();
    });
  }

  #next(): void {
    this.#timer = null;
    if (this.aborted || this.paused) return;
    const frame = this.#frames.shift();
    if (frame === undefined) {
      this.#handler.onResponseEnd?.(this, {});
      return;
    }
    this.#handler.onResponseData?.(this, frame);
    if (!this.aborted && !this.paused && this.#timer === null) this.#timer = setTimeout(() => this.#next(), this.#frames.length === 0 ? 0 : this.#paceMs);
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.#timer ??= setTimeout(() => this.#next(), 0);
  }

  abort(reason: Error): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    if (this.#timer !== null) clearTimeout(this.#timer);
    queueMicrotask(() => this.#handler.onResponseError?.(this, reason));
  }
}
