// The form of a widget: what fits its chart, what is missing, what it sends. Pure.
import type { FilterCondition } from '@genai/server/contract';
import type { ConsoleMetricsOptions, ConsoleWidget } from '@genai/server/contract-metrics';
import { aggregationsOf, holdsIn, measuresOf, viewOf } from '#metrics/choices.ts';
import { type ConditionLine, conditionsOf, linesOf } from '#metrics/conditions.ts';
import type { Query } from '#metrics/metrics-query.ts';

export const CHARTS = [
  'LINE_TIME_SERIES',
  'AREA_TIME_SERIES',
  'BAR_TIME_SERIES',
  'HORIZONTAL_BAR',
  'VERTICAL_BAR',
  'PIE',
  'NUMBER',
  'HISTOGRAM',
  'PIVOT_TABLE',
] as const;

export interface WidgetForm {
  name: string;
  description: string;
  view: string;
  chartType: string;
  metrics: { measure: string; agg: string }[];
  /** Fields; '' = not chosen. */
  dimensions: string[];
  lines: ConditionLine[];
  others: FilterCondition[];
  rowLimit: string;
  bins: string;
  /** Parts of the configuration that the form does not show. */
  rest: Pick<ConsoleWidget['chartConfig'], 'defaultSort' | 'show_value_labels'>;
}

export const EMPTY_WIDGET: WidgetForm = {
  name: '',
  description: '',
  view: 'observations',
  chartType: 'LINE_TIME_SERIES',
  metrics: [{ measure: 'count', agg: 'count' }],
  dimensions: [],
  lines: [],
  others: [],
  rowLimit: '',
  bins: '',
  rest: {},
};

/** A form whose view, measures, aggregations and dimensions fit its chart: what does not fit gives way. */
export function fitted(form: WidgetForm, options: ConsoleMetricsOptions): WidgetForm {
  const view = viewOf(options, form.view);
  const room = options.charts[form.chartType] ?? { dimensions: [0, 3], metrics: 10 };
  const measures = measuresOf(view, form.chartType);
  const metrics = form.metrics.slice(0, room.metrics).map(({ measure, agg }) => {
    const known = measures.includes(measure) ? measure : (measures[0] ?? measure);
    const aggregations = aggregationsOf(view, known, form.chartType);
    return { measure: known, agg: known === measure && aggregations.includes(agg) ? agg : (aggregations[0] ?? agg) };
  });
  const [least, most] = room.dimensions;
  const dimensions = form.dimensions.filter((field) => field === '' || view?.dimensions.includes(field)).slice(0, most);
  while (dimensions.length < least) dimensions.push('');
  const known = (column: string) => view?.filters.some((one) => one.column === column) ?? true;
  return { ...form, metrics, dimensions, lines: form.lines.filter(({ column }) => known(column)), others: form.others.filter(({ column }) => known(column)) };
}

export function widgetFormOf(widget: ConsoleWidget, options: ConsoleMetricsOptions): WidgetForm {
  const { row_limit: rowLimit, bins, type: _type, ...rest } = widget.chartConfig;
  return {
    name: widget.name,
    description: widget.description,
    view: widget.view,
    chartType: widget.chartType,
    metrics: widget.metrics.map(({ measure, agg }) => ({ measure, agg })),
    dimensions: widget.dimensions.map(({ field }) => field),
    ...linesOf(widget.filters, holdsIn(options, widget.view)),
    rowLimit: rowLimit === undefined ? '' : String(rowLimit),
    bins: bins === undefined ? '' : String(bins),
    rest,
  };
}

export type WidgetFault = 'name' | 'dimension' | 'number';

export function checkWidgetForm(form: WidgetForm, options: ConsoleMetricsOptions): Partial<Record<keyof WidgetForm, WidgetFault>> {
  const faults: Partial<Record<keyof WidgetForm, WidgetFault>> = {};
  const whole = (text: string, most: number) => /^\d{1,4}$/.test(text.trim()) && Number(text) >= 1 && Number(text) <= most;
  if (form.name.trim() === '') faults.name = 'name';
  const [least] = options.charts[form.chartType]?.dimensions ?? [0];
  if (form.dimensions.filter((field) => field !== '').length < least) faults.dimensions = 'dimension';
  if (form.rowLimit.trim() !== '' && !whole(form.rowLimit, 1_000)) faults.rowLimit = 'number';
  if (form.bins.trim() !== '' && !whole(form.bins, 100)) faults.bins = 'number';
  return faults;
}

/** What is asked, for the preview and for the body. */
export function queryOf(form: WidgetForm, options: ConsoleMetricsOptions): Query {
  const { chartType } = form;
  const limited = !chartType.endsWith('_TIME_SERIES') && chartType !== 'NUMBER' && chartType !== 'HISTOGRAM';
  const columns = [...form.dimensions, ...form.metrics.map(({ measure, agg }) => `${agg}_${measure}`)];
  const { defaultSort, ...rest } = form.rest;
  return {
    view: form.view,
    chartType,
    metrics: form.metrics,
    dimensions: form.dimensions.filter((field) => field !== '').map((field) => ({ field })),
    filters: [...conditionsOf(form.lines, holdsIn(options, form.view)), ...form.others],
    chartConfig: {
      type: chartType,
      ...rest,
      ...(limited && form.rowLimit.trim() !== '' ? { row_limit: Number(form.rowLimit) } : {}),
      ...(chartType === 'HISTOGRAM' && form.bins.trim() !== '' ? { bins: Number(form.bins) } : {}),
      ...(defaultSort !== undefined && chartType === 'PIVOT_TABLE' && columns.includes(defaultSort.column) ? { defaultSort } : {}),
    },
  };
}

export function widgetBodyOf(form: WidgetForm, options: ConsoleMetricsOptions): Record<string, unknown> {
  return { name: form.name.trim(), description: form.description.trim(), ...queryOf(form, options) };
}
