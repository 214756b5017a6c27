// What each view of the metrics API can be grouped by and measured in, as SQL over its source (source.ts).
import type { FilterColumn } from '#observe/filter/to-sql.ts';
import { type SqlFragment, sql } from '#stores/analytics/sql.ts';
import type { ViewName } from './query.ts';

/** What a source joins only when something of it is asked for. */
export type Need = 'trace' | 'observation' | 'figures' | 'scores';

export interface Dimension extends FilterColumn {
  needs?: Need;
  /** Too many values to group by in v2. */
  highCardinality?: true;
}

export interface Measure {
  expression: SqlFragment;
  needs?: Need;
  /** The measure is a number of rows: every aggregation of it is its count or sum. */
  counts?: true;
  /** Distinct values rather than numbers. */
  distinct?: true;
}

export interface View {
  /** The column that the time range and the time dimension go by. */
  time: SqlFragment;
  dimensions: Readonly<Record<string, Dimension>>;
  measures: Readonly<Record<string, Measure>>;
  /** Metadata and other columns that only filters may name. */
  filters?: Readonly<Record<string, Dimension>>;
}

const word = (expression: SqlFragment, more: Partial<Dimension> = {}): Dimension => ({ holds: 'text', expression, ...more });
const number = (expression: SqlFragment, more: Partial<Dimension> = {}): Dimension => ({ holds: 'number', expression, ...more });
const list = (expression: SqlFragment, more: Partial<Dimension> = {}): Dimension => ({ holds: 'list', expression, ...more });
const month = (time: SqlFragment): Dimension => word(sql`formatDateTime(${time}, '%Y-%m')`);
const id = { highCardinality: true } as const;
const ofTrace = { needs: 'trace' } as const;

const TRACES: View = {
  time: sql`timestamp`,
  dimensions: {
    id: word(sql`id`, id),
    name: word(sql`name`),
    tags: list(sql`tags`),
    userId: word(sql`user_id`, id),
    sessionId: word(sql`session_id`, id),
    release: word(sql`release`),
    version: word(sql`version`),
    environment: word(sql`environment`),
    timestampMonth: month(sql`timestamp`),
  },
  measures: {
    count: { expression: sql`1`, counts: true },
    observationsCount: { expression: sql`length(f_ids)`, needs: 'figures' },
    scoresCount: { expression: sql`s_count`, needs: 'scores' },
    uniqueUserIds: { expression: sql`user_id`, distinct: true },
    uniqueSessionIds: { expression: sql`session_id`, distinct: true },
    latency: { expression: sql`f_latency * 1000`, needs: 'figures' },
    totalTokens: { expression: sql`f_total_tokens`, needs: 'figures' },
    totalCost: { expression: sql`toFloat64(f_total_cost)`, needs: 'figures' },
  },
  filters: { metadata: { holds: 'metadata', expression: sql`metadata` }, timestamp: { holds: 'instant', expression: sql`timestamp` } },
};

const milliseconds = (from: SqlFragment, to: SqlFragment): SqlFragment => sql`dateDiff('microsecond', ${from}, ${to}) / 1000`;
const LATENCY = milliseconds(sql`start_time`, sql`end_time`);
/** Per second of an observation that took time. */
const perSecond = (tokens: SqlFragment): SqlFragment => sql`if(ifNull(${LATENCY}, 0) > 0, ${tokens} / (${LATENCY} / 1000), NULL)`;
const amountOf = (prefix: SqlFragment): SqlFragment =>
  sql`if(counted, toFloat64(arraySum(mapValues(mapFilter((k, v) -> startsWith(k, ${prefix}), cost_details)))), 0)`;
const tokensOf = (prefix: SqlFragment): SqlFragment => sql`if(counted, arraySum(mapValues(mapFilter((k, v) -> startsWith(k, ${prefix}), usage_details))), 0)`;
const INPUT_TOKENS = tokensOf(sql`'input'`);
const OUTPUT_TOKENS = tokensOf(sql`'output'`);
const TOTAL_TOKENS = sql`if(counted, usage_details['total'], 0)`;

const OBSERVATIONS: View = {
  time: sql`start_time`,
  dimensions: {
    id: word(sql`id`, id),
    traceId: word(sql`trace_id`, id),
    traceName: word(sql`t_name`, ofTrace),
    environment: word(sql`environment`),
    parentObservationId: word(sql`nullIf(parent_observation_id, '')`, id),
    type: word(sql`type`),
    name: word(sql`name`),
    level: word(sql`level`),
    version: word(sql`version`),
    release: word(sql`coalesce(release, t_release)`, ofTrace),
    tags: list(sql`t_tags`, ofTrace),
    userId: word(sql`t_user_id`, { ...ofTrace, ...id }),
    sessionId: word(sql`t_session_id`, { ...ofTrace, ...id }),
    traceRelease: word(sql`t_release`, ofTrace),
    traceVersion: word(sql`t_version`, ofTrace),
    providedModelName: word(sql`provided_model_name`),
    promptName: word(sql`prompt_name`),
    promptVersion: number(sql`prompt_version`),
    isRootObservation: { holds: 'boolean', expression: sql`(parent_observation_id = '')` },
    startTimeMonth: month(sql`start_time`),
  },
  measures: {
    count: { expression: sql`1`, counts: true },
    latency: { expression: LATENCY },
    streamingLatency: { expression: milliseconds(sql`completion_start_time`, sql`end_time`) },
    timeToFirstToken: { expression: milliseconds(sql`start_time`, sql`completion_start_time`) },
    inputTokens: { expression: INPUT_TOKENS },
    outputTokens: { expression: OUTPUT_TOKENS },
    totalTokens: { expression: TOTAL_TOKENS },
    outputTokensPerSecond: { expression: perSecond(OUTPUT_TOKENS) },
    tokensPerSecond: { expression: perSecond(TOTAL_TOKENS) },
    inputCost: { expression: amountOf(sql`'input'`) },
    outputCost: { expression: amountOf(sql`'output'`) },
    totalCost: { expression: sql`if(counted, toFloat64(ifNull(total_cost, 0)), 0)` },
    countScores: { expression: sql`s_count`, needs: 'scores' },
    uniqueUserIds: { expression: sql`t_user_id`, needs: 'trace', distinct: true },
    uniqueSessionIds: { expression: sql`t_session_id`, needs: 'trace', distinct: true },
    traceId: { expression: sql`trace_id`, distinct: true },
  },
  filters: {
    metadata: { holds: 'metadata', expression: sql`metadata` },
    startTime: { holds: 'instant', expression: sql`start_time` },
    endTime: { holds: 'instant', expression: sql`end_time` },
    latency: number(sql`${LATENCY} / 1000`),
    totalCost: number(sql`total_cost`),
  },
};

const ofObservation = { needs: 'observation' } as const;
const SCORE_DIMENSIONS = {
  id: word(sql`id`, id),
  name: word(sql`name`),
  environment: word(sql`environment`),
  source: word(sql`source`),
  dataType: word(sql`data_type`),
  configId: word(sql`config_id`),
  traceId: word(sql`nullIf(trace_id, '')`, id),
  observationId: word(sql`nullIf(observation_id, '')`, id),
  sessionId: word(sql`nullIf(session_id, '')`, id),
  datasetRunId: word(sql`nullIf(dataset_run_id, '')`, id),
  timestampMonth: month(sql`timestamp`),
  timestampDay: word(sql`formatDateTime(timestamp, '%Y-%m-%d')`),
  traceName: word(sql`t_name`, ofTrace),
  tags: list(sql`t_tags`, ofTrace),
  userId: word(sql`t_user_id`, { ...ofTrace, ...id }),
  traceRelease: word(sql`t_release`, ofTrace),
  traceVersion: word(sql`t_version`, ofTrace),
  observationName: word(sql`o_name`, ofObservation),
  observationModelName: word(sql`o_model`, ofObservation),
  observationPromptName: word(sql`o_prompt_name`, ofObservation),
  observationPromptVersion: number(sql`o_prompt_version`, ofObservation),
};
const COUNT_AND_VALUE = { count: { expression: sql`1`, counts: true }, value: { expression: sql`value` } } as const;
const SCORE_FILTERS = { metadata: { holds: 'metadata', expression: sql`metadata` }, timestamp: { holds: 'instant', expression: sql`timestamp` } } as const;

export const VIEW_OF: Readonly<Record<ViewName, View>> = {
  traces: TRACES,
  observations: OBSERVATIONS,
  'scores-numeric': {
    time: sql`timestamp`,
    dimensions: { ...SCORE_DIMENSIONS, value: number(sql`value`) },
    measures: COUNT_AND_VALUE,
    filters: SCORE_FILTERS,
  },
  'scores-boolean': {
    time: sql`timestamp`,
    dimensions: { ...SCORE_DIMENSIONS, value: number(sql`value`), booleanValue: { holds: 'boolean', expression: sql`(ifNull(value, 0) = 1)` } },
    measures: COUNT_AND_VALUE,
    filters: SCORE_FILTERS,
  },
  'scores-categorical': {
    time: sql`timestamp`,
    dimensions: { ...SCORE_DIMENSIONS, stringValue: word(sql`string_value`) },
    measures: { count: COUNT_AND_VALUE.count },
    filters: SCORE_FILTERS,
  },
};
