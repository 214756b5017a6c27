// ExportTraceServiceRequest in JSON -> spans. Ids come as hex (the specification), base64 (proto3 JSON) or serialised Buffers; 64-bit integers as strings, numbers or {low, high}.
import { numberOf, wordOf } from '#lib/json.ts';
import { type Attributes, type AttributeValue, noAttributes, type OtelSpan, type SpanEvent } from './span.ts';
import { isObject } from './text.ts';

/** The request is no export at all. The message goes to the client. */
export class MalformedExport extends Error {}

const MAX_VALUE_DEPTH = 32;

export function listOf(value: unknown, where: string): unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new MalformedExport(`${where} must be an array`);
  return value;
}

/** An id of `bytes` bytes as lower-case hex; '' when it is none. */
export function hexId(value: unknown, bytes: number): string {
  if (typeof value === 'string') {
    if (/^[0-9a-f]+$/i.test(value) && value.length === bytes * 2) return value.toLowerCase();
    const decoded = Buffer.from(value, 'base64');
    return decoded.length === bytes && decoded.toString('base64').replace(/=+$/, '') === value.replace(/=+$/, '') ? decoded.toString('hex') : '';
  }
  const data = isObject(value) && value.type === 'Buffer' ? value.data : isObject(value) ? Object.values(value) : value;
  if (!Array.isArray(data) || data.length !== bytes || !data.every((byte) => Number.isInteger(byte) && byte >= 0 && byte <= 255)) return '';
  return Buffer.from(data as number[]).toString('hex');
}

/** Whole microseconds of nanoseconds given as digits, number or {low, high}; 0 when it is none. */
function microsecondsOf(value: unknown): number {
  if (typeof value === 'string') {
    if (!/^\d{1,20}$/.test(value)) return 0;
    return Number(value.slice(0, -3) || '0');
  }
  if (typeof value === 'number') return Number.isFinite(value) && value > 0 ? Math.floor(value / 1000) : 0;
  const whole = longOf(value);
  return whole === null || whole < 0n ? 0 : Number(whole / 1000n);
}

export function longOf(value: unknown): bigint | null {
  // 1e400 is JSON, too.
  if (!isObject(value) || typeof value.low !== 'number' || typeof value.high !== 'number' || !Number.isFinite(value.high)) return null;
  return (BigInt(Math.trunc(value.high)) << 32n) + BigInt(value.low >>> 0);
}

function integerOf(value: unknown): AttributeValue {
  const long = longOf(value);
  const number = long === null ? numberOf(value) : Number(long);
  return Number.isSafeInteger(number) ? number : wordOf(long === null ? value : `${long}`);
}

export function anyValue(value: unknown, depth: number): AttributeValue {
  if (!isObject(value) || depth > MAX_VALUE_DEPTH) return null;
  if (typeof value.stringValue === 'string') return value.stringValue;
  if (value.intValue !== undefined) return integerOf(value.intValue);
  if (typeof value.boolValue === 'boolean') return value.boolValue;
  if (value.doubleValue !== undefined) return numberOf(value.doubleValue);
  if (isObject(value.arrayValue)) return (Array.isArray(value.arrayValue.values) ? value.arrayValue.values : []).map((member) => anyValue(member, depth + 1));
  if (isObject(value.kvlistValue)) return attributesOf(value.kvlistValue.values, depth + 1);
  if (typeof value.bytesValue === 'string') return value.bytesValue;
  return null;
}

export function attributesOf(list: unknown, depth = 0): Attributes {
  const attributes = noAttributes();
  if (!Array.isArray(list)) return attributes;
  for (const pair of list) if (isObject(pair) && typeof pair.key === 'string') attributes[pair.key] = anyValue(pair.value, depth);
  return attributes;
}

function eventsOf(list: unknown): SpanEvent[] {
  return (Array.isArray(list) ? list : [])
    .filter(isObject)
    .map((event) => ({ name: wordOf(event.name), timeUs: microsecondsOf(event.timeUnixNano), attributes: attributesOf(event.attributes) }));
}

function statusCodeOf(code: unknown): number {
  if (code === 2 || code === 'STATUS_CODE_ERROR' || code === '2') return 2;
  return code === 1 || code === 'STATUS_CODE_OK' || code === '1' ? 1 : 0;
}

export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

function spanOf(raw: Record<string, unknown>, resource: Attributes, scope: OtelSpan['scope']): OtelSpan {
  const status = isObject(raw.status) ? raw.status : {};
  return {
    traceId: hexId(raw.traceId, 16),
    spanId: hexId(raw.spanId, 8),
    parentSpanId: hexId(raw.parentSpanId, 8),
    name: textOf(raw.name),
    startUs: microsecondsOf(raw.startTimeUnixNano),
    endUs: microsecondsOf(raw.endTimeUnixNano),
    attributes: attributesOf(raw.attributes),
    events: eventsOf(raw.events),
    statusCode: statusCodeOf(status.code),
    statusMessage: textOf(status.message),
    resource,
    scope,
  };
}

interface RawSpan {
  span: Record<string, unknown>;
  resource: Record<string, unknown>;
  scope: Record<string, unknown>;
}

/** Raw spans in document order. @throws MalformedExport with what is wrong. */
function rawSpans(request: unknown): RawSpan[] {
  if (!isObject(request)) throw new MalformedExport('the body must be an ExportTraceServiceRequest object');
  if (request.resourceLogs !== undefined || request.resourceMetrics !== undefined)
    throw new MalformedExport('this path accepts traces only, not logs or metrics');
  const spans: RawSpan[] = [];
  for (const resource of listOf(request.resourceSpans, 'resourceSpans').filter(isObject)) {
    for (const scope of listOf(resource.scopeSpans ?? resource.instrumentationLibrarySpans, 'scopeSpans').filter(isObject)) {
      for (const span of listOf(scope.spans, 'spans')) {
        const object = isObject(span) ? span : {};
        listOf(object.attributes, 'attributes');
        spans.push({ span: object, resource, scope });
      }
    }
  }
  return spans;
}

/** Ids of every span in document order ('' where missing or malformed). @throws MalformedExport. */
export function spanIdsOfJson(request: unknown): { traceId: string; spanId: string }[] {
  return rawSpans(request).map(({ span }) => ({ traceId: hexId(span.traceId, 16), spanId: hexId(span.spanId, 8) }));
}

/** Every span in document order. @throws MalformedExport. */
export function spansOfJson(request: unknown): OtelSpan[] {
  const resources = new Map<unknown, Attributes>();
  const scopes = new Map<unknown, OtelSpan['scope']>();
  return rawSpans(request).map(({ span, resource, scope }) => {
    let resourceAttributes = resources.get(resource);
    if (!resourceAttributes) {
      resourceAttributes = attributesOf(isObject(resource.resource) ? resource.resource.attributes : null);
      resources.set(resource, resourceAttributes);
    }
    let named = scopes.get(scope);
    if (!named) {
      const raw = scope.scope ?? scope.instrumentationLibrary;
      const own = isObject(raw) ? raw : {};
      named = { name: textOf(own.name), version: textOf(own.version), attributes: attributesOf(own.attributes) };
      scopes.set(scope, named);
    }
    return spanOf(span, resourceAttributes, named);
  });
}
