// An unknown price is never shown as zero.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { knownCost } from './known-cost.ts';

describe('knownCost', () => {
  it('keeps a sum whose every call has a price, zero included', () => {
    expect(knownCost({ cost: '0.5', unknownCostCalls: 0 })).toEqual({ value: '0.5', atLeast: false });
    expect(knownCost({ cost: '0', unknownCostCalls: 0 })).toEqual({ value: '0', atLeast: false });
  });

  it('calls a sum with unpriced calls a lower bound', () => {
    expect(knownCost({ cost: '0.000000000001', unknownCostCalls: 1 })).toEqual({ value: '0.000000000001', atLeast: true });
  });

  it('never shows zero where a price is unknown', () => {
    const zero = fc.constantFrom('0', '0.0', '-0', '0.000000000000', '');
    fc.assert(
      fc.property(zero, fc.integer({ min: 1 }), (cost, unknownCostCalls) => {
        expect(knownCost({ cost, unknownCostCalls })).toEqual({ value: null, atLeast: false });
      }),
    );
  });
});
