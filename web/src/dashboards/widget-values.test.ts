// The form of a widget: what gives way when the chart changes, what is missing, what is sent.
import type { ConsoleMetricsOptions, ConsoleWidget } from '@genai/server/contract-metrics';
import { describe, expect, it } from 'vitest';
import { measuresOf, viewOf } from '#metrics/choices.ts';
import { checkWidgetForm, EMPTY_WIDGET, fitted, type WidgetForm, widgetBodyOf, widgetFormOf } from './widget-values.ts';

const OPTIONS: ConsoleMetricsOptions = {
  views: [
    {
      view: 'observations',
      dimensions: ['providedModelName', 'environment'],
      measures: [
        { measure: 'count', kind: 'rows' },
        { measure: 'latency', kind: 'number' },
        { measure: 'uniqueUserIds', kind: 'distinct' },
      ],
      filters: [{ column: 'environment', holds: 'text' }],
    },
    { view: 'scores-numeric', dimensions: ['name'], measures: [{ measure: 'value', kind: 'number' }], filters: [{ column: 'name', holds: 'text' }] },
  ],
  charts: { HISTOGRAM: { dimensions: [0, 0], metrics: 1 }, PIE: { dimensions: [1, 1], metrics: 1 }, PIVOT_TABLE: { dimensions: [0, 3], metrics: 10 } },
};
const FORM: WidgetForm = { ...EMPTY_WIDGET, name: ' Mine ', chartType: 'PIVOT_TABLE', dimensions: ['providedModelName', 'environment'] };

describe('the form of a widget', () => {
  it('gives way to the chart and to the view', () => {
    expect(fitted({ ...FORM, chartType: 'HISTOGRAM' }, OPTIONS)).toMatchObject({ dimensions: [], metrics: [{ measure: 'latency', agg: 'histogram' }] });
    expect(fitted({ ...FORM, chartType: 'PIE' }, OPTIONS).dimensions).toEqual(['providedModelName']);
    expect(fitted({ ...FORM, chartType: 'PIE', dimensions: [] }, OPTIONS).dimensions).toEqual(['']);
    const lines = [{ column: 'environment', operator: 'any of', key: '', values: ['live'] }];
    expect(fitted({ ...FORM, lines, view: 'scores-numeric' }, OPTIONS)).toMatchObject({
      dimensions: [],
      lines: [],
      metrics: [{ measure: 'value', agg: 'avg' }],
    });
    expect(measuresOf(viewOf(OPTIONS, 'observations'), 'HISTOGRAM')).toEqual(['latency']);
  });

  it('says what is missing', () => {
    expect(checkWidgetForm({ ...FORM, name: '', rowLimit: '0' }, OPTIONS)).toEqual({ name: 'name', rowLimit: 'number' });
    expect(checkWidgetForm({ ...FORM, chartType: 'PIE', dimensions: [''] }, OPTIONS)).toEqual({ dimensions: 'dimension' });
  });

  it('sends what a stored widget said when nothing is changed', () => {
    const widget: ConsoleWidget = {
      id: 'w',
      name: 'Mine',
      description: '',
      view: 'observations',
      dimensions: [{ field: 'environment' }],
      metrics: [{ measure: 'latency', agg: 'p95' }],
      filters: [
        { type: 'stringOptions', column: 'environment', operator: 'any of', value: ['live'] },
        { type: 'datetime', column: 'startTime', operator: '>', value: '2026-01-01T00:00:00Z' },
      ],
      chartType: 'PIVOT_TABLE',
      chartConfig: { type: 'PIVOT_TABLE', row_limit: 7, show_value_labels: true, defaultSort: { column: 'p95_latency', order: 'ASC' } },
      updatedAt: '',
    };
    const { id: _id, updatedAt: _at, ...body } = widget;
    expect(widgetBodyOf(widgetFormOf(widget, OPTIONS), OPTIONS)).toEqual(body);
    // The order of a column that is no longer there goes with it.
    const other = { ...widgetFormOf(widget, OPTIONS), metrics: [{ measure: 'count', agg: 'count' }] };
    expect(widgetBodyOf(other, OPTIONS)).toMatchObject({ chartConfig: { type: 'PIVOT_TABLE', row_limit: 7 } });
  });
});
