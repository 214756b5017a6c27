// For tests only: small HTTP servers that answer in the shapes of the real API, as this platform does or as a stock LiteLLM + Langfuse does, with faults on demand.
import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Script {
  /** Whose shapes are answered. */
  kind: 'ours' | 'stock';
  /** Everything is let through, so that a missing refusal is noticed. */
  refusesNothing?: boolean;
  /** The call never arrives in the request log or in the traces. */
  losesCalls?: boolean;
  models?: string[];
  /** Answered to the n-th request for a trace before it exists. */
  traceAfterAsks?: number;
}

interface Received {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: unknown;
}

export interface ScriptedPlatform {
  url: string;
  received: Received[];
  /** Virtual keys that exist now. */
  keys: Map<string, string[]>;
  /** Traces that exist now: id → the project's Basic credentials. */
  traces: Map<string, string>;
  close(): Promise<void>;
}

export const MASTER_KEY = 'sk-master';
export const PUBLIC_KEY = 'pk-lf-test';
export const SECRET_KEY = 'sk-lf-test';
/** A second project of the stock Langfuse. */
export const SECOND = { publicKey: 'pk-lf-second', secretKey: 'sk-lf-second' };

const basicOf = (publicKey: string, secretKey: string): string => `Basic ${Buffer.from(`${publicKey}:${secretKey}`).toString('base64')}`;
const FIRST_PROJECT = basicOf(PUBLIC_KEY, SECRET_KEY);
const SECOND_PROJECT = basicOf(SECOND.publicKey, SECOND.secretKey);

interface State {
  script: Script;
  keys: Map<string, string[]>;
  log: { request_id: string; spend: number; total_tokens: number }[];
  traces: Map<string, string>;
  /** Keys that carry a project of their own, as LiteLLM's metadata.logging does. */
  projects: Map<string, string>;
  traceAsks: number;
}

interface Reply {
  status: number;
  body: unknown;
  headers?: Record<string, string | string[]>;
}

type Handler = (state: State, request: Received, key: string) => Reply;

const HTML: Reply = { status: 200, body: '<!doctype html><html></html>', headers: { 'content-type': 'text/html' } };
const json = (status: number, body: unknown, headers: Record<string, string | string[]> = {}): Reply => ({ status, body, headers });
const field = (body: unknown, name: string): unknown => (typeof body === 'object' && body !== null ? (body as Record<string, unknown>)[name] : undefined);

const ROUTES: Record<string, Handler> = {
  'GET /': () => HTML,
  'GET /ui/': () => HTML,
  'GET /openapi.json': ({ script }) =>
    json(200, { openapi: '3.1.0', info: { title: script.kind === 'ours' ? 'GenAI Platform' : 'LiteLLM API' }, paths: { '/v1/models': {} } }),
  'POST /api/auth/sign-in/email': ({ script }, { body }) => {
    if (script.kind === 'stock') return json(404, {});
    return field(body, 'password') === 'right' ? json(200, {}, { 'set-cookie': 'session=1' }) : json(401, { code: 'INVALID_EMAIL_OR_PASSWORD' });
  },
  'GET /api/auth/csrf': ({ script }) =>
    script.kind === 'stock' ? json(200, { csrfToken: 't' }, { 'set-cookie': 'next-auth.csrf-token=t; Path=/' }) : json(404, {}),
  'POST /api/auth/callback/credentials': (_state, { body, headers }) => {
    const good = String(body).includes('password=right') && String(headers.cookie).includes('csrf-token=t');
    return json(good ? 200 : 401, {}, good ? { 'set-cookie': 'next-auth.session-token=abc; Path=/' } : {});
  },
  'GET /v1/models': ({ script }) => json(200, { object: 'list', data: modelsOf(script).map((id) => ({ id, object: 'model' })) }),
  'GET /model/info': ({ script }) =>
    json(200, { data: modelsOf(script).map((name) => ({ model_name: name, model_info: name === 'unready' ? { problem: 'KEY is not set' } : {} })) }),
  'POST /key/generate': ({ keys, projects, script }, { body }) => {
    const key = `sk-${randomUUID()}`;
    const [logging] = (field(field(body, 'metadata'), 'logging') as { callback_vars: Record<string, string> }[] | undefined) ?? [];
    const { langfuse_public_key: publicKey = '', langfuse_secret_key: secretKey = '' } = logging?.callback_vars ?? {};
    if (logging !== undefined && script.kind === 'stock') projects.set(key, basicOf(publicKey, secretKey));
    keys.set(key, (field(body, 'models') as string[] | undefined) ?? []);
    return json(200, { key, token: createHash('sha256').update(key).digest('hex') });
  },
  'POST /key/delete': ({ keys }, { body }) => {
    const doomed = (field(body, 'keys') as string[] | undefined) ?? [];
    for (const key of doomed) keys.delete(key);
    return json(200, { deleted_keys: doomed });
  },
  'POST /v1/chat/completions': chat,
  'GET /spend/logs': ({ log }, { path }) =>
    json(
      200,
      log.filter((row) => row.request_id === new URL(path, 'http://x').searchParams.get('request_id')),
    ),
  'POST /api/public/otel/v1/traces': () => json(200, {}),
  'POST /api/public/ingestion': (_state, { body }) =>
    json(207, { successes: ((field(body, 'batch') as { id: string }[] | undefined) ?? []).map(({ id }) => ({ id, status: 201 })), errors: [] }),
  'POST /api/public/scores': () => json(200, { id: randomUUID() }),
};

function modelsOf(script: Script): string[] {
  return script.models ?? ['unready', 'demo', 'demo-large'];
}

function chat(state: State, { body }: Received, key: string): Reply {
  const model = String(field(body, 'model'));
  const allowed = state.keys.get(key);
  if (!modelsOf(state.script).includes(model))
    return json(400, { error: { message: `Invalid model name passed in model=${model}`, type: 'invalid_request_error', code: '400' } });
  if (!state.script.refusesNothing && allowed !== undefined && allowed.length > 0 && !allowed.includes(model)) {
    return json(401, { error: { message: 'key not allowed to access model', type: 'key_model_access_denied', code: '401' } });
  }
  if (model === 'unready')
    return json(401, { error: { message: 'The deployment of unready cannot answer: KEY is not set.', type: 'auth_error', code: '401' } });
  const callId = randomUUID();
  const id = `chatcmpl-${randomUUID()}`;
  if (!state.script.losesCalls) {
    // LiteLLM files a call under the response's id and traces it under metadata.trace_id.
    state.log.push({ request_id: state.script.kind === 'ours' ? callId : id, spend: 0.00001, total_tokens: 20 });
    const traceId = state.script.kind === 'ours' ? callId.replaceAll('-', '') : String(field(field(body, 'metadata'), 'trace_id'));
    state.traces.set(traceId, state.projects.get(key) ?? FIRST_PROJECT);
  }
  return json(200, { id, choices: [{ message: { role: 'assistant', content: 'こんにちは' } }] }, { 'x-litellm-call-id': callId });
}

function trace(state: State, { method, path }: Received, project: string): Reply {
  const id = decodeURIComponent(path.split('?')[0]?.split('/').at(-1) ?? '');
  if (method === 'DELETE') {
    state.traces.delete(id);
    return json(200, { message: 'Trace deleted successfully' });
  }
  state.traceAsks += 1;
  if (state.traces.get(id) !== project || state.traceAsks <= (state.script.traceAfterAsks ?? 0))
    return json(404, { message: `Trace ${id} not found within authorized project`, error: 'LangfuseNotFoundError' });
  return json(200, { id, observations: [{ id: 'o' }] });
}

function answer(state: State, request: Received): Reply {
  const pathname = request.path.split('?')[0] ?? '';
  const authorization = String(request.headers.authorization ?? '');
  const isPublic = /^\/($|ui|openapi|api\/auth)/.test(pathname);
  const key = authorization.replace(/^Bearer /, '');
  const known = pathname.startsWith('/api/public/') ? [FIRST_PROJECT, SECOND_PROJECT].includes(authorization) : key === MASTER_KEY || state.keys.has(key);
  if (!isPublic && !known)
    return json(401, { error: { message: 'Authentication Error, Invalid proxy server token passed.', type: 'auth_error', code: '401' } });
  if (pathname.startsWith('/api/public/traces/')) return trace(state, request, authorization);
  return ROUTES[`${request.method} ${pathname}`]?.(state, request, key) ?? json(404, { error: { message: 'not found' } });
}

/** Starts the platform on a free port. */
export async function startScriptedPlatform(script: Script): Promise<ScriptedPlatform> {
  const state: State = { script, keys: new Map(), log: [], traces: new Map(), projects: new Map(), traceAsks: 0 };
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      const isJson = String(request.headers['content-type']).includes('json');
      const seen = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body: isJson && text !== '' ? (JSON.parse(text) as unknown) : text,
      };
      received.push(seen);
      send(response, answer(state, seen));
    });
  });
  const url = await listen(server);
  return { url, received, keys: state.keys, traces: state.traces, close: () => stop(server) };
}

/** A server on `<folder>/admin.sock` or any other address that answers from a table of `METHOD /path` (without query). */
export async function startScriptedAdmin(socketPath: string, routes: Record<string, () => unknown>): Promise<{ asked: string[]; close(): Promise<void> }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const name = `${request.method} ${request.url?.split('?')[0]}`;
    asked.push(`${request.method} ${request.url}`);
    const route = routes[name];
    send(response, route === undefined ? json(404, {}) : json(200, route()));
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  return { asked, close: () => stop(server) };
}

function send(response: ServerResponse, { status, body, headers }: Reply): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)));
}

function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
