// For tests: a real MCP server on a free port, by streamable HTTP with sessions or by the older SSE, whose tools do what a test needs.
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { CallToolRequestSchema, ListToolsRequestSchema, McpError } from '@modelcontextprotocol/sdk/types.js';

export interface TestMcpServer {
  url: string;
  /** Headers of each message, newest last. */
  seen: IncomingHttpHeaders[];
  /** Tools that were run, and the headers of their calls. */
  ran: { name: string; input: Record<string, unknown>; headers: IncomingHttpHeaders }[];
  /** Requests that began a conversation. */
  opened(): number;
  /** Lists that were given. */
  listed(): number;
  /** The server knows none of its conversations any more. */
  forget(): void;
  close(): Promise<void>;
}

const TOOLS = ['echo', 'fail', 'refuse', 'slow', 'cut', 'big', 'secret'];

/** `answers`: whether results come as JSON or as an event stream. */
export async function startMcpServer(options: { protocol?: 'http' | 'sse'; answers?: 'json' | 'stream' } = {}): Promise<TestMcpServer> {
  const state: State = { opened: 0, listed: 0, ran: [], sessions: new Map(), answering: null, json: options.answers === 'json' };
  const seen: IncomingHttpHeaders[] = [];
  const listening = createServer((request, response) => {
    if (request.method === 'POST') seen.push(request.headers);
    void (options.protocol === 'sse' ? older(state, request, response) : streamable(state, request, response));
  });
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(listening.address() as AddressInfo).port}/mcp`,
    seen,
    ran: state.ran,
    opened: () => state.opened,
    listed: () => state.listed,
    forget: () => state.sessions.clear(),
    close: async () => {
      listening.closeAllConnections();
      await new Promise((resolve) => listening.close(resolve));
    },
  };
}

interface State {
  opened: number;
  listed: number;
  ran: TestMcpServer['ran'];
  sessions: Map<string, StreamableHTTPServerTransport | SSEServerTransport>;
  /** The answer that is being written. */
  answering: ServerResponse | null;
  json: boolean;
}

function serverOf(state: State): Server {
  const server = new Server({ name: 'test', version: '1' }, { capabilities: { tools: {} } });
  server.setRequestHandler(ListToolsRequestSchema, () => {
    state.listed += 1;
    return { tools: TOOLS.map((name) => ({ name, description: `does ${name}`, inputSchema: { type: 'object' as const } })) };
  });
  server.setRequestHandler(CallToolRequestSchema, async ({ params: { name, arguments: input = {} } }, { requestInfo }) => {
    state.ran.push({ name, input, headers: { ...requestInfo?.headers } });
    return await toolOf(name, input, state);
  });
  return server;
}

const said = (text: string) => ({ content: [{ type: 'text' as const, text }] });
const forever = (): Promise<never> => new Promise(() => {});

async function toolOf(name: string, input: Record<string, unknown>, state: State) {
  switch (name) {
    case 'fail':
      return { ...said('it did not work'), isError: true };
    case 'refuse':
      throw new McpError(-32_602, 'no such thing');
    case 'slow':
      return await forever();
    case 'cut':
      return await cut(state.answering);
    case 'big':
      return said('x'.repeat(6 << 20));
    default:
      return { ...said(`said ${String(input.text)}`), structuredContent: { echoed: input } };
  }
}

/** Ends the answer once its head is out, without a result. */
async function cut(answering: ServerResponse | null): Promise<never> {
  while (answering?.headersSent === false) await new Promise((resolve) => setImmediate(resolve));
  answering?.end();
  return await forever();
}

async function streamable(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const id = request.headers['mcp-session-id'];
  let transport = typeof id === 'string' ? (state.sessions.get(id) as StreamableHTTPServerTransport | undefined) : undefined;
  if (id !== undefined && transport === undefined) return void response.writeHead(404).end();
  if (transport === undefined) {
    state.opened += 1;
    const made = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (session) => void state.sessions.set(session, made),
      enableJsonResponse: state.json,
    });
    transport = made;
    await serverOf(state).connect(made as never);
  }
  state.answering = response;
  await transport.handleRequest(request, response);
}

async function older(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://x');
  if (request.method === 'GET') {
    state.opened += 1;
    const transport = new SSEServerTransport('/messages', response);
    state.sessions.set(transport.sessionId, transport);
    await serverOf(state).connect(transport as never);
    return;
  }
  const transport = state.sessions.get(url.searchParams.get('sessionId') ?? '');
  if (url.pathname !== '/messages' || !(transport instanceof SSEServerTransport)) return void response.writeHead(405).end();
  await transport.handlePostMessage(request, response);
}
