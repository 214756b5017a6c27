// Rows of the metrics API -> what a chart draws. Pure.
import { bucketsOf } from './buckets.ts';
import { type Unit, unitOf } from './units.ts';

/** What is measured and how it is drawn: of a widget, of an editor, of an alert. */
export interface Measured {
  dimensions: readonly { field: string }[];
  metrics: readonly { measure: string; agg: string }[];
  chartType: string;
}

export type MetricsRow = Readonly<Record<string, unknown>>;

/** Lines or stacks that a chart can be read with. */
export const MOST_SERIES = 8;

export const columnOf = ({ measure, agg }: { measure: string; agg: string }): string => `${agg}_${measure}`;
export const unitOfMetric = ({ measure, agg }: { measure: string; agg: string }): Unit => unitOf(measure, agg);

function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** A dimension's value as a name; '' is for rows that have none. */
export function nameOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  return Array.isArray(value) ? value.join(', ') : String(value);
}

export interface Series {
  /** Names of the lines, the largest first. */
  names: string[];
  points: { at: string; values: Readonly<Record<string, number | null>> }[];
  /** Lines that were left out. */
  left: number;
}

/** Sums and counts of nothing are zero; an average of nothing is unknown. */
const isAdditive = (agg: string): boolean => agg === 'sum' || agg === 'count' || agg === 'uniq';

/** One line a value of the dimension, with every bucket of the range. */
export function seriesOf(measured: Measured, rows: readonly MetricsRow[], range: { fromMs: number; toMs: number }): Series {
  const [metric] = measured.metrics;
  const [dimension] = measured.dimensions;
  if (metric === undefined) return { names: [], points: [], left: 0 };
  const weights = new Map<string, number>();
  const values = new Map<string, Map<string, number>>();
  for (const row of rows) {
    const value = numberOf(row[columnOf(metric)]);
    if (value === null) continue;
    const name = dimension === undefined ? '' : nameOf(row[dimension.field]);
    weights.set(name, (weights.get(name) ?? 0) + Math.abs(value));
    const line = values.get(name) ?? new Map<string, number>();
    line.set(String(row.time_dimension), value);
    values.set(name, line);
  }
  const ordered = [...weights].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])).map(([name]) => name);
  const names = ordered.slice(0, MOST_SERIES);
  const empty = isAdditive(metric.agg) ? 0 : null;
  const points = bucketsOf(range.fromMs, range.toMs).map((at) => ({
    at,
    values: Object.fromEntries(names.map((name) => [name, values.get(name)?.get(at) ?? empty])),
  }));
  return { names, points, left: ordered.length - names.length };
}

export interface Slice {
  name: string;
  value: number;
}

/** One bar or slice a row, the largest first. */
export function slicesOf(measured: Measured, rows: readonly MetricsRow[]): Slice[] {
  const [metric] = measured.metrics;
  if (metric === undefined) return [];
  return rows
    .flatMap((row) => {
      const value = numberOf(row[columnOf(metric)]);
      return value === null ? [] : [{ name: measured.dimensions.map(({ field }) => nameOf(row[field])).join(' · '), value }];
    })
    .sort((a, b) => b.value - a.value);
}

/** The one value of a figure. */
export function figureOf(measured: Measured, rows: readonly MetricsRow[]): number | null {
  const [metric] = measured.metrics;
  return metric === undefined ? null : numberOf(rows[0]?.[columnOf(metric)]);
}

export interface Bin {
  from: number;
  to: number;
  count: number;
}

/** ClickHouse's histogram: [lower, upper, height], where the height is a number of rows and may be broken. */
export function binsOf(measured: Measured, rows: readonly MetricsRow[]): Bin[] {
  const [metric] = measured.metrics;
  const bins = metric === undefined ? undefined : rows[0]?.[columnOf(metric)];
  if (!Array.isArray(bins)) return [];
  return bins.flatMap((bin: unknown) => {
    if (!Array.isArray(bin)) return [];
    const [from, to, count] = bin.map(Number);
    return from === undefined || to === undefined || count === undefined || !Number.isFinite(count) ? [] : [{ from, to, count }];
  });
}

/** Rows of a table in an order: text by name, figures by size, what is missing last. */
export function sortedRows(rows: readonly MetricsRow[], column: string, order: 'ASC' | 'DESC'): MetricsRow[] {
  const sign = order === 'ASC' ? 1 : -1;
  return [...rows].sort((a, b) => {
    const [left, right] = [a[column] ?? null, b[column] ?? null];
    if (left === null || right === null) return left === right ? 0 : left === null ? 1 : -1;
    return sign * (typeof left === 'number' && typeof right === 'number' ? left - right : nameOf(left).localeCompare(nameOf(right)));
  });
}

/** The sum of a column that can be added up; null for one that cannot. */
export function totalOf(rows: readonly MetricsRow[], metric: { measure: string; agg: string }): number | null {
  if (metric.agg !== 'sum' && metric.agg !== 'count') return null;
  return rows.reduce((sum, row) => sum + (numberOf(row[columnOf(metric)]) ?? 0), 0);
}
