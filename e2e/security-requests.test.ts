// The security table (docs/security-table.md), what comes in: keys, bodies, paths, framing, hosts and floods that try to get more than they may. Against a started platform.
import { connect } from 'node:net';
import { deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { call, generateKey } from './client.ts';
import { callIdOf, type ReliabilityRig, startRig } from './reliability-upstream.ts';

let rig: ReliabilityRig;
let port: number;
beforeAll(async () => {
  rig = await startRig({
    models: (base) => `
  - model_name: "az/*"
    litellm_params: { model: "azure/*", api_base: "${base.replace('/v1', '')}", api_key: sk-azure, api_version: "2024-10-21", max_retries: 0 }
  - model_name: expensive
    litellm_params: { model: openai/fixed, api_base: "${base}", api_key: sk-upstream, max_retries: 0 }`,
  });
  port = Number(new URL(rig.platform.gatewayUrl).port);
});
afterAll(async () => rig?.close());
beforeEach(() => {
  rig.upstream.reset();
  rig.other.reset();
});

const served = () => rig.upstream.requests.length + rig.other.requests.length;
const master = () => rig.platform.keys.masterKey;
const at = (path: string) => `${rig.platform.gatewayUrl}${path}`;

/** Raw bytes over one connection; what came back until it closed or fell silent. */
function talk(bytes: string | Buffer, silenceMs = 1_500): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.setTimeout(silenceMs, () => socket.destroy());
    socket.on('data', (chunk) => (text += chunk.toString('latin1')));
    socket.on('error', () => {});
    socket.on('close', () => resolve(text));
  });
}
const chatBody = (model: string, more: object = {}) => JSON.stringify({ model, messages: [{ role: 'user', content: 'x' }], ...more });
const head = (lines: string[], target = '/v1/chat/completions') =>
  `POST ${target} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${master()}\r\ncontent-type: application/json\r\n${lines.join('\r\n')}\r\n`;

describe('1 SQL in keys', () => {
  const KEYS = [
    "sk-' OR '1'='1",
    'sk-1; DROP TABLE virtual_keys;--',
    `sk-${'x'.repeat(10_000)}`,
    'sk-%',
    'sk-_',
    'sk-\\',
    'sk-$1$$',
    'sk-{{7*7}}',
    'sk-"',
    '0',
    'null',
    'undefined',
  ];
  it.each(KEYS)('%s is 401, whatever it says, and is not repeated', async (key) => {
    const answer = await call(at('/v1/chat/completions'), { key, body: JSON.parse(chatBody('once')) });
    expect(answer.status).toBe(401);
    if (key.length > 8) expect(answer.text).not.toContain(key);
  });
  it('leaves no error of the database in the log and every table in its place', async () => {
    for (const key of KEYS) await call(at(`/key/info?key=${encodeURIComponent(key)}`), { key: master() });
    for (const key of KEYS) await call(at('/key/delete'), { key: master(), body: { keys: [key] } });
    expect(rig.platform.output()).not.toMatch(/syntax error|SQLSTATE|"level":"error"/i);
    expect((await call(at('/key/list'), { key: master() })).status).toBe(200);
  });
  it('NUL and text that is no ASCII are refused before anything reads them', async () => {
    for (const key of ['sk-\0x', 'sk-日本語']) {
      const bytes = Buffer.from(`GET /v1/models HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\nconnection: close\r\n\r\n`);
      expect(await talk(bytes)).toMatch(/^HTTP\/1\.1 40[01] /);
    }
  });
});

describe('2 the upstream is not the client’s to choose', () => {
  it.each([
    'api_base',
    'base_url',
    'api_key',
    'api_version',
    'custom_llm_provider',
    'litellm_credential_name',
    'aws_secret_access_key',
    'aws_bedrock_runtime_endpoint',
    'vertex_credentials',
    'extra_headers',
    'mock_response',
  ])('%s in a body leads nowhere else, and no key of ours with it', async (field) => {
    const value = field.includes('headers') ? { authorization: 'Bearer x' } : `${rig.other.url}/v1`;
    const answer = await rig.chat('once', { body: { [field]: value } });
    expect(rig.other.requests).toHaveLength(0);
    for (const request of rig.upstream.requests) {
      expect(request.headers.authorization).toBe('Bearer sk-upstream');
      expect(request.body.toString()).not.toContain(rig.other.url);
    }
    expect([200, 400]).toContain(answer.status);
  });
  it('nor is it by headers; the client’s own key and cookies stay here', async () => {
    const headers = {
      'x-litellm-api-base': rig.other.url,
      'x-portkey-custom-host': rig.other.url,
      'x-forwarded-host': 'evil',
      cookie: 'session=canary',
      'x-custom': 'canary',
    };
    expect((await rig.chat('once', { headers })).status).toBe(200);
    expect(rig.other.requests).toHaveLength(0);
    expect(JSON.stringify(rig.upstream.requests[0]?.headers)).not.toMatch(new RegExp(`canary|${master()}|evil`));
  });
});

describe('3 keys that begin alike', () => {
  it.each([20, 32, 63])('the first %i characters say nothing about who it is', async (length) => {
    const stem = `sk-${'a'.repeat(length - 3)}`;
    const narrow = await generateKey(rig.platform, { key: `${stem}-narrow-${length}`, models: ['pair'] });
    const wide = await generateKey(rig.platform, { key: `${stem}-wide-${length}` });
    for (let round = 0; round < 3; round++) {
      expect((await rig.chat('once', { key: wide })).status).toBe(200);
      expect((await rig.chat('once', { key: narrow })).status).toBe(401);
      expect((await rig.chat('once', { key: `${stem}-nobody` })).status).toBe(401);
    }
  });
});

describe('6 who asks is what the key says', () => {
  it.each([
    { host: 'localhost' },
    { host: '127.0.0.1:1' },
    { 'x-forwarded-for': '127.0.0.1' },
    { 'x-forwarded-host': 'localhost' },
    { 'x-real-ip': '127.0.0.1' },
    { 'x-original-url': '/health/liveliness' },
    { 'x-rewrite-url': '/health/liveliness' },
    { 'x-genai-principal': '{"kind":"master"}' },
    { forwarded: 'for=127.0.0.1' },
    { 'x-http-method-override': 'GET' },
  ])('%j opens nothing', async (headers) => {
    const lines = Object.entries({ host: 'x', ...headers }).map(([name, value]) => `${name}: ${value}`);
    for (const path of ['/key/list', '/spend/logs', '/api/console/overview', '/config/yaml'])
      expect(await talk(`GET ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\nconnection: close\r\n\r\n`)).toMatch(/^HTTP\/1\.1 40[14] /);
  });
});

describe('11 metadata services', () => {
  it.each([
    'http://169.254.169.254/v1',
    'http://0xa9fea9fe/v1',
    'http://2852039166/v1',
    'http://[::ffff:169.254.169.254]/v1',
    'http://metadata.google.internal/v1',
  ])('a registered model at %s is never called', async (base) => {
    const body = { model_name: 'imds', litellm_params: { model: 'openai/x', api_base: base, api_key: 'sk-canary' } };
    const made = await call(at('/model/new'), { key: master(), body });
    const answer = await rig.chat('imds');
    expect(answer.status).toBe(400);
    expect(answer.text).toMatch(/never called|Invalid model name/);
    if (made.status === 200) await call(at('/model/delete'), { key: master(), body: { id: made.body.model_id } });
  });
  it('user information in an address is refused, and redirects are not followed', async () => {
    const body = { model_name: 'user', litellm_params: { model: 'openai/x', api_base: 'http://user:secret@127.0.0.1/v1', api_key: 'sk-canary' } };
    await call(at('/model/new'), { key: master(), body });
    const answer = await rig.chat('user');
    expect([answer.status >= 400, answer.text.includes('secret')]).toEqual([true, false]);
    const redirected = await rig.chat('once', { script: ['status;code=302', 'fixed'] });
    expect([redirected.status, served()]).toEqual([502, 1]);
  });
});

describe('12 circles', () => {
  it('a deployment whose address leads back here ends after a few hops, without a flood', async () => {
    const body = { model_name: 'circle', litellm_params: { model: 'openai/circle', api_base: at('/v1'), api_key: master(), max_retries: 2 } };
    expect((await call(at('/model/new'), { key: master(), body })).status).toBe(200);
    const answer = await rig.chat('circle');
    expect([answer.status, answer.text.includes('goes in circles')]).toEqual([508, true]);
    const { body: page } = await call(at('/spend/logs/v2?model_group=circle&page_size=100'), { key: master() });
    expect((page as unknown as { total: number }).total).toBeLessThanOrEqual(6);
  });
});

describe('13 smuggling', () => {
  const body = chatBody('once');
  const length = `content-length: ${body.length}`;
  it.each([
    ['content-length beside transfer-encoding', [length, 'transfer-encoding: chunked']],
    ['two lengths that differ', [length, `content-length: ${body.length + 1}`]],
    ['two lengths in one line', [`content-length: ${body.length}, ${body.length}`]],
    ['a length with a sign', [`content-length: +${body.length}`]],
    ['chunked, then identity', ['transfer-encoding: chunked, identity']],
    ['chunked twice', ['transfer-encoding: chunked', 'transfer-encoding: chunked, chunked']],
    ['an unknown coding', ['transfer-encoding: xchunked']],
    ['a space before the colon', [`content-length : ${body.length}`]],
    ['a folded header', [length, 'x-a: 1\r\n continued']],
    ['NUL in a header', [length, 'x-a: 1\0 2']],
    ['a bare CR in a header', [length, 'x-a: 1\r2']],
    ['a header without a name', [length, ': 1']],
  ])('%s is 400 and closes the connection', async (_name, lines) => {
    const answer = await talk(`${head(lines)}\r\n${body}GET /smuggled HTTP/1.1\r\nhost: x\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer.match(/^HTTP\/1\.1 \d/gm)).toHaveLength(1);
    expect(served()).toBe(0);
  });
  it('bare line feeds are refused', async () => {
    expect(await talk(`${head([length])}\r\n${body}`.replaceAll('\r\n', '\n'))).toMatch(/^HTTP\/1\.1 400 /);
  });
  it('what goes upstream has a framing of its own, and none of the hop-by-hop headers', async () => {
    const chunk = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    const lines = [
      'transfer-encoding: chunked',
      'connection: close, x-secret',
      'x-secret: canary',
      'te: trailers',
      'upgrade: h2c',
      'proxy-authorization: Basic Y2FuYXJ5',
    ];
    expect(await talk(`${head(lines)}\r\n${chunk}`)).toMatch(/^HTTP\/1\.1 200 /);
    const { headers } = rig.upstream.requests[0] as { headers: Record<string, string> };
    expect(headers['content-length']).toBe(String(rig.upstream.requests[0]?.body.length));
    for (const name of ['transfer-encoding', 'x-secret', 'te', 'upgrade', 'proxy-authorization']) expect(headers[name]).toBeUndefined();
  });
});

describe('15 empty secrets', () => {
  it('an empty or blank credential is no credential', async () => {
    for (const headers of [
      { authorization: 'Bearer ' },
      { authorization: 'Bearer' },
      { 'x-api-key': ' ' },
      { 'api-key': '' },
      { authorization: 'Basic Og==' },
    ] as Record<string, string>[])
      for (const path of ['/key/list', '/v1/models', '/api/public/traces'])
        expect((await call(at(path), { headers })).status, JSON.stringify([headers, path])).toBe(401);
  });
});

describe('16 wildcards in searches', () => {
  it('% and _ are letters like others', async () => {
    await rig.chat('once');
    for (const search of ['%', '_', '%%%%%%%%%%%%%%%%%%%%', '\\']) {
      const { body } = await call(at(`/spend/logs/v2?error_message=${encodeURIComponent(search)}`), { key: master() });
      const { data } = body as unknown as { data: { metadata: { error_information: { error_message: string } | null } }[] };
      for (const { metadata } of data) expect(metadata.error_information?.error_message).toContain(search);
    }
  });
});

describe('19 ambiguous JSON', () => {
  it.each([
    '{"model":"once","messages":[],"model":"expensive"}',
    '{"model":"once","messages":[],"mod\\u0065l":"expensive"}',
    '{"model":"once","messages":[],"stream":true,"stream":false}',
    '{"model":"once","messages":[],"max_tokens":1,"max_tokens":99999}',
  ])('%s is refused: two readers could see two requests', async (body) => {
    const key = await generateKey(rig.platform, { models: ['once'] });
    const answer = await call(at('/v1/chat/completions'), { key, body });
    expect([answer.status, served()]).toEqual([400, 0]);
  });
  it('names of the prototype are names like others', async () => {
    const body = '{"model":"once","messages":[],"__proto__":{"model":"expensive","isAdmin":true},"constructor":{"prototype":{"blocked":true}}}';
    expect((await call(at('/v1/chat/completions'), { key: master(), body })).status).toBe(200);
    for (const model of ['__proto__', 'constructor', 'toString', 'hasOwnProperty'])
      expect((await call(at('/v1/chat/completions'), { key: master(), body: JSON.parse(chatBody(model)) })).status, model).toBe(400);
    for (const path of ['/key/generate', '/team/new', '/user/new'])
      expect((await call(at(path), { key: master(), body: '{"__proto__":{"spend":5},"metadata":{"__proto__":{"x":1}}}' })).status, path).toBeLessThan(500);
    expect((await rig.chat('once')).status).toBe(200);
  });
});

describe('20 paths', () => {
  const TARGETS = [
    '/v1/../key/list',
    '/v1/%2e%2e/key/list',
    '/v1/chat/../../key/list',
    '/v1/models/..%2f..%2fkey%2flist',
    '//key/list',
    '/./key/list',
    '/key%2flist',
    '/key\\list',
    '/ui/../key/list',
    '/ui/..%2f..%2fetc/passwd',
    '/ui/%2e%2e/%2e%2e/package.json',
    '/ui/assets/..%5c..%5c..%5cpackage.json',
    'http://127.0.0.1/key/list',
    '/key/list;.js',
    '/KEY/LIST',
    '/key/list%00',
    '*',
  ];
  it.each(TARGETS)('%s without a key shows nothing', async (target) => {
    const answer = await talk(`GET ${target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
    const status = Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);
    // The console is one page: an address below /ui shows it, and nothing else.
    if (status === 200) expect([target.startsWith('/ui'), answer.includes('<!doctype html>')]).toEqual([true, true]);
    else expect([301, 302, 307, 308, 400, 401, 404, 405]).toContain(status);
    expect(answer).not.toMatch(/root:x:|"workspaces"|"keys":/);
  });
  it('a model’s name cannot climb the path of its upstream', async () => {
    for (const name of ['../../admin', '..', '.', 'a/../../b', 'a?x=1', 'a#b', 'a%2f..%2fb']) {
      rig.upstream.reset();
      const answer = await rig.chat(`az/${name}`);
      for (const request of rig.upstream.requests) expect(request.path).toMatch(/^\/openai\/deployments\/[^/?#]+\/chat\/completions\?api-version=2024-10-21$/);
      expect([200, 400], name).toContain(answer.status);
    }
  });
});

describe('24 floods', () => {
  it('100,000 headers are 431, before a key is looked at', async () => {
    const lines = Array.from({ length: 100_000 }, (_, index) => `x-${index}: 1`);
    expect(await talk(`GET /health/liveliness HTTP/1.1\r\nhost: x\r\n${lines.join('\r\n')}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /);
  });
  it('compressed bodies are not unpacked at the gateway; bombs for events are bounded', async () => {
    const bomb = gzipSync(Buffer.alloc(64 << 20, 0x20));
    for (const [encoding, body] of [
      ['gzip', bomb],
      ['deflate', deflateSync(Buffer.alloc(1 << 20))],
      ['br', Buffer.from('x')],
    ] as const) {
      const answer = await call(at('/v1/chat/completions'), {
        key: master(),
        body,
        headers: { 'content-encoding': encoding, 'content-type': 'application/json' },
      });
      expect(answer.status, encoding).toBe(415);
    }
    const { publicKey, secretKey } = rig.platform.keys;
    const answer = await call(`${rig.platform.observeUrl}/api/public/otel/v1/traces`, {
      basic: [publicKey, secretKey],
      body: bomb,
      headers: { 'content-encoding': 'gzip', 'content-type': 'application/json' },
    });
    expect([400, 413]).toContain(answer.status);
  });
  it('a thousand slow clients keep nobody waiting, and a deep body no thread busy', async () => {
    const slow = Array.from({ length: 1_000 }, () => {
      const socket = connect(port, '127.0.0.1', () => socket.write('POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nx-slow: '));
      socket.on('error', () => {});
      return socket;
    });
    const deep = `{"model":"once","messages":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;
    const startedAt = Date.now();
    expect((await call(at('/v1/chat/completions'), { key: master(), body: deep })).status).toBeLessThan(500);
    expect((await rig.chat('once')).status).toBe(200);
    expect(Date.now() - startedAt).toBeLessThan(10_000);
    for (const socket of slow) socket.destroy();
  });
});

describe('17 and 18 money', () => {
  it('are rows of the reliability table: leaving early is billed, and 50 calls at once do not pass a budget', async () => {
    expect(callIdOf(await rig.chat('once'))).toMatch(/^[0-9a-f-]{36}$/);
  });
});
