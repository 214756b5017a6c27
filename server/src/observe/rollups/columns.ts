// What a roll-up holds of the observations of a quarter of an hour (docs/adr/0010): the dimensions that it is grouped by and the measures that are added up.
import { type SqlFragment, sql } from '#stores/analytics/sql.ts';

const INSTANT = "DateTime64(6, 'UTC')";
const KEYWORD = 'LowCardinality(String)';
const NULLABLE = 'Nullable(String)';

interface RolledDimension {
  column: SqlFragment;
  name: string;
  type: string;
  /** Of an observation. */
  of: SqlFragment;
}

/** By the names of the metrics API. Dimensions of traces are absent: they change without a write to the observation. */
export const ROLLED_DIMENSIONS: Readonly<Record<string, RolledDimension>> = {
  environment: { column: sql`environment`, name: 'environment', type: KEYWORD, of: sql`environment` },
  type: { column: sql`type`, name: 'type', type: KEYWORD, of: sql`type` },
  name: { column: sql`name`, name: 'name', type: NULLABLE, of: sql`name` },
  level: { column: sql`level`, name: 'level', type: KEYWORD, of: sql`level` },
  version: { column: sql`version`, name: 'version', type: NULLABLE, of: sql`version` },
  providedModelName: { column: sql`provided_model_name`, name: 'provided_model_name', type: 'LowCardinality(Nullable(String))', of: sql`provided_model_name` },
  promptName: { column: sql`prompt_name`, name: 'prompt_name', type: NULLABLE, of: sql`prompt_name` },
  promptVersion: { column: sql`prompt_version`, name: 'prompt_version', type: 'Nullable(Int32)', of: sql`prompt_version` },
  isRootObservation: { column: sql`is_root`, name: 'is_root', type: 'UInt8', of: sql`(parent_observation_id = '')` },
};

export interface RolledMeasure {
  /** Prefix of its columns. */
  prefix: string;
  /** Each value is kept too: percentiles are those of the values themselves. */
  keepsValues: boolean;
  /** Nothing of it is counted where the gateway's own record of the same call counts. */
  onceACall: boolean;
}

const time = (prefix: string, keepsValues: boolean): RolledMeasure => ({ prefix, keepsValues, onceACall: false });
const usage = (prefix: string): RolledMeasure => ({ prefix, keepsValues: false, onceACall: true });

/** By the names of the metrics API. */
export const ROLLED_MEASURES: Readonly<Record<string, RolledMeasure>> = {
  latency: time('latency', true),
  timeToFirstToken: time('first_token', true),
  streamingLatency: time('streaming', false),
  inputTokens: usage('input_tokens'),
  outputTokens: usage('output_tokens'),
  totalTokens: usage('total_tokens'),
  inputCost: usage('input_cost'),
  outputCost: usage('output_cost'),
  totalCost: usage('total_cost'),
};

/** Names and types of a measure's columns. */
export function measureColumns({ prefix, keepsValues }: RolledMeasure): [name: string, type: string][] {
  const columns: [string, string][] = [
    [`${prefix}_count`, 'UInt64'],
    [`${prefix}_sum`, 'Float64'],
    [`${prefix}_min`, 'Nullable(Float64)'],
    [`${prefix}_max`, 'Nullable(Float64)'],
  ];
  return keepsValues ? [...columns, [`${prefix}_values`, 'Array(Float64) CODEC(ZSTD(1))']] : columns;
}

/** Columns of the table of roll-ups, in their stored order. Another set of them needs another table: rows of before would lack what is added. */
export const ROLLUP_COLUMNS: readonly (readonly [name: string, type: string])[] = [
  ['project_id', KEYWORD],
  ['bucket', INSTANT],
  ['settled_as', 'UInt64'],
  ['group_hash', 'FixedString(16)'],
  ...Object.values(ROLLED_DIMENSIONS).map(({ name, type }) => [name, type] as const),
  ['observations', 'UInt64'],
  ...Object.values(ROLLED_MEASURES).flatMap(measureColumns),
];

/** Columns of the marks that say which roll-ups may be trusted. */
export const MARK_COLUMNS: readonly (readonly [name: string, type: string])[] = [
  ['project_id', KEYWORD],
  ['begins', INSTANT],
  ['ends', INSTANT],
  ['is_clean', 'UInt8'],
  ['version', 'UInt64'],
];
