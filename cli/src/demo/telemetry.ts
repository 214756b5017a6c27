// What an application's own instrumentation sends: an agent's spans as OTLP JSON, or as a Langfuse ingestion batch, and scores.
import { randomBytes, randomUUID } from 'node:crypto';

/** One span of an application, independent of the wire form. */
export interface Span {
  spanId: string;
  parentSpanId: string | null;
  name: string;
  /** Langfuse's observation type. */
  type: 'agent' | 'span' | 'retriever' | 'tool' | 'chain';
  startMs: number;
  endMs: number;
  input: unknown;
  output: unknown;
}

export interface AgentTrace {
  traceId: string;
  name: string;
  userId: string;
  sessionId: string;
  tags: string[];
  spans: Span[];
}

export const newTraceId = (): string => randomBytes(16).toString('hex');
export const newSpanId = (): string => randomBytes(8).toString('hex');

type Attribute = { key: string; value: { stringValue: string } | { arrayValue: { values: { stringValue: string }[] } } };

const text = (key: string, value: string): Attribute => ({ key, value: { stringValue: value } });

/** OTLP/HTTP JSON (ExportTraceServiceRequest) with Langfuse's attribute names. */
export function toOtlp(trace: AgentTrace): unknown {
  const spans = trace.spans.map((span) => ({
    traceId: trace.traceId,
    spanId: span.spanId,
    ...(span.parentSpanId === null ? {} : { parentSpanId: span.parentSpanId }),
    name: span.name,
    kind: 1,
    startTimeUnixNano: `${span.startMs}000000`,
    endTimeUnixNano: `${span.endMs}000000`,
    attributes: [
      text('langfuse.observation.type', span.type),
      text('langfuse.observation.input', JSON.stringify(span.input)),
      text('langfuse.observation.output', JSON.stringify(span.output)),
      ...(span.parentSpanId === null ? traceAttributes(trace) : []),
    ],
    status: { code: 1 },
  }));
  const resource = { attributes: [text('service.name', 'genai-demo-agent'), text('deployment.environment.name', 'demo')] };
  return { resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'genai-demo', version: '1' }, spans }] }] };
}

function traceAttributes(trace: AgentTrace): Attribute[] {
  const tags = { key: 'langfuse.trace.tags', value: { arrayValue: { values: trace.tags.map((tag) => ({ stringValue: tag })) } } };
  return [text('langfuse.trace.name', trace.name), text('user.id', trace.userId), text('session.id', trace.sessionId), tags];
}

/** The same as a batch for POST /api/public/ingestion: two events an observation, beginning and end, as Langfuse's older SDKs send them. */
export function toIngestionBatch(trace: AgentTrace): unknown {
  const iso = (ms: number): string => new Date(ms).toISOString();
  const envelope = (type: string, atMs: number, body: unknown): unknown => ({ id: randomUUID(), type, timestamp: iso(atMs), body });
  const [root] = trace.spans;
  const shared = { id: trace.traceId, name: trace.name, userId: trace.userId, sessionId: trace.sessionId, tags: trace.tags, environment: 'demo' };
  const events = [envelope('trace-create', root?.startMs ?? 0, { ...shared, timestamp: iso(root?.startMs ?? 0), input: root?.input, output: root?.output })];
  for (const span of trace.spans) {
    const body = { id: span.spanId, traceId: trace.traceId, parentObservationId: span.parentSpanId, environment: 'demo' };
    events.push(envelope(`${span.type}-create`, span.startMs, { ...body, name: span.name, startTime: iso(span.startMs), input: span.input }));
    // Only spans have an update event; the other types are created again with what is new, and the platform merges by id.
    events.push(envelope(span.type === 'span' ? 'span-update' : `${span.type}-create`, span.endMs, { ...body, endTime: iso(span.endMs), output: span.output }));
  }
  return { batch: events };
}
