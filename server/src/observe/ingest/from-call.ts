// A finished gateway call -> its observation (whole) and, when it hangs under a caller's span, what it says about the caller's trace.
import type { CallSettled, CallUsage } from '#call-record.ts';
import { type Stamp, stampOf } from '#observe/fold/stamps.ts';
import { type Answer, answerOfJson, answerOfStream } from './answer.ts';
import { answerOfGenerate, answerOfGenerateStream } from './answer-generate.ts';
import { answerOfPictures, answerOfTranscript } from './answer-media.ts';
import { answerOfMessages, answerOfMessagesStream } from './answer-messages.ts';
import { answerOfResponse, answerOfResponseStream } from './answer-responses.ts';
import { type ChatTurn, chatTurnOf } from './chat-turn.ts';
import { answerClaim } from './claims.ts';
import { putEnvironment } from './environment.ts';
import type { EntityEvent, ObservationFields, TraceFields } from './events.ts';
import type { RecordOrigin } from './from-batch.ts';
import { memberText } from './json-spans.ts';
import { topLevel } from './metadata.ts';
import { cleanText, parseJson } from './text.ts';
import { type Counts, rawCounts } from './usage.ts';

/** Body members that are content or wiring and no parameters of the model. */
const NOT_PARAMETERS = new Set([
  'messages',
  'system',
  'instructions',
  'contents',
  'systemInstruction',
  'input',
  'prompt',
  'file',
  'image',
  'image[]',
  'images',
  'mask',
  'model',
  'metadata',
  'user',
  'tools',
  'functions',
  'stream_options',
  'litellm_session_id',
  'litellm_trace_id',
]);

/** The events of one settled call. `request` and `answer` are the bytes as they passed, null when no content is kept. */
export function fromCall(call: CallSettled, content: { request: Buffer | null; answer: Buffer | null }, origin: RecordOrigin): EntityEvent[] {
  const stamp = stampOf(call.startedAtUs, 0, call.callId);
  const answer = answerOf(call, content.answer);
  const fields = observationFields(call, answer);
  const asked = putRequest(fields, call, content.request);
  const observation: EntityEvent<'observation'> = {
    ...origin,
    stamp,
    kind: 'observation',
    id: call.spanId,
    whole: true,
    fields,
    metadata: metadataOf(call, answer),
    tags: call.tags.map(cleanText),
    counts: [`call:${call.callId}`, ...(answerClaim(answer.id) === null ? [] : [answerClaim(answer.id) as string])],
  };
  const turn = turnOf(call, asked, answer);
  if (turn !== null) observation.turn = turn;
  if (call.parentSpanId !== null) return [observation, callersTrace(call, observation), counted(call, origin, stamp)];
  observation.carriesTrace = true;
  return [observation];
}

/** The turn of a conversation that a chat was; a caller's span belongs to the caller's session, so such a call is not asked about. */
function turnOf(call: CallSettled, asked: object | null, answer: Answer): ChatTurn | null {
  if (call.endpoint !== 'chat' || call.outcome !== 'success' || call.parentSpanId !== null || asked === null) return null;
  return chatTurnOf((asked as { messages?: unknown }).messages, answer.output);
}

const NAMES: Readonly<Record<string, string>> = {
  chat: 'chat.completions',
  realtime: 'realtime.response',
  'realtime-session': 'realtime.session',
  'realtime-transcription': 'realtime.transcription',
};
const TYPES: Readonly<Record<string, 'EMBEDDING' | 'SPAN' | 'TOOL'>> = {
  embeddings: 'EMBEDDING',
  'pass-through': 'SPAN',
  moderations: 'SPAN',
  rerank: 'SPAN',
  mcp: 'TOOL',
  'realtime-session': 'SPAN',
};

function answerOf(call: CallSettled, bytes: Buffer | null): Answer {
  const text = bytes === null ? '' : bytes.toString('utf8');
  if (text === '' || call.answerFormat === 'none') return { output: null, id: null, model: null };
  const readers = ANSWERS[call.endpoint] ?? ANSWERS.chat;
  return call.answerFormat === 'sse' ? readers.stream(text) : readers.json(text);
}

/** How the answers of an endpoint are read. */
const ANSWERS = {
  chat: { json: answerOfJson, stream: answerOfStream },
  completions: { json: answerOfJson, stream: answerOfStream },
  embeddings: { json: answerOfJson, stream: answerOfStream },
  messages: { json: answerOfMessages, stream: answerOfMessagesStream },
  responses: { json: answerOfResponse, stream: answerOfResponseStream },
  'generate-content': { json: answerOfGenerate, stream: answerOfGenerateStream },
  'pass-through': { json: answerAsItIs, stream: answerAsItIs },
  moderations: { json: answerAsItIs, stream: answerAsItIs },
  rerank: { json: answerAsItIs, stream: answerAsItIs },
  mcp: { json: answerAsItIs, stream: answerAsItIs },
  speech: { json: answerAsItIs, stream: answerAsItIs },
  transcriptions: { json: answerAsItIs, stream: answerOfTranscript },
  translations: { json: answerAsItIs, stream: answerOfTranscript },
  'image-generations': { json: answerAsItIs, stream: answerOfPictures },
  'image-edits': { json: answerAsItIs, stream: answerOfPictures },
  'image-variations': { json: answerAsItIs, stream: answerOfPictures },
  'realtime-session': { json: answerAsItIs, stream: answerAsItIs },
  realtime: { json: answerOfResponse, stream: answerAsItIs },
  'realtime-transcription': { json: answerAsItIs, stream: answerAsItIs },
  batch: { json: answerAsItIs, stream: answerAsItIs },
} as const satisfies Record<CallSettled['endpoint'], unknown>;

/** What nobody here understands is shown as it came; frames of a stream as one text. */
function answerAsItIs(text: string): Answer {
  return { output: parseJson(text) === null ? JSON.stringify(text) : text, id: null, model: null };
}

/** Sets a text unless it is absent or empty. */
function put<Fields>(fields: Fields, name: keyof Fields, value: string | null): void {
  if (value !== null && value !== '') (fields as Record<keyof Fields, unknown>)[name] = cleanText(value);
}

function observationFields(call: CallSettled, answer: Answer): Partial<ObservationFields> {
  const { path } = call;
  const fields: Partial<ObservationFields> = {
    trace_id: call.traceId,
    type: TYPES[call.endpoint] ?? 'GENERATION',
    name: cleanText(call.traceName ?? (call.endpoint === 'mcp' ? call.model : NAMES[call.endpoint]) ?? call.endpoint),
    start_time: call.startedAtUs,
    end_time: call.endedAtUs,
    level: call.outcome === 'success' ? 'DEFAULT' : call.outcome === 'cancelled' ? 'WARNING' : 'ERROR',
    currency: call.currency,
    call_id: call.callId,
    key_id: path.keyId,
    http_status: call.httpStatus,
  };
  if (call.firstTokenAtUs !== null) fields.completion_start_time = call.firstTokenAtUs;
  put(fields, 'parent_observation_id', call.parentSpanId);
  put(fields, 'provided_model_name', call.attempts.at(-1)?.upstreamModel ?? answer.model ?? call.model);
  put(fields, 'status_message', statusMessage(call));
  put(fields, 'key_alias', path.keyAlias);
  put(fields, 'team_id', path.teamId);
  put(fields, 'user_id', call.endUser ?? path.keyUserId);
  put(fields, 'session_id', call.sessionId);
  put(fields, 'trace_name', call.traceName);
  put(fields, 'release', call.release);
  put(fields, 'version', call.version);
  putEnvironment(fields, call.environment);
  if (answer.output !== null) fields.output = answer.output;
  putMoney(fields, call);
  return fields;
}

function statusMessage(call: CallSettled): string | null {
  if (call.outcome === 'success') return null;
  if (call.outcome === 'cancelled') return call.errorMessage ?? 'the client left before the answer was complete';
  return [call.errorClass, call.errorMessage].filter((part) => part !== null && part !== '').join(': ') || `HTTP ${call.httpStatus}`;
}

function putMoney(fields: Partial<ObservationFields>, call: CallSettled): void {
  if (call.usage !== null) {
    fields.usage = usageOf(call.usage);
    const raw = rawCounts(call.usage, fields.usage);
    if (raw !== null) fields.raw_usage = raw;
  }
  const priceId = call.attempts.findLast((attempt) => attempt.priceId !== null)?.priceId ?? null;
  put(fields, 'price_id', priceId);
  if (call.cost !== null) fields.cost = { total: call.cost };
}

/** Canonical keys as Langfuse names them: parts stand beside `input` and are not inside it; reasoning is taken out of `output`. */
function usageOf(usage: CallUsage): Counts {
  const reasoning = usage.reasoningOutput ?? 0;
  const audioOutput = usage.audioOutput ?? 0;
  const counts: Counts = { input: String(usage.input), output: String(Math.max(0, usage.output - reasoning - audioOutput)), total: String(usage.total) };
  const parts = {
    input_cached_tokens: usage.cachedInput,
    input_cache_creation: usage.cacheCreationInput,
    output_reasoning_tokens: usage.reasoningOutput,
    input_audio_tokens: usage.audioInput,
    output_audio_tokens: usage.audioOutput,
    search_units: usage.searches,
    input_image_tokens: usage.imageInput,
    output_image_tokens: usage.imageOutput,
    images: usage.images,
    characters: usage.characters,
    audio_milliseconds: usage.audioMs,
  };
  for (const [name, count] of Object.entries(parts)) if (count !== undefined && count > 0) counts[name] = String(count);
  return counts;
}

/** What the request says; returns its body. */
function putRequest(fields: Partial<ObservationFields>, call: CallSettled, bytes: Buffer | null): object | null {
  if (bytes === null || bytes.length === 0) return null;
  const text = bytes.toString('utf8');
  const body = parseJson(text);
  if (typeof body !== 'object' || body === null) {
    fields.input = JSON.stringify(text);
    return null;
  }
  const input = inputOf(text, call.endpoint);
  if (input !== null) fields.input = input;
  const parameters: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(body)) if (!NOT_PARAMETERS.has(name) && value !== null) parameters[name] = value;
  if (Object.keys(parameters).length > 0) fields.model_parameters = JSON.stringify(parameters);
  return body;
}

/** The conversation's member, and what belongs to it. */
const INPUTS: Readonly<Record<string, readonly string[]>> = {
  messages: ['messages', 'system', 'tools'],
  responses: ['input', 'instructions', 'tools'],
  realtime: ['input', 'instructions', 'tools'],
  'generate-content': ['contents', 'systemInstruction', 'tools'],
  rerank: ['query', 'documents'],
  speech: ['input', 'instructions'],
  transcriptions: ['file', 'prompt'],
  translations: ['file', 'prompt'],
  'image-generations': ['prompt'],
  'image-edits': ['prompt', 'image', 'image[]', 'images', 'mask'],
  'image-variations': ['image'],
};

/** What was asked, as it was sent: the conversation alone, or with the system's words and the tools beside it. */
function inputOf(text: string, endpoint: CallSettled['endpoint']): string | null {
  if (endpoint === 'embeddings' || endpoint === 'moderations') return memberText(text, 'input');
  if (endpoint === 'completions') return memberText(text, 'prompt');
  if (endpoint === 'mcp') return memberText(text, 'arguments');
  if (endpoint === 'pass-through') return parseJson(text) === null ? null : text;
  const [conversation, ...others] = INPUTS[endpoint] ?? ['messages', 'tools'];
  const messages = memberText(text, conversation as string);
  if (messages === null) return null;
  const beside = others.flatMap((name) => {
    const value = memberText(text, name);
    return value === null ? [] : [`"${name}":${value}`];
  });
  return beside.length === 0 ? messages : `{"${conversation}":${messages},${beside.join(',')}}`;
}

function metadataOf(call: CallSettled, answer: Answer): Record<string, string> {
  const sent = call.metadata === null ? null : parseJson(call.metadata);
  const metadata = topLevel(sent ?? null);
  const { path } = call;
  metadata.gateway = JSON.stringify({
    request_id: call.callId,
    model: call.model,
    endpoint: call.endpoint,
    stream: call.stream,
    outcome: call.outcome,
    usage_estimated: call.usageEstimated,
    content: call.content,
    answer_id: answer.id,
    answered_model: answer.model,
    organization_id: path.organizationId,
    cost_centre: path.costCentre,
    team_id: path.teamId,
    team_alias: path.teamAlias,
    key_alias: path.keyAlias,
    key_user_id: path.keyUserId,
    attempts: call.attempts,
  });
  return metadata;
}

/** A call under a caller's span tells the caller's trace what it knows; whatever the caller's own SDK says wins. */
function callersTrace(call: CallSettled, { projectId, sequence, receivedAtUs, stamp, fields: own, tags }: EntityEvent<'observation'>): EntityEvent<'trace'> {
  const fields: Partial<TraceFields> = { hint_timestamp: call.startedAtUs, real: 1 };
  put(fields, 'name', call.traceName);
  put(fields, 'hint_name', own.name ?? null);
  put(fields, 'user_id', call.endUser);
  put(fields, 'session_id', call.sessionId);
  put(fields, 'release', call.release);
  if (own.environment !== undefined) fields.hint_environment = own.environment;
  return { projectId, sequence, receivedAtUs, stamp, kind: 'trace', id: call.traceId, whole: false, fields, metadata: {}, tags };
}

/** Tells the caller's span that its cost is counted here. */
function counted(call: CallSettled, origin: RecordOrigin, stamp: Stamp): EntityEvent<'observation'> {
  const fields = { trace_id: call.traceId, cost_elsewhere: '1' };
  return { ...origin, stamp, kind: 'observation', id: call.parentSpanId as string, whole: false, fields, metadata: {}, tags: [] };
}
