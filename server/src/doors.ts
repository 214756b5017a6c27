// Opens the two doors over the house: the data plane takes its paths, login and routes the rest, pages what is left.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { createApp, type RequestEvent } from '#http/app.ts';
import { createClientAddress, createProxyCheck } from '#http/client-address.ts';
import { errorResponse } from '#http/errors.ts';
import { type Door, type DoorOptions, openDoor } from '#http/listen.ts';
import { AppError } from '#lib/errors.ts';
import { tellLedger } from '#observe/clients/notes.ts';
import { type GrpcDoor, openGrpcDoor } from '#observe/ingest/otlp-grpc-door.ts';
import type { Settings } from '#settings/settings.ts';
import type { Log } from '#telemetry/log.ts';
import { frontSocket, hasCallWorkers } from './call-workers.ts';
import { forwardToFront } from './forward-to-front.ts';
import type { House } from './house.ts';
import { createPages } from './pages.ts';

export interface Doors {
  gateway: Door | null;
  /** Null when its port was taken or the role has none. */
  observe: Door | null;
  /** OTLP over gRPC; null when its port was taken or the role takes no events. */
  otlpGrpc: GrpcDoor | null;
  /** In-flight answers finish, at most for `graceMs`. */
  drain(graceMs: number): Promise<void>;
}

export interface DoorsInput {
  settings: Settings;
  house: House;
  consoleFolder: () => string | null;
  log: Log;
  /** Port 3000 was taken: said, and the start goes on. */
  onObservePortTaken: (port: number) => void;
  /** So was the port of OTLP over gRPC. */
  onGrpcPortTaken: (port: number) => void;
}

/** Opens what the role serves. @throws the system's EADDRINUSE when the first door's port is taken. */
export async function openDoors(input: DoorsInput): Promise<Doors> {
  const { settings, house } = input;
  const dataPlane =
    settings.role === 'observe' || settings.role === 'worker'
      ? null
      : (request: IncomingMessage, response: ServerResponse) => house.gateway.handle(request, response);
  const open = (door: 'gateway' | 'observe', port: number): Promise<Door> =>
    openDoor({
      host: settings.host,
      port,
      ...(door === 'gateway' && hasCallWorkers(settings) ? { socket: frontSocket(settings.dataDir) } : {}),
      rootPath: settings.rootPath,
      dataPlane,
      ...(dataPlane === null ? {} : { upgrades: upgradesOf(house) }),
      fallback: fallbackOf(input, door),
    });

  if (settings.front !== undefined) return withDrain({ gateway: await openForFront(input, settings.front), observe: null, otlpGrpc: null });
  if (settings.role === 'gateway' || settings.role === 'worker')
    return withDrain({ gateway: await open('gateway', settings.port), observe: null, otlpGrpc: null });
  if (settings.role === 'observe') return withDrain({ gateway: null, observe: await open('observe', settings.observePort), otlpGrpc: await openGrpc(input) });
  const gateway = await open('gateway', settings.port);
  const observe = await unlessTaken(
    () => open('observe', settings.observePort),
    () => input.onObservePortTaken(settings.observePort),
  );
  return withDrain({ gateway, observe, otlpGrpc: await openGrpc(input) });
}

function upgradesOf({ gateway }: House): NonNullable<DoorOptions['upgrades']> {
  return { wants: (request) => gateway.upgrades(request), take: (request, socket, head) => gateway.upgrade(request, socket, head) };
}

/** A call worker's door is the front's: node:cluster shares the port. */
async function openForFront({ settings, house }: DoorsInput, front: NonNullable<Settings['front']>): Promise<Door | null> {
  if (!front.serves) return null;
  const { host, port, rootPath } = settings;
  return await openDoor({
    host,
    port,
    rootPath,
    dataPlane: (request, response) => house.gateway.handle(request, response),
    upgrades: upgradesOf(house),
    fallback: forwardToFront(front.socket),
  });
}

async function unlessTaken<Opened>(open: () => Promise<Opened>, onTaken: () => void): Promise<Opened | null> {
  try {
    return await open();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    onTaken();
    return null;
  }
}

async function openGrpc({ settings, house, onGrpcPortTaken }: DoorsInput): Promise<GrpcDoor | null> {
  if (settings.expose === 'llm') return null;
  const options = {
    host: settings.host,
    port: settings.otlpGrpcPort,
    dependencies: house.ingestion,
    authenticate: house.authenticateProject,
    saw: house.ingestion.clients.saw,
  };
  return await unlessTaken(
    () => openGrpcDoor(options),
    () => onGrpcPortTaken(settings.otlpGrpcPort),
  );
}

function withDrain(doors: Omit<Doors, 'drain'>): Doors {
  return {
    ...doors,
    async drain(graceMs) {
      await Promise.all([doors.gateway?.drain(graceMs), doors.observe?.drain(graceMs), doors.otlpGrpc?.drain(graceMs)]);
    },
  };
}

/** What the data plane does not take. `--expose llm` leaves nothing else. */
function fallbackOf(input: DoorsInput, door: 'gateway' | 'observe'): (request: IncomingMessage, response: ServerResponse) => void {
  const { house, settings, log } = input;
  const pages = createPages(door, input.consoleFolder);
  const addressOf = createClientAddress(settings.trustedProxies);
  const app = createApp({
    door,
    routes: house.routes.filter(({ path }) => isServed(settings, path)),
    authenticate: house.authenticate,
    onClient: (call) => tellLedger(house.ingestion.clients, call),
    fallback: (http) => (settings.expose === 'llm' || settings.role === 'worker' ? hidden() : pages(http)),
    onRequest: (event) => {
      house.tellRequest(event);
      logRequest(log, event);
    },
  });
  const isFromProxy = createProxyCheck(settings.trustedProxies);
  const routes = getRequestListener(
    (request, bindings) => app.fetch(request, { ...bindings, isFromProxy: isFromProxy(bindings.incoming as IncomingMessage) }),
    {
      overrideGlobalObjects: false,
    },
  );
  const login = getRequestListener(
    async (request, { incoming }) => {
      try {
        return await house.login.handle(request, addressOf(incoming as IncomingMessage));
      } catch (error) {
        return errorResponse(error, 'console');
      }
    },
    { overrideGlobalObjects: false },
  );
  return (request, response) => {
    const refusal = isOpen(request.url ?? '/') ? null : house.gateway.refusalOf(request);
    if (refusal !== null) {
      refuse(response, refusal);
      return;
    }
    const isLogin = settings.expose === null && settings.role !== 'worker' && request.url?.startsWith('/api/auth/') === true;
    void (isLogin ? login : routes)(request, response);
  };
}

/** A listener that is cut down keeps its probes; a worker has nothing else than probes and metrics. */
function isServed({ expose, role }: Settings, path: string): boolean {
  const isProbe = path.startsWith('/health/liv') || path === '/health/readiness';
  if (role === 'worker') return isProbe || path === '/metrics';
  return expose === null || isProbe;
}

/** What `allowed_ips` leaves open: probes, metrics, and what project keys of their own guard. */
function isOpen(url: string): boolean {
  // As the routes read it: `..` leads to another path.
  const path = URL.canParse(url, 'http://door') ? new URL(url, 'http://door').pathname : '/';
  return path.startsWith('/health/liv') || path === '/health/readiness' || path === '/metrics' || path.startsWith('/api/public/');
}

function refuse(response: ServerResponse, error: AppError): void {
  const body = JSON.stringify({ error: { message: error.message, type: error.code, param: null, code: String(error.status) } });
  response.writeHead(error.status, { 'content-type': 'application/json' }).end(body);
}

function hidden(): Response {
  return errorResponse(new AppError('This listener does not serve this path.', { status: 404, code: 'not_found_error' }), 'litellm');
}

function logRequest(log: Log, event: RequestEvent): void {
  const { error, traceparent: _, isOwnTelemetry: __, ...fields } = event;
  // 503 says "not now" and why (a start that is not ready, a store that is away): the cause has its own line, and a probe that asks every second is no fault.
  if (event.status === 503) log.warn('request', { ...fields, ...(error === null ? {} : { error }) });
  else if (event.status >= 500) log.error('request', { ...fields, ...(error === null ? {} : { error }) });
  else log.info('request', fields);
}
