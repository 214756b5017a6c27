// What a batch holds: a fair guess of its lines at the price of batches; in strict mode a bound that the bill cannot pass, or a refusal that says what is missing.
import { describe, expect, it } from 'vitest';
import type { GatewayDeps } from '#gateway/deps.ts';
import { Target } from '#gateway/target.ts';
import { CONFIG, DEPLOYMENT } from '#gateway/test-gateway-fixture.ts';
import { createPrices } from '#prices/model-prices.ts';
import type { Deployment } from '#settings/settings.ts';
import type { CountedLines } from './port.ts';
import { batchReservation } from './reserve.ts';

const deps = {
  prices: createPrices(),
  clock: { nowMs: () => Date.now(), nowUs: () => Date.now() * 1000 },
  outputHistory: { expectedOutputTokens: () => 50, record: () => {} },
} as unknown as GatewayDeps;
const COUNTED: CountedLines = { lines: 3, url: '/v1/chat/completions', bodyBytes: 300, maxOutputTokens: 40, unstated: 0, unbounded: 0 };

function reserved(counted: Partial<CountedLines>, strict: boolean, deployment: Partial<Deployment> = {}): bigint | null {
  const target = new Target({ ...DEPLOYMENT, ...deployment }, CONFIG, () => ({}) as never);
  return batchReservation(deps, { counted: { ...COUNTED, ...counted }, target, keyId: 'k', model: 'gpt', strict });
}

describe('a batch', () => {
  it('holds its bytes as tokens and what its lines may answer, at half of 0.000001 and 0.000002', () => {
    expect(reserved({}, false)).toBe(100n * 500_000n + 40n * 1_000_000n);
    expect(reserved({ unstated: 2 }, false)).toBe(100n * 500_000n + 140n * 1_000_000n);
    expect(reserved({}, false, { inputCostPerToken: null, outputCostPerToken: null, upstreamModel: 'nobody-knows-this' })).toBeNull();
  });
  it('that is strict holds a token a byte and the model’s longest answers, or is refused', () => {
    expect(reserved({}, true)).toBe(300n * 500_000n + 40n * 1_000_000n);
    expect(reserved({ unstated: 2 }, true, { info: { max_output_tokens: 1_000 } })).toBe(300n * 500_000n + 2_040n * 1_000_000n);
    expect(() => reserved({ unstated: 2 }, true)).toThrow(/2 lines state no max_tokens/);
    expect(() => reserved({ unbounded: 1 }, true)).toThrow(/images/);
    expect(() => reserved({}, true, { inputCostPerToken: null, outputCostPerToken: null, upstreamModel: 'nobody-knows-this' })).toThrow(/price/);
  });
});
