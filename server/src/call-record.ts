// What a gateway call leaves on the journal: written by gateway (recorder), read by the ledger and by observe (from-call). Types only, so that the two rooms never meet.
// The JSON stands on disk: fields are added, never renamed or reused.

/** The organisation path as it was at the call; null where the key has none. */
export interface OrganisationPath {
  organizationId: string;
  /** Department or cost-centre code of the organisation unit that pays. */
  costCentre: string | null;
  teamId: string | null;
  teamAlias: string | null;
  /** SHA-256 of the virtual key in hex; for the master key the hash of the master key. */
  keyId: string;
  keyAlias: string | null;
  /** Owner of the key (LiteLLM's user_id). */
  keyUserId: string | null;
  projectId: string;
}

/** Token counts in canonical keys; `input` excludes cached input, `output` includes reasoning. Only whole numbers >= 0. */
export interface CallUsage {
  input: number;
  output: number;
  total: number;
  cachedInput?: number;
  cacheCreationInput?: number;
  reasoningOutput?: number;
  audioInput?: number;
  audioOutput?: number;
  /** Sound among the cached input. */
  cachedAudioInput?: number;
  /** Searches that a rerank is billed for. */
  searches?: number;
  /** Image tokens, parts of input and output. */
  imageInput?: number;
  imageOutput?: number;
  /** Pictures that were made, and their pixels together. */
  images?: number;
  pixels?: number;
  /** Characters that were spoken. */
  characters?: number;
  /** Milliseconds of sound that were listened to or spoken. */
  audioMs?: number;
}

/** Beginning of `priceId` where a cache answered; the cache's key follows. Such a try cost nothing and reached no upstream. */
export const CACHE_PRICE = 'cache:';

export type AttemptOutcome = 'success' | 'failure' | 'cancelled' | 'unknown';

/** One upstream try = one ledger row. */
export interface AttemptRecord {
  /** 0 for the first try of a call. */
  index: number;
  deploymentId: string;
  provider: string;
  upstreamModel: string;
  /** Upstream base without query and credentials. */
  apiBase: string | null;
  startedAtUs: number;
  endedAtUs: number;
  outcome: AttemptOutcome;
  httpStatus: number | null;
  /** LiteLLM's class name, for example RateLimitError. */
  errorClass: string | null;
  /** Redacted, at most 2,000 characters. */
  errorMessage: string | null;
  usage: CallUsage | null;
  /** True when the usage was estimated (the upstream sent none). */
  usageEstimated: boolean;
  /** Decimal string in `currency`; null when the price is unknown. */
  cost: string | null;
  currency: string;
  /** Id of the price row that was used; null when unknown. */
  priceId: string | null;
  /** Why this deployment; absent or null where there was no other. */
  choice?: Choice | null;
  /** How the cost came about; absent or null without a known price. */
  costLines?: readonly CostLine[] | null;
}

/** Why a deployment got a try. */
export interface Choice {
  /** The routing strategy, or `affinity`, `hedge` (the one before was slow to begin), `retry` (it was tried before and nothing else was left), `last resort` (all rested). */
  by: string;
  /** The other deployments of the model, at most 20. */
  passedOver: PassedOver[];
  /** How many others there were. */
  others: number;
}

export interface PassedOver {
  deploymentId: string;
  why: 'not ready' | 'budget' | 'tried' | 'resting' | 'probed' | 'context window' | 'order' | 'strategy' | 'affinity' | 'tags';
  /** Of a rest: its end, and the status that made it. */
  until?: string;
  status?: number;
}

type TokenPart =
  | 'input'
  | 'cachedInput'
  | 'cachedAudioInput'
  | 'cacheCreationInput'
  | 'audioInput'
  | 'imageInput'
  | 'output'
  | 'reasoningOutput'
  | 'audioOutput'
  | 'imageOutput';
type UnitPart = 'searches' | 'images' | 'megapixels' | 'characters' | 'seconds';
export type CostPart = TokenPart | UnitPart;

/** Tokens or units of one kind at their rate; the lines of a call add up to its cost. */
export interface CostLine {
  part: CostPart;
  /** How many of its kind; of seconds and megapixels also parts of one. */
  tokens: number;
  /** Decimal text in the currency of the try. */
  perToken: string;
}

/** What a guard did with a call. */
export interface CallGuard {
  name: string;
  mode: 'pre_call' | 'during_call' | 'post_call';
  action: 'passed' | 'masked' | 'blocked' | 'failed';
  ms: number;
}

/** JSON header of JournalKind.callStarted: enough to bill the call at its reservation should nothing else ever be heard of it. */
export interface CallStarted {
  callId: string;
  attempt: number;
  startedAtUs: number;
  model: string;
  deploymentId: string;
  provider: string;
  upstreamModel: string;
  /** Reserved amount as a decimal string; null when the price is unknown. */
  reserved: string | null;
  currency: string;
  priceId: string | null;
  path: OrganisationPath;
  /** The try before it was still under way: both may have been billed. */
  beside?: boolean;
}

type TextEndpoint = 'chat' | 'completions' | 'embeddings' | 'messages' | 'responses' | 'generate-content' | 'moderations' | 'rerank';
type AudioEndpoint = 'speech' | 'transcriptions' | 'translations';
type ImageEndpoint = 'image-generations' | 'image-edits' | 'image-variations';
/** A session, one of its responses, and what a listening model wrote down of its sound. */
type RealtimeEndpoint = 'realtime-session' | 'realtime' | 'realtime-transcription';
/** What was called. */
export type CallEndpoint = TextEndpoint | AudioEndpoint | ImageEndpoint | RealtimeEndpoint | 'pass-through' | 'mcp';

/** JSON header of JournalKind.callSettled. parts[1] = request body as received, parts[2] = answer as relayed (absent when `content` is not 'full'). */
export interface CallSettled {
  callId: string;
  /** 32 hex digits: the caller's trace when it sent a traceparent, else the call id. */
  traceId: string;
  /** 16 hex digits. */
  spanId: string;
  /** The caller's span (traceparent), else null: then this call is the root of its trace. */
  parentSpanId: string | null;
  endpoint: CallEndpoint | 'batch';
  stream: boolean;
  startedAtUs: number;
  endedAtUs: number;
  /** When the first byte of the answer's body left, for streams. */
  firstTokenAtUs: number | null;
  /** Model name that the client asked for. */
  model: string;
  outcome: 'success' | 'failure' | 'cancelled';
  /** Status that the client got. */
  httpStatus: number;
  errorClass: string | null;
  errorMessage: string | null;
  path: OrganisationPath;
  /** Address of the client, as far as a listed proxy or the connection says; absent or null = unknown. */
  clientAddress?: string | null;
  /** `user` of the body or the end-user headers. */
  endUser: string | null;
  sessionId: string | null;
  traceName: string | null;
  tags: string[];
  environment: string | null;
  release: string | null;
  version: string | null;
  /** The body's `metadata` object as JSON text, null when there is none. */
  metadata: string | null;
  /** The last attempt's usage and the call's whole cost (sum over attempts); null when unknown. */
  usage: CallUsage | null;
  usageEstimated: boolean;
  cost: string | null;
  currency: string;
  attempts: AttemptRecord[];
  /** metadata_only: the payload journal was full; off: the project or key keeps no content. */
  content: 'full' | 'metadata_only' | 'off';
  /** Guards that looked at the call; absent when none did. */
  guards?: CallGuard[];
  /** How parts[2] is to be read. */
  answerFormat: 'json' | 'sse' | 'none';
}
