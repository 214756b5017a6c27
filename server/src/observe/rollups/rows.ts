// Observations as rows of roll-ups: the one expression that settles them and that reads what is not settled, so that both count alike.
import { VIEW_OF } from '#observe/metrics/views.ts';
import { instant, join, type SqlFragment, sql, constantSql as sqlName, text } from '#stores/analytics/sql.ts';
import { measureColumns, ROLLED_DIMENSIONS, ROLLED_MEASURES, type RolledMeasure } from './columns.ts';
import { REACH_MS, type Span } from './times.ts';

export interface RowsAsked {
  /** null = every project, each apart. */
  projectId: string | null;
  spans: readonly Span[];
  dimensions: readonly string[];
  measures: readonly string[];
  /** On columns of observations. */
  conditions: readonly SqlFragment[];
}

/** What stands before FROM in a roll-up's row: time, dimensions, number of observations, measures. */
export function rolledColumns(dimensions: readonly string[], measures: readonly string[]): SqlFragment[] {
  return [
    sql`bucket`,
    ...dimensions.map((name) => dimensionOf(name).column),
    sql`observations`,
    ...measures.flatMap((name) => measureColumns(measureOf(name)).map(([column]) => sqlName(column))),
  ];
}

/** A SELECT without settings whose statement ends with FINAL_SETTINGS. */
export function rowsOfRollups({ projectId, spans, dimensions, measures, conditions }: RowsAsked): SqlFragment {
  const keys = [...(projectId === null ? [sql`project_id`] : []), sql`bucket`, ...dimensions.map((name) => dimensionOf(name).column)];
  const selected = [
    ...(projectId === null ? [sql`project_id`] : []),
    sql`toStartOfInterval(start_time, toIntervalMinute(15)) AS bucket`,
    ...dimensions.map((name) => sql`r_${dimensionOf(name).column} AS ${dimensionOf(name).column}`),
    sql`count() AS observations`,
    ...measures.flatMap((name) => added(measureOf(name))),
  ];
  const where = conditions.length > 0 ? sql` WHERE ${join(conditions, ' AND ')}` : sql``;
  const values = [
    ...dimensions.map((name) => sql`${dimensionOf(name).of} AS r_${dimensionOf(name).column}`),
    ...measures.map((name) => sql`toFloat64(${measuredValue(name)}) AS v_${sqlName(measureOf(name).prefix)}`),
  ];
  const inner = sql`SELECT ${join([sql`project_id`, sql`start_time`, ...values], ', ')} FROM ${source(projectId, spans, measures)}${where}`;
  return sql`SELECT ${join(selected, ', ')} FROM (${inner}) GROUP BY ${join(keys, ', ')}`;
}

function source(projectId: string | null, spans: readonly Span[], measures: readonly string[]): SqlFragment {
  const project = projectId === null ? sql`1` : sql`project_id = ${text(projectId)}`;
  const rows = sql`SELECT * EXCEPT (input, output, metadata, stamps, search_text) FROM observations FINAL WHERE ${project} AND ${inSpans(spans)}`;
  if (!measures.some((name) => measureOf(name).onceACall)) return sql`(${rows})`;
  // As in the metrics' own source: what the gateway's record of the same call lies under counts neither tokens nor cost.
  const gateway = sql`SELECT project_id, trace_id, parent_observation_id FROM observations FINAL
    WHERE ${project} AND cost_source = 'gateway' AND parent_observation_id != '' AND ${inSpans(around(spans))}`;
  return sql`(SELECT *, (cost_source != 'elsewhere' AND (project_id, trace_id, id) NOT IN (${gateway})) AS counted FROM (${rows}))`;
}

export function inSpans(spans: readonly Span[], column: SqlFragment = sql`start_time`): SqlFragment {
  const each = spans.map(({ beginMs, endMs }) => sql`(${column} >= ${instant(new Date(beginMs))} AND ${column} < ${instant(new Date(endMs))})`);
  return each.length === 0 ? sql`0` : sql`(${join(each, ' OR ')})`;
}

/** Wider by a reach on both sides, those that touch as one. */
function around(spans: readonly Span[]): Span[] {
  const result: Span[] = [];
  for (const { beginMs, endMs } of spans) {
    const last = result.at(-1);
    const wide = { beginMs: Math.max(0, beginMs - REACH_MS), endMs: endMs + REACH_MS };
    if (last !== undefined && wide.beginMs <= last.endMs) last.endMs = Math.max(last.endMs, wide.endMs);
    else result.push(wide);
  }
  return result;
}

function added({ prefix, keepsValues }: RolledMeasure): SqlFragment[] {
  const [name, value] = [sqlName(prefix), sql`v_${sqlName(prefix)}`];
  const sums = [
    sql`count(${value}) AS ${name}_count`,
    sql`ifNull(sum(${value}), 0) AS ${name}_sum`,
    sql`min(toNullable(${value})) AS ${name}_min`,
    sql`max(toNullable(${value})) AS ${name}_max`,
  ];
  return keepsValues ? [...sums, sql`groupArray(${value}) AS ${name}_values`] : sums;
}

export function dimensionOf(name: string): (typeof ROLLED_DIMENSIONS)[string] {
  return ROLLED_DIMENSIONS[name] as (typeof ROLLED_DIMENSIONS)[string];
}

export function measureOf(name: string): RolledMeasure {
  return ROLLED_MEASURES[name] as RolledMeasure;
}

function measuredValue(name: string): SqlFragment {
  return VIEW_OF.observations.measures[name]?.expression as SqlFragment;
}
