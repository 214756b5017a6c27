// What a client watches of a response in the background: its upstream's events as they come. The view ends with the client, the stream or its time; what runs goes on, and is counted by whoever looks after it.
import type { Sink } from '#gateway/attempt.ts';
import type { Call } from '#gateway/call.ts';
import type { GatewayDeps } from '#gateway/deps.ts';
import type { StreamScan } from '#gateway/dialects/dialect.ts';
import { answerFailure, ClientGone, type Failure, type Origin, streamedFailure } from '#gateway/errors.ts';
import { Pings } from '#gateway/pings.ts';

/** Where the events come from. */
export interface Watched {
  pause(): void;
  resume(): void;
  abort(reason: Error): void;
}

export interface ViewParts {
  readonly call: Call;
  readonly deps: GatewayDeps;
  readonly watched: Watched;
  readonly origin: Origin;
  /** Called once: the events told the end of the response, or the view is over before it. */
  over(sawEnd: boolean): void;
}

export class View implements Sink {
  readonly #parts: ViewParts;
  readonly #scan: StreamScan;
  #over = false;
  #paused = false;

  constructor(parts: ViewParts) {
    this.#parts = parts;
    this.#scan = parts.call.dialect.scan(false);
  }

  /** The head has been written; from here on the events may come. */
  start(): void {
    const { call, deps } = this.#parts;
    const { response, snapshot } = call;
    response.on('drain', () => this.#resume());
    response.on('close', () => this.#left());
    if (snapshot.config.pingMs !== null) call.pings = new Pings(call, deps, snapshot.config.pingMs);
    if (response.destroyed) this.#left();
  }

  data(chunk: Buffer): void {
    if (this.#over) return;
    const passed = this.#scan.push(chunk);
    if (passed !== null) this.#write(passed);
    if (this.#scan.done) this.#finish(this.#scan.ending, true);
    else if (this.#scan.malformed) this.#refuse(answerFailure('the stream contains an event that is not JSON', this.#parts.origin));
    else if (this.#scan.failed !== null) this.#refuse(streamedFailure(this.#scan.failed, this.#parts.origin));
  }

  end(): void {
    if (!this.#over) this.fail(answerFailure('the stream ended before the response did', this.#parts.origin));
  }

  fail(failure: Failure): void {
    if (this.#over) return;
    const message = `${failure.message} - the response may run on: ask for it by its id, or go on with GET /v1/responses/{id}?stream=true&starting_after={sequence_number of the last event}.`;
    this.#finish(this.#parts.call.dialect.errorEvent({ ...failure, message }), false);
  }

  #refuse(failure: Failure): void {
    this.fail(failure);
    this.#parts.watched.abort(new Error(failure.message));
  }

  #write(bytes: Buffer): void {
    const { call, watched } = this.#parts;
    call.pings?.wrote(false);
    if (call.response.write(bytes) || this.#paused) return;
    this.#paused = true;
    watched.pause();
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#parts.watched.resume();
  }

  #finish(tail: Buffer | null, sawEnd: boolean): void {
    this.#over = true;
    this.#parts.call.pings?.stop();
    this.#parts.call.response.end(tail ?? undefined);
    // What still comes is read to its end, so that the connection is free again.
    this.#resume();
    this.#parts.over(sawEnd);
  }

  /** Nobody watches any more. */
  #left(): void {
    if (this.#over) return;
    this.#over = true;
    this.#parts.call.pings?.stop();
    this.#parts.watched.abort(new ClientGone());
    this.#parts.over(false);
  }
}
