// A span as the OTLP/JSON request that says it: what a dead letter keeps, so that it can be sent again.
import type { Attributes, AttributeValue, OtelSpan } from './span.ts';

type Json = Record<string, unknown>;

function anyValueOf(value: AttributeValue): Json {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValueOf) } };
  return value === null ? {} : { kvlistValue: { values: pairsOf(value) } };
}

const pairsOf = (attributes: Attributes | { [key: string]: AttributeValue }): Json[] =>
  Object.entries(attributes).map(([key, value]) => ({ key, value: anyValueOf(value) }));

const nanoseconds = (us: number): string => (us === 0 ? '0' : `${Math.trunc(us)}000`);

/** The request as JSON text. @throws RangeError when its attributes are nested too deeply to be written. */
export function requestOfSpan(span: OtelSpan): string {
  const { scope, resource, events } = span;
  const own = {
    traceId: span.traceId,
    spanId: span.spanId,
    ...(span.parentSpanId === '' ? {} : { parentSpanId: span.parentSpanId }),
    name: span.name,
    startTimeUnixNano: nanoseconds(span.startUs),
    endTimeUnixNano: nanoseconds(span.endUs),
    attributes: pairsOf(span.attributes),
    events: events.map(({ name, timeUs, attributes }) => ({ name, timeUnixNano: nanoseconds(timeUs), attributes: pairsOf(attributes) })),
    status: { code: span.statusCode, message: span.statusMessage },
  };
  const scopes = [{ scope: { name: scope.name, version: scope.version, attributes: pairsOf(scope.attributes) }, spans: [own] }];
  return JSON.stringify({ resourceSpans: [{ resource: { attributes: pairsOf(resource) }, scopeSpans: scopes }] });
}
