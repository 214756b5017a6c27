// What a comparison shows: regressions by the direction that is good, the largest difference first.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ComparedItem, differenceOf, judged, metricsOf, usuallyBetter, visibleItems } from './rows.ts';
import { readComparisonSearch, runIds } from './url.ts';

const item = (itemId: string, ...values: (Record<string, number> | null)[]): ComparedItem => ({
  itemId,
  runs: values.map((one) => (one === null ? null : { traceIds: [`t-${itemId}`], values: one })),
});
const ids = (items: readonly ComparedItem[]) => items.map(({ itemId }) => itemId);
const items = [
  item('same', { quality: 1, cost: 2 }, { quality: 1, cost: 2 }),
  item('fell', { quality: 0.9 }, { quality: 0.1, cost: 1 }),
  item('rose', { quality: 0.5, latency: 3 }, { quality: 0.7, latency: 1 }),
  item('only new', null, { quality: 1 }),
];

describe('a comparison', () => {
  it('puts the largest difference first and what has none last', () => {
    const view = { metric: 'quality', better: 'higher', show: 'all', sort: 'difference' } as const;
    expect(ids(visibleItems(items, view))).toEqual(['fell', 'rose', 'same', 'only new']);
    expect(ids(visibleItems(items, { ...view, sort: 'order' }))).toEqual(['same', 'fell', 'rose', 'only new']);
  });

  it('calls worse what is lower where higher is better, and the other way round', () => {
    const view = { metric: 'quality', better: 'higher', show: 'regressions', sort: 'order' } as const;
    expect(ids(visibleItems(items, view))).toEqual(['fell']);
    expect(ids(visibleItems(items, { ...view, better: 'lower' }))).toEqual(['rose']);
    expect(ids(visibleItems(items, { ...view, show: 'improvements', metric: 'latency', better: usuallyBetter('latency') }))).toEqual(['rose']);
    expect(judged(0.1 + 0.2 - 0.3, 'higher')).toBe('same');
  });

  it('names scores first, then latency and cost', () => {
    expect(metricsOf(items)).toEqual(['quality', 'latency', 'cost']);
    expect(differenceOf(items[1] as ComparedItem, 1, 'cost')).toBeNull();
    expect(differenceOf(items[1] as ComparedItem, 1, 'constructor')).toBeNull();
  });

  it('shows each item at most once and never one that is not there, whatever was measured', () => {
    const value = fc.option(fc.dictionary(fc.constantFrom('a', 'cost', '__proto__'), fc.double({ noNaN: true, noDefaultInfinity: true })), { nil: null });
    const made = fc.array(fc.array(value, { minLength: 1, maxLength: 5 }), { maxLength: 20 });
    fc.assert(
      fc.property(made, fc.constantFrom('a', 'cost', 'absent'), fc.constantFrom('all', 'regressions', 'improvements'), (rows, metric, show) => {
        const all = rows.map((values, index) => item(String(index), ...values));
        const shown = ids(visibleItems(all, { metric, better: 'higher', show, sort: 'difference' }));
        expect(new Set(shown).size).toBe(shown.length);
        expect(ids(all)).toEqual(expect.arrayContaining(shown));
        if (show === 'all') expect(shown.length).toBe(all.length);
      }),
    );
  });
});

describe('the link of a comparison', () => {
  it('holds each run once and five at most', () => {
    expect(runIds(readComparisonSearch({ runs: 'a,b,,a,c,d,e,f' }))).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(runIds(readComparisonSearch({ other: 1 }))).toEqual([]);
  });
});
