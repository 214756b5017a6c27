// Which items of a comparison are shown, in which order, and what is a regression.

/** An item in one run: its measures by name, means of its repetitions. */
export interface ItemInRun {
  traceIds: string[];
  values: Record<string, number>;
}

export interface ComparedItem {
  itemId: string;
  /** In the order of the runs; null where a run has not got the item. */
  runs: (ItemInRun | null)[];
}

export type Better = 'higher' | 'lower';
export type Show = 'all' | 'regressions' | 'improvements';

export interface View {
  metric: string;
  better: Better;
  show: Show;
  sort: 'difference' | 'order';
}

/** Of cost and latency less is better; of anything else more, unless the reader says otherwise. */
export function usuallyBetter(metric: string): Better {
  return metric === 'cost' || metric === 'latency' ? 'lower' : 'higher';
}

/** The measures that any run has, scores first. */
export function metricsOf(items: readonly ComparedItem[]): string[] {
  const names = new Set(items.flatMap(({ runs }) => runs.flatMap((run) => Object.keys(run?.values ?? {}))));
  const own = ['latency', 'cost'].filter((name) => names.delete(name));
  return [...[...names].sort(), ...own];
}

/** Run minus baseline; null for the baseline itself and where one of the two lacks the measure. */
export function differenceOf(item: ComparedItem, index: number, metric: string): number | null {
  const value = measureOf(item.runs[index], metric);
  const baseline = measureOf(item.runs[0], metric);
  return index === 0 || value === undefined || baseline === undefined ? null : value - baseline;
}

function measureOf(run: ItemInRun | null | undefined, metric: string): number | undefined {
  return run && Object.hasOwn(run.values, metric) ? run.values[metric] : undefined;
}

/** Differences smaller than this are how numbers are written, not what was measured. */
const NOTHING = 1e-12;

/** `better`, `worse` or `same`, by the direction that is good. */
export function judged(difference: number, better: Better): 'better' | 'worse' | 'same' {
  if (Math.abs(difference) < NOTHING) return 'same';
  return difference > 0 === (better === 'higher') ? 'better' : 'worse';
}

/** The items to show: a regression is an item that any run does worse than the baseline. Ties and items without a difference keep their order, at the end. */
export function visibleItems(items: readonly ComparedItem[], view: View): ComparedItem[] {
  const looked = items.map((item) => {
    const differences = item.runs.flatMap((_, index) => differenceOf(item, index, view.metric) ?? []);
    return { item, size: Math.max(-1, ...differences.map(Math.abs)), judgements: differences.map((difference) => judged(difference, view.better)) };
  });
  const wanted = view.show === 'regressions' ? 'worse' : 'better';
  const shown = view.show === 'all' ? looked : looked.filter(({ judgements }) => judgements.includes(wanted));
  if (view.sort === 'difference') shown.sort((one, other) => other.size - one.size);
  return shown.map(({ item }) => item);
}
