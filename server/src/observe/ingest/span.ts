// A span as the mapping sees it, whatever encoding it came in.

export type AttributeValue = string | number | boolean | null | AttributeValue[] | { [key: string]: AttributeValue };
/** Null-prototype object: attribute names come from outside. */
export type Attributes = Record<string, AttributeValue>;

export interface SpanEvent {
  name: string;
  timeUs: number;
  attributes: Attributes;
}

export interface OtelSpan {
  /** 32 lower-case hex digits. */
  traceId: string;
  /** 16 lower-case hex digits. */
  spanId: string;
  /** '' = root. */
  parentSpanId: string;
  name: string;
  /** Microseconds; 0 = not given. */
  startUs: number;
  endUs: number;
  attributes: Attributes;
  events: SpanEvent[];
  /** 0 unset, 1 ok, 2 error. */
  statusCode: number;
  statusMessage: string;
  resource: Attributes;
  scope: { name: string; version: string; attributes: Attributes };
}

/** An empty attribute map. */
export function noAttributes(): Attributes {
  return Object.create(null) as Attributes;
}

const TRACE_ID = /^[0-9a-f]{32}$/;
const SPAN_ID = /^[0-9a-f]{16}$/;

/** Why a span's ids are refused; null when they are fine. */
export function spanProblem(traceId: string, spanId: string): string | null {
  if (!TRACE_ID.test(traceId) || /^0+$/.test(traceId)) return 'a span has a missing or malformed traceId (16 bytes, not all zero)';
  if (!SPAN_ID.test(spanId) || /^0+$/.test(spanId)) return 'a span has a missing or malformed spanId (8 bytes, not all zero)';
  return null;
}
