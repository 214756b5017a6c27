// Types that the console may see (types only, no values): the answers of /api/console/*. Money is a decimal string, instants are ISO strings, durations are milliseconds.
import type { Choice, CostLine } from '#call-record.ts';

export interface ConsoleSession {
  user: { id: string; email: string; name: string; role: 'admin' | 'member' | 'viewer'; mustChangePassword: boolean };
  organization: { id: string; name: string };
  /** `role`: what counts in the project. */
  projects: { id: string; name: string; publicKeys: string[]; role: 'admin' | 'member' | 'viewer' }[];
  version: string;
  timezone: string;
  doors: { gateway: string; observe: string };
}

/** GET /api/console/overview?projectId&from&to */
export interface ConsoleOverview {
  totals: {
    calls: number;
    failures: number;
    traces: number;
    inputTokens: number;
    outputTokens: number;
    cost: string;
    unknownCostCalls: number;
    currency: string;
  };
  latencyMs: { p50: number | null; p95: number | null; p99: number | null };
  firstTokenMs: { p50: number | null; p95: number | null };
  /** Buckets cover the range evenly; `bucketSeconds` says how wide. */
  bucketSeconds: number;
  series: { at: string; calls: number; failures: number; cost: string; inputTokens: number; outputTokens: number }[];
  byModel: ConsoleBreakdownRow[];
  byKey: ConsoleBreakdownRow[];
  byTeam: ConsoleBreakdownRow[];
}

/** What one model, key or team used in a range. */
export interface ConsoleBreakdownRow {
  name: string;
  calls: number;
  /** Sum of the costs that are known; calls of unknown price add nothing. */
  cost: string;
  /** Calls without a known cost; a call that failed before anything was used costs 0 and is not among them. */
  unknownCostCalls: number;
  tokens: number;
}

/** An observation as the live tail gives it: texts are cut, contents to their first characters. */
export interface ConsoleTailRow {
  traceId: string;
  id: string;
  type: string;
  name: string | null;
  startTime: string;
  /** Null while it runs. */
  endTime: string | null;
  latencyMs: number | null;
  environment: string;
  level: string;
  statusMessage: string | null;
  model: string | null;
  userId: string | null;
  sessionId: string | null;
  totalTokens: number;
  totalCost: string | null;
  input: string | null;
  output: string | null;
}

/** One call of the request log, with its attempts. */
export interface ConsoleRequest {
  callId: string;
  traceId: string;
  /** Project that the call is traced to; the link to its trace needs it. */
  projectId?: string;
  startedAt: string;
  model: string;
  provider: string;
  upstreamModel: string;
  outcome: 'success' | 'failure' | 'cancelled' | 'unknown';
  httpStatus: number | null;
  error: string | null;
  stream: boolean;
  keyAlias: string | null;
  keyName: string | null;
  teamAlias: string | null;
  endUser: string | null;
  sessionId: string | null;
  inputTokens: number | null;
  outputTokens: number | null;
  usageEstimated: boolean;
  cost: string | null;
  currency: string;
  priceId: string | null;
  latencyMs: number;
  firstTokenMs: number | null;
  attempts: {
    index: number;
    deploymentId: string;
    provider: string;
    upstreamModel: string;
    outcome: string;
    httpStatus: number | null;
    error: string | null;
    cost: string | null;
    latencyMs: number;
    priceId: string | null;
    /** Why this deployment; null where the model has no other. */
    choice: Choice | null;
    /** How the cost came about; empty without a known price. */
    costLines: readonly CostLine[];
  }[];
}

/** GET /api/console/requests?from&to&limit&cursor&model&keyAlias&outcome&search */
export interface ConsoleRequests {
  data: ConsoleRequest[];
  nextCursor: string | null;
}

/** GET /api/console/traces?projectId&from&to&limit&cursor&search&userId&sessionId&tag&environment */
export interface ConsoleTraces {
  data: ConsoleTraceRow[];
  nextCursor: string | null;
}
export interface ConsoleTraceRow {
  id: string;
  timestamp: string;
  name: string | null;
  userId: string | null;
  sessionId: string | null;
  environment: string;
  tags: string[];
  /** First 200 characters. */
  inputPreview: string | null;
  outputPreview: string | null;
  observations: number;
  errors: number;
  latencyMs: number | null;
  totalTokens: number;
  totalCost: string | null;
}

/** GET /api/console/traces/:traceId?projectId */
export interface ConsoleTrace {
  trace: ConsoleTraceRow & {
    input: string | null;
    output: string | null;
    metadata: Record<string, unknown>;
    release: string | null;
    version: string | null;
    public: boolean;
  };
  observations: ConsoleObservation[];
  scores: ConsoleScore[];
}
export interface ConsoleObservation {
  id: string;
  parentId: string | null;
  type: string;
  name: string | null;
  level: string;
  statusMessage: string | null;
  startTime: string;
  endTime: string | null;
  latencyMs: number | null;
  firstTokenMs: number | null;
  model: string | null;
  modelParameters: Record<string, unknown> | null;
  usage: Record<string, number>;
  totalCost: string | null;
  /** True when the same call's cost is counted on another observation (an SDK and the gateway both reported it). */
  costCountedElsewhere: boolean;
  /** Raw JSON text. */
  input: string | null;
  output: string | null;
  metadata: Record<string, unknown>;
  keyAlias: string | null;
  promptName: string | null;
  promptVersion: number | null;
}
export interface ConsoleScore {
  id: string;
  name: string;
  source: string;
  dataType: string;
  value: number | null;
  stringValue: string | null;
  comment: string | null;
  observationId: string | null;
  timestamp: string;
}

/** GET /api/console/sessions?projectId&from&to&limit&cursor&search: what the range's traces say of the session that they name. */
export interface ConsoleSessions {
  data: ConsoleSessionRow[];
  nextCursor: string | null;
}
export interface ConsoleSessionRow {
  id: string;
  firstAt: string;
  lastAt: string;
  traces: number;
  /** At most three. */
  users: string[];
  environment: string;
  errors: number;
  totalTokens: number;
  totalCost: string | null;
}

/** GET /api/console/models */
export interface ConsoleModels {
  data: {
    name: string;
    deployments: {
      id: string;
      provider: string;
      upstreamModel: string;
      apiBase: string | null;
      mode: string | null;
      ready: boolean /** For example "AZURE_API_KEY is not set". */;
      problem: string | null;
      inputCostPerMillion: string | null;
      outputCostPerMillion: string | null;
      priceId: string | null;
    }[];
  }[];
}
/** GET, PUT /api/public/llm-connections; never a secret. */
export interface ConsoleLlmConnection {
  id: string;
  provider: string;
  adapter: 'anthropic' | 'openai' | 'azure' | 'bedrock' | 'google-vertex-ai' | 'google-ai-studio';
  displaySecretKey: string;
  baseURL: string | null;
  customModels: string[];
  withDefaultModels: boolean;
  extraHeaderKeys: string[];
  config: Record<string, unknown> | null;
  createdAt: string;
  updatedAt: string;
}
/** One condition of a filter, as /api/public takes it. */
export interface FilterCondition {
  type: string;
  column: string;
  operator: string;
  value?: unknown;
  key?: string;
}
/** GET /api/public/unstable/evaluators and evaluator-templates. */
export type ConsoleEvaluator = ConsoleJudgeEvaluator | ConsoleCodeEvaluator;
interface ConsoleEvaluatorBase {
  id: string;
  name: string;
  version: number;
  variables: string[];
  mapping: ConsoleMapping[] | null;
  evaluationRuleCount: number;
  updatedAt: string;
}
export interface ConsoleCodeEvaluator extends ConsoleEvaluatorBase {
  type: 'code';
  sourceCode: string;
}
/** POST /api/public/unstable/evaluator-trials */
export interface ConsoleTrial {
  observation: { traceId: string; id: string };
  /** What the code was given; a long one is cut, and so a text. */
  context: unknown;
  scores: { name: string; dataType: string; value: number | string | boolean; comment: string | null }[];
  fault: { message: string; line: number | null } | null;
  cpuMs: number | null;
}
export interface ConsoleJudgeEvaluator extends ConsoleEvaluatorBase {
  type: 'llm_as_judge';
  prompt: string;
  outputDefinition: ConsoleOutputDefinition;
  modelConfig: { provider: string; model: string } | null;
}
export interface ConsoleMapping {
  variable: string;
  source: string;
  jsonPath?: string | null;
}
export interface ConsoleOutputDefinition {
  dataType: 'NUMERIC' | 'BOOLEAN' | 'CATEGORICAL';
  reasoning: { description: string };
  score: { description: string; minValue?: number | null; maxValue?: number | null; categories?: string[]; shouldAllowMultipleMatches?: boolean };
}
export interface ConsoleJudgeTemplate {
  name: string;
  language: 'en' | 'ja';
  summary: string;
  prompt: string;
  outputDefinition: ConsoleOutputDefinition;
  mapping: ConsoleMapping[];
  targets: string[];
}
/** GET /api/public/unstable/evaluation-rules */
export interface ConsoleRule {
  id: string;
  name: string;
  evaluators: { evaluator: { id: string; name: string }; mapping: ConsoleMapping[] | null }[];
  target: 'observation' | 'trace' | 'session' | 'experiment';
  enabled: boolean;
  status: 'active' | 'inactive' | 'paused';
  pausedReason: string | null;
  pausedMessage: string | null;
  sampling: number;
  filter: FilterCondition[];
  delaySeconds: number;
  maxCostPerDay: number | null;
  updatedAt: string;
}
/** GET /api/public/unstable/evaluation-jobs */
export interface ConsoleJobs {
  data: {
    id: string;
    rule: { id: string; name: string };
    evaluator: { id: string; name: string };
    target: string;
    traceId: string | null;
    targetId: string;
    state: 'pending' | 'running' | 'done' | 'failed' | 'skipped' | 'cancelled';
    runAt: string;
    attempts: number;
    cause: string | null;
    judgeTraceId: string | null;
    cost: string | null;
    createdAt: string;
  }[];
  counts: Record<string, number>;
  meta: { before: number | null };
}
/** GET /api/public/unstable/evaluation-rules/{id}/backfills */
export interface ConsoleBackfill {
  id: string;
  fromTimestamp: string;
  toTimestamp: string;
  maxCost: number | null;
  state: 'running' | 'stopped' | 'done';
  cause: string | null;
  jobs: number;
  waiting: number;
  done: number;
  failed: number;
  cost: string | null;
  createdAt: string;
}
// Keys use LiteLLM's own admin routes (/key/list?return_full_object=true, /key/generate, /key/update, /key/block, /key/unblock, /key/delete) with the console's session cookie.
// Login uses /api/auth/* (sign-in/email, sign-out, change-password). Errors of /api/console/* are {"error": {"code", "message"}}.

/** GET /api/console/health: of the process that answers. */
export interface ConsoleHealth {
  version: string;
  /** For example "Node 24.21.0". */
  runtime: string;
  role: 'all' | 'gateway' | 'observe' | 'worker';
  startedAt: string;
  stores: {
    store: 'records' | 'analytics' | 'journal' | 'blobs' | 'coordination';
    kind: 'embedded' | 'postgresql' | 'chdb' | 'clickhouse' | 'files' | 's3' | 'memory' | 'redis';
    /** elsewhere = this role does not reach it; degraded = it answers and fills up. */
    state: 'ok' | 'degraded' | 'away' | 'elsewhere';
  }[];
  /** Live processes that share limits and budgets. */
  processes: number;
  /** Null in a role that does not reach the store, and while it is away. */
  consumer: { lagRecords: number; lagSeconds: number; deadLetters: number } | null;
  observations: number | null;
  /** Settled calls that are not in PostgreSQL yet. */
  ledger: { queued: number; behind: boolean };
  journal: { backlogBytes: number; payloadLimitBytes: number; level: 'ok' | 'warning' | 'full' };
  disk: { freeBytes: number; totalBytes: number } | null;
  memoryBytes: { front: number; engine: number | null };
  calls: { inFlight: number; bytesInFlight: number };
  deployments: { total: number; ready: number; resting: number };
  /** Worst first; docs/runbooks has a page for each. */
  degraded: (
    | 'records-away'
    | 'analytics-away'
    | 'blobs-away'
    | 'coordination-away'
    | 'journal-full'
    | 'journal-filling'
    | 'ledger-behind'
    | 'events-late'
    | 'dead-letters'
    | 'disk-low'
  )[];
}
