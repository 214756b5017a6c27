// Strategies, fallbacks by kind of failure, retries by kind of failure, rests and tags, as router_settings say them.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPrices } from '#prices/model-prices.ts';
import type { Deployment, GatewayConfig } from '#settings/settings.ts';
import { Health } from './cooldown.ts';
import { Load } from './load.ts';
import { choose, type RoutingView } from './strategies.ts';
import { taggedGroup } from './tag-routing.ts';
import type { Target } from './target.ts';
import { DEPLOYMENT, MASTER_KEY, ROUTING, startTestGateway, type TestGateway } from './test-gateway-fixture.ts';

interface Scripted {
  base: string;
  calls: number;
  answer: { status: number; body: unknown; delayMs?: number };
  server: Server;
}
const OK = {
  id: 'x',
  object: 'chat.completion',
  model: 'm',
  choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'hi' } }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
};
const opened: (() => unknown)[] = [];

async function upstream(answer: Scripted['answer'] = { status: 200, body: OK }): Promise<Scripted> {
  const scripted = { base: '', calls: 0, answer, server: createServer() };
  scripted.server.on('request', (request, response) => {
    scripted.calls += 1;
    const { status, body, delayMs = 0 } = scripted.answer;
    request.resume().on('end', () => setTimeout(() => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)), delayMs));
  });
  await new Promise<void>((resolve) => scripted.server.listen(0, '127.0.0.1', resolve));
  scripted.base = `http://127.0.0.1:${(scripted.server.address() as AddressInfo).port}/v1`;
  opened.push(() => scripted.server.close());
  return scripted;
}

const deployment = (id: string, to: Scripted, fields: Partial<Deployment> = {}): Deployment => ({ ...DEPLOYMENT, id, apiBase: to.base, ...fields });

async function gateway(deployments: Deployment[], routing: Partial<GatewayConfig['routing']> = {}, config: Partial<GatewayConfig> = {}): Promise<TestGateway> {
  const started = await startTestGateway({ deployments, routing: { ...ROUTING, ...routing }, ...config });
  opened.push(() => started.close());
  return started;
}

async function chat(
  { url }: TestGateway,
  body: object = {},
  headers: Record<string, string> = {},
): Promise<{ status: number; id: string | null; text: string }> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${MASTER_KEY}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model: 'gpt', messages: [{ role: 'user', content: 'hi' }], ...body }),
  });
  return { status: response.status, id: response.headers.get('x-litellm-model-id'), text: await response.text() };
}

let [one, two]: Scripted[] = [];
beforeAll(async () => {
  [one, two] = [await upstream(), await upstream()];
});
afterAll(async () => {
  for (const close of opened.reverse()) await close();
});

const failure = (status: number, code: string | null = null, message = 'no') => ({ status, body: { error: { message, code, type: 'x' } } });

describe('a strategy', () => {
  const target = (id: string, fields: Partial<Deployment> = {}): Target => {
    const load = new Load();
    const price = fields.inputCostPerToken ? { inputPicos: BigInt(fields.inputCostPerToken), outputPicos: 1n } : null;
    return { deployment: { ...DEPLOYMENT, id, ...fields }, load, health: new Health(), problem: null, price: () => price } as unknown as Target;
  };
  const view = (routing: Partial<GatewayConfig['routing']>, random = 0): RoutingView => ({
    routing: { ...ROUTING, ...routing },
    prices: createPrices(),
    nowMs: 120_000,
    random: () => random,
  });
  const chosen = (targets: Target[], routing: Partial<GatewayConfig['routing']>) =>
    [...new Set(Array.from({ length: 20 }, (_, index) => choose(targets, view(routing, index / 20)).deployment.id))].sort();

  it('least-busy takes the one with the fewest calls in flight', () => {
    const [a, b, c] = [target('a'), target('b'), target('c')];
    a.load.began(120_000);
    b.load.began(120_000);
    b.load.began(120_000);
    expect(chosen([a, b, c], { strategy: 'least-busy' })).toEqual(['c']);
    c.load.began(120_000);
    expect(chosen([a, b, c], { strategy: 'least-busy' })).toEqual(['a', 'c']);
    b.load.ended(0, 120_000);
    b.load.ended(0, 120_000);
    expect(chosen([a, b, c], { strategy: 'least-busy' })).toEqual(['b']);
  });

  it('latency-based-routing takes the fastest and those within the buffer, the unknown first', () => {
    const [a, b, c] = [target('a'), target('b'), target('c')];
    for (const time of [100, 120, 110]) a.load.answered(time, 119_000);
    b.load.answered(140, 119_000);
    expect(chosen([a, b, c], { strategy: 'latency-based-routing' })).toEqual(['c']);
    c.load.answered(900, 119_000);
    expect(chosen([a, b, c], { strategy: 'latency-based-routing' })).toEqual(['a']);
    expect(chosen([a, b, c], { strategy: 'latency-based-routing', latencyBuffer: 0.5 })).toEqual(['a', 'b']);
    for (let time = 0; time < 10; time += 1) a.load.answered(2000, 119_000);
    expect(chosen([a, b, c], { strategy: 'latency-based-routing' })).toEqual(['b']);
  });

  it('usage-based-routing takes the one with the fewest tokens of the minute that has room', () => {
    const [a, b, c] = [target('a', { tpm: 100 }), target('b', { rpm: 1 }), target('c')];
    for (const one of [a, b, c]) one.load.began(120_000);
    a.load.ended(100, 120_000);
    b.load.ended(10, 120_000);
    c.load.ended(50, 120_000);
    for (const strategy of ['usage-based-routing', 'usage-based-routing-v2'] as const) expect(chosen([a, b, c], { strategy })).toEqual(['c']);
    // None has room: a full one is for its provider to refuse, not for us.
    expect(chosen([a, b], { strategy: 'usage-based-routing' })).toEqual(['b']);
    expect(choose([a, b, c], { ...view({ strategy: 'usage-based-routing' }), nowMs: 180_000 }).deployment.id).toBe('a');
  });

  it('cost-based-routing takes the cheapest; an unknown price is the dearest', () => {
    const [a, b, c] = [target('a', { inputCostPerToken: '30' }), target('b', { inputCostPerToken: '20' }), target('c')];
    expect(chosen([a, b, c], { strategy: 'cost-based-routing' })).toEqual(['b']);
    expect(chosen([a, c], { strategy: 'cost-based-routing' })).toEqual(['a']);
  });

  it('moves calls away from a busy or slow deployment for real', async () => {
    const [slow, quick] = [await upstream({ status: 200, body: OK, delayMs: 400 }), await upstream()];
    const busy = await gateway([deployment('slow', slow), deployment('quick', quick)], { strategy: 'least-busy' });
    const first = await Promise.all(Array.from({ length: 6 }, () => chat(busy)));
    expect(first.every(({ status }) => status === 200)).toBe(true);
    // The quick one may be free again before the last has come.
    expect(slow.calls).toBeGreaterThanOrEqual(1);
    expect(slow.calls).toBeLessThanOrEqual(3);
    const latency = await gateway([deployment('slow', slow), deployment('quick', quick)], { strategy: 'latency-based-routing' });
    await chat(latency);
    await chat(latency);
    const before = slow.calls;
    for (let call = 0; call < 8; call += 1) expect((await chat(latency)).id).toBe('quick');
    expect(slow.calls).toBe(before);
  });
});

describe('after a failure', () => {
  it('the list for its kind decides, and the general list where the kind has none', async () => {
    const [failing, longer, tolerant, general] = [await upstream(), await upstream(), await upstream(), await upstream()];
    const routed = await gateway(
      [
        deployment('failing', failing),
        deployment('longer', longer, { modelName: 'long' }),
        deployment('tolerant', tolerant, { modelName: 'tolerant' }),
        deployment('general', general, { modelName: 'general' }),
      ],
      { contextWindowFallbacks: { gpt: ['long'] }, contentPolicyFallbacks: { gpt: ['tolerant'] } },
      { fallbacks: { gpt: ['general'] } },
    );
    failing.answer = failure(400, 'context_length_exceeded');
    expect(await chat(routed)).toMatchObject({ status: 200, id: 'longer' });
    failing.answer = failure(400, 'content_filter');
    expect(await chat(routed)).toMatchObject({ status: 200, id: 'tolerant' });
    failing.answer = failure(500);
    expect(await chat(routed)).toMatchObject({ status: 200, id: 'general' });
    failing.answer = failure(400);
    expect(await chat(routed)).toMatchObject({ status: 400 });
    longer.answer = failure(400, 'context_length_exceeded');
    failing.answer = failure(400, 'context_length_exceeded');
    expect(await chat(routed)).toMatchObject({ status: 400, text: expect.stringContaining('ContextWindowExceededError') });
    const none = await gateway(
      [deployment('failing', failing), deployment('general', general, { modelName: 'general' })],
      { maxFallbacks: 0 },
      { fallbacks: { gpt: ['general'] } },
    );
    failing.answer = failure(500);
    expect((await chat(none)).status).toBe(500);
  });

  it('the retry policy of the model, then that of all, then the number of retries decides', async () => {
    const failing = await upstream(failure(400));
    const tries = async (routing: Partial<GatewayConfig['routing']>, answer: Scripted['answer'], retries = 0): Promise<number> => {
      const routed = await gateway([deployment('failing', failing)], { ...routing, restsDisabled: true }, { retries });
      failing.answer = answer;
      failing.calls = 0;
      await chat(routed);
      return failing.calls;
    };
    expect(await tries({ retryPolicy: { BadRequestError: 1 } }, failure(400))).toBe(2);
    expect(await tries({ retryPolicy: { BadRequestError: 1 } }, failure(401))).toBe(1);
    expect(await tries({ retryPolicy: { InternalServerError: 0 } }, failure(500), 2)).toBe(1);
    expect(await tries({ retryPolicy: { RateLimitError: 0 }, groupRetryPolicy: { gpt: { RateLimitError: 1 } } }, failure(429))).toBe(2);
    expect(await tries({}, failure(500), 1)).toBe(2);
  });
});

describe('a rest', () => {
  it('lasts as configured, begins after the allowed failures, and can be switched off', () => {
    const usual = { restMs: 30_000, allowedFails: 2, restsDisabled: false };
    const health = new Health(usual);
    expect([health.failed(429, null, 1_000_000), health.failed(500, null, 1_000_001)]).toEqual([false, false]);
    expect(health.failed(500, null, 1_000_002)).toBe(true);
    expect([health.isResting(1_030_001), health.isResting(1_030_002)]).toEqual([true, false]);
    const never = new Health({ ...usual, restsDisabled: true });
    for (let call = 0; call < 20; call += 1) never.failed(500, null, 1_000_000);
    expect(never.isResting(1_000_000)).toBe(false);
  });
});

describe('tags', () => {
  it('lead to the deployments that carry them, everybody else to the default ones', async () => {
    const routed = await gateway(
      [
        deployment('free', one as Scripted, { tags: ['free'] }),
        deployment('paid', two as Scripted, { tags: ['paid', 'eu'] }),
        deployment('rest', one as Scripted, { tags: ['default'] }),
      ],
      { tagFiltering: true },
    );
    for (let call = 0; call < 4; call += 1) {
      expect((await chat(routed, { tags: ['paid'] })).id).toBe('paid');
      expect((await chat(routed, { metadata: { tags: ['free'] } })).id).toBe('free');
      expect((await chat(routed)).id).toBe('rest');
      expect((await chat(routed, { tags: ['unknown'] })).id).toBe('rest');
    }
    const strict = await gateway([deployment('paid', two as Scripted, { tags: ['paid'] })], { tagFiltering: true });
    expect(await chat(strict, { tags: ['other'] })).toMatchObject({ status: 401, text: expect.stringContaining('No deployments available') });
    const agents = [
      deployment('coder', one as Scripted, { tags: ['coding'], tagPatterns: ['^User-Agent: claude-code\\/'] }),
      deployment('rest', two as Scripted, { tags: ['default'] }),
    ];
    const byAgent = await gateway(agents, { tagFiltering: true });
    const from = async (agent: string, body: object = {}) => (await chat(byAgent, body, { 'user-agent': agent })).id;
    expect([await from('claude-code/2.1'), await from('my claude-code/2.1'), await from('curl/8')]).toEqual(['coder', 'rest', 'rest']);
    // Tags that match go first, patterns next.
    expect([await from('claude-code/2.1', { tags: ['default'] }), await from('claude-code/2.1', { tags: ['unknown'] })]).toEqual(['rest', 'coder']);
    const group = { name: 'gpt', captured: null, targets: [{ deployment: { tags: ['a', 'b'] } }, { deployment: { tags: ['a'] } }] as unknown as Target[] };
    expect(taggedGroup(group, ['a', 'b'], { ...ROUTING, matchAnyTag: false }).targets).toHaveLength(1);
    expect(taggedGroup(group, ['a', 'b'], ROUTING).targets).toHaveLength(2);
  });
});
