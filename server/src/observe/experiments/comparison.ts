// Two dataset runs side by side: each run's scores with an interval, and the difference of what both ran, item by item.
import { bootstrapMean, type Interval, wilson } from './statistics.ts';

/** What was measured of one item in one run; several traces of an item are averaged. */
export interface Measured {
  itemId: string;
  values: Readonly<Record<string, number>>;
  /** Names whose values are 0 and 1. */
  shares: ReadonlySet<string>;
}

export interface Comparison {
  name: string;
  run: Interval;
  baseline: Interval | null;
  /** Run minus baseline over the items of both; null without a baseline or a common item. */
  difference: Interval | null;
}

/** One line a name that the run has, in the order of names. */
export function compareRuns(run: readonly Measured[], baseline: readonly Measured[] | null): Comparison[] {
  const names = [...new Set(run.flatMap(({ values }) => Object.keys(values)))].sort();
  return names.flatMap((name) => {
    const own = itemMeans(run, name);
    const theirs = baseline === null ? new Map<string, number>() : itemMeans(baseline, name);
    const interval = intervalOf(run, name, own);
    if (interval === null) return [];
    const differences = [...own].flatMap(([item, value]) => (theirs.has(item) ? [value - (theirs.get(item) as number)] : []));
    return [{ name, run: interval, baseline: baseline === null ? null : intervalOf(baseline, name, theirs), difference: bootstrapMean(differences) }];
  });
}

/** One value an item: several traces of an item are averaged. */
export function itemMeans(measured: readonly Measured[], name: string): Map<string, number> {
  const grouped = Map.groupBy(
    measured.filter(({ values }) => values[name] !== undefined),
    ({ itemId }) => itemId,
  );
  return new Map([...grouped].map(([item, rows]) => [item, rows.reduce((sum, { values }) => sum + (values[name] as number), 0) / rows.length]));
}

function intervalOf(measured: readonly Measured[], name: string, means: ReadonlyMap<string, number>): Interval | null {
  const values = [...means.values()];
  const isShare = measured.some(({ shares }) => shares.has(name)) && values.every((value) => value === 0 || value === 1);
  return isShare ? wilson(values) : bootstrapMean(values);
}
