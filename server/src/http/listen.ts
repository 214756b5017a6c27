// A door: a node:http server with limits, a switch between the data plane and everything else, and a drain that lets answers finish.
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { dirname } from 'node:path';
import type { Duplex } from 'node:stream';
import { PEER_HEADER } from './client-address.ts';

export interface DoorOptions {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** A Unix socket instead of host and port, for processes of this machine and this user. */
  readonly socket?: string;
  /** Takes a request and answers true, or leaves it untouched and answers false: the data plane. Null = none behind this door. */
  readonly dataPlane: ((request: IncomingMessage, response: ServerResponse) => boolean) | null;
  /** Takes requests for WebSockets; absent = none is taken, and such a request is served as any other. */
  readonly upgrades?: {
    wants(request: IncomingMessage): boolean;
    take(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  };
  /** Everything else (Hono). */
  readonly fallback: (request: IncomingMessage, response: ServerResponse) => void;
  /** What a proxy puts before every path; '' = nothing. It is taken off, and requests without it are served as well. */
  readonly rootPath?: string;
  /** Longest time for a request's headers, default 30 s. */
  readonly headersTimeoutMs?: number;
  /** Longest time for a whole request to arrive, default 300 s; answers may take as long as they need. */
  readonly requestTimeoutMs?: number;
}

export interface Door {
  readonly port: number;
  /** Stops accepting, lets answers in flight finish (at most `graceMs`), then closes. Resolves to the number of connections that were cut. */
  drain(graceMs: number): Promise<number>;
}

/** More header bytes than any client sends; beyond, node answers 431. */
const MAX_HEADER_BYTES = 32 * 1024;
/** Longer than the 60 s of AWS load balancers, so that they close first. */
const KEEP_ALIVE_MS = 65_000;

/** Opens a door. Rejects with the system's error (EADDRINUSE ...) when the port cannot be had. */
export function openDoor(options: DoorOptions): Promise<Door> {
  let draining = false;
  const rootPath = options.rootPath ?? '';
  const prepared = new WeakSet<IncomingMessage>();
  /** As everything behind the door reads it; once, also when it was asked whether the request is for a WebSocket. */
  const prepare = (request: IncomingMessage): void => {
    if (prepared.has(request)) return;
    if (options.upgrades !== undefined) prepared.add(request);
    if (options.socket === undefined && request.headers[PEER_HEADER] !== undefined) delete request.headers[PEER_HEADER];
    if (rootPath !== '') request.url = withoutRoot(request.url ?? '/', rootPath);
  };
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: options.headersTimeoutMs ?? 30_000,
      requestTimeout: options.requestTimeoutMs ?? 300_000,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: 5_000,
      noDelay: true,
      // The strict parser refuses ambiguous framing (content-length beside transfer-encoding, bare line feeds).
      insecureHTTPParser: false,
      requireHostHeader: true,
      // A client that offers another protocol (h2c) is answered in this one.
      shouldUpgradeCallback: (request) => {
        if (options.upgrades === undefined) return false;
        prepare(request);
        return options.upgrades.wants(request);
      },
    },
    (request, response) => {
      if (draining) response.shouldKeepAlive = false;
      prepare(request);
      if (options.dataPlane?.(request, response) !== true) options.fallback(request, response);
    },
  );
  if (options.upgrades !== undefined) server.on('upgrade', (request, socket, head) => options.upgrades?.take(request, socket, head));
  server.on('clientError', refuseBadRequest);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const listening = (): void => {
      server.off('error', reject);
      const address = server.address();
      resolve({
        port: typeof address === 'object' && address !== null ? address.port : 0,
        drain: (graceMs) => {
          draining = true;
          return close(server, graceMs);
        },
      });
    };
    if (options.socket === undefined) server.listen(options.port, options.host, listening);
    else listenAt(server, options.socket, listening);
  });
}

/** Only this user reaches it. */
function listenAt(server: Server, path: string, listening: () => void): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  rmSync(path, { force: true });
  server.listen(path, () => {
    chmodSync(path, 0o600);
    listening();
  });
}

/** The path behind the root: `/llm/v1/models` -> `/v1/models`. A path that only begins alike (`/llmx`) is another. */
function withoutRoot(url: string, rootPath: string): string {
  if (!url.startsWith(rootPath)) return url;
  const rest = url.slice(rootPath.length);
  if (rest === '' || rest.startsWith('?')) return `/${rest}`;
  return rest.startsWith('/') ? rest : url;
}

const REFUSALS: Readonly<Record<string, [string, string]>> = {
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', `The request headers are larger than ${MAX_HEADER_BYTES} bytes.`],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'The request did not arrive in time.'],
};

/** Answers what never became a request, in the envelope that OpenAI and LiteLLM clients read, and closes. */
function refuseBadRequest(error: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const [status, message] = REFUSALS[error.code ?? ''] ?? ['400 Bad Request', 'The request is not valid HTTP/1.1.'];
  const body = JSON.stringify({ error: { message, type: 'bad_request_error', param: null, code: status.slice(0, 3) } });
  socket.end(`HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`);
}

/** Connections whose answers were begun before the drain become idle later: look until none is left. */
function close(server: Server, graceMs: number): Promise<number> {
  return new Promise((resolve) => {
    let cut = 0;
    const sweep = setInterval(() => server.closeIdleConnections(), 50);
    const limit = setTimeout(() => {
      server.getConnections((_error, count) => {
        cut = count ?? 0;
        server.closeAllConnections();
      });
    }, graceMs);
    server.close(() => {
      clearInterval(sweep);
      clearTimeout(limit);
      resolve(cut);
    });
    server.closeIdleConnections();
  });
}
