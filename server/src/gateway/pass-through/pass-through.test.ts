// Pass-through against real HTTP: bytes as they are, the gateway's key in and the provider's credential out, governed and written down; what must not pass does not.
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { allTexts } from '#gateway/guards/content-texts.ts';
import type { GuardConfig } from '#gateway/guards/guard.ts';
import { minuteWithRoom } from '#gateway/minute-fixture.ts';
import { streamMessage } from '#gateway/providers/bedrock/event-stream-fixture.ts';
import { type ScriptedUpstream, startScriptedUpstream } from '#gateway/providers/upstream-fixture.ts';
import { DEPLOYMENT, MASTER_KEY, ROUTING, startTestGateway, type TestGateway } from '#gateway/test-gateway-fixture.ts';
import { AppError } from '#lib/errors.ts';
import type { Deployment, GatewayConfig, PassThroughEndpoint } from '#settings/settings.ts';
import { checkPath, matchProvider, passedQuery } from './doors.ts';

let upstream: ScriptedUpstream;
let test: TestGateway;
const SECRET = DEPLOYMENT.apiKey as string;
beforeAll(async () => {
  upstream = await startScriptedUpstream();
  const deployment = (id: string, provider: Deployment['provider'], more: Partial<Deployment>): Deployment => ({
    ...DEPLOYMENT,
    id,
    modelName: id,
    provider,
    providerName: id,
    apiBase: upstream.url,
    passThrough: true,
    inputCostPerToken: null,
    outputCostPerToken: null,
    ...more,
  });
  const stated = (path: string, more: Partial<PassThroughEndpoint>): PassThroughEndpoint => ({
    path,
    target: `${upstream.url}/there?fixed=1`,
    headers: { authorization: 'Bearer stated-secret', 'x-team': 'a' },
    query: { extra: '2' },
    forwardHeaders: false,
    subpaths: false,
    methods: null,
    costPerRequest: '0.25',
    ...more,
  });
  test = await startTestGateway({
    idleTimeoutMs: 400,
    deployments: [
      deployment('openai', 'openai', { apiBase: `${upstream.url}/v1`, upstreamModel: 'gpt-4o-mini' }),
      deployment('anthropic', 'anthropic', { upstreamModel: 'claude-sonnet-4-5' }),
      deployment('azure', 'azure', { upstreamModel: 'dep', apiVersion: '2025-01-01' }),
      deployment('gemini', 'gemini', { apiBase: `${upstream.url}/v1beta`, upstreamModel: 'gemini-2.5-flash' }),
      deployment('bedrock', 'bedrock', { apiKey: null, cloud: { aws_region_name: 'us-east-1', aws_access_key_id: 'AKID', aws_secret_access_key: 's' } }),
      deployment('closed', 'openai-compatible', { providerName: 'mistral', passThrough: false }),
    ],
    passThroughEndpoints: [stated('/v1/rerank', {}), stated('/tools', { subpaths: true, forwardHeaders: true, methods: ['POST'], costPerRequest: null })],
  });
  test.key('sk-user');
  test.key('sk-mini', { models: ['gpt-4o-mini'] });
  test.key('sk-openai', { models: ['openai/*'] });
  test.key('sk-poor', { maxBudgetPicos: 0n });
  test.key('sk-slow', { rpmLimit: 1 });
});
beforeEach(() => {
  upstream.script({ headers: { 'content-type': 'application/json' }, pieces: ['{"ok": true}'] });
  test.written.settled.length = 0;
});
afterAll(async () => {
  await test.close();
  await upstream.close();
});

const send = (path: string, options: { key?: string; method?: string; body?: string | Uint8Array | FormData; headers?: Record<string, string> } = {}) =>
  fetch(`${test.url}${path}`, {
    method: options.method ?? (options.body === undefined ? 'GET' : 'POST'),
    headers: {
      authorization: `Bearer ${options.key ?? 'sk-user'}`,
      ...(typeof options.body === 'string' ? { 'content-type': 'application/json' } : {}),
      ...options.headers,
    },
    ...(options.body === undefined ? {} : { body: options.body as string }),
  });
const settled = () => test.written.settled.at(-1)?.record;
const until = async (probe: () => boolean) => {
  for (let round = 0; round < 200 && !probe(); round++) await new Promise((resolve) => setTimeout(resolve, 10));
};
const CHAT = JSON.stringify({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hi' }], metadata: { tags: ['t'] }, unknown: [1] });
const CHATTED = '{"id":"c","model":"gpt-4o-mini-2024-07-18", "choices":[],"usage":{"prompt_tokens":1000,"completion_tokens":500}}';

describe('a provider’s route', () => {
  it('passes bytes, status and query, with the provider’s credential and none of the client’s', async () => {
    upstream.script({ status: 404, headers: { 'content-type': 'application/json', 'set-cookie': 'leak=1' }, pieces: ['{"error":{"message":"No such File"}}'] });
    const answer = await send('/openai/v1/files/file-1?limit=2&after=x&api_key=sk-user', {
      headers: { cookie: 'a=b', 'x-api-key': 'sk-user', 'openai-beta': 'v2', 'x-other': 'y' },
    });
    expect([answer.status, await answer.text(), answer.headers.get('set-cookie')]).toEqual([404, '{"error":{"message":"No such File"}}', null]);
    expect(upstream.seen[0]).toMatchObject({ method: 'GET', path: '/v1/files/file-1?limit=2&after=x' });
    const headers: Record<string, unknown> = upstream.seen[0]?.headers ?? {};
    expect(headers).toMatchObject({ authorization: `Bearer ${SECRET}`, 'openai-beta': 'v2' });
    expect(JSON.stringify(headers)).not.toContain('sk-user');
    expect([headers.cookie, headers['x-other'], headers['x-api-key']]).toEqual([undefined, undefined, undefined]);
    expect(settled()).toMatchObject({ endpoint: 'pass-through', model: 'openai/pass-through', outcome: 'failure', httpStatus: 404, cost: '0', usage: null });
    await send('/openai/models');
    expect(upstream.seen.at(-1)?.path).toBe('/v1/models');
  });
  it('takes any method and any kind of body as it is', async () => {
    const form = new FormData();
    form.set('purpose', 'batch');
    form.set('file', new Blob([new Uint8Array([0, 255, 10])]), 'a.bin');
    await send('/openai/v1/files', { body: form });
    expect(upstream.seen[0]?.headers['content-type']).toMatch(/^multipart\/form-data; boundary=/);
    expect(upstream.seen[0]?.raw).toContain('a.bin');
    expect(test.written.settled.at(-1)?.request).toMatch(/^\{"content_type":"multipart\/form-data/);
    expect((await send('/openai/v1/files/f', { method: 'DELETE' })).status).toBe(200);
    expect(upstream.seen.at(-1)).toMatchObject({ method: 'DELETE', path: '/v1/files/f' });
  });
  it('counts and prices what calls a model, by the model that is called', async () => {
    upstream.script({ headers: { 'content-type': 'application/json' }, pieces: [CHATTED] });
    const answer = await send('/openai/v1/chat/completions', { body: CHAT });
    expect(await answer.text()).toBe(CHATTED);
    expect(upstream.seen[0]?.raw).toBe(CHAT);
    expect(settled()).toMatchObject({ endpoint: 'chat', model: 'openai/gpt-4o-mini', usage: { input: 1000, output: 500 }, usageEstimated: false, tags: ['t'] });
    // 1,000 at 0.15 and 500 at 0.60 dollars a million.
    expect(Number(settled()?.cost)).toBeCloseTo(0.00045, 8);
    expect(test.written.started.at(-1)).toMatchObject({ upstreamModel: 'openai/gpt-4o-mini', provider: 'openai' });
  });
  it('streams as it comes, its end after the settlement', async () => {
    const events = [
      'event: message_start\ndata: {"type":"message_start","message":{"model":"claude-sonnet-4-5","usage":{"input_tokens":3,"output_tokens":1}}}\n\n',
      'event: content_block_delta\ndata: {"type":"content_block_delta","delta":{"text":"hi"}}\n\n',
      'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}}\n\n',
      'event: message_stop\ndata: {"type":"message_stop"}\n\n',
    ];
    upstream.script({ headers: { 'content-type': 'text/event-stream' }, pieces: events });
    let release = () => {};
    test.holdSettled.until = new Promise<void>((resolve) => (release = resolve));
    const body = '{"model":"claude-sonnet-4-5","max_tokens":5,"stream":true,"messages":[]}';
    const answer = await send('/anthropic/v1/messages', { body, headers: { 'anthropic-version': '2023-06-01' } });
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!text.includes('end_turn')) text += (await reader?.read())?.value ?? '';
    expect(text).not.toContain('message_stop');
    release();
    test.holdSettled.until = null;
    for (let part = await reader?.read(); part !== undefined && !part.done; part = await reader?.read()) text += part.value;
    expect(text).toBe(events.join(''));
    expect(upstream.seen[0]).toMatchObject({ path: '/v1/messages', headers: { 'x-api-key': SECRET } });
    expect(settled()).toMatchObject({ endpoint: 'messages', model: 'anthropic/claude-sonnet-4-5', outcome: 'success', usage: { input: 3, output: 2 } });
  });
  it('reaches Azure, Gemini and Bedrock in their own forms', async () => {
    await send('/azure/openai/deployments/dep/chat/completions', { body: CHAT });
    expect(upstream.seen.at(-1)).toMatchObject({ path: '/openai/deployments/dep/chat/completions?api-version=2025-01-01', headers: { 'api-key': SECRET } });
    expect(settled()).toMatchObject({ model: 'azure/dep', endpoint: 'chat' });
    upstream.script({
      pieces: ['{"candidates":[],"usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":2,"totalTokenCount":6}}'],
      headers: { 'content-type': 'application/json' },
    });
    const google = await fetch(`${test.url}/gemini/v1beta/models/gemini-2.5-flash:generateContent?key=sk-user`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"contents":[]}',
    });
    expect(google.status).toBe(200);
    expect(upstream.seen.at(-1)).toMatchObject({ path: '/v1beta/models/gemini-2.5-flash:generateContent', headers: { 'x-goog-api-key': SECRET } });
    expect((await fetch(`${test.url}/gemini/v1beta/files?key=sk-user&pageSize=2`)).status).toBe(200);
    expect(upstream.seen.at(-1)?.path).toBe('/v1beta/files?pageSize=2');
    expect(test.written.settled.at(-2)?.record).toMatchObject({
      endpoint: 'generate-content',
      model: 'gemini/gemini-2.5-flash',
      usage: { input: 4, output: 2 },
    });
    const metadata = streamMessage({ ':message-type': 'event', ':event-type': 'metadata' }, '{"usage":{"inputTokens":3,"outputTokens":1}}');
    upstream.script({ headers: { 'content-type': 'application/vnd.amazon.eventstream' }, pieces: [metadata] });
    const aws = await send('/bedrock/model/amazon.nova-lite-v1%3A0/converse-stream', { body: '{"messages":[]}' });
    expect(Buffer.from(await aws.arrayBuffer()).equals(metadata)).toBe(true);
    expect(upstream.seen.at(-1)?.headers.authorization).toMatch(/^AWS4-HMAC-SHA256 /);
    upstream.script({ headers: { 'content-type': 'application/json' }, pieces: ['{"usage":{"inputTokens":3,"outputTokens":1}}'] });
    await send('/bedrock/model/amazon.nova-lite-v1%3A0/converse', { body: '{"messages":[]}' });
    expect(settled()).toMatchObject({ model: 'bedrock/amazon.nova-lite-v1:0', usage: { input: 3, output: 1 } });
    expect((await send('/bedrock/model/x/converse')).status).toBe(405);
  });
  it('is closed unless a deployment is opened for it, and says how', async () => {
    const answer = await send('/mistral/v1/chat/completions', { body: CHAT });
    expect([answer.status, await answer.text()]).toEqual([404, expect.stringContaining('use_in_pass_through')]);
    expect((await send('/cohere/v1/x')).status).toBe(404);
    expect(upstream.seen).toEqual([]);
  });
});

describe('the rules', () => {
  it('hold: a key, its models, its limits, its budget; nothing is sent that they refuse', async () => {
    expect((await fetch(`${test.url}/openai/v1/files`)).status).toBe(401);
    expect((await send('/openai/v1/files', { key: 'sk-nobody' })).status).toBe(401);
    expect((await send('/openai/v1/files', { key: 'sk-mini' })).status).toBe(401);
    expect((await send('/openai/v1/chat/completions', { key: 'sk-mini', body: CHAT.replace('mini', 'maxi') })).status).toBe(401);
    expect((await send('/openai/v1/fine_tuning/jobs', { key: 'sk-mini', body: CHAT })).status).toBe(401);
    expect((await send('/openai/v1/chat/completions', { key: 'sk-mini', body: `{"model":"gpt-4o-mini","model":"gpt-5"}` })).status).toBe(401);
    expect((await send('/v1/rerank', { key: 'sk-openai', body: '{}' })).status).toBe(401);
    const poor = await send('/openai/v1/chat/completions', { key: 'sk-poor', body: CHAT });
    expect([poor.status, await poor.text()]).toEqual([400, expect.stringContaining('Budget has been exceeded')]);
    expect(upstream.seen).toEqual([]);
    expect((await send('/openai/v1/chat/completions', { key: 'sk-mini', body: CHAT })).status).toBe(200);
    expect((await send('/openai/v1/files', { key: 'sk-openai' })).status).toBe(200);
    expect((await send('/openai/v1/files', { key: MASTER_KEY })).status).toBe(200);
    await minuteWithRoom();
    const slow = [await send('/openai/v1/files', { key: 'sk-slow' }), await send('/openai/v1/files', { key: 'sk-slow' })];
    expect(slow.map(({ status }) => status)).toEqual([200, 429]);
  });
  it('speak the dialect of the route’s clients', async () => {
    expect(await (await send('/anthropic/v1/messages', { key: 'sk-nobody', body: '{}' })).json()).toMatchObject({
      type: 'error',
      error: { type: 'authentication_error' },
    });
  });
});

describe('a stated endpoint', () => {
  it('goes to its target with its headers and query, at its price', async () => {
    const answer = await send('/v1/rerank?x=1', { body: '{"query":"q"}', headers: { 'x-other': 'y' } });
    expect([answer.status, await answer.text()]).toEqual([200, '{"ok": true}']);
    expect(upstream.seen[0]).toMatchObject({
      path: '/there?x=1&extra=2&fixed=1',
      raw: '{"query":"q"}',
      headers: { authorization: 'Bearer stated-secret', 'x-team': 'a' },
    });
    expect(upstream.seen[0]?.headers['x-other']).toBeUndefined();
    expect(settled()).toMatchObject({ model: '/v1/rerank', cost: '0.25', attempts: [{ cost: '0.25', provider: 'pass_through' }] });
    expect((await send('/v1/rerank/below', { body: '{}' })).status).toBe(501);
  });
  it('takes what is below it, the methods that it names, and the client’s headers without credentials', async () => {
    await send('/tools/a/b', { body: '{}', headers: { 'x-other': 'y', 'x-api-key': 'sk-user', 'x-litellm-tags': 't', cookie: 'c=1' } });
    expect(upstream.seen[0]?.path).toBe('/there/a/b?extra=2&fixed=1');
    expect(upstream.seen[0]?.headers).toMatchObject({ 'x-other': 'y', authorization: 'Bearer stated-secret' });
    expect(JSON.stringify(upstream.seen[0]?.headers)).not.toMatch(/sk-user|c=1|x-litellm/);
    expect((await send('/tools/a')).status).toBe(405);
  });
});

describe('what goes wrong', () => {
  it('on the way: a cut answer is cut, silence ends, a dead server is told, each with its row', async () => {
    upstream.script({ headers: { 'content-type': 'application/json', 'content-length': '100' }, pieces: ['{"half":'], after: 'cut' });
    await expect(send('/openai/v1/files').then((answer) => answer.text())).rejects.toThrow();
    await until(() => settled() !== undefined);
    expect(settled()).toMatchObject({ outcome: 'failure' });
    upstream.script({ headers: { 'content-type': 'text/event-stream' }, pieces: ['data: {}\n\n'], after: 'hang' });
    await expect(send('/openai/v1/chat/completions', { body: CHAT }).then((answer) => answer.text())).rejects.toThrow();
    expect(settled()).toMatchObject({ outcome: 'failure', endpoint: 'chat' });
    upstream.script({ pieces: [], after: 'cut', status: 200 });
  });
  it('a client that leaves ends the call there, and what was delivered is billed', async () => {
    upstream.script({ headers: { 'content-type': 'text/event-stream' }, pieces: ['data: {"choices":[{"delta":{"content":"hello"}}]}\n\n'], after: 'hang' });
    const abort = new AbortController();
    const answer = await fetch(`${test.url}/openai/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk-user', 'content-type': 'application/json' },
      body: CHAT,
      signal: abort.signal,
    });
    await answer.body?.getReader().read();
    abort.abort();
    await until(() => settled()?.outcome === 'cancelled');
    expect(settled()).toMatchObject({ outcome: 'cancelled', usageEstimated: true });
    await until(() => upstream.seen[0]?.aborted === true);
    expect(upstream.seen[0]?.aborted).toBe(true);
    expect(test.gateway.state()).toMatchObject({ callsInFlight: 0, bytesInFlight: 0 });
  });
  it('a long answer passes whole and is not kept', async () => {
    const piece = Buffer.alloc(1 << 20, 'x');
    upstream.script({ headers: { 'content-type': 'application/octet-stream' }, pieces: Array.from({ length: 6 }, () => piece) });
    expect((await (await send('/openai/v1/files/f/content')).arrayBuffer()).byteLength).toBe(6 << 20);
    expect(test.written.settled.at(-1)?.answer).toBe('');
    expect(test.gateway.state().bytesInFlight).toBe(0);
  });
});

describe('a path', () => {
  it.each([
    '/../admin',
    '/v1/../../x',
    '/v1/%2e%2e/x',
    '/v1/%252e%252e/x',
    '/v1/..%2fx',
    '/v1/%5c..%5cx',
    '/v1//evil.example',
    '/v1/a%00b',
    '/v1/.',
    '/v1/..;/x',
    '/v1/%zz',
    '/v1/\\x',
  ])('%s is refused', (path) => {
    expect(() => checkPath(path)).toThrow(AppError);
  });
  it.each(['/v1/files/file-1/content', '/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fabc/converse', '/v1/models/ft:gpt-4o.1', '/v1/a..b'])(
    '%s is taken',
    (path) => {
      expect(() => checkPath(path)).not.toThrow();
    },
  );
  it('never leaves its host or climbs, whatever is asked', async () => {
    const raw = async (path: string) => {
      const { request } = await import('node:http');
      return new Promise<number>((resolve, reject) => {
        request(`${test.url}`, { path, headers: { authorization: 'Bearer sk-user' } }, (answer) => resolve(answer.resume().statusCode ?? 0))
          .on('error', reject)
          .end();
      });
    };
    for (const path of [
      '/openai/v1/../../internal',
      '/openai/%2e%2e/%2e%2e/x',
      '/openai/..%2f..%2fx',
      '/openai//evil.example/x',
      '/v1/rerank/../../x',
      '/tools/..%2f..%2fx',
    ])
      expect([path, [400, 404, 405, 501].includes(await raw(path))]).toEqual([path, true]);
    expect(upstream.seen).toEqual([]);
  });
  it('is read the same by whoever checks it: no text makes the check fault in another way', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (text) => {
        try {
          checkPath(`/${text}`);
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
          return;
        }
        expect(decodeURIComponent(new URL(`http://host/${text}`).pathname)).toBe(decodeURIComponent(`/${text.split('?')[0]}`));
      }),
    );
  });
  it('means a provider only with something behind it, and never Azure’s own form', () => {
    expect(matchProvider('/openai/v1/files')).toMatchObject({ provider: { name: 'openai' }, rest: '/v1/files', endpoint: 'pass-through' });
    for (const path of ['/openai', '/openai/', '/openai/deployments/m/chat/completions', '/other/x']) expect(matchProvider(path)).toBeNull();
    expect(matchProvider('/vertex_ai/v1/projects/p/locations/l/publishers/anthropic/models/count-tokens:rawPredict')).toMatchObject({
      endpoint: 'pass-through',
      pathModel: null,
    });
    expect(passedQuery('key=a&KEY=b&x=1&access_token=c', { y: '2' })).toBe('?x=1&y=2');
  });
});

describe('a door', () => {
  const opened = async (fields: Partial<Deployment>, config: Parameters<typeof startTestGateway>[0] = {}) => {
    const gateway = await startTestGateway({
      deployments: [{ ...DEPLOYMENT, passThrough: true, apiBase: `${upstream.url}/v1`, upstreamModel: 'gpt-4o-mini', ...fields }],
      ...config,
    });
    gateway.key('sk-user');
    const ask = () =>
      fetch(`${gateway.url}/openai/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: 'Bearer sk-user', 'content-type': 'application/json' },
        body: CHAT,
      });
    return { gateway, ask };
  };

  it('is held to the budget of its provider', async () => {
    const { gateway, ask } = await opened({}, { routing: { ...ROUTING, providerBudgets: { openai: { max: '0.0000001', duration: '1d' } } } });
    const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
    upstream.script({
      headers: { 'content-type': 'application/json' },
      pieces: [JSON.stringify({ object: 'chat.completion', model: 'gpt-4o-mini', choices: [], usage })],
    });
    expect((await ask()).status).toBe(200);
    await until(() => gateway.written.settled.length > 0);
    const refused = await ask();
    expect([refused.status, await refused.text()]).toEqual([429, expect.stringContaining('Exceeded budget for provider openai')]);
    await gateway.close();
  });

  it('never leads to a metadata service, and counts its hops', async () => {
    const imds = await opened({ apiBase: 'http://169.254.169.254/v1' });
    expect((await imds.ask()).status).toBe(404);
    await imds.gateway.close();
    const stated = {
      path: '/v1/rerank',
      target: 'http://metadata.google.internal/x',
      headers: {},
      query: {},
      forwardHeaders: false,
      subpaths: false,
      methods: null,
      costPerRequest: null,
    };
    const door = await opened({}, { passThroughEndpoints: [stated] });
    const answer = await fetch(`${door.gateway.url}/v1/rerank`, { method: 'POST', headers: { authorization: 'Bearer sk-user' }, body: '{}' });
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('never called')]);
    const circled = await fetch(`${door.gateway.url}/openai/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk-user', 'content-type': 'application/json', 'x-genai-hops': '4' },
      body: CHAT,
    });
    expect(circled.status).toBe(508);
    await door.gateway.close();
  });
});

describe('guards', () => {
  const MAIL = 'taro@secret.example.jp';
  const guard = (more: object): GuardConfig =>
    ({
      ...{ name: 'personal', kind: 'personal_data', provider: 'presidio', modes: new Set(['pre_call', 'post_call']), defaultOn: true },
      ...{
        failOpen: false,
        timeoutMs: 1_000,
        violation: null,
        entities: new Map([
          ['EMAIL_ADDRESS', 'MASK'],
          ['CREDIT_CARD', 'BLOCK'],
        ]),
      },
      ...more,
    }) as GuardConfig;
  const started: TestGateway[] = [];
  async function guarded(more: object = {}, config: Partial<GatewayConfig> = {}): Promise<TestGateway> {
    const gateway = await startTestGateway({ ...test.deps.config, guardrails: [guard(more)], ...config });
    gateway.key('sk-user');
    started.push(gateway);
    return gateway;
  }
  afterAll(() => Promise.all(started.map((gateway) => gateway.close())));
  const json = { authorization: 'Bearer sk-user', 'content-type': 'application/json' };
  const send = async ({ url }: TestGateway, path: string, init: RequestInit) => {
    const response = await fetch(`${url}${path}`, { method: 'POST', headers: json, ...init });
    return { status: response.status, text: await response.text(), headers: response.headers };
  };
  const written = (gateway: TestGateway) => JSON.stringify(gateway.written.settled);

  it('look at JSON of any form, there and back, and leave nothing of what they mask', async () => {
    const gateway = await guarded();
    upstream.script({ headers: { 'content-type': 'application/json' }, pieces: ['{"rows": [{"note": "ask ', `${MAIL}"}], "id": "${MAIL}"}`] });
    const answer = await send(gateway, '/openai/v1/anything', { body: JSON.stringify({ query: `mail ${MAIL}`, model: MAIL, deep: [[{ text: MAIL }]] }) });
    expect(JSON.parse(String(upstream.seen.at(-1)?.raw))).toEqual({ query: 'mail <EMAIL_ADDRESS>', model: MAIL, deep: [[{ text: '<EMAIL_ADDRESS>' }]] });
    expect(JSON.parse(answer.text)).toEqual({ rows: [{ note: 'ask <EMAIL_ADDRESS>' }], id: MAIL });
    expect(answer.headers.get('x-litellm-applied-guardrails')).toBe('personal');
    expect(gateway.written.settled.at(-1)?.record.guards?.map(({ action }) => action)).toEqual(['masked', 'masked']);
    expect(written(gateway)).not.toContain(`mail ${MAIL}`);
    // Untouched bytes stay the client's.
    upstream.script({ headers: { 'content-type': 'application/json' }, pieces: ['{"ok":   true}'] });
    expect((await send(gateway, '/openai/v1/anything', { body: '{"query":  "plain"}' })).text).toBe('{"ok":   true}');
    expect(String(upstream.seen.at(-1)?.raw)).toBe('{"query":  "plain"}');
  });

  it('refuse before anything is sent, and what was answered is paid and told to nobody', async () => {
    const gateway = await guarded();
    const before = upstream.seen.length;
    const refused = await send(gateway, '/v1/rerank', { body: JSON.stringify({ documents: [`pay with 4111 1111 1111 1111 ${MAIL}`] }) });
    expect([refused.status, upstream.seen.length]).toEqual([400, before]);
    expect(refused.text).toContain('Violated guardrail policy: personal');
    for (const body of ['{"a": ', '"text"']) expect((await send(gateway, '/openai/v1/anything', { body })).status, body).toBe(400);
    expect(upstream.seen.length).toBe(before);
    upstream.script({ headers: { 'content-type': 'application/json' }, pieces: [`{"note": "4111 1111 1111 1111 ${MAIL}"}`] });
    const paid = await send(gateway, '/v1/rerank', { body: '{"query": "x"}' });
    expect(paid.status).toBe(400);
    expect(paid.text).not.toContain('4111');
    expect(gateway.written.settled.at(-1)?.record).toMatchObject({ outcome: 'failure', httpStatus: 400, cost: '0.25' });
    upstream.script({ headers: { 'content-type': 'application/json' }, pieces: [`{"note": ${MAIL}`] });
    expect((await send(gateway, '/openai/v1/anything', { body: '{"query": "x"}' })).status).toBe(502);
    expect(written(gateway)).not.toMatch(/4111|taro@/);
  });

  it('let pass what they cannot read, or refuse it where that is set', async () => {
    const form = { body: `note=${MAIL}`, headers: { authorization: 'Bearer sk-user', 'content-type': 'application/x-www-form-urlencoded' } };
    const sse = { headers: { 'content-type': 'text/event-stream' }, pieces: [`data: {"note": "${MAIL}"}\n\n`] };
    const open = await guarded();
    expect((await send(open, '/openai/v1/files', form)).status).toBe(200);
    expect(String(upstream.seen.at(-1)?.raw)).toBe(`note=${MAIL}`);
    upstream.script(sse);
    expect((await send(open, '/openai/v1/anything', { body: '{"query": "x"}' })).text).toContain(MAIL);
    const strict = await guarded({}, { unreadPassThrough: 'refuse' });
    const before = upstream.seen.length;
    expect((await send(strict, '/openai/v1/files', form)).text).toContain('unread_pass_through');
    expect((await send(strict, '/openai/v1/chat/completions', { body: '{"model": "gpt-4o-mini", "messages": [], "stream": true}' })).status).toBe(400);
    expect(upstream.seen.length).toBe(before);
    const unforeseen = await send(strict, '/openai/v1/anything', { body: '{"query": "x"}' });
    expect([unforeseen.status, unforeseen.text.includes(MAIL)]).toEqual([400, false]);
    upstream.script({ status: 204, headers: {}, pieces: [] });
    expect((await send(strict, '/openai/v1/files/1', { method: 'DELETE', headers: { authorization: 'Bearer sk-user' } })).status).toBe(204);
    expect(written(strict)).not.toContain('taro@');
  });

  it('that look beside the provider’s work look before it here', async () => {
    const gateway = await guarded({ modes: new Set(['during_call']) });
    const before = upstream.seen.length;
    expect((await send(gateway, '/openai/v1/anything', { body: '{"query": "4111 1111 1111 1111"}' })).status).toBe(400);
    expect(upstream.seen.length).toBe(before);
  });

  it('change no JSON but its texts, whatever it is', async () => {
    const value = fc.jsonValue().filter((one) => typeof one === 'object' && one !== null);
    fc.assert(
      fc.property(value, (body) => {
        const copy = structuredClone(body);
        for (const place of allTexts(copy)) place.set(place.text);
        expect(copy).toEqual(body);
        for (const place of allTexts(copy)) place.set('');
        // Keys stay, whatever they are called.
        expect(Object.keys(copy as object)).toEqual(Object.keys(body as object));
      }),
    );
  });
});
