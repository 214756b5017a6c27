// A span -> its observation (whole) and what it says about its trace (partial).
import { wordOf } from '#lib/json.ts';
import { stampOf } from '#observe/fold/stamps.ts';
import { answerClaim, callClaim } from './claims.ts';
import { putEnvironment } from './environment.ts';
import type { EntityEvent, ObservationFields, TraceFields } from './events.ts';
import type { RecordOrigin } from './from-batch.ts';
import { clampInstant, formatInstant } from './instants.ts';
import { LEVEL_FROM_NUMBER, LEVELS, SOURCES } from './otel-attributes.ts';
import { inputOf, outputOf } from './otel-content.ts';
import { contentText } from './otel-messages.ts';
import { observationMetadata, traceMetadata } from './otel-metadata.ts';
import { putGeneration } from './otel-model.ts';
import { typeOf } from './otel-type.ts';
import type { Attributes, AttributeValue, OtelSpan } from './span.ts';
import { cleanText, parseJson } from './text.ts';

/** The first attribute that is a non-empty text or a number, as text. */
function textOf(attributes: Attributes, names: readonly string[]): string | null {
  for (const name of names) {
    const value = attributes[name];
    if (value === undefined || value === null || value === '') continue;
    return cleanText(typeof value === 'string' ? value : JSON.stringify(value));
  }
  return null;
}

function isTrue(value: AttributeValue | undefined): boolean {
  return value === true || value === 'true';
}

/** The events of one span. The caller has checked the ids. */
export function fromSpan(span: OtelSpan, origin: RecordOrigin): EntityEvent[] {
  const startUs = clampInstant(span.startUs || span.endUs || origin.receivedAtUs, origin.receivedAtUs);
  const stamp = stampOf(startUs, 0, span.spanId);
  const { attributes } = span;
  const type = typeOf(span);
  const fields: Partial<ObservationFields> = { trace_id: span.traceId, type, start_time: startUs, name: nameOf(span) };
  if (span.startUs !== 0 && span.startUs !== startUs) fields.original_start = originalText(span.startUs);
  if (span.endUs !== 0) {
    fields.end_time = clampInstant(span.endUs, origin.receivedAtUs);
    if (fields.end_time !== span.endUs) fields.original_end = originalText(span.endUs);
  }
  if (span.parentSpanId !== '' && !isTrue(attributes['langfuse.internal.as_root'])) fields.parent_observation_id = span.parentSpanId;
  put(fields, 'input', inputOf(span));
  put(fields, 'output', outputOf(span));
  put(fields, 'version', textOf(attributes, SOURCES.version) ?? textOf(span.resource, SOURCES.version));
  putLevel(fields, span);
  putGeneration(fields, span, origin.receivedAtUs);
  const shared = sharedFields(span);
  Object.assign(fields, shared);
  put(fields, 'trace_name', textOf(attributes, SOURCES.traceName));
  const tags = tagsOf(attributes);
  const observation: EntityEvent<'observation'> = {
    ...origin,
    stamp,
    kind: 'observation',
    id: span.spanId,
    whole: true,
    fields,
    metadata: observationMetadata(span),
    tags,
  };
  putClaims(observation, span);
  return [observation, traceEvent(span, observation, shared)];
}

function put<Fields>(fields: Fields, name: keyof Fields, value: string | null): void {
  if (value !== null) (fields as Record<keyof Fields, unknown>)[name] = value;
}

function originalText(us: number): string {
  return us > 8.64e18 || us < 0 ? String(us) : safeInstant(us);
}

function safeInstant(us: number): string {
  try {
    return formatInstant(us);
  } catch {
    return `${us} us`;
  }
}

/** What an observation and its trace say alike. */
function sharedFields({ attributes, resource }: OtelSpan): { user_id?: string; session_id?: string; environment?: string; release?: string } {
  const shared = {};
  put<{ user_id?: string }>(shared, 'user_id', textOf(attributes, SOURCES.user));
  put<{ session_id?: string }>(shared, 'session_id', textOf(attributes, SOURCES.session));
  put<{ release?: string }>(shared, 'release', textOf(attributes, SOURCES.release) ?? textOf(resource, SOURCES.release));
  const environment = textOf(attributes, SOURCES.environment) ?? textOf(resource, SOURCES.environment);
  putEnvironment(shared, environment);
  return shared;
}

function traceEvent(span: OtelSpan, observation: EntityEvent<'observation'>, shared: Partial<TraceFields>): EntityEvent<'trace'> {
  const { attributes } = span;
  const { fields: own } = observation;
  const fields: Partial<TraceFields> = { ...shared, hint_timestamp: own.start_time as number, real: 1 };
  put(fields, 'name', textOf(attributes, SOURCES.traceName));
  put(fields, 'input', contentText(attributes['langfuse.trace.input']));
  put(fields, 'output', contentText(attributes['langfuse.trace.output']));
  if (attributes['langfuse.trace.public'] !== undefined) fields.public = isTrue(attributes['langfuse.trace.public']) ? 1 : 0;
  const isRoot = span.parentSpanId === '' || isTrue(attributes['langfuse.internal.as_root']) || isTrue(attributes['langfuse.internal.is_app_root']);
  if (isRoot) {
    put(fields, 'root_name', own.name ?? null);
    put(fields, 'root_input', own.input ?? null);
    put(fields, 'root_output', own.output ?? null);
    put(fields, 'version', own.version ?? null);
  }
  const { projectId, sequence, receivedAtUs, stamp, tags } = observation;
  return { projectId, sequence, receivedAtUs, stamp, kind: 'trace', id: span.traceId, whole: false, fields, metadata: traceMetadata(span), tags };
}

function nameOf({ attributes, name }: OtelSpan): string {
  const own = textOf(attributes, SOURCES.name);
  if (own !== null) return own;
  const operation = attributes['ai.operationId'];
  if (typeof operation === 'string') {
    const functionId = attributes['ai.telemetry.functionId'] ?? attributes['resource.name'];
    return cleanText(typeof functionId === 'string' && functionId !== '' ? `${functionId}:${operation}` : operation);
  }
  return cleanText(name);
}

/** Tags come as an array, a JSON array or a comma-separated list. */
function tagsOf(attributes: Attributes): string[] {
  for (const name of SOURCES.tags) {
    const value = attributes[name];
    if (value === undefined || value === null || value === '') continue;
    const parsed = typeof value === 'string' ? (parseJson(value) ?? value) : value;
    const list = Array.isArray(parsed) ? parsed : wordOf(parsed).split(',');
    return list.map((tag) => cleanText(wordOf(tag)).trim()).filter((tag) => tag !== '');
  }
  return [];
}

function putLevel(fields: Partial<ObservationFields>, { attributes, statusCode, statusMessage, events }: OtelSpan): void {
  const level = LEVELS[wordOf(attributes['langfuse.observation.level']).toUpperCase()];
  fields.level = level ?? (statusCode === 2 || attributes['genkit:state'] === 'error' ? 'ERROR' : levelOfNumber(attributes['logfire.level_num']));
  const own = textOf(attributes, SOURCES.statusMessage) ?? (statusMessage === '' ? null : cleanText(statusMessage));
  if (own !== null) fields.status_message = own;
  else if (statusCode === 2) {
    const exception = events.find((event) => event.name === 'exception')?.attributes['exception.message'];
    if (typeof exception === 'string' && exception !== '') fields.status_message = cleanText(exception);
  }
}

function levelOfNumber(number: AttributeValue | undefined): string {
  if (typeof number !== 'number') return 'DEFAULT';
  return LEVEL_FROM_NUMBER.find(([from]) => number >= from)?.[1] ?? 'DEFAULT';
}

/** Who else may report this call: the gateway, and a span above it that repeats its usage (an instrumented framework over an instrumented client). */
function putClaims(observation: EntityEvent<'observation'>, { attributes, parentSpanId }: OtelSpan): void {
  const { type, usage } = observation.fields;
  if (type !== 'GENERATION' && type !== 'EMBEDDING') return;
  const id = textOf(attributes, SOURCES.responseId);
  const claim = callClaim(id) ?? answerClaim(id);
  if (claim !== null) observation.claims = [claim];
  if (usage !== undefined) observation.below = parentSpanId;
}
