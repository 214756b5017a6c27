// One session from its first event to its last row: two pumps, the pulse of both sides, its longest silence and length, and an end that is told to both and settled.
import type WebSocket from 'ws';
import type { Caller } from '#gateway/authenticate.ts';
import type { Call } from '#gateway/call.ts';
import type { Failure } from '#gateway/errors.ts';
import type { Plane } from '#gateway/run.ts';
import { newCallId } from '#lib/id.ts';
import { Answers } from './answers.ts';
import { ClientEvents } from './client-events.ts';
import { errorEvent } from './events.ts';
import { Pulse } from './pulse.ts';
import { Pump } from './pump.ts';
import type { Reached } from './reach.ts';
import type { Room } from './room.ts';
import { SessionState } from './session-state.ts';
import { UpstreamEvents } from './upstream-events.ts';

const DEFAULT_IDLE_MS = 900_000;
const DEFAULT_LONGEST_MS = 3_600_000;
/** How long an answer that runs may go on when its client has left (its usage is still to come), and when the process ends. */
const LAST_WORDS_MS = 10_000;
const DRAIN_MS = 20_000;
/** A peer that does not answer a close is cut off. */
const CLOSE_MS = 5_000;
/** Not allowed on the wire: they mean that there was no close at all. */
const NO_CODES = new Set([1004, 1005, 1006, 1015]);

export interface SessionParts {
  readonly call: Call;
  readonly plane: Plane;
  readonly reached: Reached;
  readonly client: WebSocket;
  readonly caller: () => Promise<Caller>;
  /** JSON text of what the session is configured with first. */
  readonly initial: string | null;
}

export class Session implements Room {
  readonly call: Call;
  readonly plane: Plane;
  readonly state = new SessionState();
  readonly answers: Answers;
  isDraining = false;
  hasClientLeft = false;
  readonly #client: WebSocket;
  readonly #upstream: WebSocket;
  readonly #fromClient: Pump;
  readonly #fromUpstream: Pump;
  readonly #pulse: Pulse;
  #isClosing = false;
  #upstreamWentAway = false;
  #whenSettled: (() => void) | null = null;

  constructor({ call, plane, reached, client, caller, initial }: SessionParts) {
    this.call = call;
    this.plane = plane;
    this.answers = new Answers({ home: { call, plane, caller }, target: reached.target, model: reached.model, state: this.state });
    this.#client = client;
    this.#upstream = reached.socket;
    const [clientEvents, upstreamEvents] = [new ClientEvents(this), new UpstreamEvents(this, initial)];
    const onFault = (error: unknown): void => this.#fault(error);
    this.#fromClient = new Pump({ source: client, sink: this.#upstream, handle: (data, isBinary) => clientEvents.handle(data, isBinary), onFault });
    this.#fromUpstream = new Pump({ source: this.#upstream, sink: client, handle: (data, isBinary) => upstreamEvents.handle(data, isBinary), onFault });
    const { realtime } = call.snapshot.config;
    this.#pulse = new Pulse({
      sockets: [client, this.#upstream],
      idleMs: realtime?.idleMs ?? DEFAULT_IDLE_MS,
      longestMs: realtime?.longestMs ?? DEFAULT_LONGEST_MS,
      onOver: (message) => {
        this.tell({ status: 400, type: 'session_expired', message, param: null }, null);
        this.close(1000, message);
      },
    });
  }

  /** Resolves when both sides are closed and every answer is settled. */
  async run(): Promise<void> {
    const closed = [
      this.#onClose(this.#client, (code, reason) => this.#clientLeft(code, reason)),
      this.#onClose(this.#upstream, (code, reason) => this.#upstreamLeft(code, reason)),
    ];
    this.#fromUpstream.start();
    this.#fromClient.start();
    this.#pulse.start();
    await Promise.all(closed);
    this.#pulse.stop();
    await Promise.all([this.#fromClient.idle(), this.#fromUpstream.idle()]);
    await this.answers.end(this.#upstreamWentAway);
  }

  /** No more answers: those that run may end within a time, then the session is closed. */
  drain(): void {
    if (this.isDraining) return;
    this.isDraining = true;
    const over = (): void => {
      this.tell({ status: 503, type: 'service_unavailable', message: 'The gateway is shutting down: open another session.', param: null }, null);
      this.close(1001, 'the gateway is shutting down');
    };
    if (!this.answers.isBusy) {
      over();
      return;
    }
    this.#whenSettled = () => {
      if (!this.answers.isBusy) over();
    };
    setTimeout(over, DRAIN_MS).unref();
  }

  toClient(text: string | Buffer): void {
    this.#fromUpstream.send(text);
  }

  toUpstream(text: string): void {
    this.#fromClient.send(text);
  }

  tell(failure: Pick<Failure, 'status' | 'type' | 'message' | 'param'>, causedBy: unknown): void {
    const type = failure.status >= 500 ? 'server_error' : 'invalid_request_error';
    this.toClient(errorEvent({ type, code: failure.type, message: failure.message, param: failure.param }, causedBy, newCallId()));
  }

  close(code: number, reason: string): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    shut(this.#client, code, reason);
    shut(this.#upstream, 1000, '');
  }

  settled(): void {
    this.#whenSettled?.();
  }

  #onClose(socket: WebSocket, left: (code: number, reason: string) => Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      socket.on('error', (error) => this.plane.deps.log.info('a side of a realtime session failed', { callId: this.call.id, error }));
      socket.on('close', (code, reason) => void left(code, reason.toString('utf8')).then(resolve));
      // It may be gone before anybody listened.
      if (socket.readyState === socket.CLOSED) void left(1006, '').then(resolve);
    });
  }

  async #clientLeft(code: number, reason: string): Promise<void> {
    await this.#fromClient.idle();
    this.hasClientLeft = true;
    if (this.answers.isBusy && !this.#isClosing) await this.#lastWords();
    this.#isClosing = true;
    shut(this.#upstream, NO_CODES.has(code) ? 1001 : code, reason);
  }

  /** What an answer used is known when the upstream says that it is done. */
  #lastWords(): Promise<void> {
    this.toUpstream(JSON.stringify({ type: 'response.cancel' }));
    return new Promise((resolve) => {
      const limit = setTimeout(resolve, LAST_WORDS_MS);
      const done = (): void => {
        clearTimeout(limit);
        resolve();
      };
      this.#whenSettled = () => {
        if (!this.answers.isBusy) done();
      };
      this.#upstream.once('close', done);
    });
  }

  async #upstreamLeft(code: number, reason: string): Promise<void> {
    await this.#fromUpstream.idle();
    if (!this.#isClosing && NO_CODES.has(code))
      this.tell({ status: 502, type: 'upstream_disconnected', message: 'The upstream of this session went away.', param: null }, null);
    this.#upstreamWentAway = !this.#isClosing && !this.hasClientLeft;
    this.#isClosing = true;
    shut(this.#client, NO_CODES.has(code) ? 1011 : code, reason);
  }

  #fault(error: unknown): void {
    this.plane.deps.log.error('a realtime session failed inside the gateway', { callId: this.call.id, error });
    this.tell({ status: 500, type: 'internal_server_error', message: 'Internal error of the gateway.', param: null }, null);
    this.close(1011, 'internal error of the gateway');
  }
}

/** Closes as the other side did; a peer that does not answer is cut off. */
function shut(socket: WebSocket, code: number, reason: string): void {
  if (socket.readyState === socket.CLOSED) return;
  // A paused socket never hears that the other side closes too.
  socket.resume();
  try {
    socket.close(code, Buffer.from(reason).subarray(0, 123));
  } catch {
    // A code or reason that the library does not write.
    socket.close(1011);
  }
  setTimeout(() => socket.terminate(), CLOSE_MS).unref();
}
