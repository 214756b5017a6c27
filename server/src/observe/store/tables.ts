// The one DDL template of observability's stored rows (columns mirror rows.ts, keys are docs/adr/0003), rendered plain or Replicated + ON CLUSTER.
import { MARK_COLUMNS, ROLLUP_COLUMNS } from '#observe/rollups/columns.ts';
import { SEARCH_COLUMN, SEARCH_INDEX } from '#observe/search/folded.ts';
import { constantSql, type SqlFragment } from '#stores/analytics/sql.ts';

export type TableName = 'observations' | 'traces' | 'scores' | 'otel_logs' | 'otel_metrics' | 'dead_letters';

/** Tables that hold nothing of their own: they are made of the others, and no backup has them. */
export type MadeTableName = 'observation_rollups' | 'rollup_marks';

/** null = one server (or chDB); else every table is Replicated and made ON CLUSTER. */
export type ClusterName = string | null;

const INSTANT = "DateTime64(6, 'UTC')";
const MONEY = 'Decimal(38, 12)';
const KEYWORD = 'LowCardinality(String)';
const NULLABLE = 'Nullable(String)';
const LONG = 'Nullable(String) CODEC(ZSTD(3))';
const METADATA = 'Map(LowCardinality(String), String) CODEC(ZSTD(3))';
const COUNTS = 'Map(LowCardinality(String), UInt64)';
const AMOUNTS = `Map(LowCardinality(String), ${MONEY})`;

type Columns = readonly (readonly [name: string, type: string])[];

const STORED: Columns = [
  ['project_id', KEYWORD],
  ['row_version', 'UInt64'],
  ['is_deleted', 'UInt8'],
  ['retention_class', 'UInt8'],
  ['received_at', INSTANT],
  ['created_at', INSTANT],
  ['updated_at', INSTANT],
  ['stamps', 'String CODEC(ZSTD(3))'],
];

const OBSERVATIONS: Columns = [
  ...STORED,
  ['trace_id', 'String'],
  ['id', 'String'],
  ['type', KEYWORD],
  ['parent_observation_id', 'String'],
  ['name', NULLABLE],
  ['start_time', INSTANT],
  ['end_time', `Nullable(${INSTANT})`],
  ['completion_start_time', `Nullable(${INSTANT})`],
  ['original_times', 'String'],
  ['environment', KEYWORD],
  ['level', KEYWORD],
  ['status_message', NULLABLE],
  ['version', NULLABLE],
  ['release', NULLABLE],
  ['input', LONG],
  ['output', LONG],
  ['metadata', METADATA],
  ['provided_model_name', 'LowCardinality(Nullable(String))'],
  ['internal_model_id', NULLABLE],
  ['model_parameters', NULLABLE],
  ['provided_usage_details', COUNTS],
  ['usage_details', COUNTS],
  ['provided_cost_details', AMOUNTS],
  ['cost_details', AMOUNTS],
  ['total_cost', `Nullable(${MONEY})`],
  ['currency', KEYWORD],
  ['price_id', NULLABLE],
  ['cost_source', KEYWORD],
  ['prompt_id', NULLABLE],
  ['prompt_name', NULLABLE],
  ['prompt_version', 'Nullable(Int32)'],
  ['is_trace', 'UInt8'],
  ['trace_name', NULLABLE],
  ['user_id', NULLABLE],
  ['session_id', NULLABLE],
  ['tags', 'Array(String)'],
  ['call_id', 'String'],
  ['key_id', 'String'],
  ['key_alias', NULLABLE],
  ['team_id', NULLABLE],
  ['http_status', 'Nullable(UInt16)'],
];

const TRACES: Columns = [
  ...STORED,
  ['id', 'String'],
  ['timestamp', INSTANT],
  ['original_times', 'String'],
  ['name', NULLABLE],
  ['user_id', NULLABLE],
  ['session_id', NULLABLE],
  ['environment', KEYWORD],
  ['release', NULLABLE],
  ['version', NULLABLE],
  ['public', 'UInt8'],
  ['bookmarked', 'UInt8'],
  ['tags', 'Array(String)'],
  ['input', LONG],
  ['output', LONG],
  ['metadata', METADATA],
];

const SCORES: Columns = [
  ...STORED,
  ['id', 'String'],
  ['timestamp', INSTANT],
  ['trace_id', 'String'],
  ['observation_id', 'String'],
  ['session_id', 'String'],
  ['dataset_run_id', 'String'],
  ['name', 'String'],
  ['source', KEYWORD],
  ['data_type', KEYWORD],
  ['value', 'Nullable(Float64)'],
  ['string_value', NULLABLE],
  ['comment', NULLABLE],
  ['metadata', METADATA],
  ['environment', KEYWORD],
  ['config_id', NULLABLE],
  ['queue_id', NULLABLE],
  ['author_user_id', NULLABLE],
];

const RECEIVED: Columns = [
  ['project_id', KEYWORD],
  ['retention_class', 'UInt8'],
  ['received_at', INSTANT],
  ['sequence', 'UInt64'],
  ['id', 'String'],
  ['timestamp', INSTANT],
  ['time_unix_nano', 'UInt64'],
  ['environment', KEYWORD],
  ['service_name', KEYWORD],
  ['scope_name', KEYWORD],
  ['scope_version', KEYWORD],
  ['attributes', METADATA],
  ['resource', METADATA],
  ['flags', 'UInt32'],
];

const OTEL_LOGS: Columns = [
  ...RECEIVED,
  ['observed_at', `Nullable(${INSTANT})`],
  ['trace_id', 'String'],
  ['span_id', 'String'],
  ['severity_number', 'UInt8'],
  ['severity_text', KEYWORD],
  ['event_name', KEYWORD],
  ['body', LONG],
];

const DOUBLE = 'Nullable(Float64)';

const OTEL_METRICS: Columns = [
  ...RECEIVED,
  ['start_at', `Nullable(${INSTANT})`],
  ['name', KEYWORD],
  ['description', KEYWORD],
  ['unit', KEYWORD],
  ['type', KEYWORD],
  ['temporality', KEYWORD],
  ['is_monotonic', 'UInt8'],
  ['value', DOUBLE],
  ['int_value', 'Nullable(Int64)'],
  ['count', 'Nullable(UInt64)'],
  ['sum', DOUBLE],
  ['min', DOUBLE],
  ['max', DOUBLE],
  ['explicit_bounds', 'Array(Float64)'],
  ['bucket_counts', 'Array(UInt64)'],
  ['scale', 'Nullable(Int32)'],
  ['zero_count', 'Nullable(UInt64)'],
  ['zero_threshold', DOUBLE],
  ['positive_offset', 'Int32'],
  ['positive_counts', 'Array(UInt64)'],
  ['negative_offset', 'Int32'],
  ['negative_counts', 'Array(UInt64)'],
  ['quantiles', 'Array(Float64)'],
  ['quantile_values', 'Array(Float64)'],
  ['exemplars', 'String CODEC(ZSTD(3))'],
];

const DEAD_LETTERS: Columns = [
  ['project_id', KEYWORD],
  ['received_at', INSTANT],
  ['sequence', 'UInt64'],
  ['place', KEYWORD],
  ['reason', 'String'],
  ['content', 'String CODEC(ZSTD(3))'],
];

/** A look-up asks for thousands of ids at once, and every id that is not there still opens this share of the granules: 1,000 of them at 0.001 nearly all. */
const FALSE_POSITIVES = 0.00007;

interface Derived {
  name: string;
  definition: string;
  index: string;
}

/** What full-text search looks into. */
const SEARCHED: readonly Derived[] = [{ name: 'search_text', definition: SEARCH_COLUMN, index: SEARCH_INDEX }];

interface Table {
  columns: Columns;
  /** Columns with a bloom index: entities are found by these whenever they were. */
  blooms: readonly string[];
  /** Columns that the store makes of the others, with their index; nothing inserts or copies them. */
  derived?: readonly Derived[];
  /** Arguments of ReplacingMergeTree. */
  versioned: string;
  partitionBy: string;
  orderBy: string;
}

const TABLES: Readonly<Record<TableName, Table>> = {
  observations: {
    columns: OBSERVATIONS,
    blooms: ['id', 'trace_id'],
    derived: SEARCHED,
    versioned: 'row_version, is_deleted',
    partitionBy: '(retention_class, toMonday(start_time))',
    orderBy: '(project_id, toStartOfMinute(start_time), xxHash32(trace_id), trace_id, id)',
  },
  traces: {
    columns: TRACES,
    blooms: ['id'],
    derived: SEARCHED,
    versioned: 'row_version, is_deleted',
    partitionBy: '(retention_class, toMonday(timestamp))',
    orderBy: '(project_id, toStartOfMinute(timestamp), id)',
  },
  scores: {
    columns: SCORES,
    blooms: ['id', 'trace_id'],
    versioned: 'row_version, is_deleted',
    partitionBy: '(retention_class, toMonday(timestamp))',
    orderBy: '(project_id, toStartOfMinute(timestamp), id)',
  },
  otel_logs: {
    columns: OTEL_LOGS,
    blooms: ['trace_id'],
    versioned: '',
    partitionBy: '(retention_class, toMonday(timestamp))',
    orderBy: '(project_id, toStartOfMinute(timestamp), id)',
  },
  otel_metrics: {
    columns: OTEL_METRICS,
    blooms: [],
    versioned: '',
    partitionBy: '(retention_class, toMonday(timestamp))',
    orderBy: '(project_id, name, toStartOfMinute(timestamp), id)',
  },
  dead_letters: {
    columns: DEAD_LETTERS,
    blooms: [],
    versioned: '',
    partitionBy: 'toMonday(received_at)',
    orderBy: '(project_id, sequence, place, sipHash64(content))',
  },
};

const MADE_TABLES: Readonly<Record<MadeTableName, Table>> = {
  observation_rollups: {
    columns: ROLLUP_COLUMNS,
    blooms: [],
    versioned: 'settled_as',
    partitionBy: 'toYYYYMM(bucket)',
    orderBy: '(project_id, bucket, group_hash)',
  },
  rollup_marks: {
    columns: MARK_COLUMNS,
    blooms: [],
    versioned: 'version',
    partitionBy: 'tuple()',
    orderBy: '(project_id, begins, ends, is_clean)',
  },
};

export const TABLE_NAMES = Object.keys(TABLES) as TableName[];
export const MADE_TABLE_NAMES = Object.keys(MADE_TABLES) as MadeTableName[];
/** Every table that the store has. */
export const ALL_TABLE_NAMES: readonly (TableName | MadeTableName)[] = [...TABLE_NAMES, ...MADE_TABLE_NAMES];

const tableOf = (name: TableName | MadeTableName): Table => ({ ...TABLES, ...MADE_TABLES })[name];

/** Column names of a table in their stored order. */
export function columnsOf(table: TableName | MadeTableName): readonly string[] {
  return tableOf(table).columns.map(([name]) => name);
}

/** Names of the columns that the store makes by itself. */
export function derivedColumns(table: TableName | MadeTableName): readonly string[] {
  return (tableOf(table).derived ?? []).map(({ name }) => name);
}

/** Instants are kept to the microsecond; money to 12 decimals; every insert is on disk when it is answered. */
export function createTable(name: TableName | MadeTableName, cluster: ClusterName = null): string {
  const table = tableOf(name);
  const lines = table.columns.map(([column, type]) => `  ${column} ${type}`);
  for (const { name: column, definition } of table.derived ?? []) lines.push(`  ${column} ${definition}`);
  for (const column of table.blooms) lines.push(`  INDEX ${column}_bloom ${column} TYPE bloom_filter(${FALSE_POSITIVES}) GRANULARITY 1`);
  for (const { index } of table.derived ?? []) lines.push(`  INDEX ${index}`);
  const replica = cluster === null ? '' : `'/clickhouse/tables/{uuid}/{shard}', '{replica}'${table.versioned === '' ? '' : ', '}`;
  const window = cluster === null ? 'non_replicated_deduplication_window' : 'replicated_deduplication_window';
  return [
    `CREATE TABLE IF NOT EXISTS ${name}${cluster === null ? '' : ` ON CLUSTER '${cluster}'`} (`,
    `${lines.join(',\n')}`,
    ')',
    `ENGINE = ${cluster === null ? '' : 'Replicated'}ReplacingMergeTree(${replica}${table.versioned})`,
    `PARTITION BY ${table.partitionBy}`,
    `ORDER BY ${table.orderBy}`,
    `SETTINGS index_granularity = 8192, fsync_after_insert = 1, fsync_part_directory = 1, ${window} = 1000`,
  ].join('\n');
}

/** Statements that give a table of an older release the columns that came later; old parts make them as they are read. */
export function derivedStatements(cluster: ClusterName = null): SqlFragment[] {
  const place = cluster === null ? '' : ` ON CLUSTER '${cluster}'`;
  return TABLE_NAMES.flatMap((name) =>
    (TABLES[name].derived ?? []).flatMap(({ name: column, definition, index }) => [
      constantSql(`ALTER TABLE ${name}${place} ADD COLUMN IF NOT EXISTS ${column} ${definition}`),
      constantSql(`ALTER TABLE ${name}${place} ADD INDEX IF NOT EXISTS ${index}`),
    ]),
  );
}

/** Statements that bring an empty or older store to these tables; each may be repeated. */
export function tableStatements(cluster: ClusterName = null): SqlFragment[] {
  return ALL_TABLE_NAMES.map((name) => constantSql(createTable(name, cluster)));
}
