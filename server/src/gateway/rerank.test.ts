// /rerank: Cohere's language to whoever speaks it, as bytes, with the price of a search, budgets before it is sent, guards, and a refusal where nobody reranks.
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Deployment } from '#settings/settings.ts';
import type { GuardConfig } from './guards/guard.ts';
import { type ScriptedUpstream, startScriptedUpstream } from './providers/upstream-fixture.ts';
import { readRequest } from './request.ts';
import { rerankUsage, searchesOf } from './rerank.ts';
import { DEPLOYMENT, startTestGateway, type TestGateway } from './test-gateway-fixture.ts';

let upstream: ScriptedUpstream;
let test: TestGateway;
const DOLLAR = 1_000_000_000_000n;
function deployments(): Deployment[] {
  const at = (id: string, more: Partial<Deployment>): Deployment => ({
    ...DEPLOYMENT,
    id,
    modelName: id,
    upstreamModel: `${id}-upstream`,
    provider: 'openai-compatible',
    providerName: id,
    inputCostPerToken: null,
    outputCostPerToken: null,
    mode: 'rerank',
    ...more,
  });
  return [
    at('cohere', { apiBase: `${upstream.url}/compatibility/v1`, inputCostPerQuery: '0.002' }),
    at('together_ai', { apiBase: `${upstream.url}/v1`, inputCostPerToken: '0.0001' }),
    at('hosted_vllm', { apiBase: `${upstream.url}/v1` }),
    { ...DEPLOYMENT, id: 'openai', modelName: 'gpt', apiBase: `${upstream.url}/v1` },
  ];
}
beforeAll(async () => {
  upstream = await startScriptedUpstream();
  test = await startTestGateway({ deployments: deployments() });
  test.key('sk-user');
  test.key('sk-gpt', { models: ['gpt'], modelLists: [{ level: 'key', models: ['gpt'] }] });
});
afterAll(async () => {
  await test.close();
  await upstream.close();
});
const COHERE = '{"id":"r-1","results":[{"index":1,"relevance_score":0.9}],  "meta":{"api_version":{"version":"2"},"billed_units":{"search_units":3}}}';
const answer = (text: string) => upstream.script({ headers: { 'content-type': 'application/json' }, pieces: [text] });
beforeEach(() => answer(COHERE));
const ask = async (body: object | string, { path = '/v1/rerank', key = 'sk-user', gateway = test } = {}) => {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(`${gateway.url}${path}`, { method: 'POST', headers: { authorization: `Bearer ${key}` }, body: text });
  return { status: response.status, text: await response.text(), cost: response.headers.get('x-litellm-response-cost') };
};
const QUESTION = { query: 'capital of Japan', documents: ['Tokyo', { text: 'Osaka' }], top_n: 1 };
const last = () => test.written.settled.at(-1)?.record;

describe('a rerank', () => {
  it('passes as bytes under each of its paths and costs what its searches cost', async () => {
    for (const path of ['/rerank', '/v1/rerank', '/v2/rerank']) {
      const reranked = await ask({ model: 'cohere', ...QUESTION, return_documents: true, rank_fields: ['text'] }, { path });
      expect(reranked).toEqual({ status: 200, text: COHERE, cost: '0.006' });
      // Cohere's v2 refuses a wish for documents.
      expect(upstream.seen.at(-1)).toMatchObject({ path: '/v2/rerank', body: { model: 'cohere-upstream', ...QUESTION, rank_fields: ['text'] } });
      expect(upstream.seen.at(-1)?.body).not.toHaveProperty('return_documents');
      expect(last()).toMatchObject({
        endpoint: 'rerank',
        model: 'cohere',
        cost: '0.006',
        usage: { searches: 3, total: 0 },
        usageEstimated: false,
        stream: false,
      });
      expect(last()?.attempts[0]?.costLines).toEqual([{ part: 'searches', tokens: 3, perToken: '0.002' }]);
    }
  });
  it('costs its tokens where the upstream counts those, and an estimate where it counts nothing', async () => {
    answer('{"id":"r","object":"rerank","results":[],"usage":{"prompt_tokens":40,"completion_tokens":0,"total_tokens":40}}');
    expect((await ask({ model: 'together_ai', ...QUESTION, return_documents: true })).cost).toBe('0.004');
    expect(upstream.seen.at(-1)).toMatchObject({ path: '/v1/rerank', body: { return_documents: true } });
    answer('{"results":[]}');
    expect((await ask({ model: 'cohere', query: 'q', documents: Array.from({ length: 101 }, () => 'd') })).cost).toBe('0.004');
    expect(last()).toMatchObject({ usage: { searches: 2 }, usageEstimated: true });
    // Nobody has told what vLLM costs: unknown, not free.
    answer('{"results":[],"usage":{"total_tokens":9}}');
    expect((await ask({ model: 'hosted_vllm', ...QUESTION })).cost).toBeNull();
    expect(last()).toMatchObject({ cost: null, usage: { input: 9 } });
  });
  it('is refused to a key that may not use the model, by a provider that has none, and without a model', async () => {
    expect((await ask({ model: 'cohere', ...QUESTION }, { key: 'sk-gpt' })).status).toBe(401);
    expect(await ask({ model: 'gpt', ...QUESTION })).toMatchObject({ status: 501, text: expect.stringContaining('/rerank is not supported for openai') });
    expect((await ask(QUESTION)).status).toBe(400);
  });
  it('gives the client the refusal of the provider, and nothing to pay', async () => {
    upstream.script({ status: 400, headers: { 'content-type': 'application/json' }, pieces: ['{"message":"too many documents"}'] });
    const refused = await ask({ model: 'cohere', ...QUESTION });
    expect([refused.status, refused.text.includes('too many documents')]).toEqual([400, true]);
    expect(last()).toMatchObject({ outcome: 'failure', cost: '0' });
  });
  it('takes room in the budget before it is sent, and never more than it has under parallel calls', async () => {
    const claim = { level: 'key' as const, id: 'poor', account: 'key:poor', maxPicos: DOLLAR / 100n, duration: null, model: null };
    test.key('sk-poor', { claims: [claim] });
    answer(COHERE.replace('3', '1').replace('"search_units":3', '"search_units":1'));
    const statuses = (await Promise.all(Array.from({ length: 50 }, () => ask({ model: 'cohere', ...QUESTION }, { key: 'sk-poor' })))).map(
      ({ status }) => status,
    );
    // 0.01 are five searches of 0.002.
    expect(statuses.filter((status) => status === 200)).toHaveLength(5);
    expect(test.deps.budgets.spentPicos('key:poor')).toBe(DOLLAR / 100n);
    const strict = await startTestGateway({ deployments: deployments(), budgetMode: 'strict', maxBudget: '1' });
    strict.key('sk-user');
    expect(await ask({ model: 'cohere', ...QUESTION }, { gateway: strict })).toMatchObject({ status: 400, text: expect.stringContaining('count as several') });
    await strict.close();
  });
  it('is looked at by guards, query and documents', async () => {
    const personal = { name: 'personal', kind: 'personal_data', provider: 'presidio', modes: new Set(['pre_call', 'post_call']), defaultOn: true };
    const more = { failOpen: false, timeoutMs: 1_000, violation: null, entities: new Map([['EMAIL_ADDRESS', 'MASK']]) };
    const guarded = await startTestGateway({ deployments: deployments(), guardrails: [{ ...personal, ...more } as unknown as GuardConfig] });
    guarded.key('sk-user');
    answer('{"results":[{"index":0,"relevance_score":1,"document":{"text":"answered@secret.example.jp"}}],"meta":{"billed_units":{"search_units":1}}}');
    const documents = ['ask taro@secret.example.jp', { text: 'hanako@secret.example.jp' }];
    const masked = await ask({ model: 'cohere', query: 'mail of jiro@secret.example.jp', documents }, { gateway: guarded });
    expect(upstream.seen.at(-1)?.raw).not.toContain('secret.example.jp');
    expect(masked.text).toContain('"document":{"text":"<EMAIL_ADDRESS>"}');
    expect(JSON.stringify(guarded.written)).not.toContain('secret.example.jp');
    await guarded.close();
  });
  it('leaves its path to an endpoint of the configuration that has it already', async () => {
    const endpoint = {
      path: '/v1/rerank',
      target: `${upstream.url}/stated`,
      headers: {},
      query: {},
      forwardHeaders: false,
      subpaths: false,
      methods: null,
      costPerRequest: '0.5',
    };
    const stated = await startTestGateway({ deployments: deployments(), passThroughEndpoints: [endpoint] });
    stated.key('sk-user');
    await ask({ model: 'cohere', ...QUESTION }, { gateway: stated });
    expect(upstream.seen.at(-1)?.path).toBe('/stated');
    await ask({ model: 'cohere', ...QUESTION }, { gateway: stated, path: '/v2/rerank' });
    expect(upstream.seen.at(-1)?.path).toBe('/v2/rerank');
    await stated.close();
  });
});

describe('what a rerank counts', () => {
  it('is whole numbers or nothing, whatever an upstream says', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (raw) => {
        const usage = rerankUsage(raw);
        if (usage === null) return;
        for (const value of Object.values(usage)) expect(Number.isSafeInteger(value) && (value as number) >= 0).toBe(true);
      }),
    );
    expect(rerankUsage({ billed_units: { search_units: 2 }, tokens: { input_tokens: 5 } })).toEqual({ input: 5, output: 0, total: 5, searches: 2 });
    expect(rerankUsage({ billed_units: { search_units: -1 } })).toBeNull();
  });
  it('is one search for each hundred documents, whatever the documents are', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue(), { maxLength: 350 }), (documents) => {
        const asked = readRequest(Buffer.from(JSON.stringify({ model: 'm', query: 'q', documents })), null, 'rerank');
        expect(searchesOf({ asked })).toBe(Math.max(1, Math.ceil(documents.length / 100)));
      }),
    );
    expect(searchesOf({ asked: readRequest(Buffer.from('{"model":"m","documents":"text"}'), null, 'rerank') })).toBe(1);
  });
});
