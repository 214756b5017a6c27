// Calls as an OTLP/HTTP trace export in JSON: gen_ai.* attributes for any collector, langfuse.* beside them for a Langfuse (langfuse.md §5.5).
import { instant, type LoggedCall } from './logged-call.ts';

type Value = { stringValue: string } | { intValue: string } | { doubleValue: number } | { boolValue: boolean } | { arrayValue: { values: Value[] } };

interface Attribute {
  key: string;
  value: Value;
}

export interface ExportOptions {
  readonly serviceName: string;
  /** Adds the attributes by which a Langfuse fills its fields. */
  readonly langfuse: boolean;
}

const CLIENT_KIND = 3;
const STATUS_OK = 1;
const STATUS_ERROR = 2;

/** The body of POST /v1/traces. Trace and span ids are the call's: sent twice they are one. */
export function otlpExport(calls: readonly LoggedCall[], options: ExportOptions): Record<string, unknown> {
  const resource = { attributes: attributes({ 'service.name': options.serviceName, 'telemetry.sdk.name': 'genai-platform' }) };
  return { resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'litellm' }, spans: calls.map((call) => span(call, options)) }] }] };
}

function span(call: LoggedCall, { langfuse }: ExportOptions): Record<string, unknown> {
  const { record, fields } = call;
  const failed = record.outcome !== 'success';
  return {
    traceId: record.traceId,
    spanId: record.spanId,
    ...(record.parentSpanId === null ? {} : { parentSpanId: record.parentSpanId }),
    name: record.traceName ?? 'litellm_request',
    kind: CLIENT_KIND,
    startTimeUnixNano: nanoseconds(record.startedAtUs),
    endTimeUnixNano: nanoseconds(record.endedAtUs),
    attributes: attributes({ ...modelAttributes(call), ...(langfuse ? langfuseAttributes(call) : {}) }),
    status: failed ? { code: STATUS_ERROR, message: fields.status_message ?? '' } : { code: STATUS_OK },
  };
}

const OPERATIONS = {
  chat: 'chat',
  completions: 'text_completion',
  embeddings: 'embeddings',
  messages: 'chat',
  responses: 'chat',
  'generate-content': 'generate_content',
  'pass-through': 'pass_through',
  moderations: 'moderations',
  rerank: 'rerank',
  speech: 'text_to_speech',
  transcriptions: 'speech_to_text',
  translations: 'speech_to_text',
  'image-generations': 'image_generation',
  'image-edits': 'image_edit',
  'image-variations': 'image_variation',
  'realtime-session': 'realtime_session',
  realtime: 'realtime',
  'realtime-transcription': 'speech_to_text',
  mcp: 'execute_tool',
  batch: 'batch',
} as const;

function modelAttributes(call: LoggedCall): Record<string, unknown> {
  const { record, input, output } = call;
  const { usage, path } = record;
  const last = record.attempts.at(-1);
  return {
    'gen_ai.operation.name': OPERATIONS[record.endpoint],
    'gen_ai.system': last?.provider,
    'gen_ai.provider.name': last?.provider,
    'gen_ai.request.model': last?.upstreamModel ?? record.model,
    'gen_ai.response.model': last?.upstreamModel,
    'gen_ai.request.max_tokens': call.parameters.max_tokens ?? call.parameters.max_completion_tokens,
    'gen_ai.request.temperature': call.parameters.temperature,
    'gen_ai.request.top_p': call.parameters.top_p,
    'gen_ai.usage.input_tokens': usage === null ? undefined : usage.total - usage.output,
    'gen_ai.usage.output_tokens': usage?.output,
    'gen_ai.usage.total_tokens': usage?.total,
    'gen_ai.usage.cost': record.cost === null ? undefined : Number(record.cost),
    'gen_ai.input.messages': input === null ? undefined : JSON.stringify(input),
    'gen_ai.output.messages': output === null ? undefined : JSON.stringify(output),
    'llm.is_streaming': record.stream,
    'error.type': record.outcome === 'success' ? undefined : (record.errorClass ?? record.outcome),
    'http.response.status_code': record.httpStatus,
    'litellm.call_id': call.callId,
    'litellm.model_group': record.model,
    'metadata.user_api_key_hash': path.keyId,
    'metadata.user_api_key_alias': path.keyAlias,
    'metadata.user_api_key_team_id': path.teamId,
    'metadata.user_api_key_team_alias': path.teamAlias,
    'metadata.user_api_key_user_id': path.keyUserId,
    'metadata.user_api_key_end_user_id': record.endUser,
    'user.id': record.endUser,
    'session.id': record.sessionId,
  };
}

function langfuseAttributes({ record, fields, input, output, parameters, metadata }: LoggedCall): Record<string, unknown> {
  const { usage } = record;
  const details = usage === null ? undefined : { input: usage.input, output: usage.output, total: usage.total, ...cached(usage) };
  const own = record.parentSpanId === null ? { 'langfuse.trace.name': record.traceName ?? `litellm-${fields.name ?? record.endpoint}` } : {};
  return {
    ...own,
    'langfuse.observation.type': record.endpoint === 'embeddings' ? 'embedding' : 'generation',
    'langfuse.observation.level': fields.level,
    'langfuse.observation.status_message': fields.status_message,
    'langfuse.observation.input': input === null ? undefined : JSON.stringify(input),
    'langfuse.observation.output': output === null ? undefined : JSON.stringify(output),
    'langfuse.observation.model.name': fields.provided_model_name,
    'langfuse.observation.model.parameters': JSON.stringify(parameters),
    'langfuse.observation.usage_details': details === undefined ? undefined : JSON.stringify(details),
    'langfuse.observation.cost_details': record.cost === null ? undefined : JSON.stringify({ total: Number(record.cost) }),
    'langfuse.observation.completion_start_time': record.firstTokenAtUs === null ? undefined : instant(record.firstTokenAtUs),
    'langfuse.trace.tags': record.tags.length === 0 ? undefined : record.tags,
    'langfuse.trace.metadata': Object.keys(metadata).length === 0 ? undefined : JSON.stringify(metadata),
    'langfuse.environment': record.environment,
    'langfuse.release': record.release,
    'langfuse.version': record.version,
  };
}

function cached(usage: NonNullable<LoggedCall['record']['usage']>): Record<string, number> {
  return {
    ...(usage.cachedInput === undefined ? {} : { cache_read_input_tokens: usage.cachedInput }),
    ...(usage.cacheCreationInput === undefined ? {} : { cache_creation_input_tokens: usage.cacheCreationInput }),
  };
}

/** Nanoseconds do not fit a double. */
const nanoseconds = (us: number): string => `${Math.round(us)}000`;

function attributes(values: Record<string, unknown>): Attribute[] {
  return Object.entries(values).flatMap(([key, value]) => {
    const told = otlpValue(value);
    return told === null ? [] : [{ key, value: told }];
  });
}

function otlpValue(value: unknown): Value | null {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(otlpValue).filter((entry) => entry !== null) } };
  return null;
}
