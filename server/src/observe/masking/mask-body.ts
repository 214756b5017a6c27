// What is stored instead of a body that was received, by its form: batches and OTLP exports keep their structure, a gateway call's JSON and events too, media only when they are text.
import type { Mask } from '#observe/ingest/accept.ts';
import { JournalKind } from '#stores/journal/port.ts';
import type { MaskingDirectory } from './directory.ts';
import { type IsStructural, maskAnyText, maskJson } from './mask-json.ts';
import { LOGS_SHAPE, METRICS_SHAPE, maskProtobuf, TRACES_SHAPE } from './mask-protobuf.ts';
import { maskCallBody, maskEventStream } from './mask-stream.ts';

type Maskings = Pick<MaskingDirectory, 'maskOf'>;

const names = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/));

/** Depth of an event's envelope in { batch: [ { … } ] }. */
const ENVELOPE_DEPTH = 3;
const ENVELOPE = names('id type timestamp');
const BODY = names(`id traceId observationId parentObservationId sessionId datasetRunId timestamp startTime endTime completionStartTime environment level type
  model version release promptName configId queueId dataType source`);
const isStructuralOfBatch: IsStructural = (name, depth) => (depth === ENVELOPE_DEPTH ? ENVELOPE.has(name) : depth === ENVELOPE_DEPTH + 1 && BODY.has(name));

const OTLP = names(`traceId spanId parentSpanId trace_id span_id parent_span_id startTimeUnixNano endTimeUnixNano timeUnixNano observedTimeUnixNano
  start_time_unix_nano end_time_unix_nano time_unix_nano key kind intValue int_value doubleValue double_value schemaUrl schema_url traceState trace_state`);
const isStructuralOfOtlp: IsStructural = (name) => OTLP.has(name);

/** A metric is known by its name and unit, and its numbers are what it is for. */
const METRICS = names(`name unit asInt asDouble count sum min max bucketCounts explicitBounds scale offset zeroCount zeroThreshold quantile value flags
  aggregationTemporality`);
const isStructuralOfMetrics: IsStructural = (name) => OTLP.has(name) || METRICS.has(name);
const isStructuralOfLogs: IsStructural = (name) => OTLP.has(name) || name === 'severityNumber' || name === 'flags';

const STRUCTURAL: Partial<Record<JournalKind, IsStructural>> = {
  [JournalKind.ingestionBatch]: isStructuralOfBatch,
  [JournalKind.otlpMetrics]: isStructuralOfMetrics,
  [JournalKind.otlpLogs]: isStructuralOfLogs,
};
const SHAPES: Partial<Record<JournalKind, typeof TRACES_SHAPE>> = { [JournalKind.otlpMetrics]: METRICS_SHAPE, [JournalKind.otlpLogs]: LOGS_SHAPE };

/** The mask of ingestion: acts between acceptance and journal. */
export function ingestMask(maskings: Maskings): Mask {
  return (projectId, body, contentType, kind) => {
    const mask = maskings.maskOf(projectId);
    if (mask === null) return body;
    if (!contentType.includes('json')) return maskProtobuf(body, SHAPES[kind] ?? TRACES_SHAPE, mask);
    const text = body.toString('utf8');
    const masked = maskJson(text, mask, STRUCTURAL[kind] ?? isStructuralOfOtlp);
    return masked === text ? body : Buffer.from(masked);
  };
}

/** How a gateway call's content is masked. */
export interface CallMask {
  text(text: string): string;
  body(bytes: Uint8Array, format: 'json' | 'sse' | 'none'): Uint8Array;
}

export function callMask(maskings: Maskings): (projectId: string) => CallMask | null {
  return (projectId) => {
    const mask = maskings.maskOf(projectId);
    if (mask === null) return null;
    return {
      text: mask,
      body(bytes, format) {
        if (bytes.byteLength === 0) return bytes;
        const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
        const masked = format === 'sse' ? maskEventStream(text, mask) : maskCallBody(text, mask);
        return masked === text ? bytes : Buffer.from(masked);
      },
    };
  };
}

const TEXT_TYPE = /^(?:text\/|application\/(?:json|x-ndjson|xml|csv))/;

/** The content of a medium as it is stored. */
export function mediaMask(maskings: Maskings): (projectId: string, contentType: string, bytes: Buffer) => Buffer {
  return (projectId, contentType, bytes) => {
    const mask = TEXT_TYPE.test(contentType) ? maskings.maskOf(projectId) : null;
    if (mask === null) return bytes;
    const text = bytes.toString('utf8');
    const masked = maskAnyText(text, mask);
    return masked === text ? bytes : Buffer.from(masked);
  };
}
