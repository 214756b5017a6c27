// Brings an upstream's answer to the client: whole JSON answers in one write after the settlement, everything else chunk by chunk with the last bytes held back until then.

import type { CallUsage } from '#call-record.ts';
import { fieldsOf, parsed, textOf } from '#lib/json.ts';
import type { Attempt, Sink } from './attempt.ts';
import { keepCached } from './cache/response-cache.ts';
import type { Call, Ending, Interruptible } from './call.ts';
import type { GatewayDeps } from './deps.ts';
import type { StreamScan } from './dialects/dialect.ts';
import { answerFailure, ClientGone, type Failure, ownFailure, streamedFailure } from './errors.ts';
import type { CallGuards } from './guards/call-guards.ts';
import { HoldingStream, MaskingStream } from './guards/guarded-stream.ts';
import { answerHeaders } from './headers.ts';
import { isMediaCall, isPicture } from './media/media-call.ts';
import { SpokenAnswer } from './media/spoken-answer.ts';
import { STREAM_HEADERS } from './pings.ts';
import { sendFailure, sendWhole } from './reply.ts';
import { keepResponse } from './responses/keep.ts';
import { memberOf, memberValue } from './scan.ts';
import { SentAnswer } from './sent-answer.ts';
import { closeDelivered, settle } from './settle.ts';
import { addsUsage } from './upstream-body.ts';
import { estimateUsage } from './usage.ts';

/** Relays, settles and ends the answer; resolves when nothing is left to do. */
export function relay(call: Call, attempt: Attempt, { deps }: { readonly deps: GatewayDeps }): Promise<void> {
  if (attempt.answer === null) return new Promise((resolve) => new FlowingAnswer(call, attempt, deps, resolve).start());
  if (call.guards?.has('post_call')) return relayGuarded(call, attempt, call.guards, deps);
  return relayWhole(call, attempt, { bytes: attempt.answer.bytes, chunks: attempt.chunks }, deps);
}

/** What the guards made of a whole answer. @throws AppError 400 when one refuses: the provider is paid, the client gets nothing of it. */
async function relayGuarded(call: Call, attempt: Attempt, guards: CallGuards, deps: GatewayDeps): Promise<void> {
  const { bytes } = attempt.answer as NonNullable<Attempt['answer']>;
  const guarded = await guards.answer(bytes).catch((error: unknown) => ({ bytes: null, refusal: error as Error }));
  if (guarded.refusal !== null) {
    billRefused(call, attempt, deps);
    throw guarded.refusal;
  }
  await relayWhole(call, attempt, guarded.bytes === null ? { bytes, chunks: attempt.chunks } : { bytes: guarded.bytes, chunks: [guarded.bytes] }, deps);
}

/** A guard refused what the provider has delivered: it costs what it costs. */
export function billRefused(call: Call, attempt: Attempt, deps: GatewayDeps): void {
  if (attempt.answer !== null) {
    billWhole(call, attempt, deps);
    return;
  }
  const usage = estimateUsage(call.body, [], 'none', call.dialect.said);
  closeDelivered(call, deps, attempt.target, { outcome: 'cancelled', httpStatus: attempt.status, usage, estimated: true, answeredModel: null });
  attempt.abort(new ClientGone());
}

function billWhole(call: Call, attempt: Attempt, deps: GatewayDeps): void {
  const answer = attempt.answer as NonNullable<Attempt['answer']>;
  const field = (key: string): unknown => {
    const member = memberOf(answer, key);
    return member === undefined ? null : memberValue(answer, member);
  };
  const { dialect } = call;
  const known = dialect.usage(field(dialect.usageKey)) ?? (dialect.otherUsageKey === undefined ? null : dialect.usage(field(dialect.otherUsageKey)));
  const usage = known ?? estimateUsage(call.body, attempt.chunks, 'json', dialect.said);
  const model = attempt.target.price(deps.prices, deps.clock.nowMs()) === null ? field('model') : null;
  closeDelivered(call, deps, attempt.target, {
    outcome: call.gone ? 'cancelled' : 'success',
    httpStatus: attempt.status,
    usage,
    estimated: known === null,
    answeredModel: typeof model === 'string' ? model : null,
  });
}

/** `answer` is what goes to the client and is written down: as received, or as guards made it. */
function relayWhole(call: Call, attempt: Attempt, answer: { bytes: Buffer; chunks: readonly Buffer[] }, deps: GatewayDeps): Promise<void> {
  billWhole(call, attempt, deps);
  return new Promise((resolve) => {
    const ending = { outcome: call.gone ? 'cancelled' : 'success', httpStatus: attempt.status, errorClass: null, errorMessage: null } as const;
    settleKept(call, deps, { ...ending, answerFormat: 'json', answer: answer.chunks }, (error) => {
      if (error !== null) sendFailure(call, deps, notRecorded());
      else if (call.response.headersSent) sendFailure(call, deps, notStreamed(attempt));
      else {
        const headers = ['content-type', String(attempt.headers['content-type'] ?? 'application/json'), ...answerHeaders(call, attempt, deps)];
        sendWhole(call.response, attempt.status, headers, attempt.format === 'text' ? plainText(answer.bytes) : answer.bytes);
      }
      resolve();
    });
  });
}

/** A plain text went through guards and journal as the `text` of an object. */
function plainText(bytes: Buffer): Buffer {
  return Buffer.from(textOf(fieldsOf(parsed(bytes.toString('utf8'))).text));
}

/** The guards between a stream and its client; null when none looks at answers. */
function guardedStream(call: Call): MaskingStream | HoldingStream | null {
  // What is spoken or drawn is what the request's guards have seen.
  if (call.guards === null || call.endpoint === 'speech' || isPicture(call.endpoint) || !call.guards.has('post_call')) return null;
  const guards = call.guards.streaming();
  return guards === null ? new HoldingStream(call.guards) : new MaskingStream(guards, call.guards);
}

/** Pings have begun an event stream, and then the upstream answers in one piece. */
function notStreamed({ target }: Attempt): Failure {
  return answerFailure('the upstream did not stream its answer', { label: target.errorLabel, deployment: target.deployment });
}

/** Settles, and keeps what a later call may go on from: both are done before the last byte leaves. */
function settleKept(call: Call, deps: GatewayDeps, ending: Ending, done: (error: Error | null) => void): void {
  const kept = call.turn === null || call.settled ? null : keepResponse(call, deps, ending, call.native);
  if (call.caching !== null && !call.settled) keepCached(call, deps, ending);
  settle(call, deps, ending, kept === null ? done : (error) => void kept.then(() => done(error)));
}

export function notRecorded(): Failure {
  const message = 'The call was made but could not be recorded: free disk space in the data folder.';
  return {
    status: 503,
    upstreamStatus: null,
    errorClass: null,
    message,
    type: 'service_unavailable',
    param: null,
    fields: null,
    retryAfterMs: null,
    headers: [],
  };
}

async function guardedEnd(guard: MaskingStream | HoldingStream, tail: Buffer | null): Promise<Buffer | null> {
  const passed = tail === null ? null : guard.push(tail);
  const held = await guard.end();
  return passed === null || held === null ? (passed ?? held) : Buffer.concat([passed, held]);
}

const NOTHING_COUNTED: CallUsage = { input: 0, output: 0, total: 0 };

/** An answer that is still coming: an event stream, or JSON too large to hold. */
class FlowingAnswer implements Sink, Interruptible {
  readonly #call: Call;
  readonly #attempt: Attempt;
  readonly #deps: GatewayDeps;
  readonly #finished: () => void;
  readonly #scan: StreamScan | null;
  readonly #guard: MaskingStream | HoldingStream | null;
  /** The stream is complete and guards look at what they hold. */
  #ending = false;
  /** What has left, for the journal and for estimates; incomplete once the pool is full. */
  readonly #sent: SentAnswer;
  /** Sound is not kept: what is written down of it. */
  readonly #spoken: SpokenAnswer | null;
  /** No stream: the newest chunk (of sound: byte) waits, so that the end can wait for the settlement. */
  #held: Buffer | null = null;
  #over = false;
  #paused = false;

  constructor(call: Call, attempt: Attempt, deps: GatewayDeps, finished: () => void) {
    this.#call = call;
    this.#attempt = attempt;
    this.#deps = deps;
    this.#finished = finished;
    this.#sent = new SentAnswer(call.response, attempt);
    this.#scan = attempt.format === 'sse' ? call.dialect.scan(addsUsage(call, attempt.target)) : null;
    this.#guard = guardedStream(call);
    this.#spoken = call.endpoint === 'speech' ? new SpokenAnswer(String(attempt.headers['content-type'] ?? ''), this.#scan !== null) : null;
  }

  start(): void {
    const { response } = this.#call;
    const type = String(this.#attempt.headers['content-type'] ?? 'application/json');
    const headers = ['content-type', type, ...answerHeaders(this.#call, this.#attempt, this.#deps)];
    if (this.#scan !== null) headers.push(...STREAM_HEADERS);
    const wasUnbegun = !response.headersSent;
    if (!response.destroyed && wasUnbegun) response.writeHead(this.#attempt.status, headers);
    response.on('drain', () => this.#resume());
    this.#call.waiting = this;
    if (this.#scan === null && !wasUnbegun) this.#refuse(notStreamed(this.#attempt));
    else this.#attempt.attach(this);
    if (this.#call.gone) this.interrupt();
  }

  data(chunk: Buffer): void {
    if (this.#over || this.#ending) return;
    if (this.#scan === null) {
      this.#unscanned(chunk);
      return;
    }
    const passed = this.#scan.push(chunk);
    if (passed !== null) this.#forward(passed);
    if (this.#over) return;
    if (this.#scan.done) this.#succeed(this.#scan.ending);
    else if (this.#scan.malformed) {
      this.#refuse(answerFailure('the stream contains an event that is not JSON', this.#origin()));
    } else if (this.#scan.failed !== null) this.#refuse(streamedFailure(this.#scan.failed, this.#origin()));
  }

  #unscanned(chunk: Buffer): void {
    if (this.#guard !== null) {
      this.#refuse(answerFailure('the answer is too large for its guards to be looked at', this.#origin()));
      return;
    }
    if (this.#held !== null) this.#write(this.#held);
    // Sound is heard while it comes: all of it goes on but the last byte.
    if (this.#spoken !== null && chunk.length > 1) this.#write(chunk.subarray(0, -1));
    this.#held = this.#spoken === null ? chunk : chunk.subarray(-1);
  }

  end(): void {
    if (this.#over || this.#ending) return;
    if (this.#scan === null) this.#close('success', null, this.#held);
    // Some servers never say [DONE]; a finish reason is as good. Without either the answer was cut.
    else if (this.#scan.finished) this.#succeed(this.#scan.ending);
    else this.fail(answerFailure('the stream ended before it was complete', this.#origin()));
  }

  fail(failure: Failure): void {
    if (this.#over) return;
    const event = this.#scan === null ? null : this.#call.dialect.errorEvent(failure);
    this.#close('failure', failure, event !== null && this.#scan?.midFrame ? Buffer.concat([Buffer.from('\n\n'), event]) : event);
  }

  #forward(bytes: Buffer): void {
    if (this.#guard === null) {
      this.#write(bytes);
      return;
    }
    try {
      const passed = this.#guard.push(bytes);
      if (passed !== null) this.#write(passed);
    } catch (error) {
      this.#refuse(ownFailure(error));
    }
  }

  /** The end of a good stream: what guards hold leaves before it. */
  #succeed(tail: Buffer | null): void {
    if (this.#guard === null) {
      this.#close('success', null, tail);
      return;
    }
    this.#ending = true;
    // What ends the stream may say the whole answer once more: guards see it as well.
    guardedEnd(this.#guard, tail).then(
      (held) => {
        if (this.#over) return;
        const last = held === null ? 0 : held.lastIndexOf('\n\n', -3) + 2;
        if (held !== null && last > 1) this.#write(held.subarray(0, last));
        this.#close('success', null, held === null || last <= 1 ? held : held.subarray(last));
      },
      (error: unknown) => this.fail(ownFailure(error)),
    );
  }

  /** What comes is of no use: the client is told, the upstream is let go. */
  #refuse(failure: Failure): void {
    this.fail(failure);
    this.#attempt.abort(new Error(failure.message));
  }

  #origin() {
    return { label: this.#attempt.target.errorLabel, deployment: this.#attempt.target.deployment };
  }

  /** The client left: what was delivered is billed. */
  interrupt(): void {
    if (this.#over) return;
    this.#close('cancelled', null, null);
    this.#attempt.abort(new ClientGone());
  }

  #write(bytes: Buffer): void {
    const { response } = this.#call;
    if (response.destroyed) return;
    this.#call.firstTokenAtUs ??= this.#deps.clock.nowUs();
    this.#call.pings?.wrote(this.#scan?.midFrame === true);
    const flows = this.#spoken === null ? this.#sent.write(bytes) : response.write(bytes);
    this.#spoken?.add(bytes);
    if (flows || this.#paused) return;
    this.#paused = true;
    this.#attempt.pause();
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#attempt.resume();
  }

  #close(outcome: 'success' | 'failure' | 'cancelled', failure: Failure | null, tail: Buffer | null): void {
    this.#over = true;
    // Nobody would resume it once its client has gone: its connection would be held until the call's longest time.
    this.#resume();
    this.#call.pings?.stop();
    this.#call.waiting = null;
    const record = this.#call.attempts.at(-1);
    if (failure !== null && record !== undefined) {
      record.errorClass = failure.errorClass;
      record.errorMessage = failure.message;
    }
    const known = this.#knownUsage();
    const delivered = { outcome, httpStatus: this.#attempt.status, usage: known ?? this.#estimate(), estimated: known === null };
    closeDelivered(this.#call, this.#deps, this.#attempt.target, { ...delivered, answeredModel: this.#scan?.model ?? null });
    const ending = {
      outcome,
      httpStatus: outcome === 'cancelled' ? 499 : this.#attempt.status,
      errorClass: failure?.errorClass ?? null,
      errorMessage: failure?.message ?? null,
      ...this.#kept(tail),
      partial: this.#sent.unkeptBytes > 0,
    };
    settleKept(this.#call, this.#deps, ending, (error) => this.#finish(outcome, error === null ? tail : this.#unrecordedTail()));
  }

  /** What is written down. */
  #kept(tail: Buffer | null): Pick<Ending, 'answerFormat' | 'answer'> {
    if (this.#spoken !== null) {
      if (tail !== null) this.#spoken.add(tail);
      return { answerFormat: 'json', answer: [this.#spoken.facts()] };
    }
    return { answerFormat: this.#scan === null ? 'json' : 'sse', answer: [this.#sent.bytes(tail)] };
  }

  #finish(outcome: 'success' | 'failure' | 'cancelled', tail: Buffer | null): void {
    const { response } = this.#call;
    if (!response.destroyed) {
      if (outcome === 'success' || this.#scan !== null) response.end(tail ?? undefined);
      // Cut JSON: an ordinary end would make it look whole.
      else response.destroy();
    }
    this.#finished();
  }

  #unrecordedTail(): Buffer | null {
    return this.#scan === null ? null : this.#call.dialect.errorEvent(notRecorded());
  }

  #knownUsage(): CallUsage | null {
    const { dialect } = this.#call;
    if (this.#scan !== null) return dialect.usage(this.#scan.usage);
    if (this.#spoken !== null) return null;
    const tail = this.#sent.bytes(this.#held).subarray(-4096).toString('utf8');
    const object = /"usage"\s*:\s*(\{(?:[^{}]|\{[^{}]*\})*\})\s*[,}]/.exec(tail)?.[1];
    return object === undefined ? null : dialect.usage(JSON.parse(object));
  }

  #estimate(): CallUsage {
    // The settlement counts what is no text.
    if (isMediaCall(this.#call.endpoint)) return NOTHING_COUNTED;
    const usage = estimateUsage(this.#call.body, [this.#sent.bytes(null)], this.#scan === null ? 'json' : 'sse', this.#call.dialect.said);
    // Bytes that were not kept count as frames of about 200 bytes, one token each.
    const output = usage.output + Math.ceil(this.#sent.unkeptBytes / 200);
    const begun = this.#scan === null ? null : this.#call.dialect.usage(this.#scan.begun);
    // The input is known from the stream's first event in some languages.
    if (begun !== null) return { ...begun, output, total: begun.total - begun.output + output };
    return { ...usage, output, total: usage.input + output };
  }
}
