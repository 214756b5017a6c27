// A conversation with one MCP server by the protocol's official client, over the guarded way out. Loaded with the first request that needs it.
import { AsyncLocalStorage } from 'node:async_hooks';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport, SseError } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport, StreamableHTTPError } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { type CallToolResult, CallToolResultSchema, ErrorCode, McpError, type Tool } from '@modelcontextprotocol/sdk/types.js';
import type { Egress } from '#http/egress.ts';
import { AppError } from '#lib/errors.ts';
import type { McpServer } from './access.ts';

export interface Session {
  /** False: it holds a connection open and ends with its request. */
  readonly keeps: boolean;
  tools(timeoutMs: number): Promise<Tool[]>;
  call(tool: string, input: Readonly<Record<string, unknown>>, options: { timeoutMs: number; signal: AbortSignal }): Promise<CallToolResult>;
  close(): Promise<void>;
}

/** The server does not know the conversation any more: nothing of the request was done. */
export class SessionLost extends Error {}

const MAX_TOOLS = 1_000;
const MAX_PAGES = 20;
const CLOSE_TIMEOUT_MS = 2_000;

export interface SessionParts {
  server: McpServer;
  headers: Readonly<Record<string, string>>;
  egress: Pick<Egress, 'fetch'>;
  version: string;
  timeoutMs: number;
}

/** @throws AppError 502, 504 when the server cannot be talked to. */
export async function openSession(parts: SessionParts): Promise<Session> {
  const { server } = parts;
  if (server.transport === 'sse') return await connected(parts, sse(parts), false);
  try {
    return await connected(parts, streamable(parts), true);
  } catch (error) {
    // As the protocol says: a server of before streamable HTTP refuses the first POST with a 4xx.
    const older = error instanceof McpFailure && error.httpStatus !== null && [400, 404, 405].includes(error.httpStatus);
    if (server.transport === 'http' || !older) throw error;
    return await connected(parts, sse(parts), false);
  }
}

function streamable({ server, headers, egress }: SessionParts): StreamableHTTPClientTransport {
  return new StreamableHTTPClientTransport(new URL(server.url), {
    requestInit: { headers },
    async fetch(url, init) {
      // A stream for news of the server would hold a connection for every conversation, and nobody would be told of it.
      if (init?.method === 'GET') return new Response(null, { status: 405 });
      const answer = await egress.fetch(url, init);
      const ended = ENDED_WITHOUT_RESULT.getStore();
      return ended === undefined ? answer : watched(answer, ended);
    },
  });
}

/** The request that is under way: told when the stream that was to bring its result has ended. The SDK would wait until its time is up. */
const ENDED_WITHOUT_RESULT = new AsyncLocalStorage<() => void>();
/** The last event may still be on its way through the SDK. */
const LAST_EVENT_MS = 250;

function watched(answer: Response, ended: () => void): Response {
  if (answer.body === null || !(answer.headers.get('content-type') ?? '').startsWith('text/event-stream')) return answer;
  const reader = answer.body.getReader();
  const over = (): void => void setTimeout(ended, LAST_EVENT_MS).unref();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        controller.close();
      } catch (error) {
        controller.error(error);
      }
      over();
    },
    cancel: (reason) => reader.cancel(reason),
  });
  return new Response(body, { status: answer.status, headers: answer.headers });
}

function sse({ server, headers, egress }: SessionParts): SSEClientTransport {
  const send = async (url: string | URL, init?: RequestInit) =>
    await egress.fetch(url, { ...init, headers: { ...Object.fromEntries(new Headers(init?.headers)), ...headers } });
  return new SSEClientTransport(new URL(server.url), { fetch: send, eventSourceInit: { fetch: send as never } });
}

async function connected(
  { server, version, timeoutMs }: SessionParts,
  transport: StreamableHTTPClientTransport | SSEClientTransport,
  keeps: boolean,
): Promise<Session> {
  const client = new Client({ name: 'genai-platform', version });
  const within = AbortSignal.timeout(timeoutMs);
  const attempt = <Result>(work: Promise<Result>, ms: number): Promise<Result> => work.catch((error: unknown) => Promise.reject(failureOf(error, server, ms)));
  try {
    await attempt(raced(client.connect(transport as Transport, { timeout: timeoutMs }), within, timeoutMs), timeoutMs);
  } catch (error) {
    await client.close().catch(() => {});
    if (!(error instanceof SessionLost)) throw error;
    throw new McpFailure(`The MCP server ${server.name} answered 404.`, { status: 502, httpStatus: 404, cause: error });
  }
  return {
    keeps,
    tools: async (ms) => await attempt(allTools(client, ms), ms),
    call: async (name, input, { timeoutMs: ms, signal }) => {
      const ended = new AbortController();
      const options = { timeout: ms, maxTotalTimeout: ms, signal: AbortSignal.any([signal, ended.signal]) };
      const request = { method: 'tools/call' as const, params: { name, arguments: { ...input } } };
      const cut = new McpFailure(`The MCP server ${server.name} ended its answer before the result.`, { status: 502, httpStatus: 200, cause: null });
      return await attempt(
        ENDED_WITHOUT_RESULT.run(
          () => ended.abort(cut),
          () => client.request(request, CallToolResultSchema, options),
        ).catch((error: unknown) => Promise.reject(ended.signal.aborted ? cut : error)),
        ms,
      );
    },
    async close() {
      if (transport instanceof StreamableHTTPClientTransport)
        await raced(transport.terminateSession(), AbortSignal.timeout(CLOSE_TIMEOUT_MS), 0).catch(() => {});
      await client.close().catch(() => {});
    },
  };
}

/** The SDK bounds an answer, not the way to it. */
async function raced<Result>(work: Promise<Result>, signal: AbortSignal, timeoutMs: number): Promise<Result> {
  let giveUp = (): void => {};
  const over = new Promise<never>((_, reject) => {
    giveUp = () => reject(new McpError(ErrorCode.RequestTimeout, `no answer within ${timeoutMs} ms`));
    signal.addEventListener('abort', giveUp, { once: true });
  });
  try {
    return await Promise.race([work, over]);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

async function allTools(client: Client, timeoutMs: number): Promise<Tool[]> {
  const tools: Tool[] = [];
  const signal = AbortSignal.timeout(timeoutMs);
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES && tools.length < MAX_TOOLS; page += 1) {
    const listed = await client.listTools(cursor === undefined ? {} : { cursor }, { timeout: timeoutMs, signal });
    tools.push(...listed.tools);
    cursor = listed.nextCursor;
    if (cursor === undefined) break;
  }
  return tools.slice(0, MAX_TOOLS);
}

/** Why a server did not do what it was asked, in words for its caller and in a status for the log. */
export class McpFailure extends AppError {
  /** What the server answered; null when it did not. */
  readonly httpStatus: number | null;
  constructor(message: string, { status, httpStatus, cause }: { status: number; httpStatus: number | null; cause: unknown }) {
    super(message, { status, code: status === 504 ? 'upstream_timeout' : 'upstream_error', cause });
    this.httpStatus = httpStatus;
  }
}

function failureOf(error: unknown, server: McpServer, timeoutMs: number): unknown {
  if (error instanceof McpFailure || (error as Error | null)?.name === 'AbortError') return error;
  if (error instanceof StreamableHTTPError || error instanceof SseError) return refusedOverHttp(error, server);
  if (error instanceof McpError) return refusedByProtocol(error, server, timeoutMs);
  if (!(error instanceof AppError)) return failed(`${server.name} did not speak the protocol.`, { cause: error });
  return failed(`${server.name}: ${error.message}`, { status: error.status === 400 ? 502 : error.status, cause: error });
}

function failed(what: string, { status = 502, httpStatus = null, cause }: { status?: number; httpStatus?: number | null; cause: unknown }): McpFailure {
  return new McpFailure(`The MCP server ${what}`, { status, httpStatus, cause });
}

function refusedOverHttp(error: StreamableHTTPError | SseError, { name }: McpServer): Error {
  const code = error.code ?? 0;
  if (code === 404) return new SessionLost(`${name} does not know the session`, { cause: error });
  const said = code === 401 || code === 403 ? `refused the credential (${code})` : code >= 400 ? `answered ${code}` : 'did not speak the protocol';
  return failed(`${name} ${said}.`, { httpStatus: code >= 100 ? code : null, cause: error });
}

function refusedByProtocol(error: McpError, { name }: McpServer, timeoutMs: number): McpFailure {
  if (error.code === ErrorCode.RequestTimeout) return failed(`${name} did not answer within ${timeoutMs / 1_000} s.`, { status: 504, cause: error });
  return failed(`${name} refused: ${error.message.slice(0, 1_000)}`, { httpStatus: 200, cause: error });
}
