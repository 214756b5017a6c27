// The exact cache against real HTTP: the same call is answered once, to whom it belongs, for as long as it may be, at no cost; everything else is a call to the upstream.
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { minuteWithRoom } from '#gateway/minute-fixture.ts';
import { type ScriptedUpstream, startScriptedUpstream } from '#gateway/providers/upstream-fixture.ts';
import { readRequest } from '#gateway/request.ts';
import { DEPLOYMENT, startTestGateway, type TestGateway } from '#gateway/test-gateway-fixture.ts';
import type { CacheConfig } from '#settings/settings.ts';
import { cacheKey } from './cache-key.ts';
import { packEntry, unpackEntry } from './entry.ts';

const CACHE: CacheConfig = { type: 'local', ttlMs: 60_000, namespace: '', endpoints: ['chat', 'embeddings'], byDefault: true, shared: false };
let upstream: ScriptedUpstream;
let test: TestGateway;
let asking: TestGateway;
let common: TestGateway;
const deployments = () => [
  { ...DEPLOYMENT, modelName: 'gpt', apiBase: `${upstream.url}/v1` },
  { ...DEPLOYMENT, id: 'dep-2', modelName: 'other', apiBase: `${upstream.url}/v1` },
  { ...DEPLOYMENT, id: 'dep-3', modelName: 'spare', apiBase: `${upstream.url}/spare` },
];
beforeAll(async () => {
  upstream = await startScriptedUpstream();
  [test, asking, common] = await Promise.all([
    startTestGateway({ deployments: deployments(), cache: CACHE, fallbacks: { other: ['spare'] } }),
    startTestGateway({ deployments: deployments(), cache: { ...CACHE, byDefault: false } }),
    startTestGateway({ deployments: deployments(), cache: { ...CACHE, type: 'redis', shared: true } }),
  ]);
  for (const gateway of [test, asking, common]) {
    gateway.key('sk-a1', { teamId: 'a' });
    gateway.key('sk-a2', { teamId: 'a' });
    gateway.key('sk-b', { teamId: 'b' });
    gateway.key('sk-silent', { teamId: 'a', keepContent: false });
    gateway.key('sk-tokens', { teamId: 'a', tpmLimit: 100 });
    gateway.key('sk-slow', { teamId: 'a', rpmLimit: 2 });
    gateway.key('sk-other', { teamId: 'a', models: ['other'] });
    gateway.key('sk-poor', { teamId: 'a', maxBudgetPicos: 0n });
  }
});
const answer = (id: string) =>
  `{"id":"${id}", "object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"${id}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":30,"completion_tokens":20}}`;
let round = 0;
beforeEach(() => {
  round++;
  upstream.script(...Array.from({ length: 9 }, (_, index) => ({ headers: { 'content-type': 'application/json' }, pieces: [answer(`c${round}-${index}`)] })));
});
afterAll(async () => {
  await Promise.all([test, asking, common].map((gateway) => gateway.close()));
  await upstream.close();
});

async function ask(more: object | string = {}, key = 'sk-a1', gateway = test, path = '/v1/chat/completions') {
  const body = typeof more === 'string' ? more : JSON.stringify({ model: 'gpt', messages: [{ role: 'user', content: `round ${round}` }], ...more });
  const response = await fetch(`${gateway.url}${path}`, { method: 'POST', headers: { authorization: `Bearer ${key}` }, body });
  const text = await response.text();
  return {
    status: response.status,
    text,
    cacheKey: response.headers.get('x-litellm-cache-key'),
    cost: response.headers.get('x-litellm-response-cost'),
    headers: response.headers,
  };
}
const calls = () => upstream.seen.length;

describe('the same call', () => {
  it('is answered with the same bytes, at no cost, on a row that says so', async () => {
    const first = await ask();
    const again = await ask({}, 'sk-a2');
    expect([again.text, first.cacheKey, again.cacheKey]).toEqual([first.text, null, expect.stringMatching(/^[0-9a-f]{64}$/)]);
    expect([first.cost, again.cost]).toEqual(['0.00007', '0']);
    expect(calls()).toBe(1);
    expect(again.headers.get('x-litellm-model-id')).toBe('dep-1');
    expect(test.written.settled.at(-1)).toMatchObject({
      answer: first.text,
      record: {
        outcome: 'success',
        cost: '0',
        usage: { input: 30, output: 20 },
        attempts: [{ deploymentId: 'dep-1', cost: '0', priceId: `cache:${again.cacheKey}` }],
      },
    });
    expect(test.gateway.state()).toMatchObject({ callsInFlight: 0, bytesInFlight: 0 });
  });
  it('may have its members in another order, and what is for the gateway alone may differ', async () => {
    await ask(`{"model":"gpt","messages":[{"role":"user","content":"order ${round}"}],"temperature":0.5}`);
    await ask(`{"temperature":0.5, "metadata":{"session_id":"s"},"num_retries":1,"messages":[{"role":"user","content":"order ${round}"}],"model":"gpt"}`);
    expect(calls()).toBe(1);
  });
  it('is another one with any other member, model, kind or owner', async () => {
    await ask();
    for (const more of [{ temperature: 0 }, { model: 'other' }, { user: 'u' }, { unknown: 1 }, { messages: [] }, { cache: { namespace: 'n' } }])
      await ask(more);
    await ask({}, 'sk-b');
    await ask({}, 'sk-master-0123456789');
    expect(calls()).toBe(9);
  });
  it('is everybody’s where the scope is all, on the store of all processes', async () => {
    const first = await ask({}, 'sk-a1', common);
    const again = await ask({}, 'sk-b', common);
    expect([again.text, calls()]).toEqual([first.text, 1]);
    expect(await common.deps.coordination.values.get(again.cacheKey ?? '')).not.toBeNull();
  });
  it('streams again as it streamed', async () => {
    const chunk = (fields: object) => `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', ...fields })}\n\n`;
    const pieces = [
      chunk({ choices: [{ index: 0, delta: { content: 'こんにちは' }, finish_reason: 'stop' }] }),
      chunk({ choices: [], usage: { prompt_tokens: 30, completion_tokens: 20 } }),
      'data: [DONE]\n\n',
    ];
    upstream.script({ headers: { 'content-type': 'text/event-stream' }, pieces });
    const first = await ask({ stream: true });
    const again = await ask({ stream: true });
    expect([again.text, again.headers.get('content-type'), calls()]).toEqual([first.text, 'text/event-stream; charset=utf-8', 1]);
    expect(first.text).not.toContain('usage');
    const withUsage = await ask({ stream: true, stream_options: { include_usage: true } });
    expect([withUsage.text.includes('usage'), calls()]).toEqual([true, 2]);
    expect(test.written.settled.at(-2)?.record).toMatchObject({ stream: true, cost: '0', usage: { input: 30, output: 20 } });
  });
  it('of an endpoint that is not cached is asked again', async () => {
    upstream.script({ headers: { 'content-type': 'application/json' }, pieces: ['{"object":"list","data":[],"usage":{"prompt_tokens":3,"total_tokens":3}}'] });
    for (let time = 0; time < 2; time++) await ask({ input: 'a' }, 'sk-a1', test, '/v1/embeddings');
    expect(calls()).toBe(1);
    for (let time = 0; time < 2; time++) await ask({ prompt: 'a' }, 'sk-a1', test, '/v1/completions');
    expect(calls()).toBe(3);
  });
});

describe('a call’s own wishes', () => {
  it('no-cache asks anew and keeps, no-store keeps nothing, caching: false neither', async () => {
    const first = await ask();
    const anew = await ask({ cache: { 'no-cache': true } });
    expect(anew.text).not.toBe(first.text);
    expect((await ask()).text).toBe(anew.text);
    await ask({ cache: { 'no-store': true }, seed: 1 });
    await ask({ seed: 1 });
    await ask({ caching: false, seed: 1 });
    expect(calls()).toBe(5);
  });
  it('ttl and s-maxage are seconds; what is none is refused', async () => {
    await ask({ cache: { ttl: 0.05 } });
    await new Promise((resolve) => setTimeout(resolve, 100));
    await ask();
    expect(calls()).toBe(2);
    await new Promise((resolve) => setTimeout(resolve, 60));
    await ask({ cache: { 's-maxage': 30 } });
    expect(calls()).toBe(2);
    await ask({ cache: { 's-maxage': 0.01 } });
    expect(calls()).toBe(3);
    for (const cache of [{ ttl: 'soon' }, { 's-maxage': -1 }]) expect((await ask({ cache })).status).toBe(400);
  });
  it('use-cache is needed where the cache is off by default', async () => {
    for (let time = 0; time < 2; time++) await ask({}, 'sk-a1', asking);
    for (let time = 0; time < 2; time++) await ask({ cache: { 'use-cache': true } }, 'sk-a1', asking);
    expect(calls()).toBe(3);
  });
});

describe('what is never kept', () => {
  it('answers for keys that keep no content, mocks, failures, answers of a fallback, cut streams', async () => {
    for (let time = 0; time < 2; time++) await ask({}, 'sk-silent');
    const redacted = { authorization: 'Bearer sk-a1', 'x-litellm-enable-message-redaction': 'true' };
    const body = JSON.stringify({ model: 'gpt', messages: [], round });
    for (let time = 0; time < 2; time++) await fetch(`${test.url}/v1/chat/completions`, { method: 'POST', headers: redacted, body });
    expect(calls()).toBe(4);
    for (let time = 0; time < 2; time++) await ask({ mock_response: 'mock' });
    expect((await ask()).text).not.toContain('mock');
    upstream.script({ status: 400, pieces: ['{"error":{"message":"no"}}'] }, { pieces: [answer('good')] });
    expect((await ask({ seed: 2 })).status).toBe(400);
    expect((await ask({ seed: 2 })).text).toBe(answer('good'));
    upstream.script({ status: 503, pieces: ['{"error":{"message":"down"}}'] }, { pieces: [answer('spare')] }, { pieces: [answer('own')] });
    expect((await ask({ model: 'other', seed: 3 })).text).toBe(answer('spare'));
    expect((await ask({ model: 'other', seed: 3 })).text).toBe(answer('own'));
    upstream.script({ headers: { 'content-type': 'text/event-stream' }, pieces: ['data: {"choices":[{"delta":{"content":"a"}}]}\n\n'] });
    for (let time = 0; time < 2; time++) await ask({ stream: true, seed: 4 });
    expect(calls()).toBe(2);
  });
});

describe('the rules', () => {
  it('hold for what is cached, too: models, budgets, requests; tokens are those of an upstream', async () => {
    await ask();
    expect((await ask({}, 'sk-other')).status).toBe(401);
    expect((await ask({}, 'sk-poor')).text).toContain('Budget has been exceeded');
    for (let time = 0; time < 6; time++) expect((await ask({}, 'sk-tokens')).status).toBe(200);
    await minuteWithRoom();
    expect([(await ask({}, 'sk-slow')).status, (await ask({}, 'sk-slow')).status, (await ask({}, 'sk-slow')).status]).toEqual([200, 200, 429]);
    expect(calls()).toBe(1);
  });
});

describe('a cache that is away or broken', () => {
  it('is a call to the upstream', async () => {
    const { local } = test.deps.cache;
    await ask();
    const { cacheKey: key } = await ask();
    await local.set(key ?? '', Buffer.from('no entry'), 60_000);
    expect((await ask()).status).toBe(200);
    expect(calls()).toBe(2);
    const { get, set } = local;
    local.get = () => Promise.reject(new Error('away'));
    local.set = () => Promise.reject(new Error('away'));
    expect((await ask()).status).toBe(200);
    expect(calls()).toBe(3);
    expect(test.logLines.join('')).toContain('the cache could not be read');
    Object.assign(local, { get, set });
  });
});

describe('keys and entries', () => {
  const call = { key: null, keyId: 'k', endpoint: 'chat', model: 'm', request: { headers: {} } } as never;
  const keyOf = (members: [string, unknown][]) => {
    const body = `{${[['model', 'm'] as const, ...members].map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`;
    return cacheKey(call, readRequest(Buffer.from(body), null, 'chat'), CACHE, '');
  };
  it('are the same for the same members in any order, and no others', () => {
    const sorted = (members: [string, unknown][]) => JSON.stringify([...members].sort(([left], [right]) => (left < right ? -1 : 1)));
    const name = fc.string({ minLength: 1, maxLength: 5 }).filter((text) => !['model', 'n'].includes(text));
    fc.assert(
      fc.property(fc.dictionary(name, fc.jsonValue(), { maxKeys: 5 }), fc.dictionary(name, fc.jsonValue(), { maxKeys: 5 }), (one, other) => {
        const [a, b] = [Object.entries(one), Object.entries(other)];
        expect(keyOf([...a].reverse())).toBe(keyOf(a));
        const same = sorted(a) === sorted(b);
        if (!same) expect(keyOf(a)).not.toBe(keyOf(b));
      }),
    );
  });
  it('are read back as they were written; other bytes are no entry', () => {
    const head = {
      keptAtMs: 1,
      format: 'json',
      contentType: 'application/json',
      usage: { input: 1, output: 1, total: 2 },
      deploymentId: 'd',
      provider: 'p',
      upstreamModel: 'm',
    } as const;
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(unpackEntry(packEntry({ head, answer: Buffer.from(bytes) }))).toEqual({ head, answer: Buffer.from(bytes) });
        expect(unpackEntry(Buffer.from(bytes))).toBeNull();
      }),
    );
  });
});
