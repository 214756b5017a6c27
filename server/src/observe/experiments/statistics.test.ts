// Intervals that hold what they promise.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bootstrapMean, wilson } from './statistics.ts';

describe('intervals', () => {
  it("are Wilson's for shares, and never leave 0 to 1", () => {
    const half = wilson([...Array(50).fill(1), ...Array(50).fill(0)]);
    expect(half).toMatchObject({ mean: 0.5, n: 100 });
    expect(half?.low).toBeCloseTo(0.4038, 3);
    expect(half?.high).toBeCloseTo(0.5962, 3);
    expect(wilson([1, 1, 1])?.low).toBeGreaterThan(0.4);
    expect(wilson([])).toBeNull();
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0, 1), { minLength: 1, maxLength: 200 }), (values) => {
        const found = wilson(values) as NonNullable<ReturnType<typeof wilson>>;
        expect(found.low).toBeGreaterThanOrEqual(0);
        expect(found.high).toBeLessThanOrEqual(1);
        expect(found.low - 1e-9).toBeLessThanOrEqual(found.mean);
        expect(found.high + 1e-9).toBeGreaterThanOrEqual(found.mean);
      }),
    );
  });

  it('cover the true mean about as often as they say, and are the same each time', () => {
    let seed = 7;
    const uniform = () => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return seed / 2 ** 31;
    };
    let covered = 0;
    for (let trial = 0; trial < 120; trial++) {
      const values = Array.from({ length: 40 }, uniform);
      const found = bootstrapMean(values);
      if (found !== null && found.low <= 0.5 && found.high >= 0.5) covered += 1;
      expect(bootstrapMean(values)).toEqual(found);
    }
    expect(covered).toBeGreaterThan(102);
    expect(bootstrapMean([])).toBeNull();
    expect(bootstrapMean([3])).toEqual({ mean: 3, low: 3, high: 3, n: 1 });
  });
});
