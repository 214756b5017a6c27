// What a pipeline demands.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Comparison, judgeRun, parseDemand } from './judge.ts';

const interval = (mean: number, low: number, high: number) => ({ mean, low, high, n: 20 });
const metric = (difference: Comparison['difference']): Comparison => ({
  name: 'quality',
  run: interval(0.7, 0.6, 0.8),
  baseline: interval(0.75, 0.6, 0.9),
  difference,
});

describe('a demand', () => {
  it('is read from its text, or refused', () => {
    expect(parseDemand('min', 'quality=0.7')).toEqual({ kind: 'min', name: 'quality', value: 0.7 });
    expect(parseDemand('min', 'a=b=1')).toEqual({ kind: 'min', name: 'a=b', value: 1 });
    expect(parseDemand('no-worse', 'quality')).toEqual({ kind: 'no-worse', name: 'quality', value: 0 });
    for (const text of ['quality', 'quality=', '=1', 'quality=x']) expect(parseDemand('min', text), text).toBeNull();
    fc.assert(fc.property(fc.string(), (text) => void parseDemand('no-worse', text)));
  });

  it('bounds the mean', () => {
    expect(judgeRun({ kind: 'min', name: 'quality', value: 0.7 }, [metric(null)]).passed).toBe(true);
    expect(judgeRun({ kind: 'min', name: 'quality', value: 0.71 }, [metric(null)]).passed).toBe(false);
    expect(judgeRun({ kind: 'max', name: 'quality', value: 0.7 }, [metric(null)]).passed).toBe(true);
    expect(judgeRun({ kind: 'min', name: 'other', value: 0 }, [metric(null)])).toMatchObject({ passed: false, metric: null });
  });

  it('fails a run that is worse than its baseline beyond chance, and no other', () => {
    const worse = { kind: 'no-worse', name: 'quality', value: 0 } as const;
    expect(judgeRun(worse, [metric(interval(-0.05, -0.09, -0.01))]).passed).toBe(false);
    expect(judgeRun(worse, [metric(interval(-0.05, -0.12, 0.02))]).passed).toBe(true);
    expect(judgeRun({ ...worse, value: 0.02 }, [metric(interval(-0.05, -0.09, -0.01))]).passed).toBe(true);
    expect(judgeRun(worse, [metric(null)]).passed).toBe(false);
  });
});
