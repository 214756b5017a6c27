// Which query fits which chart, and whether a widget's query can be asked at all: refused when it is written, not when somebody looks.

import { invalidRequest } from '#observe/api/body.ts';
import type { FilterCondition } from '#observe/filter/filter.ts';
import { filterToSql } from '#observe/filter/to-sql.ts';
import { type MetricsQuery, VIEWS, type ViewName } from '#observe/metrics/query.ts';
import { metricsStatement } from '#observe/metrics/statement.ts';
import { VIEW_OF } from '#observe/metrics/views.ts';
import type { ChartConfig, ChartType } from './schema.ts';

export interface WidgetQuery {
  view: ViewName;
  dimensions: readonly { field: string }[];
  metrics: readonly { measure: string; agg: MetricsQuery['metrics'][number]['aggregation'] }[];
  filters: readonly FilterCondition[];
  chartType: ChartType;
  chartConfig: ChartConfig;
}

/** How many dimensions and metrics a chart can draw. */
const ROOM: Readonly<Record<ChartType, { dimensions: readonly [number, number]; metrics: number }>> = {
  LINE_TIME_SERIES: { dimensions: [0, 1], metrics: 1 },
  AREA_TIME_SERIES: { dimensions: [0, 1], metrics: 1 },
  BAR_TIME_SERIES: { dimensions: [0, 1], metrics: 1 },
  HORIZONTAL_BAR: { dimensions: [1, 1], metrics: 1 },
  VERTICAL_BAR: { dimensions: [1, 1], metrics: 1 },
  PIE: { dimensions: [1, 1], metrics: 1 },
  NUMBER: { dimensions: [0, 0], metrics: 1 },
  HISTOGRAM: { dimensions: [0, 0], metrics: 1 },
  PIVOT_TABLE: { dimensions: [0, 3], metrics: 10 },
};

/** @throws AppError 400 for a chart that cannot draw its query, and for unknown dimensions, measures, filters and sort columns. */
export function checkWidget(widget: WidgetQuery): void {
  const { chartType, chartConfig, dimensions, metrics } = widget;
  if (chartConfig.type !== chartType) throw invalidRequest(`chartConfig.type is ${chartConfig.type} and chartType is ${chartType}: they must be the same.`);
  const room = ROOM[chartType];
  const [least, most] = room.dimensions;
  if (dimensions.length < least || dimensions.length > most)
    throw invalidRequest(`${chartType} takes ${least === most ? least : `${least} to ${most}`} dimensions, not ${dimensions.length}.`);
  if (metrics.length > room.metrics)
    throw invalidRequest(`${chartType} takes ${room.metrics} ${room.metrics === 1 ? 'metric' : 'metrics'}, not ${metrics.length}.`);
  for (const { agg } of metrics) {
    if ((agg === 'histogram') !== (chartType === 'HISTOGRAM'))
      throw invalidRequest(`The aggregation histogram and the chart HISTOGRAM belong together: ${agg} does not fit ${chartType}.`);
  }
  const { columns } = metricsStatement(anyTime(widget), { projectId: '', highCardinality: true, rowLimit: 1 });
  const sort = chartConfig.defaultSort?.column;
  if (sort !== undefined && !columns.some(({ name }) => name === sort))
    throw invalidRequest(`defaultSort.column ${sort} is no column of this widget. Use one of ${columns.map(({ name }) => name).join(', ')}.`);
}

function anyTime({ view, dimensions, metrics, filters }: WidgetQuery): MetricsQuery {
  return {
    view,
    dimensions: [...dimensions],
    metrics: metrics.map(({ measure, agg }) => ({ measure, aggregation: agg })),
    filters: [...filters],
    fromTimestamp: '2026-01-01T00:00:00Z',
    toTimestamp: '2026-01-02T00:00:00Z',
  };
}

/** Conditions that lie over every widget of a dashboard: each must fit a view at least. @throws AppError 400. */
export function checkDashboardFilters(filters: readonly FilterCondition[]): void {
  for (const condition of filters) {
    const refusals = VIEWS.map((view) => refusalOf(condition, view));
    const [first] = refusals;
    if (!refusals.includes(null)) throw first;
  }
}

function refusalOf(condition: FilterCondition, view: ViewName): unknown {
  try {
    filterToSql([condition], { ...VIEW_OF[view].dimensions, ...VIEW_OF[view].filters });
    return null;
  } catch (error) {
    return error;
  }
}

/** What a page needs to offer queries: by view its dimensions, measures and filter columns; by chart how many of them it draws. */
export function queryOptions(): Record<string, unknown> {
  const offered = VIEWS.filter((view) => view !== 'traces').map((view) => {
    const { dimensions, measures, filters } = VIEW_OF[view];
    return {
      view,
      dimensions: Object.keys(dimensions),
      measures: Object.entries(measures).map(([measure, { counts, distinct }]) => ({ measure, kind: counts ? 'rows' : distinct ? 'distinct' : 'number' })),
      filters: Object.entries({ ...dimensions, ...filters }).map(([column, { holds }]) => ({ column, holds })),
    };
  });
  return { views: offered, charts: ROOM };
}
