// Usage keys of SDKs against the price list's classes, with the real price table.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsePicos } from '#lib/money.ts';
import { createPrices } from '#prices/model-prices.ts';
import { callUsageOf, usagePricer } from './usage-pricer.ts';

describe('pricing reported usage', () => {
  it('puts each key in its class', () => {
    expect(callUsageOf({ input: 10, input_cached_tokens: 4, input_cache_creation: 2, output: 5, output_reasoning_tokens: 3, total: 24 })).toEqual({
      input: 10,
      output: 8,
      total: 24,
      cachedInput: 4,
      cachedAudioInput: 0,
      cacheCreationInput: 2,
      reasoningOutput: 3,
      audioInput: 0,
      audioOutput: 0,
    });
    expect(callUsageOf({ total: 5 })).toBeNull();
    expect(callUsageOf({ input: -1, output: 1.5 })).toBeNull();
  });

  it('prices a known model so that the parts make the total, and no unknown one', () => {
    const price = usagePricer(createPrices());
    fc.assert(
      fc.property(fc.record({ input: fc.nat(1e6), output: fc.nat(1e6), input_cached_tokens: fc.nat(1e5), output_reasoning_tokens: fc.nat(1e5) }), (usage) => {
        const priced = price('gpt-4o-mini', usage, new Date('2026-11-20T00:00:00Z'), 'project');
        expect(priced).toMatchObject({ currency: 'USD', totalCost: priced?.costDetails.total });
        const picos = (name: string) => parsePicos(priced?.costDetails[name] ?? 'absent');
        expect(picos('input') + picos('output')).toBe(picos('total'));
      }),
    );
    expect(price('no-such-model-anywhere', { input: 1 }, new Date(), 'project')).toBeNull();
  });
});
