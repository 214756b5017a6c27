// LiteLLM's StandardLoggingPayload: what its webhook (`generic_api`) and its objects (`s3_v2`) hold for a call.
import { type AttemptRecord, CACHE_PRICE } from '#call-record.ts';
import { instant, type LoggedCall } from './logged-call.ts';

/** The payload; unknown is null, never left out, as LiteLLM has it. */
export function standardPayload(call: LoggedCall): Record<string, unknown> {
  const { record, callId } = call;
  const last = record.attempts.at(-1);
  const { usage } = record;
  const cacheKey = cacheKeyOf(last);
  return {
    id: callId,
    trace_id: record.traceId,
    call_type: CALL_TYPES[record.endpoint],
    stream: record.stream,
    status: record.outcome === 'success' ? 'success' : 'failure',
    custom_llm_provider: last?.provider ?? null,
    response_cost: record.cost === null ? null : Number(record.cost),
    response_cost_decimal: record.cost,
    cost_currency: record.currency,
    prompt_tokens: usage === null ? 0 : usage.total - usage.output,
    completion_tokens: usage?.output ?? 0,
    total_tokens: usage?.total ?? 0,
    startTime: record.startedAtUs / 1e6,
    endTime: record.endedAtUs / 1e6,
    completionStartTime: (record.firstTokenAtUs ?? record.endedAtUs) / 1e6,
    response_time: (record.endedAtUs - record.startedAtUs) / 1e6,
    model: last?.upstreamModel ?? record.model,
    model_id: last?.deploymentId ?? null,
    model_group: record.model,
    api_base: last?.apiBase ?? null,
    metadata: payloadMetadata(call),
    cache_hit: cacheKey !== null,
    cache_key: cacheKey,
    saved_cache_cost: 0,
    request_tags: record.tags,
    end_user: record.endUser ?? '',
    session_id: record.sessionId,
    messages: call.input,
    response: call.output,
    model_parameters: call.parameters,
    guardrail_information: guardInformations(call),
    error_str: record.errorMessage,
    error_information: record.outcome === 'success' ? null : errorInformation(call),
    hidden_params: {
      model_id: last?.deploymentId ?? null,
      api_base: last?.apiBase ?? null,
      response_cost: record.cost,
      litellm_model_name: last?.upstreamModel ?? null,
    },
  };
}

/** The cache's key where a cache answered. */
function cacheKeyOf(attempt: AttemptRecord | undefined): string | null {
  return attempt?.priceId?.startsWith(CACHE_PRICE) ? attempt.priceId.slice(CACHE_PRICE.length) : null;
}

const CALL_TYPES = {
  chat: 'acompletion',
  completions: 'atext_completion',
  embeddings: 'aembedding',
  messages: 'anthropic_messages',
  responses: 'aresponses',
  'generate-content': 'agenerate_content',
  'pass-through': 'pass_through_endpoint',
  moderations: 'amoderation',
  rerank: 'arerank',
  speech: 'aspeech',
  transcriptions: 'atranscription',
  translations: 'atranscription',
  'image-generations': 'aimage_generation',
  'image-edits': 'aimage_edit',
  'image-variations': 'aimage_variation',
  'realtime-session': '_arealtime',
  realtime: '_arealtime',
  'realtime-transcription': '_arealtime',
  mcp: 'call_mcp_tool',
  batch: 'acreate_batch',
} as const;

function payloadMetadata({ record, metadata }: LoggedCall): Record<string, unknown> {
  const { path } = record;
  return {
    user_api_key_hash: path.keyId,
    user_api_key_alias: path.keyAlias,
    user_api_key_org_id: path.organizationId,
    user_api_key_team_id: path.teamId,
    user_api_key_team_alias: path.teamAlias,
    user_api_key_user_id: path.keyUserId,
    user_api_key_end_user_id: record.endUser,
    usage_object: record.usage,
    usage_estimated: record.usageEstimated,
    requester_metadata: metadata,
    applied_guardrails: [...new Set(record.guards?.map(({ name }) => name) ?? [])],
    attempts: record.attempts.length,
  };
}

function guardInformations({ record }: LoggedCall): Record<string, unknown>[] | null {
  return record.guards?.map(guardInformation) ?? null;
}

type GuardRecord = NonNullable<LoggedCall['record']['guards']>[number];

const GUARD_STATUS = { passed: 'success', masked: 'success', blocked: 'guardrail_intervened', failed: 'guardrail_failed_to_respond' } as const;

function guardInformation({ name, mode, action, ms }: GuardRecord): Record<string, unknown> {
  return { guardrail_name: name, guardrail_mode: mode, guardrail_status: GUARD_STATUS[action], guardrail_action: action, duration: ms / 1000 };
}

function errorInformation({ record }: LoggedCall): Record<string, unknown> {
  return {
    error_code: String(record.httpStatus),
    error_class: record.errorClass ?? (record.outcome === 'cancelled' ? 'ClientDisconnected' : null),
    llm_provider: record.attempts.at(-1)?.provider ?? null,
    error_message: record.errorMessage,
  };
}

/** `<path>/<team>/<day>/time-<instant>_<id>.json`: where LiteLLM's s3_v2 puts a call. The same call has the same key. */
export function objectKey(call: LoggedCall, prefix: string): string {
  const { record, callId } = call;
  const at = instant(record.startedAtUs);
  const team = record.path.teamAlias ?? record.path.teamId;
  const folders = [...prefix.split('/'), ...(team === null ? [] : [safe(team)]), at.slice(0, 10)].filter((part) => part !== '');
  return `${folders.join('/')}/time-${at.slice(11, 23).replaceAll(/[:.]/g, '-')}_${callId}.json`;
}

const safe = (text: string): string =>
  text
    .replaceAll(/[^\p{L}\p{N}._-]/gu, '-')
    .replace(/^\.+/, '-')
    .slice(0, 100);
