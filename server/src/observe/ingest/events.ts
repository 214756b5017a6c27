// The internal normal form: whatever arrives (batch events, OTLP spans, gateway calls) becomes entity events with plain fields and one stamp.
import type { Stamp } from '#observe/fold/stamps.ts';
import type { ChatTurn } from './chat-turn.ts';
import type { LogRecord } from './otlp-logs.ts';
import type { MetricPoint } from './otlp-metrics.ts';

export type EntityKind = 'trace' | 'observation' | 'score';

/** Instants are whole microseconds since 1970 (already clamped); texts are well-formed and free of NUL; input and output are JSON text. */
export interface ObservationFields {
  trace_id: string;
  type: string;
  parent_observation_id: string;
  name: string;
  start_time: number;
  end_time: number;
  completion_start_time: number;
  /** What the client sent when the instant had to be clamped. */
  original_start: string;
  original_end: string;
  environment: string;
  level: string;
  status_message: string;
  version: string;
  release: string;
  input: string;
  output: string;
  provided_model_name: string;
  /** JSON object text. */
  model_parameters: string;
  /** Token counts as decimal strings: canonical, parts beside the whole. */
  usage: Record<string, string>;
  /** The counts as they were sent. */
  raw_usage: Record<string, string>;
  /** Amounts as decimal strings. */
  cost: Record<string, string>;
  currency: string;
  price_id: string;
  prompt_name: string;
  prompt_version: number;
  /** '1' when a gateway call already counts this observation's cost. */
  cost_elsewhere: string;
  trace_name: string;
  user_id: string;
  session_id: string;
  call_id: string;
  key_id: string;
  key_alias: string;
  team_id: string;
  http_status: number;
}

/** `root_*` = taken from the root span, `hint_*` = from any span, `wrapped_*` = from the one observation it was made for: used only while nothing better is known. */
export interface TraceFields {
  timestamp: number;
  hint_timestamp: number;
  wrapped_timestamp: number;
  original_timestamp: string;
  name: string;
  root_name: string;
  hint_name: string;
  user_id: string;
  session_id: string;
  environment: string;
  hint_environment: string;
  release: string;
  version: string;
  public: 0 | 1;
  input: string;
  output: string;
  root_input: string;
  root_output: string;
  /** 1 when the trace was sent or seen as a trace, and is not only the wrapper of an observation that came without a trace id. */
  real: 1;
}

export interface ScoreFields {
  timestamp: number;
  original_timestamp: string;
  trace_id: string;
  observation_id: string;
  session_id: string;
  dataset_run_id: string;
  name: string;
  source: string;
  data_type: string;
  value: number;
  string_value: string;
  /** An explicit null clears an earlier comment. */
  comment: string | null;
  environment: string;
  config_id: string;
  queue_id: string;
  author_user_id: string;
}

type FieldsOf<Kind extends EntityKind> = Kind extends 'trace' ? TraceFields : Kind extends 'observation' ? ObservationFields : ScoreFields;

/** Where an event came from and how it is ordered. */
interface EventOrigin {
  projectId: string;
  /** Journal sequence of the record. */
  sequence: bigint;
  receivedAtUs: number;
  stamp: Stamp;
}

/** One event about one entity. Absent fields say nothing. */
export interface EntityEvent<Kind extends EntityKind = EntityKind> extends EventOrigin {
  kind: Kind;
  id: string;
  /** True: this event alone is the entity (an OTLP span, a gateway call); its metadata has top-level keys only. */
  whole: boolean;
  fields: Partial<FieldsOf<Kind>>;
  /** Path segments joined by PATH_SEPARATOR -> text (strings as they are, everything else as JSON). */
  metadata: Record<string, string>;
  tags: readonly string[];
  /** Names of what this observation reports and something else may count better: its cost then counts there. */
  claims?: readonly string[];
  /** Names under which this observation, a gateway call, is the one that counts. */
  counts?: readonly string[];
  /** Set on a span that is a model call with usage: the id of the span above it ('' = none), which may repeat that usage. */
  below?: string;
  /** Set on a gateway's chat call: what it may go on from, so that calls without a declared session find their conversation. */
  turn?: ChatTurn;
  /** Set on a gateway call without a caller's span: the observation stands for its trace too. */
  carriesTrace?: boolean;
}

export const PATH_SEPARATOR = '\u0001';

/** An event that nothing could be made of. */
interface Undecodable {
  place: string;
  reason: string;
  content: string;
}

/** What one journal record holds. */
export interface Decoded {
  events: EntityEvent[];
  logs: LogRecord[];
  points: MetricPoint[];
  /** When the record came, in microseconds; 0 where its events say it. */
  receivedAtUs: number;
  undecodable: Undecodable[];
}
