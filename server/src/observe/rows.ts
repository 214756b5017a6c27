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
  deadLetters: DeadLetterRow[];
}
