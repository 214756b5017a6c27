// One upstream try: sends the body, waits until the answer is whole (JSON), has begun well (stream) or has failed, within its time-outs.
// It implements undici's dispatch handler itself: no promise, stream or Response object lies between the socket and the corridor.
import type { Dispatcher } from 'undici';
import { dataOf, frameEnd } from '#http/sse.ts';
import type { BytePool } from './byte-pool.ts';
import type { Call, Interruptible } from './call.ts';
import { answerFailure, ClientGone, type Failure, type Origin, streamedFailure, TimeoutError, transportFailure, upstreamFailure } from './errors.ts';
import { answerForm, isPicture } from './media/media-call.ts';
import { retryAfterMs } from './retry-after.ts';
import { memberOf, memberValue, type ScannedObject, scanObject } from './scan.ts';
import type { Target } from './target.ts';

/** Error bodies beyond this are cut: they are read for their message only. */
const LONGEST_ERROR = 64 * 1024;
/** A JSON answer longer than this is relayed as it comes instead of being held whole. */
const LONGEST_HELD = 4 * 1024 * 1024;
/** Pictures are counted in the whole answer; the pool of bytes in flight bounds them all together. */
const LONGEST_PICTURES = 64 * 1024 * 1024;
/** A first event longer than this is taken for a good one. */
const LONGEST_FIRST_FRAME = 64 * 1024;

/** Who takes over an answer that is still coming. */
export interface Sink {
  data(chunk: Buffer): void;
  end(): void;
  fail(failure: Failure): void;
}

/** What is sent, and how long to wait. */
export interface Sending {
  /** Takes the answer: the attempt itself, or what translates for it. */
  readonly answers: Dispatcher.DispatchHandler;
  readonly path: string;
  readonly headers: string[];
  readonly body: Buffer | readonly Buffer[];
  /** Until the whole answer of a JSON call, or the first event of a stream. */
  readonly firstMs: number;
  /** Longest silence between two chunks. */
  readonly idleMs: number;
  /** Until the end of the answer. */
  readonly totalMs: number;
}

type Phase = 'waiting' | 'error' | 'json' | 'text' | 'first-bytes' | 'first-frame' | 'flowing' | 'over';

export class Attempt implements Dispatcher.DispatchHandler, Interruptible {
  readonly target: Target;
  status = 0;
  headers: Readonly<Record<string, string | string[] | undefined>> = {};
  /** `text`: a plain text, whole, as the `text` of `answer`. `bytes`: sound as it comes. */
  format: 'json' | 'sse' | 'text' | 'bytes' = 'json';
  /** What has arrived and was not handed on. */
  chunks: Buffer[] = [];
  /** A whole JSON answer, scanned; null for streams and oversized answers. */
  answer: ScannedObject | null = null;
  /** The answer has ended (true at once for whole JSON answers). */
  ended = false;
  readonly #call: Call;
  readonly #pool: BytePool;
  readonly #origin: Origin;
  #phase: Phase = 'waiting';
  #size = 0;
  #controller: Dispatcher.DispatchController | null = null;
  /** Ends the wait for the answer, later the silence between two chunks. */
  #timer: NodeJS.Timeout | null = null;
  #totalMs = 0;
  #idleMs = 0;
  /** When the newest chunk came. */
  #heardAtMs = 0;
  /** When a JSON answer must be whole, or a stream must have begun. */
  #firstByMs = 0;
  #totalTimer: NodeJS.Timeout | null = null;
  #sink: Sink | null = null;
  #late: Failure | null = null;
  #resolve: (failure: Failure | null) => void = () => {};
  #nowMs: () => number;
  readonly #longestHeld: number;

  constructor(call: Call, target: Target, shared: { pool: BytePool; nowMs: () => number }) {
    this.#call = call;
    this.target = target;
    this.#pool = shared.pool;
    this.#nowMs = shared.nowMs;
    this.#longestHeld = isPicture(call.endpoint) ? LONGEST_PICTURES : LONGEST_HELD;
    this.#origin = { label: target.errorLabel, deployment: target.deployment };
  }

  /** Dispatches. Resolves to null when there is an answer to relay, else to the reason; never rejects. */
  start(dispatcher: Pick<Dispatcher, 'dispatch'>, origin: string, sending: Sending): Promise<Failure | null> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#call.waiting = this;
      this.#totalMs = sending.totalMs;
      this.#arm(sending.firstMs, 'the upstream did not answer in time');
      this.#idleMs = sending.idleMs;
      this.#firstByMs = this.#nowMs() + sending.firstMs;
      const { answers, path, headers, body } = sending;
      try {
        // undici's own timers are off: changing their values between headers and body costs it a new timer each time, and one of ours sees everything.
        dispatcher.dispatch({ origin, path, method: 'POST', headers, body: body as Buffer, headersTimeout: 0, bodyTimeout: 0 }, answers);
      } catch (error) {
        this.#fail(transportFailure(error as Error, this.#origin));
      }
    });
  }

  /** Hands the rest of the answer to a sink: what has arrived first, then everything as it comes. */
  attach(sink: Sink): void {
    this.#sink = sink;
    const waiting = this.chunks;
    this.chunks = [];
    for (const chunk of waiting) sink.data(chunk);
    if (this.#late !== null) sink.fail(this.#late);
    else if (this.ended) sink.end();
  }

  /** The client left. */
  interrupt(): void {
    this.abort(new ClientGone());
  }

  /** The client reads slowly: its slowness is no silence of the upstream. */
  pause(): void {
    this.#stopSilence();
    this.#controller?.pause();
  }

  resume(): void {
    if (this.#phase === 'flowing') this.#watchSilence();
    this.#controller?.resume();
  }

  /** Ends the try now; the upstream's connection is closed. */
  abort(reason: Error): void {
    if (this.#phase === 'over') return;
    const failure = transportFailure(reason, this.#origin);
    this.#phaseOut(failure);
    this.#controller?.abort(reason);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#phase === 'over') controller.abort(new ClientGone());
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: Attempt['headers']): void {
    if (this.#phase === 'over' || status < 200) return;
    this.status = status;
    this.headers = headers;
    this.#arm(Math.min(this.#idleMs, this.#firstByMs - this.#nowMs()), SILENT);
    if (status > 299) this.#phase = 'error';
    else if (isCompressed(headers['content-encoding']))
      this.#failAndAbort(answerFailure('the answer is compressed although identity was asked for', this.#origin));
    else this.#expect(String(headers['content-type'] ?? ''));
  }

  #expect(contentType: string): void {
    if (contentType.startsWith('text/event-stream')) {
      this.format = 'sse';
      this.#phase = 'first-frame';
      return;
    }
    this.format = answerForm(this.#call, contentType);
    this.#phase = this.format === 'bytes' ? 'first-bytes' : this.format;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    switch (this.#phase) {
      case 'flowing':
        this.#heardAtMs = performance.now();
        if (this.#sink === null) this.chunks.push(chunk);
        else this.#sink.data(chunk);
        return;
      case 'first-bytes':
        if (chunk.length === 0) return;
        this.#keep(chunk);
        this.#begin();
        return;
      case 'json':
      case 'text':
        this.#keep(chunk);
        if (this.#nowMs() < this.#firstByMs) this.#timer?.refresh();
        // Too much to hold: relayed as it comes.
        if (this.#size > this.#longestHeld || !this.#take(chunk.length)) this.#begin();
        return;
      case 'first-frame':
        this.#keep(chunk);
        this.#judgeFirstFrame();
        return;
      case 'error':
        this.#keep(chunk);
        if (this.#size > LONGEST_ERROR) this.#failAndAbort(this.#errorAnswer());
        return;
      default:
    }
  }

  onResponseEnd(): void {
    switch (this.#phase) {
      case 'flowing':
        this.ended = true;
        this.#phase = 'over';
        this.#disarm();
        this.#sink?.end();
        return;
      case 'json':
      case 'text':
        this.#finishJson();
        return;
      case 'first-bytes':
        this.#fail(answerFailure('the answer is empty', this.#origin));
        return;
      case 'first-frame':
        this.#fail(answerFailure('the stream ended before its first event', this.#origin));
        return;
      case 'error':
        this.#fail(this.#errorAnswer());
        return;
      default:
    }
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#phase === 'over') return;
    const failure = transportFailure(error, this.#origin);
    this.#phaseOut(this.status === 0 ? failure : { ...failure, upstreamStatus: this.status });
  }

  #phaseOut(failure: Failure): void {
    if (this.#phase !== 'flowing') {
      this.#fail(failure);
      return;
    }
    this.#phase = 'over';
    this.#disarm();
    this.#late = failure;
    this.#sink?.fail(failure);
  }

  #keep(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.#size += chunk.length;
  }

  /** Counts bytes that are held for this answer; false = there is no room. */
  hold(bytes: number): boolean {
    return this.#take(bytes);
  }

  #take(bytes: number): boolean {
    if (!this.#pool.take(bytes)) return false;
    this.#call.heldBytes += bytes;
    return true;
  }

  #finishJson(): void {
    const whole = this.chunks.length === 1 ? (this.chunks[0] as Buffer) : Buffer.concat(this.chunks);
    const bytes = this.format === 'text' ? Buffer.from(JSON.stringify({ text: whole.toString('utf8') })) : whole;
    this.chunks = [bytes];
    try {
      this.answer = scanObject(bytes, 'allow');
    } catch {
      this.#fail(answerFailure(bytes.length === 0 ? 'the answer is empty' : 'the answer is not a whole JSON object', this.#origin));
      return;
    }
    const error = memberOf(this.answer, 'error');
    if (error !== undefined && memberValue(this.answer, error) !== null) {
      this.#fail(this.#errorAnswer());
      return;
    }
    this.ended = true;
    this.#phase = 'over';
    this.#disarm();
    this.#resolve(null);
  }

  /** A stream has begun well once its first data frame is whole and no error; comments before it do not count. */
  #judgeFirstFrame(): void {
    const bytes = this.chunks.length === 1 ? (this.chunks[0] as Buffer) : Buffer.concat(this.chunks);
    this.chunks = [bytes];
    if (bytes.length > LONGEST_FIRST_FRAME) {
      this.#begin();
      return;
    }
    for (let start = 0; ; ) {
      const end = frameEnd(bytes, start);
      if (end < 0) return;
      const data = dataOf(bytes.toString('utf8', start, end));
      if (data !== null) {
        this.#judgeFirstData(data);
        return;
      }
      start = end;
    }
  }

  #judgeFirstData(data: string): void {
    if (data === '[DONE]') {
      this.#begin();
      return;
    }
    let error: unknown;
    try {
      error = (JSON.parse(data) as { error?: unknown } | null)?.error;
    } catch {
      this.#failAndAbort(answerFailure('the first event of the stream is not JSON', this.#origin));
      return;
    }
    if (error === undefined || error === null) {
      this.#begin();
      return;
    }
    this.#failAndAbort(streamedFailure(data, this.#origin));
  }

  #begin(): void {
    this.#phase = 'flowing';
    this.#watchSilence();
    this.#totalTimer = setTimeout(() => this.abort(new TimeoutError('the answer took longer than a call may take')), this.#totalMs);
    this.#resolve(null);
  }

  #errorAnswer(): Failure {
    const status = this.status > 299 ? this.status : 500;
    return upstreamFailure(status, Buffer.concat(this.chunks).toString('utf8', 0, LONGEST_ERROR), this.#origin, retryAfterMs(this.headers, this.#nowMs()));
  }

  #failAndAbort(failure: Failure): void {
    this.#fail(failure);
    this.#controller?.abort(new Error('the answer is of no use'));
  }

  #fail(failure: Failure): void {
    this.#phase = 'over';
    this.#disarm();
    this.chunks = [];
    this.#resolve(failure);
  }

  #arm(afterMs: number, why: string): void {
    this.#stopSilence();
    this.#timer = setTimeout(() => this.abort(new TimeoutError(why)), Math.max(1, afterMs));
  }

  #watchSilence(): void {
    this.#heardAtMs = performance.now();
    this.#lookForSilence(this.#idleMs);
  }

  /** Looks when the silence would be too long, and again later when something was heard meanwhile: moving a timer at every chunk costs more than noting the time. */
  #lookForSilence(afterMs: number): void {
    this.#stopSilence();
    this.#timer = setTimeout(
      () => {
        const leftMs = this.#heardAtMs + this.#idleMs - performance.now();
        if (leftMs > 0) this.#lookForSilence(leftMs);
        else this.abort(new TimeoutError(SILENT));
      },
      Math.max(1, afterMs),
    );
  }

  #stopSilence(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #disarm(): void {
    this.#stopSilence();
    if (this.#totalTimer !== null) clearTimeout(this.#totalTimer);
    this.#totalTimer = null;
  }
}

const SILENT = 'the upstream fell silent before the answer was complete';

function isCompressed(encoding: string | string[] | undefined): boolean {
  return encoding !== undefined && encoding !== 'identity' && encoding !== '';
}
