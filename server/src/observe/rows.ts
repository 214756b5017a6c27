// The stored rows of observability, column by column (see docs/adr/0003). Writers produce them, the DDL and the reads mirror them.
// Instants are ISO strings with microseconds ("2026-11-23T21:40:00.123456Z"), decimals and 64-bit integers are strings.

interface StoredRow {
  project_id: string;
  /** Journal sequence of the newest event folded in: the ReplacingMergeTree version. */
  row_version: string;
  is_deleted: 0 | 1;
  /** 0..7, resolved at write. */
  retention_class: number;
  received_at: string;
  created_at: string;
  updated_at: string;
  /** Stamps of every field (JSON, see fold/stamps.ts); '' when the row is one whole event. */
  stamps: string;
}

export interface ObservationRow extends StoredRow {
  trace_id: string;
  id: string;
  /** GENERATION | SPAN | EVENT | AGENT | TOOL | CHAIN | RETRIEVER | EVALUATOR | EMBEDDING | GUARDRAIL */
  type: string;
  /** '' = root. */
  parent_observation_id: string;
  name: string | null;
  start_time: string;
  end_time: string | null;
  completion_start_time: string | null;
  /** What the client sent when start or end had to be clamped; '' otherwise. */
  original_times: string;
  environment: string;
  level: string;
  status_message: string | null;
  version: string | null;
  release: string | null;
  /** Received JSON text; null = absent. */
  input: string | null;
  output: string | null;
  metadata: Record<string, string>;
  provided_model_name: string | null;
  internal_model_id: string | null;
  model_parameters: string | null;
  provided_usage_details: Record<string, string>;
  usage_details: Record<string, string>;
  provided_cost_details: Record<string, string>;
  cost_details: Record<string, string>;
  total_cost: string | null;
  currency: string;
  price_id: string | null;
  /** gateway | client | computed | elsewhere (a gateway call under it counts it: usage is kept, cost is not) | '' (none). */
  cost_source: string;
  prompt_id: string | null;
  prompt_name: string | null;
  prompt_version: number | null;
  /** 1 = this row also stands for its trace (a gateway call that is its own root). */
  is_trace: 0 | 1;
  /** Trace attributes carried by the observation. */
  trace_name: string | null;
  user_id: string | null;
  session_id: string | null;
  tags: string[];
  /** Gateway calls only; '' elsewhere. */
  call_id: string;
  key_id: string;
  key_alias: string | null;
  team_id: string | null;
  http_status: number | null;
}

export interface TraceRow extends StoredRow {
  id: string;
  timestamp: string;
  original_times: string;
  name: string | null;
  user_id: string | null;
  session_id: string | null;
  environment: string;
  release: string | null;
  version: string | null;
  public: 0 | 1;
  bookmarked: 0 | 1;
  tags: string[];
  input: string | null;
  output: string | null;
  metadata: Record<string, string>;
}

export interface ScoreRow extends StoredRow {
  id: string;
  timestamp: string;
  trace_id: string;
  observation_id: string;
  session_id: string;
  dataset_run_id: string;
  name: string;
  source: string;
  /** NUMERIC | CATEGORICAL | BOOLEAN | CORRECTION | TEXT */
  data_type: string;
  value: number | null;
  string_value: string | null;
  comment: string | null;
  metadata: Record<string, string>;
  environment: string;
  config_id: string | null;
  queue_id: string | null;
  author_user_id: string | null;
}

/** One log record of OpenTelemetry. Never changed: the same record again is the same row. */
export interface OtelLogRow {
  project_id: string;
  retention_class: number;
  received_at: string;
  /** Journal sequence of the export that brought it. */
  sequence: string;
  /** Of what the record says; how often it stands in one export counts too. */
  id: string;
  /** The record's time, else when it was observed, else when it came; clamped. */
  timestamp: string;
  /** As it was sent, in nanoseconds; 0 = it was not. */
  time_unix_nano: string;
  observed_at: string | null;
  environment: string;
  service_name: string;
  scope_name: string;
  scope_version: string;
  trace_id: string;
  span_id: string;
  severity_number: number;
  severity_text: string;
  event_name: string;
  /** JSON text. */
  body: string | null;
  attributes: Record<string, string>;
  resource: Record<string, string>;
  flags: number;
}

/** A double; what JSON cannot say in ClickHouse's words. */
export type StoredDouble = number | 'nan' | 'inf' | '-inf';

/** One data point of OpenTelemetry. The same series at the same instant is the same row. */
export interface OtelMetricRow {
  project_id: string;
  retention_class: number;
  received_at: string;
  sequence: string;
  id: string;
  timestamp: string;
  time_unix_nano: string;
  start_at: string | null;
  environment: string;
  service_name: string;
  scope_name: string;
  scope_version: string;
  name: string;
  description: string;
  unit: string;
  /** gauge | sum | histogram | exponential_histogram | summary */
  type: string;
  /** '' | delta | cumulative */
  temporality: string;
  is_monotonic: 0 | 1;
  attributes: Record<string, string>;
  resource: Record<string, string>;
  flags: number;
  value: StoredDouble | null;
  int_value: string | null;
  count: string | null;
  sum: StoredDouble | null;
  min: StoredDouble | null;
  max: StoredDouble | null;
  explicit_bounds: StoredDouble[];
  bucket_counts: string[];
  scale: number | null;
  zero_count: string | null;
  zero_threshold: StoredDouble | null;
  positive_offset: number;
  positive_counts: string[];
  negative_offset: number;
  negative_counts: string[];
  quantiles: StoredDouble[];
  quantile_values: StoredDouble[];
  /** JSON list; '' = none. */
  exemplars: string;
}

/** An event or row that could not be stored; kept, counted and shown instead of lost. */
export interface DeadLetterRow {
  project_id: string;
  received_at: string;
  sequence: string;
  /** Which table or decoder refused. */
  place: string;
  reason: string;
  /** The event or row as JSON text (or base64 when it is not text). */
  content: string;
}

/** Everything one fold produced. */
export interface FoldedRows {
  observations: ObservationRow[];
  traces: TraceRow[];
  scores: ScoreRow[];
  otelLogs: OtelLogRow[];
  otelMetrics: OtelMetricRow[];
  deadLetters: DeadLetterRow[];
}

/** Rows of nothing, to add to. */
export function nothingFolded(): FoldedRows {
  return { observations: [], traces: [], scores: [], otelLogs: [], otelMetrics: [], deadLetters: [] };
}
