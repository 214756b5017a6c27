// A checked metrics query -> one statement, and its rows -> the answer's rows. Names of the caller never stand in the statement: columns are d0…, m0… and t.
import { AppError } from '#lib/errors.ts';
import { filterToSql } from '#observe/filter/to-sql.ts';
import type { Coverage } from '#observe/rollups/coverage.ts';
import { FINAL_SETTINGS } from '#observe/store/newest.ts';
import { constantSql, join, oneOf, type SqlFragment, sql, uint32 } from '#stores/analytics/sql.ts';
import type { Aggregation, Granularity, MetricsQuery } from './query.ts';
import { isRollable, rolledAggregate, rolledDimension, rolledSource } from './rolled.ts';
import { sourceOf } from './source.ts';
import { type Dimension, type Measure, type Need, VIEW_OF, type View } from './views.ts';

export interface MetricsOptions {
  projectId: string;
  /** v2 groups by nothing that has a value a row. */
  highCardinality: boolean;
  rowLimit: number;
}

interface Column {
  /** Name in the statement. */
  alias: string;
  /** Name in the answer. */
  name: string;
  expression: SqlFragment;
  isNumber: boolean;
}

function refusal(message: string): AppError {
  return new AppError(message, { status: 400, code: 'InvalidRequestError', param: 'query' });
}

function known<Entry>(table: Readonly<Record<string, Entry>>, name: string, what: string): Entry {
  const entry = Object.hasOwn(table, name) ? table[name] : undefined;
  if (entry === undefined) throw refusal(`Invalid ${what}: ${name}. Known: ${Object.keys(table).join(', ')}.`);
  return entry;
}

/** The statement and the columns of its rows. @throws AppError 400 for unknown dimensions, measures, filters and orders. */
export function metricsStatement(query: MetricsQuery, options: MetricsOptions): { statement: SqlFragment; columns: readonly Column[] } {
  const view = VIEW_OF[query.view];
  const needs = new Set<Need>();
  const groups = query.dimensions.map(({ field }, index) => dimensionColumn(view, field, { index, needs, options }));
  const time = query.timeDimension ? [timeColumn(view, query, query.timeDimension.granularity)] : [];
  const measures = query.metrics.map((metric, index) => measureColumn(view, metric, { index, needs, bins: query.config?.bins ?? 10 }));
  const filterColumns = { ...view.dimensions, ...view.filters };
  for (const { column } of query.filters) note(needs, Object.hasOwn(filterColumns, column) ? filterColumns[column] : undefined);
  const conditions = filterToSql(query.filters, filterColumns);
  const columns = [...time, ...groups, ...measures];
  const selected = columns.map(({ expression, alias }) => sql`${expression} AS ${constantSql(alias)}`);
  const keys = [...time, ...groups].map(({ alias }) => constantSql(alias));
  const range = { from: new Date(query.fromTimestamp), to: new Date(query.toTimestamp) };
  const where = conditions.length > 0 ? sql` WHERE ${join(conditions, ' AND ')}` : sql``;
  const grouped = keys.length > 0 ? sql` GROUP BY ${join(keys, ', ')}` : sql``;
  const limit = query.config?.row_limit ?? options.rowLimit;
  return {
    columns,
    statement: sql`SELECT ${join(selected, ', ')} FROM ${sourceOf(query.view, options.projectId, range, needs)}${where}${grouped}
      ORDER BY ${join(orderOf(query, columns), ', ')} LIMIT ${uint32(limit)} ${FINAL_SETTINGS}`,
  };
}

/**
 * The same query over roll-ups where they may be trusted: equal columns, and numbers that differ by no more than the order of additions.
 * null = they do not hold what it asks for. `covering` tells which part of the range they may answer; null = none.
 */
export async function rolledStatement(
  query: MetricsQuery,
  options: MetricsOptions,
  covering: (range: { beginMs: number; endMs: number }) => Promise<Coverage | null>,
): Promise<SqlFragment | null> {
  const { columns } = metricsStatement(query, options);
  const stepMs = query.timeDimension ? stepOf(query, query.timeDimension.granularity) : null;
  if (!isRollable(query, stepMs)) return null;
  const coverage = await covering({ beginMs: Date.parse(query.fromTimestamp), endMs: Date.parse(query.toTimestamp) });
  if (coverage === null) return null;
  const expressions = [
    ...(query.timeDimension ? [sql`toStartOfInterval(bucket, ${intervalOf(query, query.timeDimension.granularity)})`] : []),
    ...query.dimensions.map(({ field }) => rolledDimension(field)),
    ...query.metrics.map(({ measure, aggregation }) => rolledAggregate(measure, aggregation)),
  ];
  const selected = expressions.map((expression, index) => sql`${expression} AS ${constantSql((columns[index] as Column).alias)}`);
  const keys = columns.slice(0, expressions.length - query.metrics.length).map(({ alias }) => constantSql(alias));
  const grouped = keys.length > 0 ? sql` GROUP BY ${join(keys, ', ')}` : sql``;
  const limit = query.config?.row_limit ?? options.rowLimit;
  return sql`SELECT ${join(selected, ', ')} FROM ${rolledSource(query, options.projectId, coverage)}${grouped}
    ORDER BY ${join(orderOf(query, columns), ', ')} LIMIT ${uint32(limit)} ${FINAL_SETTINGS}`;
}

/** How wide the time buckets of a query are at least. */
function stepOf(query: MetricsQuery, granularity: Granularity): number {
  if (granularity === 'minute') return 60_000;
  return granularity === 'auto' ? (autoStepS(query) ?? 86_400) * 1_000 : 3_600_000;
}

function note(needs: Set<Need>, entry: { needs?: Need } | undefined): void {
  if (entry?.needs !== undefined) needs.add(entry.needs);
}

function dimensionColumn(view: View, field: string, { index, needs, options }: { index: number; needs: Set<Need>; options: MetricsOptions }): Column {
  const dimension = known<Dimension>(view.dimensions, field, 'dimension');
  if (dimension.highCardinality && !options.highCardinality)
    throw refusal(`The dimension ${field} has a value for almost every row: filter by it, or group by it with GET /api/public/metrics.`);
  note(needs, dimension);
  return { alias: `d${index}`, name: field, expression: dimension.expression, isNumber: dimension.holds === 'number' };
}

function measureColumn(
  view: View,
  metric: { measure: string; aggregation: Aggregation },
  { index, needs, bins }: { index: number; needs: Set<Need>; bins: number },
): Column {
  const measure = known<Measure>(view.measures, metric.measure, 'measure');
  note(needs, measure);
  const name = `${metric.aggregation}_${metric.measure}`;
  return { alias: `m${index}`, name, expression: aggregated(measure, metric, bins), isNumber: metric.aggregation !== 'histogram' };
}

const QUANTILES = { p50: sql`0.5`, p75: sql`0.75`, p90: sql`0.9`, p95: sql`0.95`, p99: sql`0.99` } as const;

function aggregated(
  { expression, counts, distinct }: Measure,
  { measure, aggregation }: { measure: string; aggregation: Aggregation },
  bins: number,
): SqlFragment {
  if (counts) {
    if (aggregation !== 'count' && aggregation !== 'sum') throw refusal(`The measure ${measure} is a number of rows: use the aggregation count.`);
    return sql`count()`;
  }
  if (distinct) {
    if (!['count', 'uniq', 'sum'].includes(aggregation)) throw refusal(`The measure ${measure} counts different values: use the aggregation uniq or count.`);
    return sql`uniqExact(${expression})`;
  }
  const value = sql`toFloat64OrNull(toString(${expression}))`;
  switch (aggregation) {
    case 'count':
      return sql`count(${expression})`;
    case 'uniq':
      return sql`uniqExact(${expression})`;
    case 'histogram':
      return sql`histogram(${constantSql(String(Math.trunc(bins)))})(ifNull(${value}, 0))`;
    case 'sum':
    case 'avg':
    case 'max':
    case 'min':
      return sql`${oneOf(['sum', 'avg', 'max', 'min'], aggregation)}(${value})`;
    default:
      return sql`quantile(${QUANTILES[aggregation]})(${value})`;
  }
}

const UNITS = {
  minute: sql`toIntervalMinute(1)`,
  hour: sql`toIntervalHour(1)`,
  day: sql`toIntervalDay(1)`,
  week: sql`toIntervalWeek(1)`,
  month: sql`toIntervalMonth(1)`,
} as const;
const STEPS_S = [60, 300, 600, 1_800, 3_600, 3 * 3_600, 6 * 3_600, 12 * 3_600, 86_400, 7 * 86_400] as const;
/** `auto` makes at most about this many buckets. */
const AUTO_BUCKETS = 60;

function timeColumn(view: View, query: MetricsQuery, granularity: Granularity): Column {
  return { alias: 't', name: 'time_dimension', expression: sql`toStartOfInterval(${view.time}, ${intervalOf(query, granularity)})`, isNumber: false };
}

function intervalOf(query: MetricsQuery, granularity: Granularity): SqlFragment {
  if (granularity !== 'auto') return UNITS[granularity];
  const step = autoStepS(query);
  if (step === undefined) return UNITS.month;
  if (step === 7 * 86_400) return UNITS.week;
  return step === 86_400 ? UNITS.day : constantSql(`toIntervalSecond(${step})`);
}

/** undefined = months. */
function autoStepS(query: MetricsQuery): number | undefined {
  const seconds = (Date.parse(query.toTimestamp) - Date.parse(query.fromTimestamp)) / 1000;
  return STEPS_S.find((candidate) => seconds / candidate <= AUTO_BUCKETS);
}

/** As asked for, then by time, then the largest first; every column settles ties. */
function orderOf(query: MetricsQuery, columns: readonly Column[]): SqlFragment[] {
  const asked = (query.orderBy ?? []).map(({ field, direction }) => {
    const column = columns.find(({ name }) => name === field);
    if (!column) throw refusal(`Invalid orderBy: ${field}. Use one of ${columns.map(({ name }) => name).join(', ')}.`);
    return sql`${constantSql(column.alias)} ${oneOf(['asc', 'desc'], direction)}`;
  });
  const time = columns.filter(({ alias }) => alias === 't').map(() => sql`t asc`);
  const largest = time.length > 0 ? [] : [sql`m0 desc`];
  const groups = columns.filter(({ alias }) => alias.startsWith('d')).map(({ alias }) => sql`${constantSql(alias)} asc`);
  return [...asked, ...(asked.length > 0 ? [] : [...time, ...largest]), ...groups, ...(asked.length > 0 ? time : []), sql`m0 desc`];
}

/** A row under the names of the answer, numbers as numbers and instants in ISO form. */
export function metricsRowOf(row: Readonly<Record<string, unknown>>, columns: readonly Column[]): Record<string, unknown> {
  return Object.fromEntries(columns.map(({ alias, name, isNumber }) => [name, wireValue(row[alias], alias, isNumber)]));
}

function wireValue(value: unknown, alias: string, isNumber: boolean): unknown {
  if (value === null || value === undefined) return null;
  if (alias === 't') return new Date(`${String(value).replace(' ', 'T').replace(/Z?$/, 'Z')}`).toISOString();
  return isNumber ? Number(value) : value;
}
