// A server for working on the console without a platform: serves a build and answers contract-shaped data. Development only; nothing of it is bundled.
// biome-ignore-all lint/complexity: a list of made-up rows is long and branches on purpose; it is never shipped.
// Use: node web/dev/fixture-server.ts <build folder> [port]. Any e-mail signs in; password "first" must be changed. Start with FIXTURE=empty for empty pages.
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { keyRows, models, overview, requests, session, trace, traces } from './fixture-data.ts';

const root = process.argv[2] ?? 'web/dist/dev';
const port = Number(process.argv[3] ?? 0);
const empty = process.argv[4] === 'empty';
const TYPES: Record<string, string> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const POLICY =
  "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

let signedIn: 'no' | 'first' | 'yes' = 'no';
const keys = keyRows();

const server = createServer((request, response) => {
  void answer(request, response).catch((error: unknown) => send(response, 500, { error: { code: 'fixture', message: String(error) } }));
});
server.listen(port, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`http://127.0.0.1:${typeof address === 'object' && address ? address.port : port}/ui/\n`);
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://fixture');
  const path = url.pathname;
  if (path.startsWith('/api/') || path.startsWith('/key/')) return respond(path, url, request, response);
  const file = path.startsWith('/ui/assets/') ? path.slice('/ui/'.length) : 'index.html';
  const bytes = await readFile(join(root, file));
  response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream', 'content-security-policy': POLICY });
  response.end(bytes);
}

async function respond(path: string, url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = request.method === 'POST' ? await readBody(request) : {};
  if (path === '/api/auth/sign-in/email') {
    if (body.password === 'wrong') return send(response, 401, { code: 'INVALID_EMAIL_OR_PASSWORD', message: 'Invalid email or password' });
    signedIn = body.password === 'first' ? 'first' : 'yes';
    return send(response, 200, { user: { id: 'u1' } });
  }
  if (path === '/api/auth/sign-out') {
    signedIn = 'no';
    return send(response, 200, { success: true });
  }
  if (signedIn === 'no') return send(response, 401, { error: { code: 'unauthenticated', message: 'Sign in first.' } });
  if (path === '/api/auth/change-password') {
    signedIn = 'yes';
    return send(response, 200, { status: true });
  }
  return send(response, ...data(path, url, body));
}

function data(path: string, url: URL, body: Record<string, unknown>): [number, unknown] {
  const now = Date.now();
  const offset = Number(url.searchParams.get('cursor') || 0);
  const page = <Row>(rows: Row[]) =>
    [200, { data: empty ? [] : rows.slice(offset, offset + 100), nextCursor: offset + 100 < rows.length ? String(offset + 100) : null }] as [number, unknown];
  const wanted = (url.searchParams.get('search') ?? '').toLowerCase();
  if (path === '/api/console/session') return [200, session(signedIn === 'first', `http://${'127.0.0.1'}:4000`)];
  if (path === '/api/console/overview')
    return [200, overview(Date.parse(url.searchParams.get('from') ?? ''), Date.parse(url.searchParams.get('to') ?? ''), empty)];
  if (path === '/api/console/requests')
    return page(requests(now).filter((row) => matches(row, wanted) && (!url.searchParams.get('outcome') || row.outcome === url.searchParams.get('outcome'))));
  if (path === '/api/console/traces') return page(traces(now).filter((row) => matches(row, wanted)));
  if (path.startsWith('/api/console/traces/')) {
    const id = path.split('/').at(-1) ?? '';
    if (id === 'missing') return [404, { error: { code: 'not_found', message: 'There is no trace missing in this project.' } }];
    return [200, trace(now, id)];
  }
  if (path === '/api/console/models') return [200, empty ? { data: [] } : models()];
  return keyAnswer(path, body, wanted || (url.searchParams.get('key_alias') ?? ''));
}

function keyAnswer(path: string, body: Record<string, unknown>, wanted: string): [number, unknown] {
  const target = keys.find((row) => row.token === (body.key ?? (body.keys as string[] | undefined)?.[0]));
  if (path === '/key/list') {
    const found = empty ? [] : keys.filter((row) => (row.key_alias ?? '').includes(wanted));
    return [200, { keys: found, total_count: found.length, current_page: 1, total_pages: 1 }];
  }
  if (path === '/key/generate') {
    if (Number(body.max_budget) > 1_000_000)
      return [
        400,
        { error: { message: 'max_budget is above the team budget of 500. Lower it or raise the team budget.', type: 'bad_request_error', code: '400' } },
      ];
    const plain = `sk-${randomUUID().replaceAll('-', '')}`;
    keys.unshift({
      ...(keys[0] as (typeof keys)[number]),
      ...body,
      token: randomUUID(),
      key_name: `sk-...${plain.slice(-4)}`,
      spend: 0,
      blocked: false,
      expires: null,
    } as (typeof keys)[number]);
    return [200, { ...body, key: plain }];
  }
  if (!target) return [404, { error: { message: 'Key not found.', code: '404' } }];
  if (path === '/key/block') target.blocked = true;
  if (path === '/key/unblock') target.blocked = false;
  if (path === '/key/update') Object.assign(target, body);
  if (path === '/key/delete') keys.splice(keys.indexOf(target), 1);
  return [200, {}];
}

function matches(row: unknown, wanted: string): boolean {
  return wanted === '' || JSON.stringify(row).toLowerCase().includes(wanted);
}

async function readBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString() || '{}') as Record<string, unknown>;
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
