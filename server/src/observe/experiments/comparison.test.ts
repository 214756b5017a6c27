// Runs compared item by item.
import { describe, expect, it } from 'vitest';
import { compareRuns, type Measured } from './comparison.ts';

const measured = (itemId: string, values: Record<string, number>, shares: string[] = []): Measured => ({ itemId, values, shares: new Set(shares) });

describe('two runs', () => {
  it('differ over the items that both ran, whatever else one of them ran', () => {
    const baseline = Array.from({ length: 30 }, (_, index) => measured(`i${index}`, { quality: index / 30 }));
    const run = [
      ...baseline.map(({ itemId, values }) => measured(itemId, { quality: (values.quality as number) - 0.1 })),
      measured('only here', { quality: 1 }),
    ];
    const [line] = compareRuns(run, baseline);
    // The items spread widely, yet each fell by the same: pairs show what means alone would hide.
    expect(line?.run.n).toBe(31);
    expect(line?.difference).toMatchObject({ n: 30 });
    expect(line?.difference?.high).toBeCloseTo(-0.1, 9);
  });

  it("average an item's repetitions and treat yes and no as a share", () => {
    const [line] = compareRuns([measured('a', { ok: 1 }, ['ok']), measured('b', { ok: 0 }, ['ok']), measured('b', { ok: 0 }, ['ok'])], null);
    expect(line).toMatchObject({ name: 'ok', run: { mean: 0.5, n: 2 }, baseline: null, difference: null });
    expect(line?.run.low).toBeCloseTo(0.0945, 3);
  });
});
