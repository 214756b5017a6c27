// What a rule measures: one query of the metrics API over its window, and whether its condition holds.
import type { Principal } from '#identity/principal.ts';
import { fieldsOf } from '#lib/json.ts';
import type { AskEngine } from '#observe/api/ask-engine.ts';
import type { FilterCondition } from '#observe/filter/filter.ts';
import type { Aggregation, MetricsQuery, ViewName } from '#observe/metrics/query.ts';
import { metricsStatement } from '#observe/metrics/statement.ts';
import type { Comparison, RuleBody, WhenNoData } from './schema.ts';

export interface Measured {
  view: ViewName;
  measure: string;
  aggregation: Aggregation;
  filters: readonly FilterCondition[];
  windowMinutes: number;
}

export interface Condition {
  comparison: Comparison;
  threshold: number;
  whenNoData: WhenNoData;
}

/** The query and the condition of a rule: silence is a count below one. */
export function measuredBy(body: RuleBody): Measured & Condition {
  const { view, filters, windowMinutes } = body;
  if (body.kind === 'silence')
    return { view, filters, windowMinutes, measure: 'count', aggregation: 'count', comparison: '<', threshold: 1, whenNoData: 'alert' };
  const { measure, aggregation, comparison, threshold, whenNoData } = body;
  return { view, filters, windowMinutes, measure, aggregation, comparison, threshold, whenNoData };
}

export const columnOf = ({ measure, aggregation }: Pick<Measured, 'measure' | 'aggregation'>): string => `${aggregation}_${measure}`;

function queryOf({ view, measure, aggregation, filters, windowMinutes }: Measured, end: Date): MetricsQuery {
  return {
    view,
    dimensions: [],
    metrics: [{ measure, aggregation }],
    filters: [...filters],
    fromTimestamp: new Date(end.getTime() - windowMinutes * 60_000).toISOString(),
    toTimestamp: end.toISOString(),
  };
}

/** @throws AppError 400 for a measure, an aggregation or a filter that the view does not know. */
export function checkMeasured(measured: Measured): void {
  metricsStatement(queryOf(measured, new Date()), { projectId: '', highCardinality: true, rowLimit: 1 });
}

/** The value over the window that ends at `end`; null = nothing to measure. A sum or a count of nothing is 0. @throws AppError as AskEngine. */
export async function measure(ask: AskEngine, reader: Principal, measured: Measured, end: Date): Promise<number | null> {
  const answer = await ask(reader, `/api/public/metrics?query=${encodeURIComponent(JSON.stringify(queryOf(measured, end)))}`);
  const { data } = fieldsOf(answer);
  const row = Array.isArray(data) ? fieldsOf(data[0]) : {};
  const value = row[columnOf(measured)];
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  return ['sum', 'count', 'uniq'].includes(measured.aggregation) ? 0 : null;
}

/** Whether the condition holds; null = nothing was measured and the rule keeps its state. */
export function isBreach({ comparison, threshold, whenNoData }: Condition, value: number | null): boolean | null {
  if (value === null) return whenNoData === 'keep' ? null : whenNoData === 'alert';
  switch (comparison) {
    case '>':
      return value > threshold;
    case '>=':
      return value >= threshold;
    case '<':
      return value < threshold;
    case '<=':
      return value <= threshold;
  }
}

/** How often a rule is evaluated: every minute, and every five when it looks back for more than an hour. */
export function intervalMinutes(windowMinutes: number): number {
  return windowMinutes > 60 ? 5 : 1;
}
