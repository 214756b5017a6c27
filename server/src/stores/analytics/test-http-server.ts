// Test only: enough of ClickHouse's HTTP interface in front of the chDB engine that the unmodified @clickhouse/client works against it.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import type { Session } from 'chdb';

export interface TestClickhouse {
  url: string;
  user: string;
  password: string;
  database: string;
  close(): Promise<void>;
}

/** Starts the server on a port of the loopback (0: a free one) over a chDB folder. */
export async function startTestClickhouse(path: string, port = 0): Promise<TestClickhouse> {
  const { Session: SessionClass, drainPending } = await import('chdb');
  const session = new SessionClass(path);
  let turn: Promise<unknown> = Promise.resolve();
  // As long as ClickHouse's own http_max_uri_size: a statement's parameters stand in the address.
  const server = createServer({ maxHeaderSize: 1024 * 1024 }, (request, response) => {
    void readBody(request).then((body) => {
      // One connection runs one query at a time.
      turn = turn.then(() => answer(session, request, body, response)).catch(() => response.destroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    user: 'default',
    password: 'test-password',
    database: 'default',
    close: () => stop(server, session, () => turn, drainPending),
  };
}

async function stop(server: Server, session: Session, turn: () => Promise<unknown>, drainPending: () => Promise<void>): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
  await turn();
  await drainPending();
  session.close();
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  return request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
}

async function answer(session: Session, request: IncomingMessage, body: Buffer, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  if (url.pathname === '/ping') return void response.end('Ok.\n');
  const expected = `Basic ${Buffer.from('default:test-password').toString('base64')}`;
  if (request.headers.authorization !== expected) return refuse(response, 516, 'default: Authentication failed. (AUTHENTICATION_FAILED)');
  const query = url.searchParams.get('query');
  try {
    if (query !== null && /^\s*INSERT/i.test(query)) {
      await insert(session, query, body);
      response.end();
      return;
    }
    const text = [query, body.toString('utf8')].filter(Boolean).join('\n');
    const [, format = 'JSONEachRow'] = /\sFORMAT (\w+)\s*$/.exec(text) ?? [];
    const result = await session.queryBindAsync(text, readParameters(url, text), { format });
    response.setHeader('content-type', 'application/x-ndjson; charset=UTF-8');
    response.setHeader('x-clickhouse-format', format);
    response.end(Buffer.from(result.bytes()));
  } catch (error) {
    // The engine keeps what a failed statement had put out, and begins the next answer with it.
    await session.queryBindAsync('SELECT 1', {});
    const { clickhouseCode, message } = error as { clickhouseCode?: number; message: string };
    refuse(response, clickhouseCode ?? 1000, message.replace(/^Code: \d+\. DB::Exception: /, ''));
  }
}

/** `INSERT INTO t SETTINGS a = 1, b = 'x' FORMAT JSONEachRow` with the rows as the body. */
async function insert(session: Session, query: string, body: Buffer): Promise<void> {
  const match = /^\s*INSERT INTO (\w+)(?: SETTINGS (.*))? FORMAT (JSONEachRow)\s*$/is.exec(query);
  if (!match) throw Object.assign(new Error('Syntax error (SYNTAX_ERROR)'), { clickhouseCode: 62 });
  const settings: Record<string, string | number> = {};
  for (const [, name, quoted, plain] of (match[2] ?? '').matchAll(/(\w+) = (?:'((?:[^'\\]|\\.)*)'|([\d.]+))/g))
    settings[name as string] = plain === undefined ? (quoted ?? '').replace(/\\(.)/g, '$1') : Number(plain);
  await session.insert({ table: match[1] as string, values: body, format: 'JSONEachRow', settings });
}

function refuse(response: ServerResponse, code: number, message: string): void {
  response.writeHead(code === 516 ? 403 : 500, { 'X-ClickHouse-Exception-Code': String(code), 'content-type': 'text/plain; charset=UTF-8' });
  response.end(`Code: ${code}. DB::Exception: ${message} (version 26.7.2.1)\n`);
}

const TSV_ESCAPES: Record<string, string> = { t: '\t', n: '\n', r: '\r', '0': '\0', b: '\b', f: '\f', '\\': '\\', "'": "'" };

/** `param_<name>` of the query string; the engine's own binding escapes values again, so they are decoded here (arrays of text by their quotes, others as TSV). */
function readParameters(url: URL, text: string): Record<string, string | string[] | null> {
  const parameters: Record<string, string | string[] | null> = {};
  for (const [key, value] of url.searchParams) {
    if (!key.startsWith('param_')) continue;
    const name = key.slice(6);
    if (text.includes(`{${name}:Array(String)}`))
      parameters[name] = [...value.matchAll(/'((?:[^'\\]|\\.)*)'/gs)].map((match) => unescapeTsv(match[1] as string));
    else parameters[name] = value === '\\N' ? null : unescapeTsv(value);
  }
  return parameters;
}

function unescapeTsv(value: string): string {
  return value.replace(/\\(.)/gs, (whole, character: string) => TSV_ESCAPES[character] ?? whole);
}
