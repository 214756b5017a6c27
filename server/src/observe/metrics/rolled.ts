// A metrics query over roll-ups: which queries they can answer, and the statement that adds them to what is read row by row.

import { type FilterColumns, filterToSql } from '#observe/filter/to-sql.ts';
import { ROLLED_DIMENSIONS, ROLLED_MEASURES } from '#observe/rollups/columns.ts';
import type { Coverage } from '#observe/rollups/coverage.ts';
import { dimensionOf, inSpans, measureOf, rolledColumns, rowsOfRollups } from '#observe/rollups/rows.ts';
import { BUCKET_MS } from '#observe/rollups/times.ts';
import { constantSql, join, oneOf, type SqlFragment, sql, text, uint64s } from '#stores/analytics/sql.ts';
import type { Aggregation, MetricsQuery } from './query.ts';
import { VIEW_OF } from './views.ts';

/** Percentiles need each value. */
const QUANTILES = ['p50', 'p75', 'p90', 'p95', 'p99'] as const;
const PLAIN = ['count', 'sum', 'avg', 'min', 'max'] as const;

/** Whether roll-ups hold all that a query asks for; `stepMs` is the width of its time buckets, null without them. */
export function isRollable(query: MetricsQuery, stepMs: number | null): boolean {
  if (query.view !== 'observations' || (stepMs !== null && stepMs % BUCKET_MS !== 0)) return false;
  const known = (name: string): boolean => Object.hasOwn(ROLLED_DIMENSIONS, name);
  return query.dimensions.every(({ field }) => known(field)) && query.filters.every(({ column }) => known(column)) && query.metrics.every(isRolled);
}

function isRolled({ measure, aggregation }: { measure: string; aggregation: Aggregation }): boolean {
  if (measure === 'count') return aggregation === 'count' || aggregation === 'sum';
  if (!Object.hasOwn(ROLLED_MEASURES, measure)) return false;
  return PLAIN.some((name) => name === aggregation) || (measureOf(measure).keepsValues && QUANTILES.some((name) => name === aggregation));
}

/** The column of a dimension in rolledSource. */
export const rolledDimension = (name: string): SqlFragment => dimensionOf(name).column;

const LEVELS: Readonly<Record<string, SqlFragment>> = { p50: sql`0.5`, p75: sql`0.75`, p90: sql`0.9`, p95: sql`0.95`, p99: sql`0.99` };

/** An aggregation over rows of rolledSource; what has no value is null, as with single rows. */
export function rolledAggregate(measure: string, aggregation: Aggregation): SqlFragment {
  if (measure === 'count') return sql`sum(observations)`;
  const prefix = constantSql(measureOf(measure).prefix);
  const orNull = (value: SqlFragment): SqlFragment => sql`if(sum(${prefix}_count) = 0, NULL, ${value})`;
  if (aggregation === 'count') return sql`sum(${prefix}_count)`;
  if (aggregation === 'sum') return orNull(sql`sum(${prefix}_sum)`);
  if (aggregation === 'avg') return orNull(sql`sum(${prefix}_sum) / sum(${prefix}_count)`);
  if (aggregation === 'min' || aggregation === 'max') return sql`${oneOf(['min', 'max'], aggregation)}(${prefix}_${constantSql(aggregation)})`;
  return orNull(sql`quantileArray(${LEVELS[aggregation] as SqlFragment})(${prefix}_values)`);
}

/** The table expression: settled roll-ups, and the rest of the range in the same form. */
export function rolledSource(query: MetricsQuery, projectId: string, { rolled, raw, versions }: Coverage): SqlFragment {
  const dimensions = [...new Set(query.dimensions.map(({ field }) => field))];
  const measures = [...new Set(query.metrics.map(({ measure }) => measure))].filter((name) => name !== 'count');
  const own: FilterColumns = Object.fromEntries(
    query.filters.map(({ column }) => [column, { holds: VIEW_OF.observations.dimensions[column]?.holds ?? 'text', expression: rolledDimension(column) }]),
  );
  const settled = [
    sql`project_id = ${text(projectId)}`,
    inSpans(rolled, sql`bucket`),
    sql`settled_as IN (SELECT arrayJoin(${uint64s(versions)}))`,
    ...filterToSql(query.filters, own),
  ];
  const kept = sql`SELECT ${join(rolledColumns(dimensions, measures), ', ')} FROM observation_rollups WHERE ${join(settled, ' AND ')}`;
  if (raw.length === 0) return sql`(${kept})`;
  const conditions = filterToSql(query.filters, VIEW_OF.observations.dimensions);
  const rest = sql`SELECT ${join(rolledColumns(dimensions, measures), ', ')} FROM (${rowsOfRollups({ projectId, spans: raw, dimensions, measures, conditions })})`;
  return sql`(${join([kept, rest], ' UNION ALL ')})`;
}
