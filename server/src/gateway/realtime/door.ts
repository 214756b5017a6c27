// The door of realtime sessions: an upgrade request is authenticated, admitted and routed as a chat is, an upstream takes the session, and only then the client's socket opens. What fails before is an HTTP answer.
import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { findGroup, reserved } from '#gateway/admit.ts';
import type { Call } from '#gateway/call.ts';
import { ClientGone, type Failure, ownFailure } from '#gateway/errors.ts';
import { errorHeaders } from '#gateway/headers.ts';
import { takeLimits } from '#gateway/limits.ts';
import { createSessionGauge, record } from '#gateway/meters.ts';
import { sendFailure } from '#gateway/reply.ts';
import { readRequest } from '#gateway/request.ts';
import { claimsOf, findRules } from '#gateway/rules.ts';
import type { Plane } from '#gateway/run.ts';
import { release, settle } from '#gateway/settle.ts';
import { AppError } from '#lib/errors.ts';
import type { Metrics } from '#telemetry/metrics.ts';
import { callerOf, type SocketCaller } from './caller.ts';
import { PlaceKeeper } from './place-keeper.ts';
import { type Reached, reachUpstream, Unreached } from './reach.ts';
import { Session } from './session.ts';

/** OpenAI's longest event. */
const LONGEST_MESSAGE_BYTES = 16 * 1024 * 1024;
/** Sessions of one process; each may hold some MB for a peer that is slow. */
const MOST_SESSIONS = 1_000;

export class RealtimeDoor {
  readonly #sessions = new Set<Session>();
  readonly #server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: LONGEST_MESSAGE_BYTES,
    handleProtocols: (offered) => (offered.has('realtime') ? 'realtime' : false),
  });
  #isDraining = false;

  constructor(metrics: Metrics) {
    createSessionGauge(metrics, () => this.#sessions.size);
  }

  /** Serves one upgrade to the end of its session. Never rejects. */
  async serve(call: Call, plane: Plane, [socket, head]: readonly [Duplex, Buffer]): Promise<void> {
    const { deps } = plane;
    const leave = (): void => call.leave();
    socket.on('close', leave);
    const keeper = new PlaceKeeper(call, deps);
    try {
      const { caller, reached, initial } = await this.#admitted(call, plane);
      socket.off('close', leave);
      const client = await this.#accept(call, plane, [socket, head]).catch((error: unknown) => {
        reached.socket.terminate();
        throw error;
      });
      keeper.start();
      const session = new Session({ call, plane, reached, client, caller: () => caller.find(), initial });
      this.#sessions.add(session);
      if (this.#isDraining) session.drain();
      await session.run();
      this.#sessions.delete(session);
      await ended(call, plane, reached);
    } catch (error) {
      socket.off('close', leave);
      if (!isExpected(error)) deps.log.error('a realtime session failed inside the gateway', { callId: call.id, error });
      await refused(call, plane, error, socket);
    } finally {
      keeper.stop();
      release(call, deps);
      call.waiting = null;
      record(call, plane.meters, deps);
    }
  }

  /** Sessions end: those without an answer now, the others when it is done or after a time. */
  drain(): void {
    this.#isDraining = true;
    for (const session of this.#sessions) session.drain();
  }

  async #admitted(call: Call, plane: Plane): Promise<{ caller: SocketCaller; reached: Reached; initial: string | null }> {
    const { deps } = plane;
    checkUpgrade(call.request);
    const query = new URL(call.request.url ?? '/', 'http://door').searchParams;
    const caller = await callerOf(call.request, query, deps, call.snapshot.config.keyHeaderName);
    const { key, keyId } = await caller.find();
    call.key = key;
    call.keyId = key === null ? keyId : key.id;
    if (this.#sessions.size >= MOST_SESSIONS)
      throw new AppError('This process has no room for another session: try again.', { status: 503, code: 'service_unavailable', retryAfterSeconds: 5 });
    call.body = askedBody(query, caller);
    call.asked = readRequest(call.body, null, call.endpoint);
    call.guards = call.snapshot.guards?.of(call) ?? null;
    findGroup(call);
    findRules(call, deps);
    await takeLimits(call, deps);
    // A session costs nothing itself: whoever has nothing left is told before it opens.
    reserved(call, await deps.budgets.reserve(claimsOf(call), 0n, call.snapshot.config.budgetMode === 'strict'));
    const reached = await reachUpstream(call, plane);
    if (!call.gone) return { caller, reached, initial: caller.secret?.session ?? null };
    reached.socket.terminate();
    throw new ClientGone();
  }

  /** @throws ClientGone when the connection ended meanwhile, or its sub-protocols make no sense. */
  #accept(call: Call, { deps }: Plane, [socket, head]: readonly [Duplex, Buffer]): Promise<WebSocket> {
    return new Promise((resolve, reject) => {
      const headers = errorHeaders(call, deps);
      const add = (lines: string[]): void => {
        for (let index = 0; index < headers.length; index += 2) lines.push(`${headers[index]}: ${headers[index + 1]}`);
      };
      const gone = (): void => reject(new ClientGone());
      socket.once('close', gone);
      const response = call.response as ServerResponse;
      response.detachSocket(socket as never);
      response.statusCode = 101;
      this.#server.once('headers', add);
      this.#server.handleUpgrade(call.request, socket, head, (client) => {
        socket.off('close', gone);
        // Its first event waits until the session listens.
        client.pause();
        resolve(client);
      });
      this.#server.off('headers', add);
      if (socket.destroyed) gone();
    });
  }
}

/** What is left to the library would answer without a body. @throws AppError 400, 426. */
function checkUpgrade({ headers, method }: IncomingMessage): void {
  if (method !== 'GET') throw new AppError('A WebSocket is opened with GET.', { status: 405, code: 'bad_request_error' });
  if (headers['sec-websocket-version'] !== '13' && headers['sec-websocket-version'] !== '8')
    throw new AppError('Only version 13 of the WebSocket protocol is spoken here.', { status: 426, code: 'bad_request_error' });
  if (!/^[+/0-9A-Za-z]{22}==$/.test(headers['sec-websocket-key'] ?? ''))
    throw new AppError('The request is no valid WebSocket handshake: Sec-WebSocket-Key is missing or malformed.', { status: 400, code: 'bad_request_error' });
}

/** The query as a body: the model (Azure's clients call it deployment), and guards that are asked for. @throws AppError 400. */
function askedBody(query: URLSearchParams, { secret }: SocketCaller): Buffer {
  if (query.get('intent') === 'transcription' || query.has('call_id'))
    throw new AppError('Transcription sessions and calls of WebRTC or SIP are not supported: open a session with ?model=.', {
      status: 501,
      code: 'not_supported',
      param: 'intent',
    });
  const named = query.get('model') ?? query.get('deployment') ?? '';
  if (secret !== null && named !== '' && named !== secret.model)
    throw new AppError('This client secret is for another model.', { status: 403, code: 'auth_error', param: 'model' });
  const guardrails =
    query
      .get('guardrails')
      ?.split(',')
      .filter((name) => name !== '') ?? [];
  const model = secret?.model ?? named;
  if (model === '')
    throw new AppError('The address names no model: add ?model= with one of the names that `/v1/models` lists.', {
      status: 400,
      code: 'bad_request_error',
      param: 'model',
    });
  return Buffer.from(JSON.stringify({ model, ...(guardrails.length === 0 ? {} : { guardrails }) }));
}

/** The session's own row: how long it was open, and which upstream had it. */
async function ended(call: Call, { deps }: Plane, { target }: Reached): Promise<void> {
  Object.assign(call.attempts.at(-1) ?? {}, { endedAtUs: deps.clock.nowUs(), outcome: 'success', httpStatus: 101, cost: '0' });
  call.model ||= target.deployment.modelName;
  await new Promise<void>((resolve) =>
    settle(call, deps, { outcome: 'success', httpStatus: 101, errorClass: null, errorMessage: null, answerFormat: 'none', answer: [] }, () => resolve()),
  );
}

const isExpected = (error: unknown): boolean => error instanceof AppError || error instanceof Unreached || error instanceof ClientGone;

/** Ends a request that got no session: written down as any refused call, and told in HTTP. */
async function refused(call: Call, { deps }: Plane, error: unknown, socket: Duplex): Promise<void> {
  const gone = error instanceof ClientGone || call.gone;
  const failure: Failure = error instanceof Unreached ? error.failure : ownFailure(error);
  const last = call.attempts.at(-1);
  // Its upstream had taken the session.
  if (last?.outcome === 'unknown') Object.assign(last, { endedAtUs: deps.clock.nowUs(), outcome: 'cancelled', cost: '0' });
  if (leavesRow(call, failure, gone)) {
    const ending = { outcome: gone ? 'cancelled' : 'failure', httpStatus: gone ? 499 : failure.status } as const;
    const reason = gone ? { errorClass: null, errorMessage: null } : { errorClass: failure.errorClass ?? failure.type, errorMessage: failure.message };
    await new Promise<void>((resolve) => settle(call, deps, { ...ending, ...reason, answerFormat: 'none', answer: [] }, () => resolve()));
  }
  if (gone || call.response.statusCode === 101) socket.destroy();
  else sendFailure(call, deps, failure);
}

/** As for any call: nothing before authentication, nor of a flood that limits turn away. */
function leavesRow(call: Call, { status }: Failure, gone: boolean): boolean {
  if (call.keyId === '' || call.asked === null || call.settled) return false;
  return call.attempts.length > 0 || (status !== 429 && !gone);
}

/** An HTTP answer on the socket of an upgrade request. */
export function responseOn(request: IncomingMessage, socket: Duplex): ServerResponse {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket as never);
  response.on('finish', () => {
    response.detachSocket(socket as never);
    socket.end();
  });
  return response;
}
