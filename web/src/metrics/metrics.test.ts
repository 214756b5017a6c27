// What charts draw of the metrics API's rows: buckets as the API makes them, lines, slices, bins, units; conditions to lines and back.
import type { FilterCondition } from '@genai/server/contract';
import type { ConsoleMetricsOptions } from '@genai/server/contract-metrics';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketsOf, stepOf } from './buckets.ts';
import { binsOf, seriesOf, slicesOf, sortedRows, totalOf } from './chart-data.ts';
import { arity, conditionOf, type Holds, isEditable, linesOf, newLine, OPERATORS } from './conditions.ts';
import { fitting, metricsQuery, wasCut } from './metrics-query.ts';
import { formatTick, formatValue, unitOf } from './units.ts';

const HOUR = 3_600_000;
const FROM = Date.UTC(2026, 10, 20, 12, 20);
const COST = { dimensions: [{ field: 'model' }], metrics: [{ measure: 'totalCost', agg: 'sum' }], chartType: 'BAR_TIME_SERIES' };

describe('buckets', () => {
  it('are those of the API: at most sixty, aligned to their step, Mondays for weeks', () => {
    expect(stepOf(FROM, FROM + HOUR)).toBe(60);
    expect(stepOf(FROM, FROM + 24 * HOUR)).toBe(1_800);
    expect(bucketsOf(FROM, FROM + 24 * HOUR).slice(0, 2)).toEqual(['2026-11-20T12:00:00.000Z', '2026-11-20T12:30:00.000Z']);
    expect(bucketsOf(FROM, FROM + 90 * 24 * HOUR)[0]).toBe('2026-11-16T00:00:00.000Z');
    expect(bucketsOf(FROM, FROM + 900 * 24 * HOUR).slice(0, 2)).toEqual(['2026-11-01T00:00:00.000Z', '2026-12-01T00:00:00.000Z']);
  });

  it('cover any range and are few', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2e12 }), fc.integer({ min: 60_000, max: 4 * 365 * 24 * HOUR }), (from, span) => {
        const buckets = bucketsOf(from, from + span).map((at) => Date.parse(at));
        expect(buckets[0]).toBeLessThanOrEqual(from);
        expect(buckets.at(-1)).toBeLessThan(from + span);
        expect(buckets.length).toBeLessThanOrEqual(62);
      }),
    );
  });
});

describe('a chart over time', () => {
  it('has a line a value, the largest first, and zeros where nothing was spent', () => {
    const rows = [
      { time_dimension: '2026-11-20T12:00:00.000Z', model: 'gpt-4.1', sum_totalCost: 1 },
      { time_dimension: '2026-11-20T12:30:00.000Z', model: null, sum_totalCost: 3 },
    ];
    const { names, points } = seriesOf(COST, rows, { fromMs: FROM, toMs: FROM + 24 * HOUR });
    expect(names).toEqual(['', 'gpt-4.1']);
    expect(points).toHaveLength(49);
    expect(points.slice(0, 2).map(({ values }) => values)).toEqual([
      { '': 0, 'gpt-4.1': 1 },
      { '': 3, 'gpt-4.1': 0 },
    ]);
  });

  it('shows the lack of a latency as a gap, and says how many lines it leaves out', () => {
    const latency = { ...COST, metrics: [{ measure: 'latency', agg: 'p95' }] };
    const rows = Array.from({ length: 11 }, (_, index) => ({ time_dimension: '2026-11-20T12:00:00.000Z', model: `m${index}`, p95_latency: index + 1 }));
    const { names, points, left } = seriesOf(latency, rows, { fromMs: FROM, toMs: FROM + 24 * HOUR });
    expect(names[0]).toBe('m10');
    expect(left).toBe(3);
    expect(points[1]?.values.m10).toBeNull();
  });

  it('asks first for the largest lines when an answer was cut', () => {
    const query = { ...COST, view: 'observations', filters: [], chartConfig: { type: COST.chartType } };
    expect(wasCut(query, Array.from({ length: 1_000 }))).toBe(true);
    expect(wasCut({ ...query, dimensions: [] }, Array.from({ length: 1_000 }))).toBe(false);
  });
});

describe('other charts', () => {
  it('have slices by size, bins, sorted tables and totals of what can be added up', () => {
    const rows = [
      { model: 'a', sum_totalCost: 1, p95_latency: 7 },
      { model: 'b', sum_totalCost: 2, p95_latency: null },
    ];
    expect(slicesOf(COST, rows)).toEqual([
      { name: 'b', value: 2 },
      { name: 'a', value: 1 },
    ]);
    expect(binsOf({ ...COST, metrics: [{ measure: 'latency', agg: 'histogram' }] }, [{ histogram_latency: [[1, 2, 3], 'x', [2, '3', 1.5]] }])).toEqual([
      { from: 1, to: 2, count: 3 },
      { from: 2, to: 3, count: 1.5 },
    ]);
    expect(sortedRows(rows, 'p95_latency', 'ASC').map(({ model }) => model)).toEqual(['a', 'b']);
    expect(sortedRows(rows, 'model', 'DESC').map(({ model }) => model)).toEqual(['b', 'a']);
    expect(totalOf(rows, { measure: 'totalCost', agg: 'sum' })).toBe(3);
    expect(totalOf(rows, { measure: 'latency', agg: 'p95' })).toBeNull();
  });
});

describe('a query', () => {
  const options = {
    views: [{ view: 'scores-numeric', dimensions: [], measures: [], filters: [{ column: 'environment', holds: 'text' }] }],
    charts: {},
  } as ConsoleMetricsOptions;
  const environment: FilterCondition = { type: 'stringOptions', column: 'environment', operator: 'any of', value: ['live'] };
  const model: FilterCondition = { type: 'string', column: 'providedModelName', operator: '=', value: 'm' };
  it("takes of a dashboard's conditions those that its view knows", () => {
    expect(fitting([environment, model], 'scores-numeric', options)).toEqual([environment]);
    expect(fitting([environment, model], 'scores-numeric', undefined)).toEqual([environment, model]);
  });

  it('asks for buckets over time, for bins in a histogram, for the order of a table', () => {
    const range = { from: 'a', to: 'b' };
    const base = {
      ...COST,
      view: 'observations',
      filters: [environment],
      chartConfig: { type: 'x', bins: 7, row_limit: 3, defaultSort: { column: 'c', order: 'ASC' as const } },
    };
    expect(metricsQuery(base, range, [model])).toEqual({
      view: 'observations',
      dimensions: COST.dimensions,
      metrics: [{ measure: 'totalCost', aggregation: 'sum' }],
      filters: [environment, model],
      timeDimension: { granularity: 'auto' },
      fromTimestamp: 'a',
      toTimestamp: 'b',
      config: { row_limit: 1_000 },
    });
    expect(metricsQuery({ ...base, chartType: 'HISTOGRAM' }, range, [])).toMatchObject({ config: { bins: 7 } });
    expect(metricsQuery({ ...base, chartType: 'PIVOT_TABLE' }, range, [])).toMatchObject({
      orderBy: [{ field: 'c', direction: 'asc' }],
      config: { row_limit: 3 },
    });
  });
});

describe('conditions', () => {
  it('that a line says are the same after they were stored', () => {
    const holds = fc.constantFrom<Holds>('text', 'number', 'list', 'boolean', 'metadata');
    fc.assert(
      fc.property(holds, fc.nat(20), fc.array(fc.string({ minLength: 1 }), { maxLength: 3 }), fc.string(), (kind, pick, values, key) => {
        const operator = OPERATORS[kind][pick % OPERATORS[kind].length] ?? '=';
        const typed = kind === 'boolean' ? ['true'] : values;
        const wished = arity(operator) === 'one' ? typed.slice(0, 1) : arity(operator) === 'none' ? [] : typed;
        const condition = conditionOf({ ...newLine('c', kind), operator, key, values: wished }, kind);
        if (condition === null) return;
        const { lines, others } = linesOf([condition], () => kind);
        expect(others).toEqual([]);
        expect(conditionOf(lines[0] ?? newLine('c', kind), kind)).toEqual(condition);
      }),
    );
  });

  it('that no line can show are carried along', () => {
    const numbers: FilterCondition = { type: 'numberObject', column: 'metadata', key: 'k', operator: '>', value: 3 };
    const instant: FilterCondition = { type: 'datetime', column: 'startTime', operator: '>', value: '2026-01-01T00:00:00Z' };
    expect(linesOf([numbers, instant], (column) => (column === 'metadata' ? 'metadata' : 'instant'))).toEqual({ lines: [], others: [numbers, instant] });
    expect(isEditable('instant')).toBe(false);
    expect(isEditable('constructor')).toBe(false);
  });
});

describe('units', () => {
  it('are those of the measure', () => {
    expect(unitOf('totalCost', 'sum')).toBe('money');
    expect(unitOf('totalCost', 'count')).toBe('count');
    expect(unitOf('timeToFirstToken', 'p95')).toBe('milliseconds');
    expect(unitOf('totalTokens', 'sum')).toBe('count');
    expect(unitOf('value', 'avg')).toBe('number');
  });

  it('are written as people read them', () => {
    expect(formatValue(0.1 + 0.2, 'money', 'en')).toBe('$0.30');
    expect(formatValue(1e-7, 'money', 'en')).toBe('$0.00000010');
    expect(formatValue(null, 'money', 'en')).toBe('–');
    expect(formatValue(1234.5, 'milliseconds', 'en')).toBe('1.23 s');
    expect(formatValue(0.123456, 'number', 'en')).toBe('0.1235');
    expect(formatValue(12_345_678, 'count', 'en')).toBe('12.3M');
    expect(formatTick(1_500, 'count', 'en')).toBe('1.5K');
  });
});
