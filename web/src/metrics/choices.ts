// Which measures and aggregations a query of a view can have, from what the server says of its views. Pure.
import type { ConsoleMetricsOptions } from '@genai/server/contract-metrics';

type View = ConsoleMetricsOptions['views'][number];

export const viewOf = (options: ConsoleMetricsOptions, view: string): View | undefined => options.views.find((one) => one.view === view);
export const holdsIn =
  (options: ConsoleMetricsOptions, view: string) =>
  (column: string): string | undefined =>
    viewOf(options, view)?.filters.find((one) => one.column === column)?.holds;

/** Aggregations that a measure can be shown by in a chart; the first is its own. */
export function aggregationsOf(view: View | undefined, measure: string, chartType: string): string[] {
  const kind = view?.measures.find((one) => one.measure === measure)?.kind ?? 'number';
  if (chartType === 'HISTOGRAM') return kind === 'number' ? ['histogram'] : [];
  if (kind === 'rows') return ['count'];
  if (kind === 'distinct') return ['uniq'];
  const average = /latency|timeToFirstToken|PerSecond|^value$/i.test(measure);
  const all = ['sum', 'avg', 'min', 'max', 'p50', 'p75', 'p90', 'p95', 'p99', 'count'];
  return average ? ['avg', ...all.filter((one) => one !== 'avg')] : all;
}

/** Measures that the chart can draw. */
export function measuresOf(view: View | undefined, chartType: string): string[] {
  return (view?.measures ?? []).map(({ measure }) => measure).filter((measure) => aggregationsOf(view, measure, chartType).length > 0);
}
