// A call as events of Langfuse's batch API (POST /api/public/ingestion), as LiteLLM's `langfuse` callback sends them (langfuse.md §5.5).
import { createHash } from 'node:crypto';
import { instant, type LoggedCall } from './logged-call.ts';

interface BatchEvent {
  id: string;
  type: 'trace-create' | 'generation-create';
  timestamp: string;
  body: Record<string, unknown>;
}

/** The trace's event and the generation's. Ids are made of the call's: sent twice they are one. */
export function langfuseEvents(call: LoggedCall): BatchEvent[] {
  const { record } = call;
  const timestamp = instant(record.endedAtUs);
  return [
    { id: eventId(call, 'trace'), type: 'trace-create', timestamp, body: traceBody(call) },
    { id: eventId(call, 'generation'), type: 'generation-create', timestamp, body: generationBody(call) },
  ];
}

/** The whole request. */
export function langfuseBatch(calls: readonly LoggedCall[], publicKey: string): Record<string, unknown> {
  const batch = calls.flatMap(langfuseEvents);
  return { batch, metadata: { batch_size: batch.length, sdk_name: 'genai-platform', sdk_integration: 'litellm', public_key: publicKey } };
}

function traceBody({ record, fields, input, output, metadata }: LoggedCall): Record<string, unknown> {
  const own = { id: record.traceId, ...shared(record), sessionId: record.sessionId ?? undefined, userId: record.endUser ?? undefined, tags: record.tags };
  // Under a caller's span the trace is the caller's: only what the call knows better is added.
  if (record.parentSpanId !== null) return own;
  return { ...own, timestamp: instant(record.startedAtUs), name: record.traceName ?? `litellm-${fields.name ?? record.endpoint}`, input, output, metadata };
}

function generationBody(call: LoggedCall): Record<string, unknown> {
  const { record, fields, input, output, metadata } = call;
  const name =
    typeof metadata.generation_name === 'string' ? metadata.generation_name : record.path.keyAlias === null ? null : `litellm:${record.path.keyAlias}`;
  const last = record.attempts.at(-1);
  return {
    id: record.spanId,
    traceId: record.traceId,
    ...(record.parentSpanId === null ? {} : { parentObservationId: record.parentSpanId }),
    ...shared(record),
    name: name ?? `litellm-${fields.name ?? record.endpoint}`,
    startTime: instant(record.startedAtUs),
    endTime: instant(record.endedAtUs),
    ...(record.firstTokenAtUs === null ? {} : { completionStartTime: instant(record.firstTokenAtUs) }),
    level: fields.level ?? 'DEFAULT',
    ...(fields.status_message === undefined ? {} : { statusMessage: fields.status_message }),
    model: fields.provided_model_name ?? record.model,
    modelParameters: flatParameters(call.parameters),
    input,
    output: output ?? fields.status_message ?? null,
    ...usageBody(call),
    metadata: {
      ...metadata,
      litellm_response_cost: record.cost,
      cache_hit: false,
      hidden_params: { api_base: last?.apiBase ?? null, litellm_model_name: last?.upstreamModel ?? null, model_id: last?.deploymentId ?? null },
      user_api_key_alias: record.path.keyAlias,
      user_api_key_team_id: record.path.teamId,
      user_api_key_user_id: record.path.keyUserId,
      litellm_call_id: call.callId,
    },
  };
}

function usageBody({ record }: LoggedCall): Record<string, unknown> {
  const { usage, cost } = record;
  if (usage === null) return {};
  const totalCost = cost === null ? {} : { totalCost: Number(cost) };
  return {
    usage: { input: usage.total - usage.output, output: usage.output, total: usage.total, unit: 'TOKENS', ...totalCost },
    usageDetails: {
      input: usage.input,
      output: usage.output,
      total: usage.total,
      cache_read_input_tokens: usage.cachedInput ?? 0,
      cache_creation_input_tokens: usage.cacheCreationInput ?? 0,
    },
    ...(cost === null ? {} : { costDetails: { total: Number(cost) } }),
  };
}

function shared(record: LoggedCall['record']): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries({ environment: record.environment, release: record.release, version: record.version }).filter(([, value]) => value !== null),
  );
}

/** Langfuse takes texts, numbers, booleans and lists of texts; anything deeper goes as JSON text. */
function flatParameters(parameters: Record<string, unknown>): Record<string, unknown> {
  const flat = (value: unknown): unknown => (typeof value === 'object' && value !== null ? JSON.stringify(value) : value);
  return Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, flat(value)]));
}

/** A UUID made of the call's id and what the event is about. */
function eventId({ record }: LoggedCall, about: string): string {
  const hex = createHash('sha256').update(`${record.callId}:${about}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
