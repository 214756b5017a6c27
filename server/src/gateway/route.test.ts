// Which deployment a call goes to and what its row says about it: budgets of deployments and providers, affinity, context windows, and the reasons.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Deployment, GatewayConfig } from '#settings/settings.ts';
import { type FakeProvider, startFakeProvider } from '../../../e2e/fake-provider/fake-provider.ts';
import { DEPLOYMENT, ROUTING, startTestGateway, type TestGateway } from './test-gateway-fixture.ts';

let provider: FakeProvider;
const opened: TestGateway[] = [];
beforeAll(async () => {
  provider = await startFakeProvider();
});
afterAll(() => provider.close());
beforeEach(() => provider.reset());
afterEach(async () => {
  for (const gateway of opened.splice(0)) await gateway.close();
});

const deployment = (id: string, fields: Partial<Deployment> = {}): Deployment => ({ ...DEPLOYMENT, id, apiBase: `${provider.url}/v1`, ...fields });
async function gateway(deployments: Deployment[], routing: Partial<GatewayConfig['routing']> = {}, config: Partial<GatewayConfig> = {}): Promise<TestGateway> {
  const started = await startTestGateway({ deployments, routing: { ...ROUTING, ...routing }, ...config });
  opened.push(started);
  for (const key of ['sk-one', 'sk-two']) started.key(key);
  return started;
}
async function chat({ url }: TestGateway, body: object = {}, key = 'sk-one') {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({ model: 'gpt', messages: [{ role: 'user', content: 'hi' }], ...body }),
  });
  return { status: response.status, id: response.headers.get('x-litellm-model-id'), text: await response.text() };
}
const attempts = (test: TestGateway) => test.written.settled.at(-1)?.record.attempts ?? [];

describe('a row', () => {
  it('says how its deployment was chosen and why each other was not', async () => {
    const test = await gateway([
      deployment('first', { order: 1 }),
      deployment('second', { order: 2 }),
      deployment('keyless', { order: 1, problem: 'OPENAI_API_KEY is not set' }),
    ]);
    expect((await chat(test)).id).toBe('first');
    expect(attempts(test)[0]?.choice).toEqual({
      by: 'simple-shuffle',
      others: 2,
      passedOver: [
        { deploymentId: 'second', why: 'order' },
        { deploymentId: 'keyless', why: 'not ready' },
      ],
    });
    provider.script('rate-limit;form=seconds;value=30', 'fixed');
    expect((await chat(test, { num_retries: 1 })).id).toBe('second');
    expect(attempts(test)[1]?.choice?.passedOver).toContainEqual({ deploymentId: 'first', why: 'tried' });
    expect((await chat(test)).id).toBe('second');
    expect(attempts(test)[0]?.choice?.passedOver[0]).toMatchObject({
      deploymentId: 'first',
      why: 'resting',
      status: 429,
      until: expect.stringMatching(/^20\d\d-.*Z$/),
    });
  });

  it('names tags, and the last resort when all rest', async () => {
    const test = await gateway([deployment('free', { tags: ['free'] }), deployment('paid', { tags: ['paid'] })], { tagFiltering: true });
    await chat(test, { tags: ['paid'] });
    expect(attempts(test)[0]?.choice).toMatchObject({ passedOver: [{ deploymentId: 'free', why: 'tags' }] });
    const pair = await gateway([deployment('a'), deployment('b')]);
    provider.script('rate-limit;form=seconds;value=30', 'rate-limit;form=seconds;value=30');
    await chat(pair, { num_retries: 1 });
    expect((await chat(pair)).status).toBe(200);
    expect(attempts(pair)[0]?.choice?.by).toBe('last resort');
  });

  it('says nothing where there was nothing to choose, and how the cost came about', async () => {
    const test = await gateway([deployment('only')]);
    provider.script('fixed;in=10;cached=4;out=3');
    await chat(test);
    expect(attempts(test)[0]).toMatchObject({
      choice: null,
      cost: '0.000016',
      costLines: [
        { part: 'input', tokens: 6, perToken: '0.000001' },
        { part: 'cachedInput', tokens: 4, perToken: '0.000001' },
        { part: 'output', tokens: 3, perToken: '0.000002' },
      ],
    });
  });

  it('counts the deployments of a large group and names twenty', async () => {
    const test = await gateway(Array.from({ length: 30 }, (_, index) => deployment(`d${index}`)));
    await chat(test);
    expect([attempts(test)[0]?.choice?.others, attempts(test)[0]?.choice?.passedOver.length]).toEqual([29, 20]);
  });
});

describe('a budget of a deployment or a provider', () => {
  const tiny = { max: '0.00001', duration: '1d' };
  it('passes a deployment over once it is used up, without counting a retry', async () => {
    const test = await gateway([deployment('cheap', { order: 1, budget: tiny }), deployment('other', { order: 2 })], {}, { retries: 0 });
    expect((await chat(test)).id).toBe('cheap');
    expect((await chat(test)).id).toBe('other');
    expect(attempts(test)).toHaveLength(1);
    expect(attempts(test)[0]?.choice?.passedOver).toEqual([{ deploymentId: 'cheap', why: 'budget' }]);
  });

  it('holds all deployments of a provider together, and refuses in words when no other is left', async () => {
    const test = await gateway([deployment('a'), deployment('b')], { providerBudgets: { openai: tiny } });
    expect((await chat(test)).status).toBe(200);
    const refused = await chat(test);
    expect([refused.status, JSON.parse(refused.text).error.message]).toEqual([
      429,
      'No deployments available - crossed budget: Exceeded budget for provider openai: 0.000033 >= 0.00001',
    ]);
    expect(provider.requests).toHaveLength(1);
  });

  it('leads to the fallback model', async () => {
    const test = await gateway(
      [deployment('a', { budget: tiny }), deployment('spare', { modelName: 'spare' })],
      {},
      { fallbacks: { gpt: ['spare'] }, retries: 2 },
    );
    await chat(test);
    expect((await chat(test)).id).toBe('spare');
  });

  it('admits one of fifty calls at once, gives room back after a failure, and 0 admits nobody', async () => {
    const test = await gateway([deployment('a', { budget: tiny })]);
    provider.script('status;code=500');
    expect((await chat(test)).status).toBe(500);
    provider.script(...Array.from({ length: 50 }, () => 'fixed;delay=100'));
    const statuses = (await Promise.all(Array.from({ length: 50 }, () => chat(test, { max_tokens: 12 })))).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    const none = await gateway([deployment('a', { budget: { max: '0', duration: '1d' } })]);
    expect((await chat(none)).status).toBe(429);
    // The caller's reservations are as without such budgets.
    expect(test.gateway.state().callsInFlight).toBe(0);
  });
});

describe('affinity', () => {
  const pair = () => [deployment('a'), deployment('b')];
  const ids = async (test: TestGateway, count: number, body: object = {}, key?: string) =>
    new Set(await Promise.all(Array.from({ length: count }, async () => (await chat(test, body, key)).id)));

  it('keeps a session with the deployment that served it last, and other sessions spread', async () => {
    const test = await gateway(pair(), { affinity: { checks: ['session_affinity'], byModel: {}, ttlMs: 60_000 } });
    for (const session of ['s1', 's2', 's3']) {
      const { id } = await chat(test, { metadata: { session_id: session } });
      expect(await ids(test, 8, { metadata: { session_id: session } })).toEqual(new Set([id]));
      expect(attempts(test)[0]?.choice).toMatchObject({ by: 'affinity', passedOver: [{ why: 'affinity' }] });
    }
    expect(await ids(test, 20)).toEqual(new Set(['a', 'b']));
  });

  it('keeps a key, moves when its deployment rests, and is per model where it is configured so', async () => {
    const test = await gateway(pair(), { affinity: { checks: [], byModel: { gpt: ['deployment_affinity'] }, ttlMs: 60_000 } });
    const { id } = await chat(test);
    expect(await ids(test, 8)).toEqual(new Set([id]));
    provider.script('rate-limit;form=seconds;value=30', 'fixed');
    const moved = await chat(test, { num_retries: 1 });
    expect(moved.id).not.toBe(id);
    expect(await ids(test, 8)).toEqual(new Set([moved.id]));
  });

  it('ends with its time to live', async () => {
    const test = await gateway(pair(), { affinity: { checks: ['deployment_affinity'], byModel: {}, ttlMs: 1 } });
    await chat(test);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await chat(test);
    expect(attempts(test)[0]?.choice?.by).toBe('simple-shuffle');
  });
});

describe('a context window', () => {
  const long = { messages: [{ role: 'user', content: 'word '.repeat(2_000) }] };
  it('that seems too small is passed over for a larger one; where none is large enough the upstream decides', async () => {
    const deployments = [
      deployment('small', { order: 1, info: { max_input_tokens: 500 } }),
      deployment('large', { order: 2, info: { max_input_tokens: 5_000 } }),
    ];
    const test = await gateway(deployments, { preCallChecks: true });
    expect((await chat(test)).id).toBe('small');
    expect((await chat(test, long)).id).toBe('large');
    expect(attempts(test)[0]?.choice?.passedOver).toEqual([{ deploymentId: 'small', why: 'context window' }]);
    expect((await chat(test, { messages: [{ role: 'user', content: 'word '.repeat(9_000) }] })).status).toBe(200);
    const off = await gateway(deployments);
    expect((await chat(off, long)).id).toBe('small');
  });
});
