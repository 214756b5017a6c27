// Parsed batch events -> entity events: names of the wire become fields of the rows, and every observation tells its trace that it exists.
import { type Stamp, stampOf } from '#observe/fold/stamps.ts';
import type { BatchEvent, ObservationBody, ScoreBody, TraceBody } from './batch-events.ts';
import { claimsOfReported } from './claims.ts';
import { putEnvironment } from './environment.ts';
import type { EntityEvent, ObservationFields, ScoreFields, TraceFields } from './events.ts';
import { clampInstant, parseInstant } from './instants.ts';
import { pathsOf } from './metadata.ts';
import { cleanText, jsonText } from './text.ts';
import { costDetails, legacyCost, legacyUsage, rawCounts, usageDetails } from './usage.ts';

/** What a record says about all its events. */
export interface RecordOrigin {
  projectId: string;
  sequence: bigint;
  receivedAtUs: number;
}

/** Input and output as they stood in the body, when their place is known. */
export interface RawTexts {
  input: string | null;
  output: string | null;
}

const isUpdate = (event: BatchEvent): boolean => event.type.endsWith('-update');

/** The entity events of one batch event; `index` is its place in the batch. None for sdk-log. */
export function fromBatchEvent(event: BatchEvent, index: number, raw: RawTexts, origin: RecordOrigin): EntityEvent[] {
  const timeUs = clampInstant(event.timestampUs, origin.receivedAtUs);
  // Most SDKs write whole milliseconds: what happened within one is told apart by the place in the batch.
  const withinMs = timeUs % 1000 === 0 ? Math.min(index, 999) : 0;
  const stamp = stampOf(timeUs + withinMs, isUpdate(event) ? 1 : 0, event.id);
  const base = { ...origin, stamp, atUs: timeUs, whole: false };
  switch (event.type) {
    case 'sdk-log':
      return [];
    case 'trace-create':
      return [traceEvent(event.id, event.body as TraceBody, raw, base)];
    case 'score-create':
      return [scoreEvent(event.id, event.body as ScoreBody, base)];
    default:
      return observationEvents(event, raw, base);
  }
}

/** `atUs` is the event's instant, without what only orders it in the stamp. */
type Base = RecordOrigin & { stamp: Stamp; atUs: number; whole: boolean };

/** Sets a text field unless it is absent or empty. */
function put<Fields>(fields: Fields, name: keyof Fields, value: string | null | undefined): void {
  if (value !== null && value !== undefined && value !== '') (fields as Record<keyof Fields, unknown>)[name] = cleanText(value);
}

function traceEvent(eventId: string, body: TraceBody, raw: RawTexts, base: Base): EntityEvent<'trace'> {
  const fields: Partial<TraceFields> = { real: 1 };
  const timestamp = body.timestamp ? parseInstant(body.timestamp) : null;
  if (timestamp === null) fields.hint_timestamp = base.atUs;
  else {
    fields.timestamp = clampInstant(timestamp, base.receivedAtUs);
    if (fields.timestamp !== timestamp) fields.original_timestamp = body.timestamp as string;
  }
  put(fields, 'name', body.name);
  put(fields, 'user_id', body.userId);
  put(fields, 'session_id', body.sessionId);
  put(fields, 'release', body.release);
  put(fields, 'version', body.version);
  putEnvironment(fields, body.environment);
  if (typeof body.public === 'boolean') fields.public = body.public ? 1 : 0;
  putContent(fields, raw);
  return { ...base, kind: 'trace', id: cleanText(body.id ?? eventId), fields, metadata: pathsOf(body.metadata), tags: (body.tags ?? []).map(cleanText) };
}

function putContent(fields: { input?: string; output?: string }, raw: RawTexts): void {
  if (raw.input !== null) fields.input = raw.input;
  if (raw.output !== null) fields.output = raw.output;
}

function scoreEvent(eventId: string, body: ScoreBody, base: Base): EntityEvent<'score'> {
  const fields: Partial<ScoreFields> = {};
  const timestamp = body.timestamp ? (parseInstant(body.timestamp) ?? base.atUs) : base.atUs;
  fields.timestamp = clampInstant(timestamp, base.receivedAtUs);
  if (fields.timestamp !== timestamp) fields.original_timestamp = body.timestamp as string;
  put(fields, 'trace_id', body.traceId);
  put(fields, 'observation_id', body.observationId);
  put(fields, 'session_id', body.sessionId);
  put(fields, 'dataset_run_id', body.datasetRunId);
  put(fields, 'source', body.source);
  put(fields, 'config_id', body.configId);
  put(fields, 'queue_id', body.queueId);
  if (body.comment !== undefined) fields.comment = body.comment === null ? null : cleanText(body.comment);
  putEnvironment(fields, body.environment);
  Object.assign(fields, scoreValue(body));
  return { ...base, kind: 'score', id: cleanText(body.id ?? eventId), fields, metadata: pathsOf(body.metadata), tags: [] };
}

function scoreValue({ dataType, value, name }: ScoreBody): Partial<ScoreFields> {
  const type = dataType ?? (typeof value === 'string' ? 'CATEGORICAL' : typeof value === 'boolean' ? 'BOOLEAN' : 'NUMERIC');
  const fields: Partial<ScoreFields> = { data_type: type, name: type === 'CORRECTION' ? 'output' : cleanText(name ?? '') };
  if (type === 'BOOLEAN') {
    fields.value = value === true || value === 1 ? 1 : 0;
    fields.string_value = fields.value === 1 ? 'True' : 'False';
  } else if (typeof value === 'string') fields.string_value = cleanText(value);
  else fields.value = Number(value);
  return fields;
}

function observationEvents(event: BatchEvent, raw: RawTexts, base: Base): EntityEvent[] {
  const body = event.body as ObservationBody;
  const id = cleanText(body.id ?? event.id);
  const fields: Partial<ObservationFields> = { type: body.type ?? (event.type.split('-')[0] as string).toUpperCase() };
  put(fields, 'trace_id', body.traceId);
  put(fields, 'parent_observation_id', body.parentObservationId);
  put(fields, 'name', body.name);
  put(fields, 'level', body.level);
  put(fields, 'status_message', body.statusMessage);
  put(fields, 'version', body.version);
  putEnvironment(fields, body.environment);
  putContent(fields, raw);
  putInstants(fields, body, base.receivedAtUs);
  if (fields.type !== 'SPAN' && fields.type !== 'EVENT') putGeneration(fields, body);
  const observation: EntityEvent<'observation'> = { ...base, kind: 'observation', id, fields, metadata: pathsOf(body.metadata), tags: [] };
  const claims = claimsOfReported(id, body.metadata);
  if (claims.length > 0) observation.claims = claims;
  return body.traceId ? [observation, traceHint(cleanText(body.traceId), fields, base)] : [observation];
}

function putInstants(fields: Partial<ObservationFields>, body: ObservationBody, receivedAtUs: number): void {
  for (const [field, original, value] of [
    ['start_time', 'original_start', body.startTime],
    ['end_time', 'original_end', body.endTime],
    ['completion_start_time', null, body.completionStartTime],
  ] as const) {
    const us = value ? parseInstant(value) : null;
    if (us === null) continue;
    fields[field] = clampInstant(us, receivedAtUs);
    if (fields[field] !== us && original !== null) fields[original] = value as string;
  }
}

function putGeneration(fields: Partial<ObservationFields>, body: ObservationBody): void {
  put(fields, 'provided_model_name', body.model);
  put(fields, 'prompt_name', body.promptName);
  if (body.promptName && typeof body.promptVersion === 'number') fields.prompt_version = body.promptVersion;
  if (body.modelParameters && Object.keys(body.modelParameters).length > 0) fields.model_parameters = jsonText(body.modelParameters) as string;
  const details = usageDetails(body.usageDetails);
  const usage = details ?? legacyUsage(body.usage);
  if (usage !== null) {
    fields.usage = usage;
    const raw = rawCounts(details === null ? body.usage : body.usageDetails, usage);
    if (raw !== null) fields.raw_usage = raw;
  }
  const cost = costDetails(body.costDetails) ?? legacyCost(body.usage);
  if (cost !== null) fields.cost = cost;
}

/** That an observation exists says when its trace was there at the latest, and in which environment. */
function traceHint(traceId: string, observation: Partial<ObservationFields>, base: Base): EntityEvent<'trace'> {
  const fields: Partial<TraceFields> = { hint_timestamp: observation.start_time ?? base.atUs, real: 1 };
  if (observation.environment) fields.hint_environment = observation.environment;
  return { ...base, kind: 'trace', id: traceId, fields, metadata: {}, tags: [] };
}
