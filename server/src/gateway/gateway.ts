// The data plane's door: takes the requests whose path is its own, keeps the current configuration, drains.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { createClientAddress } from '#http/client-address.ts';
import { AppError } from '#lib/errors.ts';
import type { GatewayConfig } from '#settings/settings.ts';
import { Affinity } from './affinity.ts';
import { authenticate, QUERY_KEY } from './authenticate.ts';
import { batchMethods } from './batches/paths.ts';
import { serveBatches } from './batches/serve.ts';
import { BytePool } from './byte-pool.ts';
import { SimilarAnswers } from './cache/similar-answers.ts';
import { Call } from './call.ts';
import { countTokens } from './count-tokens.ts';
import type { GatewayDeps } from './deps.ts';
import type { Dialect } from './dialects/dialect.ts';
import { openAiDialect } from './dialects/openai.ts';
import { dialectOf } from './dialects/registry.ts';
import { ownFailure } from './errors.ts';
import type { Guard } from './guards/guard.ts';
import { createGuardMeters } from './guards/guard-set.ts';
import { serveMcpDoor } from './mcp/serve.ts';
import { ServersRoom } from './mcp/servers-room.ts';
import { isMediaCall } from './media/media-call.ts';
import { createMeters } from './meters.ts';
import { modelsAnswer } from './models.ts';
import { isOpen } from './pass-through/destination.ts';
import { matchProvider } from './pass-through/doors.ts';
import { passThrough } from './pass-through/run.ts';
import { matchStated } from './pass-through/stated.ts';
import { matchPath, type PathMatch } from './paths.ts';
import { RealtimeDoor, responseOn } from './realtime/door.ts';
import { serveSecrets } from './realtime/secrets.ts';
import { sendFailure, sendWhole } from './reply.ts';
import { methodsOf, serveResponse } from './responses/resource.ts';
import { type Plane, run } from './run.ts';
import { hearRests } from './shared-rests.ts';
import { Snapshot } from './snapshot.ts';
import { UnderWay } from './under-way.ts';

/** One deployment as the admin API and the console show it. */
export interface DeploymentState {
  readonly id: string;
  readonly modelName: string;
  readonly ready: boolean;
  /** What is missing, for example that a key is not set. */
  readonly problem: string | null;
  readonly restingUntilMs: number | null;
}

export interface GatewayState {
  readonly callsInFlight: number;
  readonly bytesInFlight: number;
  readonly draining: boolean;
  readonly deployments: readonly DeploymentState[];
}

export interface Gateway {
  /** Takes a request when its path is the data plane's (true), else leaves it untouched (false). */
  handle(request: IncomingMessage, response: ServerResponse): boolean;
  /** Whether a request for a WebSocket is the data plane's. */
  upgrades(request: IncomingMessage): boolean;
  /** Takes such a request; its HTTP answer, should it be refused, is written on the socket. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** New calls use the new configuration; calls under way keep theirs. Resolves when the old connections are closed. @throws AppError when it cannot be used (the old one stays). */
  swapConfig(config: GatewayConfig): Promise<void>;
  /** Why a request may not come from where it comes from (allowed_ips); null when it may. */
  refusalOf(request: IncomingMessage): AppError | null;
  /** Runs with the configuration of now, whose connections stay open meanwhile. */
  withSnapshot<Result>(work: (snapshot: Snapshot) => Promise<Result>): Promise<Result>;
  /** A guard of the configuration now; null when there is none of that name. */
  guard(name: string): Guard | null;
  state(): GatewayState;
  /** Resolves when no call is in flight any more, and closes the connections to upstreams. New calls are refused with 503. */
  drain(): Promise<void>;
}

/** @throws AppError when a certificate file of the configuration cannot be read. */
export function createGateway(deps: GatewayDeps): Gateway {
  const guarding = { meters: createGuardMeters(deps.metrics), log: deps.log };
  let snapshot = new Snapshot(deps.config, deps.settings, guarding);
  const working = new UnderWay();
  const underWay = (work: Promise<void>): void => working.add(work);
  let draining = false;
  const addressOf = createClientAddress(deps.settings.trustedProxies);
  const pool = new BytePool(deps.settings.limits.inFlightBytes);
  const stopHearing = hearRests(() => snapshot, deps);
  const plane = planeOf(deps, pool, () => working.count);

  function opened(match: OwnMatch, http: [IncomingMessage, ServerResponse]): Call {
    const call = new Call(deps, snapshot, match, http);
    call.clientAddress = addressOf(http[0]);
    return call;
  }

  const realtime = new RealtimeDoor(deps.metrics);
  const sockets = socketsOf({
    current: () => snapshot,
    refusalOf: (request) => refusalOf(request) ?? (draining ? shuttingDown() : null),
    serve: (match, http, head) => underWay(within(snapshot, () => realtime.serve(opened(match, http), plane, [http[0].socket, head]))),
  });

  function serveCall(match: OwnMatch, request: IncomingMessage, response: ServerResponse): void {
    const call = opened(match, [request, response]);
    response.on('close', () => {
      if (!response.writableFinished) call.leave();
    });
    underWay(within(call.snapshot, () => serving(call, plane, match)));
  }

  function serve(match: PathMatch, request: IncomingMessage, response: ServerResponse): void {
    if (isGoogles(match)) takeQueryKey(request);
    if (match.kind === 'call' || match.kind === 'pass-through' || match.kind === 'mcp' || match.kind === 'realtime') {
      serveCall(match, request, response);
      return;
    }
    serveOther(match, { snapshot, plane, underWay, clientAddress: addressOf(request) }, [request, response]);
  }

  const refusalOf = (request: IncomingMessage): AppError | null => (snapshot.comesFrom === null ? null : refusalFrom(snapshot.comesFrom, addressOf(request)));

  return {
    refusalOf,
    handle(request, response) {
      const match = matchAt(snapshot, request.url ?? '/');
      if (match === null || request.method === 'OPTIONS') return false;
      allowAnyOrigin(request, response);
      const methods = methodsAt(match);
      const foreign = refusalOf(request);
      if (foreign !== null) refuseAt(match, response, foreign);
      else if (match.kind === 'absent') refuseAt(match, response, notBuilt(match.path));
      else if (draining) refuseAt(match, response, shuttingDown());
      else if (!methods.includes(request.method ?? '')) refuseAt(match, response, new AppError(`Use ${methods.join(' or ')} for this path.`, WRONG_METHOD));
      else serve(match, request, response);
      return true;
    },
    ...sockets,
    async swapConfig(config) {
      const old = snapshot;
      snapshot = new Snapshot(config, deps.settings, guarding);
      await old.retire();
    },
    withSnapshot: (work) => within(snapshot, work),
    guard: (name) => snapshot.guards?.named(name) ?? null,
    state: () => ({ callsInFlight: working.count, bytesInFlight: pool.inUse, draining, deployments: deploymentStates(snapshot, deps.clock.nowMs()) }),
    async drain() {
      draining = true;
      stopHearing();
      realtime.drain();
      await working.ended();
      await plane.mcp.close();
      await snapshot.retire();
    },
  };
}

function planeOf(deps: GatewayDeps, pool: BytePool, inFlight: () => number): Plane {
  const mcp = new ServersRoom({ egressAllow: deps.settings.egressAllow, version: deps.version, log: deps.log, nowMs: () => deps.clock.nowMs() });
  return { deps, pool, affinity: new Affinity(), meters: createMeters(deps.metrics, pool, inFlight), mcp, similar: new SimilarAnswers(deps) };
}

/** What is a call of its own. */
type OwnMatch = PathMatch & { kind: 'call' | 'pass-through' | 'mcp' | 'realtime' };

interface Serving {
  readonly snapshot: Snapshot;
  readonly plane: Plane;
  underWay(work: Promise<void>): void;
  readonly clientAddress: string | null;
}

/** What calls no model, or is written down as something else than a call. */
function serveOther(match: PathMatch, { snapshot, plane, underWay, clientAddress }: Serving, [request, response]: [IncomingMessage, ServerResponse]): void {
  const { deps, pool } = plane;
  response.on('finish', () => plane.meters.calls.add(1, meterName(match, request), '', String(response.statusCode)));
  if (match.kind === 'file' || match.kind === 'batch') underWay(serveBatches({ at: match, deps, snapshot, pool, request, response, clientAddress }));
  else if (match.kind === 'count-tokens') void countTokens({ snapshot, deps, pool }, match, [request, response]);
  else if (match.kind === 'response') void serveResponse({ snapshot, deps }, match, [request, response]);
  else if (match.kind === 'models') void serveModels(snapshot, deps, match.id, [request, response]);
}

interface SocketsOf {
  current(): Snapshot;
  refusalOf(request: IncomingMessage): AppError | null;
  serve(match: PathMatch & { kind: 'realtime' }, http: [IncomingMessage, ServerResponse], head: Buffer): void;
}

/** Requests that become WebSockets. */
function socketsOf({ current, refusalOf, serve }: SocketsOf): Pick<Gateway, 'upgrades' | 'upgrade'> {
  return {
    upgrades: (request) => {
      const match = matchAt(current(), request.url ?? '/');
      return match?.kind === 'realtime' && match.part === 'socket' && /^websocket$/i.test(request.headers.upgrade ?? '');
    },
    upgrade(request, socket, head) {
      const match = matchAt(current(), request.url ?? '/') as PathMatch & { kind: 'realtime' };
      // What goes wrong with the connection is told by its close.
      socket.on('error', () => {});
      const response = responseOn(request, socket);
      const refusal = refusalOf(request);
      if (refusal !== null) refuseAt(match, response, refusal);
      else serve(match, [request, response], head);
    },
  };
}

/** The connections of a configuration stay open while the work runs. */
async function within<Result>(held: Snapshot, work: (held: Snapshot) => Promise<Result>): Promise<Result> {
  held.enter();
  try {
    return await work(held);
  } finally {
    held.leave();
  }
}

function serving(call: Call, plane: Plane, match: OwnMatch): Promise<void> {
  if (match.kind === 'mcp') return serveMcpDoor(call, plane, match);
  if (match.kind === 'realtime') return match.part === 'secrets' ? serveSecrets(call, plane) : refuseWithoutUpgrade(call, plane);
  return match.kind === 'call' ? run(call, plane) : passThrough(call, plane, match);
}

/** A session is opened by a WebSocket handshake alone. */
async function refuseWithoutUpgrade(call: Call, { deps, meters }: Plane): Promise<void> {
  let error: unknown = new AppError(`${call.route} opens a WebSocket: send Upgrade: websocket, or use a realtime client.`, {
    status: 426,
    code: 'bad_request_error',
  });
  try {
    await authenticate(call.request, deps, call.snapshot.config.keyHeaderName);
  } catch (refusal) {
    error = refusal;
  }
  sendFailure(call, deps, ownFailure(error));
  meters.calls.add(1, call.endpoint, '', String(call.response.statusCode));
}

/** allowed_ips: an address that is not known is not in any list. */
function refusalFrom(comesFrom: NonNullable<Snapshot['comesFrom']>, address: string | null): AppError | null {
  if (address !== null && comesFrom(address)) return null;
  return new AppError(`Access forbidden: IP address ${address} not allowed.`, { status: 403, code: 'auth_error' });
}

/** Whose clients may write their key into the address. */
function isGoogles(match: PathMatch): boolean {
  if (match.kind === 'pass-through') return match.provider?.name === 'gemini' || match.provider?.name === 'vertex_ai';
  return 'endpoint' in match && match.endpoint === 'generate-content';
}

/** What the counter of calls says of a path that is no model call. */
function meterName(match: PathMatch, request: IncomingMessage): string {
  if (match.kind === 'file' || match.kind === 'batch') return `${match.kind} ${request.method} ${match.part ?? (match.id === null ? 'all' : 'one')}`;
  return match.kind === 'response' ? `response ${request.method} ${match.part ?? ''}`.trimEnd() : match.kind;
}

/** Paths of a form, not of a name; and paths for reranking, pictures and sound, which may be stated in configurations of before they were built. */
function givesWay(match: PathMatch): boolean {
  if (match.kind === 'mcp') return match.servers !== null;
  return match.kind === 'absent' || match.kind === 'pass-through' || ('endpoint' in match && (match.endpoint === 'rerank' || isMediaCall(match.endpoint)));
}

/** What the configuration states goes before provider routes and before what is not built. */
function matchAt(snapshot: Snapshot, target: string): PathMatch | null {
  const match = matchPath(target);
  if (match?.kind === 'file' || match?.kind === 'batch') return openDoorAt(snapshot, target) ?? match;
  if (snapshot.passThroughs.size === 0 || (match !== null && !givesWay(match))) return match;
  return matchStated(snapshot.passThroughs, target.split('?')[0] ?? '') ?? match;
}

/** Where a provider's own route is open, its files and batches are its own too; everywhere else they belong to somebody. */
function openDoorAt(snapshot: Snapshot, target: string): PathMatch | null {
  const match = matchProvider(target.split('?')[0] ?? '');
  return match?.provider != null && isOpen(snapshot, match.provider) ? match : null;
}

const ANY = ['POST', 'GET', 'PUT', 'PATCH', 'DELETE'];
const POST = ['POST'];
const GET = ['GET'];

function methodsAt(match: PathMatch): readonly string[] {
  if (match.kind === 'response') return methodsOf(match);
  if (match.kind === 'file' || match.kind === 'batch') return batchMethods(match);
  if (match.kind === 'pass-through') return ANY;
  if (match.kind === 'realtime') return match.part === 'socket' ? GET : POST;
  return match.kind === 'models' || (match.kind === 'mcp' && match.part === 'list') ? GET : POST;
}

const WRONG_METHOD = { status: 405, code: 'bad_request_error' };

function notBuilt(path: string): AppError {
  return new AppError(`${path.slice(0, 200)} is not built yet. GET /openapi.json lists what there is.`, { status: 501, code: 'not_supported' });
}

function shuttingDown(): AppError {
  return new AppError('The gateway is shutting down: try again.', { status: 503, code: 'service_unavailable', retryAfterSeconds: 1 });
}

/** Google's clients may write their key into the address: taken only there, and after every header. */
function takeQueryKey(request: IncomingMessage): void {
  const query = (request.url ?? '').indexOf('?');
  const key = query < 0 ? null : new URLSearchParams((request.url as string).slice(query)).get('key');
  delete request.headers[QUERY_KEY];
  if (key !== null && key !== '') request.headers[QUERY_KEY] = key;
}

/** A page of any origin may call: its credential is a header, never a cookie. */
function allowAnyOrigin(request: IncomingMessage, response: ServerResponse): void {
  if (request.headers.origin === undefined) return;
  response.setHeader('access-control-allow-origin', '*');
  response.setHeader('access-control-expose-headers', '*');
}

async function serveModels(snapshot: Snapshot, deps: GatewayDeps, id: string | null, [request, response]: [IncomingMessage, ServerResponse]): Promise<void> {
  try {
    const caller = await authenticate(request, deps, snapshot.config.keyHeaderName);
    sendWhole(response, 200, ['content-type', 'application/json'], Buffer.from(JSON.stringify(modelsAnswer(snapshot, caller, id))));
  } catch (error) {
    sendError(response, openAiDialect, error);
  }
}

function refuseAt(match: PathMatch, response: ServerResponse, error: AppError): void {
  sendError(response, 'endpoint' in match ? dialectOf(match.endpoint) : openAiDialect, error);
}

function sendError(response: ServerResponse, dialect: Dialect, error: unknown): void {
  const failure = ownFailure(error);
  const retry = failure.retryAfterMs === null ? [] : ['retry-after', String(Math.ceil(failure.retryAfterMs / 1000))];
  sendWhole(response, failure.status, ['content-type', 'application/json', ...retry], Buffer.from(dialect.envelope(failure)));
}

function deploymentStates(snapshot: Snapshot, nowMs: number): DeploymentState[] {
  return [...snapshot.groups.values()].flatMap((group) =>
    group.targets.map((target) => ({
      id: target.deployment.id,
      modelName: target.deployment.modelName,
      ready: target.problem === null,
      problem: target.problem?.message ?? null,
      restingUntilMs: target.health.isResting(nowMs) ? target.health.restsUntilMs() : null,
    })),
  );
}
