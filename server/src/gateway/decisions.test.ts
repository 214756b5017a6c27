// The pure decisions of the corridor: what comes after a failure, how long to wait, which deployment is next, what a path means.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { proxyFor } from '#http/proxy-for.ts';
import { createPrices } from '#prices/model-prices.ts';
import type { GatewayConfig } from '#settings/settings.ts';
import { Health } from './cooldown.ts';
import { decide, type Situation } from './fallback.ts';
import { matchPath } from './paths.ts';
import { pick } from './pick.ts';
import { retryAfterMs, retryDelayMs } from './retry-after.ts';
import type { RoutingView } from './strategies.ts';
import type { Target } from './target.ts';
import { ROUTING } from './test-gateway-fixture.ts';
import { parseTraceparent } from './trace-context.ts';
import { estimateTokens, usageFrom } from './usage.ts';

const SITUATION: Situation = {
  status: 503,
  errorClass: 'ServiceUnavailableError',
  retryAfterMs: null,
  failures: 1,
  maxRetries: 2,
  othersAwake: false,
  nextModel: null,
  remainingMs: 60_000,
};

describe('decide', () => {
  it.each([
    [200, false],
    [400, false],
    [401, false],
    [403, false],
    [404, false],
    [408, true],
    [409, true],
    [422, false],
    [429, true],
    [500, true],
    [502, true],
    [503, true],
    [504, true],
  ])('status %i is retried on the same deployment: %s', (status, retried) => {
    expect(decide({ ...SITUATION, status }, () => 0.5).action).toBe(retried ? 'retry' : 'stop');
  });

  it('waits with full jitter up to 0.5 s · 2ⁿ, at most 8 s', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (failures, random) => {
        const next = decide({ ...SITUATION, failures, maxRetries: 10 }, () => random);
        expect(next.action === 'retry' && next.delayMs).toBeLessThanOrEqual(Math.min(8000, 500 * 2 ** (failures - 1)));
      }),
    );
  });

  it('waits at least as long as the upstream asks, unless that is too long', () => {
    expect(decide({ ...SITUATION, status: 429, retryAfterMs: 3000 }, () => 0)).toEqual({ action: 'retry', delayMs: 3000 });
    expect(decide({ ...SITUATION, status: 429, retryAfterMs: 60_000 }, () => 0)).toEqual({ action: 'stop' });
    expect(decide({ ...SITUATION, status: 429, retryAfterMs: 60_000, nextModel: 'b' }, () => 0)).toEqual({ action: 'next-model', model: 'b' });
  });

  it('tries another deployment at once, also for a fault of the deployment alone', () => {
    for (const status of [401, 403, 404, 429, 500]) expect(decide({ ...SITUATION, status, othersAwake: true })).toEqual({ action: 'retry', delayMs: 0 });
    expect(decide({ ...SITUATION, status: 400, othersAwake: true })).toEqual({ action: 'stop' });
  });

  it('stops at the retries, at the deadline, and never falls back on a bad request', () => {
    expect(decide({ ...SITUATION, failures: 3 })).toEqual({ action: 'stop' });
    expect(decide({ ...SITUATION, remainingMs: 0, nextModel: 'b' })).toEqual({ action: 'stop' });
    expect(decide({ ...SITUATION, status: 400, errorClass: 'BadRequestError', nextModel: 'b' })).toEqual({ action: 'stop' });
    expect(decide({ ...SITUATION, status: 400, errorClass: 'ContextWindowExceededError', nextModel: 'b' })).toEqual({ action: 'next-model', model: 'b' });
  });
});

describe('retryAfterMs', () => {
  const now = Date.parse('2026-11-23T00:00:00Z');
  it.each([
    [{ 'retry-after': '7' }, 7000],
    [{ 'retry-after': '1.5' }, 1500],
    [{ 'retry-after': 'Mon, 23 Nov 2026 00:00:30 GMT' }, 30_000],
    [{ 'retry-after': 'Mon, 23 Nov 2020 00:00:30 GMT' }, 0],
    [{ 'retry-after-ms': '250' }, 250],
    [{ 'x-ms-retry-after-ms': '120' }, 120],
    [{ 'retry-after': '2', 'retry-after-ms': '1500' }, 1500],
    [{ 'retry-after': 'soon, promised' }, null],
    [{ 'retry-after': '-5' }, null],
    [{ 'retry-after': '1000000000000' }, null],
    [{ 'retry-after': '' }, null],
    [{}, null],
  ] as [Record<string, string>, number | null][])('%j', (headers, expected) => {
    expect(retryAfterMs(headers, now)).toBe(expected);
  });
});

const view = (random: () => number = Math.random, routing: Partial<GatewayConfig['routing']> = {}): RoutingView => ({
  routing: { ...ROUTING, ...routing },
  prices: createPrices(),
  nowMs: 2,
  random,
});

describe('pick', () => {
  const target = (id: string, facts: { weight?: number; order?: number; resting?: boolean; problem?: boolean } = {}) => {
    const health = new Health();
    if (facts.resting) health.failed(429, 30_000, 1);
    return {
      deployment: { id, weight: facts.weight ?? null, rpm: null, tpm: null, order: facts.order ?? null },
      health,
      problem: facts.problem ? new Error('x') : null,
    } as unknown as Target;
  };
  const ids = (targets: Target[], tried: Target[] = []) => {
    const picked = new Set<string>();
    for (let index = 0; index < 100; index++)
      picked.add(
        (
          pick(
            targets,
            new Set(tried),
            view(() => index / 100),
          ) as Target
        ).deployment.id,
      );
    return [...picked].sort();
  };

  it('spreads by weight and gives one without a weight the mean', () => {
    const counts = new Map<string, number>();
    const targets = [target('a', { weight: 3 }), target('b', { weight: 1 }), target('c')];
    for (let index = 0; index < 600; index++) {
      const { id } = (
        pick(
          targets,
          new Set(),
          view(() => index / 600),
        ) as Target
      ).deployment;
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    expect(Object.fromEntries(counts)).toEqual({ a: 300, b: 100, c: 200 });
  });

  it('prefers the lowest order, the untried, the rested and the ready', () => {
    const [a, b, c] = [target('a', { order: 1 }), target('b', { order: 2 }), target('c', { order: 2 })];
    expect(ids([a, b, c])).toEqual(['a']);
    expect(ids([a, b, c], [a])).toEqual(['b', 'c']);
    expect(ids([target('r', { resting: true }), b])).toEqual(['b']);
    expect(ids([target('p', { problem: true }), b])).toEqual(['b']);
  });

  it('never makes an outage of its own: all resting or all tried still answers', () => {
    expect(ids([target('r', { resting: true }), target('s', { resting: true })])).toHaveLength(1);
    const both = [target('a'), target('b')];
    expect(ids(both, both)).toEqual(['a', 'b']);
    expect(pick([], new Set(), view())).toBeNull();
  });

  it('rests by the rules: 429 as asked, half of five failures, never for bad requests', () => {
    const health = new Health();
    for (let index = 0; index < 20; index++) health.failed(400, null, 100_000);
    expect(health.isResting(100_000)).toBe(false);
    for (let index = 0; index < 4; index++) health.failed(500, null, 100_000);
    expect(health.isResting(100_000)).toBe(false);
    health.failed(500, null, 100_000);
    expect([health.isResting(100_000), health.isResting(105_001)]).toEqual([true, false]);
    health.failed(429, 1e9, 200_000);
    expect([health.isResting(259_000), health.isResting(260_001)]).toEqual([true, false]);
  });
});

describe('after a rest', () => {
  const rested = () => {
    const health = new Health();
    health.failed(429, 1_000, 100_000);
    return health;
  };

  it('one call probes while the others stay away; its answer lets everybody back', () => {
    const health = rested();
    expect([health.takesCalls(100_999), health.takesCalls(101_000)]).toEqual([false, true]);
    health.began(101_000);
    expect(health.takesCalls(101_001)).toBe(false);
    health.succeeded(101_500);
    expect(health.takesCalls(101_501)).toBe(true);
  });

  it('a failed probe rests at once, twice as long each time and at most a minute', () => {
    const health = rested();
    const rests = [];
    for (let nowMs = 101_000, probe = 0; probe < 6; probe++) {
      health.began(nowMs);
      expect(health.failed(500, null, nowMs)).toBe(true);
      rests.push(health.restsUntilMs() - nowMs);
      nowMs = health.restsUntilMs();
    }
    expect(rests).toEqual([10_000, 20_000, 40_000, 60_000, 60_000, 60_000]);
  });

  it('a probe that says nothing, or whose client leaves, does not keep the deployment away', () => {
    const silent = rested();
    silent.began(101_000);
    expect([silent.takesCalls(110_999), silent.takesCalls(111_000)]).toEqual([false, true]);
    const left = rested();
    left.began(101_000);
    left.left();
    expect(left.takesCalls(101_001)).toBe(true);
  });

  it('an answer that refuses the request shows that the deployment is well', () => {
    const health = rested();
    health.began(101_000);
    expect(health.failed(400, null, 101_000)).toBe(false);
    expect(health.takesCalls(101_001)).toBe(true);
  });
});

describe('retryDelayMs', () => {
  it('finds the hint among the details of a Google error, and only a sane one', () => {
    const details = (retryDelay: unknown) => [{ '@type': 'x' }, { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay }];
    expect(['34s', '0.25s', '1e9s', '-1s', 5, '999999999s'].map((delay) => retryDelayMs(details(delay)))).toEqual([34_000, 250, null, null, null, null]);
    fc.assert(fc.property(fc.anything(), (anything) => (retryDelayMs(anything) ?? 0) >= 0));
  });
});

describe('paths, trace context, usage, proxies', () => {
  it('matches exactly and decodes models once', () => {
    expect(matchPath('/v1/chat/completions?x=1')).toMatchObject({ kind: 'call', endpoint: 'chat', pathModel: null });
    expect(matchPath('/openai/deployments/a%2Fb/embeddings?api-version=1')).toMatchObject({ endpoint: 'embeddings', pathModel: 'a/b' });
    expect(matchPath('/engines/x/y/chat/completions')).toMatchObject({ pathModel: 'x/y' });
    expect(matchPath('/v1/models/a/b')).toEqual({ kind: 'models', id: 'a/b' });
    for (const path of ['/v1/models/%E0%A4', '/openai/deployments/chat/completions', '/v1/chat/completions/', '/', '/key/generate'])
      expect([path, matchPath(path)]).toEqual([path, null]);
  });

  it('reads traceparent as W3C says', () => {
    const trace = '0af7651916cd43dd8448eb211c80319c';
    expect(parseTraceparent(`00-${trace}-b7ad6b7169203331-01`)).toEqual({ traceId: trace, spanId: 'b7ad6b7169203331' });
    for (const bad of [
      undefined,
      '',
      `ff-${trace}-b7ad6b7169203331-01`,
      `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
      `00-${trace}-0000000000000000-01`,
      `00-${trace.toUpperCase()}-b7ad6b7169203331-01`,
    ])
      expect(parseTraceparent(bad)).toBeNull();
  });

  it('maps usage: cached input apart, explicit zero is zero, nonsense is none', () => {
    expect(
      usageFrom({ prompt_tokens: 10, completion_tokens: 5, prompt_tokens_details: { cached_tokens: 4 }, completion_tokens_details: { reasoning_tokens: 2 } }),
    ).toEqual({
      input: 6,
      output: 5,
      total: 15,
      cachedInput: 4,
      reasoningOutput: 2,
    });
    expect(usageFrom({ prompt_tokens: 0, completion_tokens: 0 })).toEqual({ input: 0, output: 0, total: 0 });
    for (const bad of [
      null,
      undefined,
      5,
      {},
      { prompt_tokens: -1, completion_tokens: 1 },
      { prompt_tokens: 1, completion_tokens: 1.5 },
      { prompt_tokens: '1' },
    ])
      expect(usageFrom(bad)).toBeNull();
    expect([estimateTokens('abcdefgh'), estimateTokens('こんにちは')]).toEqual([2, 5]);
  });

  it('chooses proxies and exceptions', () => {
    const network = { httpsProxy: 'http://p:1', httpProxy: 'http://q:1', noProxy: ['localhost', '.corp.example', 'api.x.com:8443'], extraCaFile: null };
    expect(proxyFor('https://api.openai.com', network)).toBe('http://p:1');
    expect(proxyFor('http://api.openai.com', network)).toBe('http://q:1');
    for (const origin of ['http://localhost:9', 'https://a.corp.example', 'https://corp.example', 'https://api.x.com:8443'])
      expect(proxyFor(origin, network)).toBeNull();
    expect(proxyFor('https://api.x.com', network)).toBe('http://p:1');
    expect(proxyFor('https://notcorp.example', network)).toBe('http://p:1');
    expect(proxyFor('https://anything', { ...network, noProxy: ['*'] })).toBeNull();
  });
});
