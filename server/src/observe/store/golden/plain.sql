CREATE TABLE IF NOT EXISTS observations (
  project_id LowCardinality(String),
  row_version UInt64,
  is_deleted UInt8,
  retention_class UInt8,
  received_at DateTime64(6, 'UTC'),
  created_at DateTime64(6, 'UTC'),
  updated_at DateTime64(6, 'UTC'),
  stamps String CODEC(ZSTD(3)),
  trace_id String,
  id String,
  type LowCardinality(String),
  parent_observation_id String,
  name Nullable(String),
  start_time DateTime64(6, 'UTC'),
  end_time Nullable(DateTime64(6, 'UTC')),
  completion_start_time Nullable(DateTime64(6, 'UTC')),
  original_times String,
  environment LowCardinality(String),
  level LowCardinality(String),
  status_message Nullable(String),
  version Nullable(String),
  release Nullable(String),
  input Nullable(String) CODEC(ZSTD(3)),
  output Nullable(String) CODEC(ZSTD(3)),
  metadata Map(LowCardinality(String), String) CODEC(ZSTD(3)),
  provided_model_name LowCardinality(Nullable(String)),
  internal_model_id Nullable(String),
  model_parameters Nullable(String),
  provided_usage_details Map(LowCardinality(String), UInt64),
  usage_details Map(LowCardinality(String), UInt64),
  provided_cost_details Map(LowCardinality(String), Decimal(38, 12)),
  cost_details Map(LowCardinality(String), Decimal(38, 12)),
  total_cost Nullable(Decimal(38, 12)),
  currency LowCardinality(String),
  price_id Nullable(String),
  cost_source LowCardinality(String),
  prompt_id Nullable(String),
  prompt_name Nullable(String),
  prompt_version Nullable(Int32),
  is_trace UInt8,
  trace_name Nullable(String),
  user_id Nullable(String),
  session_id Nullable(String),
  tags Array(String),
  call_id String,
  key_id String,
  key_alias Nullable(String),
  team_id Nullable(String),
  http_status Nullable(UInt16),
  search_text String MATERIALIZED translateUTF8(lowerUTF8(normalizeUTF8NFKC(concat(JSONExtractRaw(ifNull(input, '')), '\n', JSONExtractRaw(ifNull(output, ''))))), 'ァアィイゥウェエォオカガキギクグケゲコゴサザシジスズセゼソゾタダチヂッツヅテデトドナニヌネノハバパヒビピフブプヘベペホボポマミムメモャヤュユョヨラリルレロヮワヰヱヲンヴヵヶ', 'ぁあぃいぅうぇえぉおかがきぎくぐけげこごさざしじすずせぜそぞただちぢっつづてでとどなにぬねのはばぱひびぴふぶぷへべぺほぼぽまみむめもゃやゅゆょよらりるれろゎわゐゑをんゔゕゖ') CODEC(ZSTD(3)),
  INDEX id_bloom id TYPE bloom_filter(0.00007) GRANULARITY 1,
  INDEX trace_id_bloom trace_id TYPE bloom_filter(0.00007) GRANULARITY 1,
  INDEX search_text_grams search_text TYPE ngrambf_v1(2, 131072, 2, 0) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(row_version, is_deleted)
PARTITION BY (retention_class, toMonday(start_time))
ORDER BY (project_id, toStartOfMinute(start_time), xxHash32(trace_id), trace_id, id)
SETTINGS index_granularity = 8192, fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS traces (
  project_id LowCardinality(String),
  row_version UInt64,
  is_deleted UInt8,
  retention_class UInt8,
  received_at DateTime64(6, 'UTC'),
  created_at DateTime64(6, 'UTC'),
  updated_at DateTime64(6, 'UTC'),
  stamps String CODEC(ZSTD(3)),
  id String,
  timestamp DateTime64(6, 'UTC'),
  original_times String,
  name Nullable(String),
  user_id Nullable(String),
  session_id Nullable(String),
  environment LowCardinality(String),
  release Nullable(String),
  version Nullable(String),
  public UInt8,
  bookmarked UInt8,
  tags Array(String),
  input Nullable(String) CODEC(ZSTD(3)),
  output Nullable(String) CODEC(ZSTD(3)),
  metadata Map(LowCardinality(String), String) CODEC(ZSTD(3)),
  search_text String MATERIALIZED translateUTF8(lowerUTF8(normalizeUTF8NFKC(concat(JSONExtractRaw(ifNull(input, '')), '\n', JSONExtractRaw(ifNull(output, ''))))), 'ァアィイゥウェエォオカガキギクグケゲコゴサザシジスズセゼソゾタダチヂッツヅテデトドナニヌネノハバパヒビピフブプヘベペホボポマミムメモャヤュユョヨラリルレロヮワヰヱヲンヴヵヶ', 'ぁあぃいぅうぇえぉおかがきぎくぐけげこごさざしじすずせぜそぞただちぢっつづてでとどなにぬねのはばぱひびぴふぶぷへべぺほぼぽまみむめもゃやゅゆょよらりるれろゎわゐゑをんゔゕゖ') CODEC(ZSTD(3)),
  INDEX id_bloom id TYPE bloom_filter(0.00007) GRANULARITY 1,
  INDEX search_text_grams search_text TYPE ngrambf_v1(2, 131072, 2, 0) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(row_version, is_deleted)
PARTITION BY (retention_class, toMonday(timestamp))
ORDER BY (project_id, toStartOfMinute(timestamp), id)
SETTINGS index_granularity = 8192, fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS scores (
  project_id LowCardinality(String),
  row_version UInt64,
  is_deleted UInt8,
  retention_class UInt8,
  received_at DateTime64(6, 'UTC'),
  created_at DateTime64(6, 'UTC'),
  updated_at DateTime64(6, 'UTC'),
  stamps String CODEC(ZSTD(3)),
  id String,
  timestamp DateTime64(6, 'UTC'),
  trace_id String,
  observation_id String,
  session_id String,
  dataset_run_id String,
  name String,
  source LowCardinality(String),
  data_type LowCardinality(String),
  value Nullable(Float64),
  string_value Nullable(String),
  comment Nullable(String),
  metadata Map(LowCardinality(String), String) CODEC(ZSTD(3)),
  environment LowCardinality(String),
  config_id Nullable(String),
  queue_id Nullable(String),
  author_user_id Nullable(String),
  INDEX id_bloom id TYPE bloom_filter(0.00007) GRANULARITY 1,
  INDEX trace_id_bloom trace_id TYPE bloom_filter(0.00007) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(row_version, is_deleted)
PARTITION BY (retention_class, toMonday(timestamp))
ORDER BY (project_id, toStartOfMinute(timestamp), id)
SETTINGS index_granularity = 8192, fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS otel_logs (
  project_id LowCardinality(String),
  retention_class UInt8,
  received_at DateTime64(6, 'UTC'),
  sequence UInt64,
  id String,
  timestamp DateTime64(6, 'UTC'),
  time_unix_nano UInt64,
  environment LowCardinality(String),
  service_name LowCardinality(String),
  scope_name LowCardinality(String),
  scope_version LowCardinality(String),
  attributes Map(LowCardinality(String), String) CODEC(ZSTD(3)),
  resource Map(LowCardinality(String), String) CODEC(ZSTD(3)),
  flags UInt32,
  observed_at Nullable(DateTime64(6, 'UTC')),
  trace_id String,
  span_id String,
  severity_number UInt8,
  severity_text LowCardinality(String),
  event_name LowCardinality(String),
  body Nullable(String) CODEC(ZSTD(3)),
  INDEX trace_id_bloom trace_id TYPE bloom_filter(0.00007) GRANULARITY 1
)
ENGINE = ReplacingMergeTree()
PARTITION BY (retention_class, toMonday(timestamp))
ORDER BY (project_id, toStartOfMinute(timestamp), id)
SETTINGS index_granularity = 8192, fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS otel_metrics (
  project_id LowCardinality(String),
  retention_class UInt8,
  received_at DateTime64(6, 'UTC'),
  sequence UInt64,
  id String,
  timestamp DateTime64(6, 'UTC'),
  time_unix_nano UInt64,
  environment LowCardinality(String),
  service_name LowCardinality(String),
  scope_name LowCardinality(String),
  scope_version LowCardinality(String),
  attributes Map(LowCardinality(String), String) CODEC(ZSTD(3)),
  resource Map(LowCardinality(String), String) CODEC(ZSTD(3)),
  flags UInt32,
  start_at Nullable(DateTime64(6, 'UTC')),
  name LowCardinality(String),
  description LowCardinality(String),
  unit LowCardinality(String),
  type LowCardinality(String),
  temporality LowCardinality(String),
  is_monotonic UInt8,
  value Nullable(Float64),
  int_value Nullable(Int64),
  count Nullable(UInt64),
  sum Nullable(Float64),
  min Nullable(Float64),
  max Nullable(Float64),
  explicit_bounds Array(Float64),
  bucket_counts Array(UInt64),
  scale Nullable(Int32),
  zero_count Nullable(UInt64),
  zero_threshold Nullable(Float64),
  positive_offset Int32,
  positive_counts Array(UInt64),
  negative_offset Int32,
  negative_counts Array(UInt64),
  quantiles Array(Float64),
  quantile_values Array(Float64),
  exemplars String CODEC(ZSTD(3))
)
ENGINE = ReplacingMergeTree()
PARTITION BY (retention_class, toMonday(timestamp))
ORDER BY (project_id, name, toStartOfMinute(timestamp), id)
SETTINGS index_granularity = 8192, fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS dead_letters (
  project_id LowCardinality(String),
  received_at DateTime64(6, 'UTC'),
  sequence UInt64,
  place LowCardinality(String),
  reason String,
  content String CODEC(ZSTD(3))
)
ENGINE = ReplacingMergeTree()
PARTITION BY toMonday(received_at)
ORDER BY (project_id, sequence, place, sipHash64(content))
SETTINGS index_granularity = 8192, fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS observation_rollups (
  project_id LowCardinality(String),
  bucket DateTime64(6, 'UTC'),
  settled_as UInt64,
  group_hash FixedString(16),
  environment LowCardinality(String),
  type LowCardinality(String),
  name Nullable(String),
  level LowCardinality(String),
  version Nullable(String),
  provided_model_name LowCardinality(Nullable(String)),
  prompt_name Nullable(String),
  prompt_version Nullable(Int32),
  is_root UInt8,
  observations UInt64,
  latency_count UInt64,
  latency_sum Float64,
  latency_min Nullable(Float64),
  latency_max Nullable(Float64),
  latency_values Array(Float64) CODEC(ZSTD(1)),
  first_token_count UInt64,
  first_token_sum Float64,
  first_token_min Nullable(Float64),
  first_token_max Nullable(Float64),
  first_token_values Array(Float64) CODEC(ZSTD(1)),
  streaming_count UInt64,
  streaming_sum Float64,
  streaming_min Nullable(Float64),
  streaming_max Nullable(Float64),
  input_tokens_count UInt64,
  input_tokens_sum Float64,
  input_tokens_min Nullable(Float64),
  input_tokens_max Nullable(Float64),
  output_tokens_count UInt64,
  output_tokens_sum Float64,
  output_tokens_min Nullable(Float64),
  output_tokens_max Nullable(Float64),
  total_tokens_count UInt64,
  total_tokens_sum Float64,
  total_tokens_min Nullable(Float64),
  total_tokens_max Nullable(Float64),
  input_cost_count UInt64,
  input_cost_sum Float64,
  input_cost_min Nullable(Float64),
  input_cost_max Nullable(Float64),
  output_cost_count UInt64,
  output_cost_sum Float64,
  output_cost_min Nullable(Float64),
  output_cost_max Nullable(Float64),
  total_cost_count UInt64,
  total_cost_sum Float64,
  total_cost_min Nullable(Float64),
  total_cost_max Nullable(Float64)
)
ENGINE = ReplacingMergeTree(settled_as)
PARTITION BY toYYYYMM(bucket)
ORDER BY (project_id, bucket, group_hash)
SETTINGS index_granularity = 8192, fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS rollup_marks (
  project_id LowCardinality(String),
  begins DateTime64(6, 'UTC'),
  ends DateTime64(6, 'UTC'),
  is_clean UInt8,
  version UInt64
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY tuple()
ORDER BY (project_id, begins, ends, is_clean)
SETTINGS index_granularity = 8192, fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 1000;
