// The provider's answer on its way to the client, as it comes: status, kind and bytes are its own. Read beside for what it counts; its end waits for the settlement.
import type { Dispatcher } from 'undici';
import type { AttemptRecord, CallUsage } from '#call-record.ts';
import type { Call, Ending, Interruptible } from '#gateway/call.ts';
import { answerFailure, ClientGone, type Failure, ownFailure, TimeoutError, transportFailure } from '#gateway/errors.ts';
import type { CallGuards } from '#gateway/guards/call-guards.ts';
import { answerHeaders } from '#gateway/headers.ts';
import { sendFailure } from '#gateway/reply.ts';
import type { Plane } from '#gateway/run.ts';
import { closeDelivered, closeFailed, settle } from '#gateway/settle.ts';
import type { Target } from '#gateway/target.ts';
import { estimateUsage } from '#gateway/usage.ts';
import { parsePicos } from '#lib/money.ts';
import type { Destination } from './destination.ts';
import { refusesUnread, unread } from './guarded.ts';
import { usageIn } from './usage.ts';

/** Of a longer answer nothing is written down and its tokens are estimated. */
const LONGEST_KEPT = 4 * 1024 * 1024;
/** What the end of a stream looks like: such a chunk waits for the settlement. */
const ENDINGS = [
  '[DONE]',
  'message_stop',
  'response.completed',
  'response.incomplete',
  'response.failed',
  '"finishReason"',
  'messageStop',
  ':event-type\u0007\u0000\u0008metadata',
].map((text) => Buffer.from(text));
/** Headers of the answer that are the client's to see. */
const PASSED = ['content-type', 'content-disposition', 'content-encoding', 'retry-after', 'location', 'etag', 'last-modified'];

type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2];

export class PassedAnswer implements Dispatcher.DispatchHandler, Interruptible {
  readonly #call: Call;
  readonly #target: Target;
  /** What each request costs, whatever it counts; null = by its tokens. */
  readonly #fixedCost: string | null;
  readonly #plane: Plane;
  readonly #finished: () => void;
  #controller: Dispatcher.DispatchController | null = null;
  #timer: NodeJS.Timeout | null = null;
  #status = 0;
  #type = '';
  #streams = false;
  #readable = true;
  #held: Buffer | null = null;
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #over = false;
  #paused = false;
  /** Guards look at the answer: until they have, nothing of it leaves or is written down. */
  readonly #guards: CallGuards | null;
  /** It is JSON, so they can. */
  #isGuarded = false;
  #head: string[] | null = null;

  constructor(call: Call, { target, costPerRequest }: Destination, plane: Plane, finished: () => void) {
    this.#call = call;
    this.#target = target;
    this.#fixedCost = costPerRequest;
    this.#plane = plane;
    this.#finished = finished;
    this.#guards = call.guards?.has('post_call') ? call.guards : null;
    call.waiting = this;
    this.#arm(call.snapshot.config.requestTimeoutMs, 'the upstream did not answer in time');
    call.response.on('drain', () => this.#resume());
  }

  /** The client left: what was delivered is billed. */
  interrupt(): void {
    if (this.#over) return;
    this.#end('cancelled', null);
    this.#controller?.abort(new ClientGone());
  }

  /** It could not be sent at all. */
  failBeforeAnswer(error: Error): void {
    this.#fail(error);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#over) controller.abort(new ClientGone());
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: Headers): void {
    if (this.#over || status < 200) return;
    this.#status = status;
    const type = String(headers['content-type'] ?? '');
    this.#type = type;
    this.#streams = type.startsWith('text/event-stream') || type.startsWith('application/vnd.amazon.eventstream') || type.startsWith('application/x-ndjson');
    this.#readable = headers['content-encoding'] === undefined || headers['content-encoding'] === 'identity';
    const out = PASSED.flatMap((name) => (typeof headers[name] === 'string' ? [name, headers[name]] : []));
    out.push(...answerHeaders(this.#call, { target: this.#target, headers }, this.#plane.deps));
    if (this.#streams) out.push('cache-control', 'no-cache', 'x-accel-buffering', 'no');
    this.#head = out;
    this.#isGuarded = this.#guards !== null && this.#readable && !this.#streams && type.includes('json');
    if (this.#guards === null) this.#sendHead();
    this.#arm(this.#call.snapshot.config.idleTimeoutMs, SILENT);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#over) return;
    if (!this.#paused) this.#timer?.refresh();
    this.#keep(chunk);
    if (this.#guards !== null && !this.#passes(chunk)) return;
    if (this.#held !== null) this.#write(this.#held);
    this.#held = null;
    if (this.#streams && !ENDINGS.some((ending) => chunk.includes(ending))) this.#write(chunk);
    else this.#held = chunk;
  }

  onResponseEnd(): void {
    if (this.#over) return;
    if (this.#isGuarded && this.#guards !== null && this.#kept.length > 0) void this.#look(this.#guards);
    else this.#end(this.#status < 400 ? 'success' : 'failure', null);
  }

  /** Whether a chunk goes on although guards look at answers: those that they cannot read, unless that is refused. */
  #passes(chunk: Buffer): boolean {
    if (this.#isGuarded) {
      if (this.#keptBytes > LONGEST_KEPT) this.#stop(answerFailure('the answer is too large for its guards to be looked at', this.#origin()));
      return false;
    }
    if (chunk.length === 0 || !refusesUnread(this.#call)) return true;
    this.#stop(ownFailure(unread(`an answer of the kind ${this.#type.slice(0, 100) || 'unknown'}`)));
    return false;
  }

  /** The provider is paid, the client gets nothing of it. */
  async #look(guards: CallGuards): Promise<void> {
    this.#disarm();
    const seen = await guards.answer(Buffer.concat(this.#kept)).catch((error: unknown) => ({ bytes: null, refusal: error }));
    if (this.#over) return;
    if (seen.refusal !== null) {
      this.#stop(
        seen.refusal instanceof SyntaxError
          ? answerFailure('the answer is no JSON, so its guards cannot look at it', this.#origin())
          : ownFailure(seen.refusal),
      );
      return;
    }
    if (seen.bytes !== null) this.#kept = [seen.bytes];
    this.#held = Buffer.concat(this.#kept);
    this.#isGuarded = false;
    this.#end(this.#status < 400 ? 'success' : 'failure', null);
  }

  /** Ends a call whose answer must not go on. */
  #stop(failure: Failure): void {
    this.#isGuarded = true;
    this.#held = null;
    this.#end('failure', failure);
    this.#controller?.abort(new ClientGone());
  }

  #origin(): { label: string; deployment: Target['deployment'] } {
    return { label: this.#target.errorLabel, deployment: this.#target.deployment };
  }

  #sendHead(): void {
    const { response } = this.#call;
    if (this.#head !== null && !response.destroyed) response.writeHead(this.#status, this.#head);
    this.#head = null;
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (!this.#over) this.#fail(error);
  }

  #fail(error: Error): void {
    const failure = transportFailure(error, this.#origin());
    this.#end('failure', failure);
  }

  #keep(chunk: Buffer): void {
    if (this.#keptBytes > LONGEST_KEPT) return;
    this.#keptBytes += chunk.length;
    if (this.#keptBytes <= LONGEST_KEPT && this.#plane.pool.take(chunk.length)) {
      this.#call.heldBytes += chunk.length;
      this.#kept.push(chunk);
    } else {
      this.#keptBytes = LONGEST_KEPT + 1;
      this.#kept = [];
    }
  }

  #write(bytes: Buffer): void {
    const { response } = this.#call;
    if (response.destroyed) return;
    this.#sendHead();
    this.#call.firstTokenAtUs ??= this.#plane.deps.clock.nowUs();
    if (response.write(bytes) || this.#paused) return;
    this.#paused = true;
    this.#disarm();
    this.#controller?.pause();
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (!this.#over) this.#arm(this.#call.snapshot.config.idleTimeoutMs, SILENT);
    this.#controller?.resume();
  }

  #end(outcome: Ending['outcome'], failure: Failure | null): void {
    this.#over = true;
    this.#disarm();
    const { deps } = this.#plane;
    this.#call.waiting = null;
    this.#bill(outcome, failure);
    const told = failure === null ? refusedBy(this.#status) : { errorClass: failure.errorClass ?? failure.type, errorMessage: failure.message };
    const httpStatus = outcome === 'cancelled' ? 499 : this.#status === 0 || this.#isGuarded ? (failure?.status ?? 502) : this.#status;
    // What guards have not let pass is not written down.
    const kept = this.#isGuarded ? ({ answerFormat: 'none', answer: [] } as const) : { answerFormat: this.#format(), answer: this.#kept };
    const ending = { outcome, httpStatus, ...told, ...kept };
    settle(this.#call, deps, ending, () => {
      this.#finish(failure);
      this.#finished();
    });
  }

  #format(): Ending['answerFormat'] {
    if (!this.#readable || this.#keptBytes > LONGEST_KEPT || this.#kept.length === 0) return 'none';
    const type = this.#type;
    if (type.startsWith('text/event-stream')) return 'sse';
    return type.includes('json') && !type.includes('ndjson') ? 'json' : 'none';
  }

  /** What answered well, or was left half-way, is billed by its counts or by the request; a refusal costs nothing. */
  #bill(outcome: Ending['outcome'], failure: Failure | null): void {
    const { deps } = this.#plane;
    const call = this.#call;
    const record = call.attempts.at(-1) as AttemptRecord;
    const delivered = this.#status > 0 && this.#status < 400;
    const usage = delivered ? this.#usage() : null;
    if (usage !== null) closeDelivered(call, deps, this.#target, { outcome, httpStatus: this.#status, ...usage });
    else if (outcome === 'failure') closeFailed(record, failure ?? refusal(this.#status), deps.clock.nowUs());
    else Object.assign(record, { endedAtUs: deps.clock.nowUs(), outcome, httpStatus: this.#status === 0 ? null : this.#status, cost: '0' });
    if (usage === null) call.upstreamUs += record.endedAtUs - record.startedAtUs;
    if (this.#fixedCost === null || !delivered) return;
    record.cost = this.#fixedCost;
    call.costPicos = parsePicos(this.#fixedCost);
  }

  /** Counts of the answer; estimated where a model was called and said none; null where none was called. */
  #usage(): { usage: CallUsage; estimated: boolean; answeredModel: string | null } | null {
    const { dialect, endpoint, body } = this.#call;
    const format = this.#format();
    const known = format === 'none' ? usageIn(this.#kept, null, dialect) : usageIn(this.#kept, format, dialect);
    if (known !== null) return { usage: known.usage, estimated: false, answeredModel: known.model };
    if (endpoint === 'pass-through') return null;
    return { usage: estimateUsage(body, this.#kept, format, dialect.said), estimated: true, answeredModel: null };
  }

  #finish(failure: Failure | null): void {
    const { response } = this.#call;
    if (failure !== null && !response.headersSent) sendFailure(this.#call, this.#plane.deps, failure);
    else if (response.destroyed) return;
    else if (failure === null) {
      this.#sendHead();
      response.end(this.#held ?? undefined);
    }
    // An ordinary end would make a cut answer look whole.
    else response.destroy();
  }

  #arm(afterMs: number, why: string): void {
    this.#disarm();
    this.#timer = setTimeout(() => this.#timeOut(why), Math.max(1, afterMs));
  }

  #timeOut(why: string): void {
    if (this.#over) return;
    const error = new TimeoutError(why);
    this.#fail(error);
    this.#controller?.abort(error);
  }

  #disarm(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

const SILENT = 'the upstream fell silent before the answer was complete';

function refusedBy(status: number): { errorClass: string | null; errorMessage: string | null } {
  return status < 400 ? { errorClass: null, errorMessage: null } : { errorClass: 'APIError', errorMessage: `the provider answered ${status}` };
}

function refusal(status: number): Failure {
  const { errorClass, errorMessage } = refusedBy(status);
  return { status, upstreamStatus: status, errorClass, message: errorMessage ?? '', type: null, param: null, fields: null, retryAfterMs: null, headers: [] };
}
