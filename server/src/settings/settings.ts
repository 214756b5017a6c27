// The types of every knob: process settings (flags, environment) and the gateway's configuration (LiteLLM's config.yaml). Values are read in load.ts and environment.ts only.

import type { Alerting } from './alerting.ts';
import type { CallbackTarget } from './callback-kinds.ts';
import type { GuardConfig } from './guardrails.ts';
import type { McpServer } from './mcp-servers.ts';

export type RoleName = 'all' | 'gateway' | 'observe' | 'worker';

/** Settings of the process; immutable after the start. */
export interface Settings {
  readonly role: RoleName;
  readonly host: string;
  readonly port: number;
  readonly observePort: number;
  readonly otlpGrpcPort: number;
  readonly dataDir: string;
  /** IANA zone that decides days, budgets and statements. */
  readonly timezone: string;
  /** null = the embedded PostgreSQL. */
  readonly recordsUrl: string | null;
  /** Reaches PostgreSQL itself, for LISTEN, when `recordsUrl` leads to a transaction pooler; null or absent = the same. */
  readonly recordsListenUrl?: string | null;
  /** Signs in to PostgreSQL with AWS IAM tokens. */
  readonly recordsIam?: boolean;
  /** null = chDB in the engine process. */
  readonly clickhouse: { readonly url: string; readonly user: string; readonly password: string; readonly database: string } | null;
  /** Shared by processes; null = limits and budgets live in this process's memory. */
  readonly redis: { readonly url: string; readonly whenAway: 'alone' | 'refuse' } | null;
  /** s3 = accepted events are objects of `blobs`, shared by machines; records and analytics are external then. */
  readonly journal: 'files' | 's3';
  /** New calls while PostgreSQL does not take what they cost (only with `journal` s3). */
  readonly whenRecordsAreAway: 'local' | 'refuse';
  /** Null = files of the data folder. */
  readonly blobs: {
    readonly bucket: string;
    /** '' or with a '/' at its end. */
    readonly prefix: string;
    readonly region: string | null;
    readonly endpoint: string | null;
    readonly publicEndpoint: string | null;
    readonly pathStyle: boolean;
  } | null;
  /** How S3 is reached, for `blobs` and for backups. */
  readonly s3: { readonly region: string | null; readonly endpoint: string | null; readonly publicEndpoint: string | null; readonly pathStyle: boolean };
  /** Processes that answer calls on one port; absent or 1 = this process alone. */
  readonly workers?: number;
  /** Set in a process that answers calls for another one of this machine (call-worker-input.ts): how it reaches that one. */
  readonly front?: {
    /** Takes everything that is not a call. */
    readonly socket: string;
    /** Holds limits and budgets; null = Redis does, or nothing is served. */
    readonly limits: string | null;
    /** Takes settled calls; null = they go to the journal that machines share. */
    readonly journal: string | null;
    /** False: only hands over what an earlier start left. */
    readonly serves: boolean;
  };
  /** Signs sessions; null = the file of the data folder. */
  readonly instanceSecret: Buffer | null;
  /** How long an ending process serves on after its probes say that it is going. */
  readonly drainDelayMs: number;
  /** '' or a path without a slash at its end: what a proxy puts before every path. */
  readonly rootPath: string;
  /** Whose X-Forwarded-For is believed: addresses and networks. */
  readonly trustedProxies: readonly string[];
  /** Cuts listeners down to one surface, null = everything. */
  readonly expose: 'llm' | null;
  readonly configPath: string | null;
  /** LITELLM_MASTER_KEY or general_settings.master_key; null = generated on the first start. */
  readonly masterKey: string | null;
  /** Start file: what has to be there, applied at every start; null = none. */
  readonly initFile: string | null;
  readonly init: {
    readonly organizationId: string | null;
    readonly organizationName: string | null;
    readonly projectId: string | null;
    readonly projectName: string | null;
    readonly projectPublicKey: string | null;
    readonly projectSecretKey: string | null;
    /** Days, as text. */
    readonly projectRetention: string | null;
    readonly userEmail: string | null;
    readonly userName: string | null;
    readonly userPassword: string | null;
  };
  readonly network: {
    readonly httpsProxy: string | null;
    readonly httpProxy: string | null;
    readonly noProxy: readonly string[];
    /** PEM file with additional authorities (NODE_EXTRA_CA_CERTS, SSL_CERT_FILE). */
    readonly extraCaFile: string | null;
  };
  /** Hosts, addresses and networks that requests to given addresses may reach although they are not public. */
  readonly egressAllow: readonly string[];
  /** Where evaluators reach the gateway when this process has none; null = nowhere. */
  readonly gatewayUrl: string | null;
  /** null = no mails are sent. */
  readonly mail: { readonly url: string; readonly from: string } | null;
  /** null = the address of this process's own door. */
  readonly consoleUrl: string | null;
  readonly limits: {
    readonly maxRequestBytes: number;
    /** Bytes of request and answer bodies held in memory at once; 429 beyond. */
    readonly inFlightBytes: number;
    readonly payloadJournalBytes: number;
    readonly moneyJournalBytes: number;
    /** Finished calls that wait on the disk for receivers that are away. */
    readonly callbackQueueBytes: number;
  };
  /** Where traces of the platform itself go; null = none are made. */
  readonly otlp: { readonly endpoint: string; readonly headers: string; readonly ratio: number } | null;
  /** Chats without a declared session are joined by what was said before. */
  readonly inferSessions: boolean;
  /** Whether people may write evaluators in code, which then run in a sandbox. */
  readonly codeEvaluators: boolean;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
}

/** One upstream behind a model name (LiteLLM's model_list entry). */
export interface Deployment {
  /** model_info.id, else a stable hash of name, model and base. */
  readonly id: string;
  /** Client-facing name; may be a wildcard ("*", "openai/*"). */
  readonly modelName: string;
  readonly provider:
    | 'openai'
    | 'azure'
    | 'azure-ai'
    | 'anthropic'
    | 'gemini'
    | 'vertex'
    | 'bedrock'
    | 'databricks'
    | 'snowflake'
    | 'voyage'
    | 'openai-compatible'
    | 'demo';
  /** LiteLLM's provider prefix as written, for example "azure" or "groq". */
  readonly providerName: string;
  /** Model or Azure deployment name sent upstream. */
  readonly upstreamModel: string;
  readonly mode: 'chat' | 'embedding' | 'moderation' | 'rerank' | 'batch' | 'image_generation' | 'audio_speech' | 'audio_transcription' | 'realtime' | null;
  readonly apiBase: string | null;
  readonly apiKey: string | null;
  readonly apiVersion: string | null;
  readonly organization: string | null;
  readonly azureAdToken: string | null;
  /** Where and as whom a cloud is called, by LiteLLM's names (vertex_project, aws_region_name ...); absent for other providers. */
  readonly cloud?: Readonly<Record<string, string>>;
  readonly extraHeaders: Readonly<Record<string, string>>;
  /** Completion parameters added when the client sent none (temperature, max_tokens ...). */
  readonly defaultParameters: Readonly<Record<string, unknown>>;
  readonly baseModel: string | null;
  /** Price overrides, decimal strings per token. */
  readonly inputCostPerToken: string | null;
  readonly outputCostPerToken: string | null;
  readonly cacheReadInputTokenCost: string | null;
  /** A search of a rerank; absent or null = as listed. */
  readonly inputCostPerQuery?: string | null;
  /** Prices by the picture, the pixel, the character, the second, the image or audio token, by LiteLLM's names; absent = as listed. */
  readonly unitPrices?: Readonly<Record<string, string>>;
  /** A token in a batch; absent or null = as listed, else half of the ordinary price. */
  readonly inputCostPerTokenBatches?: string | null;
  readonly outputCostPerTokenBatches?: string | null;
  readonly mockResponse: string | null;
  readonly timeoutMs: number | null;
  readonly streamTimeoutMs: number | null;
  readonly maxRetries: number | null;
  /** Parameters that the model refuses are left out; absent or null = as for all (drop_params). */
  readonly dropParams?: boolean | null;
  /** Parameters that it never gets (additional_drop_params); absent = none. */
  readonly additionalDrops?: readonly string[];
  readonly weight: number | null;
  readonly rpm: number | null;
  readonly tpm: number | null;
  readonly order: number | null;
  /** What may be spent on it in a window: decimal text and a duration; absent or null = no limit. */
  readonly budget?: { readonly max: string; readonly duration: string } | null;
  readonly tags: readonly string[];
  /** Patterns (tag_regex) of `User-Agent: …` whose calls it takes when tags route; absent = none. */
  readonly tagPatterns?: readonly string[];
  /** ssl_verify: false, or a CA file of its own. */
  readonly sslVerify: boolean | string;
  /** Its credential serves the provider's pass-through route (use_in_pass_through). */
  readonly passThrough?: boolean;
  readonly info: Readonly<Record<string, unknown>>;
  /** Why it cannot answer yet, for example "AZURE_API_KEY is not set"; absent or null = ready. The router skips it and says so. */
  readonly problem?: string | null;
}

/** A path of the gateway that stands for an address of another server (general_settings.pass_through_endpoints). */
export interface PassThroughEndpoint {
  readonly path: string;
  /** Address without credentials; may have a query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** The client's headers go on, but for its credentials and what concerns the connection. */
  readonly forwardHeaders: boolean;
  /** What stands behind the path is added to the target. */
  readonly subpaths: boolean;
  /** Null = all. */
  readonly methods: readonly string[] | null;
  /** Decimal. */
  readonly costPerRequest: string | null;
}

/** Exact answers that are kept for a time (litellm_settings.cache). */
export interface CacheConfig {
  /** In this process, or on the Redis that the processes share. */
  readonly type: 'local' | 'redis';
  readonly ttlMs: number;
  readonly namespace: string;
  readonly endpoints: readonly ('chat' | 'completions' | 'embeddings' | 'messages' | 'generate-content')[];
  /** False: only for calls that say use-cache. */
  readonly byDefault: boolean;
  /** True: everybody finds everybody's answers; else each team, or key without one, its own. */
  readonly shared: boolean;
  /** Answers to questions that mean the same are given, too; absent = to the same call alone. */
  readonly semantic?: SemanticCacheConfig;
}

export interface SemanticCacheConfig {
  /** Name of the model that makes a vector of a question. */
  readonly model: string;
  /** How similar a question has to be: the cosine of the two vectors. */
  readonly threshold: number;
  /** So long a call waits for its vector. */
  readonly timeoutMs: number;
}

/** How a deployment is chosen and what follows when it fails (router_settings). */
export interface RoutingConfig {
  readonly strategy: 'simple-shuffle' | 'least-busy' | 'usage-based-routing' | 'usage-based-routing-v2' | 'latency-based-routing' | 'cost-based-routing';
  /** latency-based-routing: deployments up to this part slower than the fastest share its calls. */
  readonly latencyBuffer: number;
  /** model name -> names to try when the input is too long for it; "*" = any model. */
  readonly contextWindowFallbacks: Readonly<Record<string, readonly string[]>>;
  /** model name -> names to try when the provider's content filter refuses. */
  readonly contentPolicyFallbacks: Readonly<Record<string, readonly string[]>>;
  readonly maxFallbacks: number;
  /** Class of a failure -> tries after the first; wins over the number of retries and over whether the class is retried at all. */
  readonly retryPolicy: Readonly<Record<string, number>>;
  /** The same by model name; wins over retryPolicy. */
  readonly groupRetryPolicy: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** How long a failing deployment rests; null = 5 s, or as the provider asks. */
  readonly restMs: number | null;
  /** Failures a minute that a deployment may have before it rests; null = by the kind of failure. */
  readonly allowedFails: number | null;
  readonly restsDisabled: boolean;
  /** model name -> how long a stream may take to begin before another deployment is asked too; "*" = any model. Absent = never. */
  readonly hedgeAfterMs?: Readonly<Record<string, number>>;
  /** Provider -> what may be spent on all its deployments in a window. */
  readonly providerBudgets: Readonly<Record<string, { readonly max: string; readonly duration: string }>>;
  /** Deployments whose context window seems too small for a call are passed over. */
  readonly preCallChecks: boolean;
  /** Sessions or keys stay with the deployment that served them last: for all models, or by model name. */
  readonly affinity: { readonly checks: readonly string[]; readonly byModel: Readonly<Record<string, readonly string[]>>; readonly ttlMs: number };
  /** Calls with tags go to the deployments that carry them. */
  readonly tagFiltering: boolean;
  /** One of the call's tags is enough; else all. */
  readonly matchAnyTag: boolean;
}

/** Who may come in from where, and what everybody may see. */
export interface AccessConfig {
  /** Addresses and networks that requests may come from (allowed_ips); null = all. */
  readonly allowedAddresses: readonly string[] | null;
  /** Names of models that /public/model_hub shows without a key. */
  readonly publicModels: readonly string[];
  /** Links that the hub shows beside them: title -> address, as they were registered. */
  readonly usefulLinks: Readonly<Record<string, unknown>>;
}

/** The gateway's configuration: an immutable snapshot that a call holds from admit to settle. */
export interface GatewayConfig {
  readonly deployments: readonly Deployment[];
  /** model name -> names to try next, in order. "*" = default. */
  readonly fallbacks: Readonly<Record<string, readonly string[]>>;
  readonly modelAliases: Readonly<Record<string, string>>;
  readonly routing: RoutingConfig;
  readonly retries: number;
  readonly dropParams: boolean;
  /** A call must name its end user (enforce_user_param); absent = it need not. */
  readonly endUserRequired?: boolean;
  /** Tags come from keys and teams only (reject_clientside_metadata_tags); absent = calls may name some. */
  readonly clientTagsRefused?: boolean;
  readonly requestTimeoutMs: number;
  readonly streamTimeoutMs: number | null;
  readonly connectTimeoutMs: number;
  /** Longest silence between two chunks of an answer. */
  readonly idleTimeoutMs: number;
  /** Silence after which a stream's client gets a comment; null = never. */
  readonly pingMs: number | null;
  readonly budgetMode: 'reserve' | 'strict';
  readonly keyHeaderName: string | null;
  /** True: no request or answer content is kept (turn_off_message_logging). */
  readonly contentOff: boolean;
  /** Null = nothing is cached. */
  readonly cache: CacheConfig | null;
  readonly passThroughEndpoints: readonly PassThroughEndpoint[];
  /** What becomes of bodies that the guards of a pass-through call cannot look at; absent = they pass. */
  readonly unreadPassThrough?: 'pass' | 'refuse';
  /** Sessions over WebSockets; absent = sound that guards cannot hear is refused, 15 minutes of silence and an hour in all. */
  readonly realtime?: { readonly unreadAudio: 'pass' | 'refuse'; readonly idleMs: number; readonly longestMs: number };
  /** MCP servers behind /mcp. */
  readonly mcpServers: readonly McpServer[];
  /** How long a stored response can be gone on from; 0 = none is stored. */
  readonly responsesRetentionMs: number;
  readonly maxBudget: string | null;
  /** Window of maxBudget, for example "30d"; null = of all time. */
  readonly budgetDuration: string | null;
  /** Names of callbacks that are listed. */
  readonly callbacks: readonly string[];
  /** Where finished calls are sent. */
  readonly callbackTargets: readonly CallbackTarget[];
  /** End users are a label of metrics (enable_end_user_cost_tracking_prometheus_only). */
  readonly endUserMetrics: boolean;
  /** Deployments are called now and then, and /health tells what that showed; null = only when asked. */
  readonly backgroundHealth: { readonly intervalMs: number } | null;
  /** /health/drain works; `token` = what its caller has to know. Null = it does not. */
  readonly drainEndpoint: { readonly token: string | null } | null;
  /** Guards that may look at calls. */
  readonly guardrails: readonly GuardConfig[];
  /** Who is told of trouble; null = nobody. */
  readonly alerting: Alerting | null;
  /** Absent = everybody may come from everywhere, and no model is public. */
  readonly access?: AccessConfig;
  readonly compat: { readonly budgetStatus: number; readonly modelDeniedStatus: number };
  /** database_url of a taken-over config: named at the start, never written to. */
  readonly foreignDatabaseUrl: string | null;
  /** Model names of the file that this version cannot serve -> the reason in words: answered with 501, never silently absent. */
  readonly unsupportedModels?: Readonly<Record<string, string>>;
}

/** Settings that were registered while the platform runs, in the sections of config.yaml: a layer above the file. */
export type StoredSections = Readonly<
  Record<'litellm_settings' | 'general_settings' | 'router_settings' | 'environment_variables', Readonly<Record<string, unknown>>>
>;

/** A fault or remark about a configuration file. */
export interface ConfigNote {
  level: 'error' | 'warning';
  /** Path inside the file, for example model_list[0].litellm_params.model. */
  path: string;
  line: number | null;
  message: string;
  /** File the note is about; absent for flags and the environment. */
  file?: string;
}
