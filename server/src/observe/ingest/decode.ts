// A journal record -> entity events. Whatever cannot be understood is handed back as undecodable; nothing is thrown and nothing else of the record is lost.
import type { CallSettled } from '#call-record.ts';
import { JournalKind, type JournalRecord } from '#stores/journal/port.ts';
import { parseBatchEvent } from './batch-events.ts';
import type { Decoded, EntityEvent } from './events.ts';
import { fromBatchEvent, type RecordOrigin } from './from-batch.ts';
import { fromCall } from './from-call.ts';
import { fromSpan } from './from-otel.ts';
import { decodeHeader } from './header.ts';
import { elementSpans, memberSpans, type Span } from './json-spans.ts';
import { spansOfJson } from './otlp-json.ts';
import { type Checked, logRecordsOf } from './otlp-logs.ts';
import { dataPointsOf } from './otlp-metrics.ts';
import { MalformedSpan, spansOfProtobuf } from './otlp-protobuf.ts';
import { signalRequestOf } from './otlp-shapes.ts';
import { type OtelSpan, spanProblem } from './span.ts';
import { requestOfSpan } from './span-request.ts';
import { isObject } from './text.ts';

/** Everything one record says; callStarted records say nothing here. */
export function decodeRecord(record: JournalRecord): Decoded {
  const decoded: Decoded = { events: [], logs: [], points: [], receivedAtUs: 0, undecodable: [] };
  try {
    if (record.kind === JournalKind.ingestionBatch) decodeBatch(record, decoded);
    else if (record.kind === JournalKind.otlpTraces) decodeTraces(record, decoded);
    else if (record.kind === JournalKind.otlpLogs || record.kind === JournalKind.otlpMetrics) decodeSignals(record, decoded);
    else if (record.kind === JournalKind.callSettled) decodeCall(record, decoded);
  } catch (error) {
    decoded.undecodable.push({ place: placeOf(record), reason: (error as Error).message.slice(0, 500), content: textOf(record.parts.at(-1)) });
  }
  return decoded;
}

/** One event that breaks (nested too deeply to be written again, for example) must not take the others of its record with it. */
function attempt(decoded: Decoded, about: { place: string; content: () => string }, make: () => EntityEvent[]): void {
  try {
    decoded.events.push(...make());
  } catch (error) {
    decoded.undecodable.push({ place: about.place, reason: (error as Error).message.slice(0, 500), content: about.content() });
  }
}

function placeOf({ kind }: JournalRecord): string {
  if (kind === JournalKind.ingestionBatch) return 'ingestion';
  if (kind === JournalKind.otlpLogs) return 'otlp-logs';
  if (kind === JournalKind.otlpMetrics) return 'otlp-metrics';
  return kind === JournalKind.otlpTraces ? 'otlp' : 'gateway';
}

/** Bytes as text, or as base64 when they are no UTF-8. */
function textOf(bytes: Buffer | undefined): string {
  if (bytes === undefined) return '';
  const text = bytes.toString('utf8');
  return text.includes('\ufffd') ? bytes.toString('base64') : text;
}

const BATCH = new Set(['batch']);
const BODY = new Set(['body']);
const CONTENT = new Set(['input', 'output']);

function decodeBatch(record: JournalRecord, decoded: Decoded): void {
  const header = decodeHeader(record.parts[0] as Buffer);
  const origin: RecordOrigin = { projectId: record.project, sequence: record.sequence, receivedAtUs: header.receivedAtUs };
  const text = (record.parts[1] ?? Buffer.alloc(0)).toString('utf8');
  const body: unknown = JSON.parse(text);
  const batch = isObject(body) && Array.isArray(body.batch) ? body.batch : [];
  const batchSpan = memberSpans(text, 0, BATCH).get('batch');
  const elements = batchSpan === undefined ? [] : elementSpans(text, batchSpan[0]);
  const refused = new Set(header.refused);
  for (let index = 0; index < batch.length; index += 1) {
    if (refused.has(index)) continue;
    const parsed = parseBatchEvent(batch[index]);
    if ('refusal' in parsed) {
      decoded.undecodable.push({ place: 'ingestion', reason: parsed.refusal.error, content: slice(text, elements[index]) ?? 'null' });
      continue;
    }
    const element = elements[index];
    attempt(decoded, { place: 'ingestion', content: () => slice(text, element) ?? '' }, () =>
      authored(fromBatchEvent(parsed.event, index, rawContent(text, element), origin), header.authorUserId),
    );
  }
}

/** Scores that a person gives in the console say who it was; a client cannot say so for itself. */
function authored(events: EntityEvent[], authorUserId: string | undefined): EntityEvent[] {
  if (authorUserId !== undefined) for (const event of events) if (event.kind === 'score') Object.assign(event.fields, { author_user_id: authorUserId });
  return events;
}

/** Input and output of an event as they stand in the text. */
function rawContent(text: string, element: Span | undefined): { input: string | null; output: string | null } {
  const body = element === undefined ? undefined : memberSpans(text, element[0], BODY).get('body');
  if (body === undefined) return { input: null, output: null };
  const members = memberSpans(text, body[0], CONTENT);
  return { input: slice(text, members.get('input')), output: slice(text, members.get('output')) };
}

function slice(text: string, span: Span | undefined): string | null {
  if (span === undefined) return null;
  const value = text.slice(span[0], span[1]);
  return value === 'null' ? null : value;
}

function decodeTraces(record: JournalRecord, decoded: Decoded): void {
  const header = decodeHeader(record.parts[0] as Buffer);
  const origin: RecordOrigin = { projectId: record.project, sequence: record.sequence, receivedAtUs: header.receivedAtUs };
  const body = record.parts[1] ?? Buffer.alloc(0);
  const spans: readonly (OtelSpan | Error)[] = header.contentType.includes('json') ? spansOfJson(JSON.parse(body.toString('utf8'))) : spansOfProtobuf(body);
  const refused = new Set(header.refused);
  for (let index = 0; index < spans.length; index += 1) {
    if (refused.has(index)) continue;
    const span = spans[index] as OtelSpan | Error;
    const problem = span instanceof Error ? span.message : spanProblem(span.traceId, span.spanId);
    if (problem !== null) decoded.undecodable.push({ place: 'otlp', reason: problem, content: contentOf(span) });
    else attempt(decoded, { place: 'otlp', content: () => contentOf(span) }, () => fromSpan(span as OtelSpan, origin));
  }
}

/** What a dead letter keeps of a span: an export of it alone, else (it is nested too deeply to be written) its name. */
function contentOf(span: OtelSpan | Error): string {
  if (span instanceof MalformedSpan) return span.request.toString('base64');
  if (span instanceof Error) return '';
  try {
    return requestOfSpan(span);
  } catch {
    return JSON.stringify([span.traceId, span.spanId]);
  }
}

/** Log records and data points; those that the client was told are refused are left out. */
function decodeSignals(record: JournalRecord, decoded: Decoded): void {
  const header = decodeHeader(record.parts[0] as Buffer);
  decoded.receivedAtUs = header.receivedAtUs;
  const refused = new Set(header.refused);
  const take = <Item extends object>(items: readonly Checked<Item>[], into: Item[]): void =>
    items.forEach((item, index) => {
      if (!refused.has(index) && !('problem' in item)) into.push(item);
    });
  const request = signalRequestOf(record.kind, record.parts[1] ?? Buffer.alloc(0), header.contentType.includes('json'));
  if (record.kind === JournalKind.otlpLogs) take(logRecordsOf(request), decoded.logs);
  else take(dataPointsOf(request), decoded.points);
}

/** Whether everything that rows are made of without a further look is there. */
function isSettled(call: Partial<CallSettled>): call is CallSettled {
  const texts = [call.callId, call.traceId, call.spanId, call.currency].every((text) => typeof text === 'string');
  const numbers = [call.startedAtUs, call.endedAtUs, call.httpStatus].every((number) => Number.isFinite(number));
  return texts && numbers && isObject(call.path) && Array.isArray(call.tags) && Array.isArray(call.attempts);
}

function decodeCall(record: JournalRecord, decoded: Decoded): void {
  const call = JSON.parse((record.parts[0] as Buffer).toString('utf8')) as CallSettled;
  if (!isSettled(call)) throw new SyntaxError('the record has no CallSettled header');
  const keep = call.content === 'full';
  const content = { request: keep ? (record.parts[1] ?? null) : null, answer: keep ? (record.parts[2] ?? null) : null };
  decoded.events.push(...fromCall(call, content, { projectId: record.project, sequence: record.sequence, receivedAtUs: call.endedAtUs }));
}
