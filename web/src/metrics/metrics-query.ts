// A widget, a range and a dashboard's filters -> one query of the metrics API. Pure.
import type { FilterCondition } from '@genai/server/contract';
import type { ConsoleMetricsOptions, ConsoleWidget } from '@genai/server/contract-metrics';

export type Query = Pick<ConsoleWidget, 'view' | 'dimensions' | 'metrics' | 'filters' | 'chartType' | 'chartConfig'>;

const DEFAULT_ROWS = 25;

/** Conditions that the widget's view knows; a dashboard may look at several views, and a condition lies over those that have its column. */
export function fitting(conditions: readonly FilterCondition[], view: string, options: ConsoleMetricsOptions | undefined): FilterCondition[] {
  const columns = options?.views.find((one) => one.view === view)?.filters;
  return columns === undefined ? [...conditions] : conditions.filter(({ column }) => columns.some((one) => one.column === column));
}

export const isTimeSeries = (chartType: string): boolean => chartType.endsWith('_TIME_SERIES');

/** The query's JSON. */
export function metricsQuery(query: Query, range: { from: string; to: string }, further: readonly FilterCondition[]): Record<string, unknown> {
  const { view, dimensions, metrics, filters, chartType, chartConfig } = query;
  const rows = isTimeSeries(chartType) ? 1_000 : (chartConfig.row_limit ?? DEFAULT_ROWS);
  const sort = chartType === 'PIVOT_TABLE' ? chartConfig.defaultSort : undefined;
  return {
    view,
    dimensions,
    metrics: metrics.map(({ measure, agg }) => ({ measure, aggregation: agg })),
    filters: [...filters, ...further],
    ...(isTimeSeries(chartType) ? { timeDimension: { granularity: 'auto' } } : {}),
    ...(sort === undefined ? {} : { orderBy: [{ field: sort.column, direction: sort.order === 'ASC' ? 'asc' : 'desc' }] }),
    fromTimestamp: range.from,
    toTimestamp: range.to,
    config: { row_limit: rows, ...(chartType === 'HISTOGRAM' ? { bins: chartConfig.bins ?? 10 } : {}) },
  };
}

/** Whether rows were cut off at the API's limit: a chart over time then asks first which lines are the largest. */
export const wasCut = (query: Query, rows: readonly unknown[]): boolean => isTimeSeries(query.chartType) && query.dimensions.length > 0 && rows.length >= 1_000;

/** Asks for the largest values of the dimension over the whole range. */
export function largestQuery(query: Query, range: { from: string; to: string }, further: readonly FilterCondition[]): Record<string, unknown> {
  return metricsQuery({ ...query, chartType: 'HORIZONTAL_BAR', chartConfig: { type: 'HORIZONTAL_BAR', row_limit: 8 } }, range, further);
}
