// What a scanned body asks for: the fields that admission, routing and settlement need, read from the client's bytes.
import { AppError } from '#lib/errors.ts';
import type { Endpoint } from './providers/provider.ts';
import { memberOf, memberValue, ScanError, type ScannedObject, scanObject } from './scan.ts';

export interface Asked {
  readonly scanned: ScannedObject;
  /** The model's name as the client wrote it (path before body). */
  readonly model: string;
  readonly stream: boolean;
  /** The client asked for the usage frame itself. */
  readonly wantsUsage: boolean;
  /** max_completion_tokens or max_tokens; null when neither is a number >= 0. */
  readonly maxTokens: number | null;
  /** Responses only: it goes on when its answer has left. */
  readonly background: boolean;
  /** Answers per prompt. */
  readonly choices: number;
  /** `mock_response` of the body (LiteLLM). */
  readonly mockResponse: string | null;
  /** `num_retries` of the body (LiteLLM). */
  readonly retries: number | null;
  /** `timeout` of the body in milliseconds (LiteLLM). */
  readonly timeoutMs: number | null;
  /** `fallbacks` of the body: model names only. */
  readonly fallbacks: readonly string[] | null;
}

/** LiteLLM's own body fields: read here, never sent upstream. */
// biome-ignore format: one name a line would be a page
export const GATEWAY_FIELDS: ReadonlySet<string> = new Set([
  'metadata', 'litellm_metadata', 'tags', 'mock_response', 'mock_timeout', 'mock_testing_fallbacks', 'litellm_session_id', 'litellm_trace_id',
  'litellm_call_id', 'num_retries', 'max_retries', 'timeout', 'stream_timeout', 'request_timeout', 'fallbacks', 'disable_fallbacks', 'caching', 'cache',
  'context_window_fallback_dict', 'content_policy_fallback_dict', 'guardrails', 'router_settings_override', 'priority', 'no-log', 'proxy_server_request', 'custom_llm_provider',
]);

/** Client-side credentials and addresses: a request must never choose where the gateway's keys are sent (CVE-2024-6587). */
const REFUSED_FIELDS: ReadonlySet<string> = new Set(
  `api_base base_url api_key api_version user_config azure_ad_token azure_username azure_password client_secret extra_headers proxy litellm_credential_name
  vertex_credentials vertex_ai_credentials aws_access_key_id aws_secret_access_key aws_session_token aws_bedrock_runtime_endpoint aws_sts_endpoint`.split(
    /\s+/,
  ),
);

/**
 * Scans and reads a body.
 * @param more `streams`: the path asks for a stream; `defaultModel`: of a body that names none.
 * @throws AppError 400 for anything that is not one plain JSON object with a model's name; 501 for what is not built.
 */
export function readRequest(body: Buffer, pathModel: string | null, endpoint: Endpoint, more: { streams?: boolean; defaultModel?: string | null } = {}): Asked {
  const asked = draftOf(scan(body), pathModel ?? '');
  for (const member of asked.scanned.members) {
    READERS.get(member.key)?.(asked, memberValue(asked.scanned, member));
    if (REFUSED_FIELDS.has(member.key)) throw refusedField(member.key);
  }
  if (asked.model === '') asked.model = more.defaultModel ?? '';
  if (typeof asked.model !== 'string' || asked.model === '')
    throw badRequest('The body names no model: set "model" to one of the names that `/v1/models` lists.', 'model');
  if (endpoint === 'embeddings' || endpoint === 'moderations' || endpoint === 'rerank') asked.stream = false;
  if (endpoint === 'speech') asked.stream = fieldOf(asked, 'stream_format') === 'sse';
  if (endpoint === 'generate-content') asked.stream = more.streams === true;
  if (endpoint === 'responses') readBackground(asked);
  return asked;
}

/** Reads what is passed on as it is, as far as it can be read: a body that is no plain object asks for nothing. */
export function readPassed(body: Buffer, json: boolean): Asked {
  const asked = draftOf(scanObject(NOTHING));
  if (!json) return asked;
  try {
    const read = draftOf(scanObject(body));
    for (const member of read.scanned.members) READERS.get(member.key)?.(read, memberValue(read.scanned, member));
    return { ...read, mockResponse: null };
  } catch {
    return asked;
  }
}

const NOTHING = Buffer.from('{}');

function draftOf(scanned: ScannedObject, model = ''): Draft {
  return {
    scanned,
    model,
    stream: false,
    wantsUsage: false,
    background: false,
    maxTokens: null,
    choices: 1,
    mockResponse: null,
    retries: null,
    timeoutMs: null,
    fallbacks: null,
  };
}

type Draft = { -readonly [Field in keyof Asked]: Asked[Field] };
type Reader = (asked: Draft, value: unknown) => void;

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['model', readModel],
  [
    'stream',
    (asked, value) => {
      asked.stream = value === true;
    },
  ],
  [
    'stream_options',
    (asked, value) => {
      asked.wantsUsage = typeof value === 'object' && (value as { include_usage?: unknown } | null)?.include_usage === true;
    },
  ],
  [
    'max_tokens',
    (asked, value) => {
      asked.maxTokens ??= tokens(value);
    },
  ],
  [
    'max_completion_tokens',
    (asked, value) => {
      asked.maxTokens = tokens(value) ?? asked.maxTokens;
    },
  ],
  [
    'max_output_tokens',
    (asked, value) => {
      asked.maxTokens = tokens(value) ?? asked.maxTokens;
    },
  ],
  ['generationConfig', readGenerationConfig],
  [
    'n',
    (asked, value) => {
      asked.choices = typeof value === 'number' && value >= 1 ? Math.ceil(value) : 1;
    },
  ],
  [
    'mock_response',
    (asked, value) => {
      asked.mockResponse = typeof value === 'string' ? value : null;
    },
  ],
  [
    'num_retries',
    (asked, value) => {
      asked.retries = typeof value === 'number' && value >= 0 ? Math.min(Math.floor(value), 10) : null;
    },
  ],
  [
    'timeout',
    (asked, value) => {
      asked.timeoutMs = typeof value === 'number' && value > 0 ? value * 1000 : null;
    },
  ],
  [
    'fallbacks',
    (asked, value) => {
      asked.fallbacks = Array.isArray(value) ? value.filter((name) => typeof name === 'string') : null;
    },
  ],
]);

/** A model in the path wins over the body's. */
function readModel(asked: Draft, value: unknown): void {
  if (asked.model !== '') return;
  if (typeof value !== 'string') throw badRequest('"model" must be a string: calls to several models at once are not supported.', 'model');
  asked.model = value;
}

/** Gemini's longest answer and number of candidates. */
function readGenerationConfig(asked: Draft, value: unknown): void {
  const config = typeof value === 'object' && value !== null ? (value as { maxOutputTokens?: unknown; candidateCount?: unknown }) : {};
  asked.maxTokens = tokens(config.maxOutputTokens) ?? asked.maxTokens;
  if (typeof config.candidateCount === 'number' && config.candidateCount >= 1) asked.choices = Math.ceil(config.candidateCount);
}

function tokens(value: unknown): number | null {
  return typeof value === 'number' && value >= 0 ? Math.ceil(value) : null;
}

/** A conversation of the upstream's belongs to no owner here. */
const UNBUILT: Readonly<Record<string, string>> = {
  conversation: 'conversation is not supported: go on from a response with "previous_response_id".',
};

function readBackground(asked: Draft): void {
  refuseUnbuilt(asked);
  asked.background = fieldOf(asked, 'background') === true;
}

function refuseUnbuilt(asked: Draft): void {
  for (const member of asked.scanned.members) {
    const message = Object.hasOwn(UNBUILT, member.key) ? UNBUILT[member.key] : undefined;
    const value = message === undefined ? null : memberValue(asked.scanned, member);
    if (message === undefined || value === null || value === false) continue;
    throw unbuilt(message, member.key);
  }
}

function unbuilt(message: string, param: string): AppError {
  return new AppError(message, { status: 501, code: 'not_supported', param });
}

function scan(body: Buffer): ScannedObject {
  try {
    return scanObject(body);
  } catch (error) {
    if (error instanceof ScanError) throw badRequest(`Invalid request body: ${error.message}.`, null);
    throw error;
  }
}

function refusedField(field: string): AppError {
  return badRequest(`Rejected Request: ${field} is not allowed in request body. The gateway's configuration decides where a model is served.`, field);
}

function badRequest(message: string, param: string | null): AppError {
  return new AppError(message, { status: 400, code: 'bad_request_error', ...(param === null ? {} : { param }) });
}

/** A top-level field's value, parsed; undefined when absent. For fields that only settlement needs. */
export function fieldOf(asked: Asked, key: string): unknown {
  const member = memberOf(asked.scanned, key);
  return member === undefined ? undefined : memberValue(asked.scanned, member);
}
