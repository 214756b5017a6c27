// The binary form of OTLP's logs and metrics as the JSON form, so that both are read by one parser. Field numbers: opentelemetry-proto logs/v1, metrics/v1, common/v1, resource/v1.
import { JournalKind } from '#stores/journal/port.ts';
import { WireReader, WireType } from './protobuf.ts';

const { varint, fixed64, bytes, fixed32 } = WireType;

/** How a field's value is read, and under which wire type it comes. */
interface Scalar {
  wireType: number;
  read(reader: WireReader): unknown;
}

const SCALARS = {
  text: { wireType: bytes, read: (reader) => reader.text() },
  hex: { wireType: bytes, read: (reader) => reader.hex() },
  base64: { wireType: bytes, read: (reader) => reader.base64() },
  bool: { wireType: varint, read: (reader) => reader.varint() !== 0 },
  uint: { wireType: varint, read: (reader) => reader.varint() },
  sint: { wireType: varint, read: (reader) => zigzag(reader.varint()) },
  int64: { wireType: varint, read: (reader) => reader.int64() },
  uint64: { wireType: varint, read: (reader) => String(reader.uint64()) },
  fixed32: { wireType: fixed32, read: (reader) => reader.fixed32() },
  fixed64: { wireType: fixed64, read: (reader) => String(reader.fixed64()) },
  sfixed64: { wireType: fixed64, read: (reader) => String(reader.sfixed64()) },
  double: { wireType: fixed64, read: (reader) => reader.double() },
} as const satisfies Record<string, Scalar>;

type Field = readonly [name: string, kind: keyof typeof SCALARS | (() => Shape), repeated?: 'list'];
type Shape = Readonly<Record<number, Field>>;

const zigzag = (value: number): number => (value % 2 === 0 ? value / 2 : -(value + 1) / 2);

const MAX_DEPTH = 100;

const LIST: Shape = { 1: ['values', () => ANY, 'list'] };
const KEY_VALUES: Shape = { 1: ['values', () => KEY_VALUE, 'list'] };
const ANY: Shape = {
  1: ['stringValue', 'text'],
  2: ['boolValue', 'bool'],
  3: ['intValue', 'int64'],
  4: ['doubleValue', 'double'],
  5: ['arrayValue', () => LIST],
  6: ['kvlistValue', () => KEY_VALUES],
  7: ['bytesValue', 'base64'],
};
const KEY_VALUE: Shape = { 1: ['key', 'text'], 2: ['value', () => ANY] };
const attributes: Field = ['attributes', () => KEY_VALUE, 'list'];
const RESOURCE: Shape = { 1: attributes };
const SCOPE: Shape = { 1: ['name', 'text'], 2: ['version', 'text'], 3: attributes };

const LOG_RECORD: Shape = {
  1: ['timeUnixNano', 'fixed64'],
  2: ['severityNumber', 'uint'],
  3: ['severityText', 'text'],
  5: ['body', () => ANY],
  6: attributes,
  8: ['flags', 'fixed32'],
  9: ['traceId', 'hex'],
  10: ['spanId', 'hex'],
  11: ['observedTimeUnixNano', 'fixed64'],
  12: ['eventName', 'text'],
};

const EXEMPLAR: Shape = {
  2: ['timeUnixNano', 'fixed64'],
  3: ['asDouble', 'double'],
  4: ['spanId', 'hex'],
  5: ['traceId', 'hex'],
  6: ['asInt', 'sfixed64'],
  7: ['filteredAttributes', () => KEY_VALUE, 'list'],
};
const times = { 2: ['startTimeUnixNano', 'fixed64'], 3: ['timeUnixNano', 'fixed64'] } as const satisfies Shape;
const exemplars: Field = ['exemplars', () => EXEMPLAR, 'list'];
const NUMBER_POINT: Shape = { ...times, 4: ['asDouble', 'double'], 5: exemplars, 6: ['asInt', 'sfixed64'], 7: attributes, 8: ['flags', 'uint'] };
const HISTOGRAM_POINT: Shape = {
  ...times,
  4: ['count', 'fixed64'],
  5: ['sum', 'double'],
  6: ['bucketCounts', 'fixed64', 'list'],
  7: ['explicitBounds', 'double', 'list'],
  8: exemplars,
  9: attributes,
  10: ['flags', 'uint'],
  11: ['min', 'double'],
  12: ['max', 'double'],
};
const BUCKETS: Shape = { 1: ['offset', 'sint'], 2: ['bucketCounts', 'uint64', 'list'] };
const EXPONENTIAL_POINT: Shape = {
  ...times,
  1: attributes,
  4: ['count', 'fixed64'],
  5: ['sum', 'double'],
  6: ['scale', 'sint'],
  7: ['zeroCount', 'fixed64'],
  8: ['positive', () => BUCKETS],
  9: ['negative', () => BUCKETS],
  10: ['flags', 'uint'],
  11: exemplars,
  12: ['min', 'double'],
  13: ['max', 'double'],
  14: ['zeroThreshold', 'double'],
};
const QUANTILE: Shape = { 1: ['quantile', 'double'], 2: ['value', 'double'] };
const SUMMARY_POINT: Shape = {
  ...times,
  4: ['count', 'fixed64'],
  5: ['sum', 'double'],
  6: ['quantileValues', () => QUANTILE, 'list'],
  7: attributes,
  8: ['flags', 'uint'],
};
const pointsOf = (point: Shape): Shape => ({
  1: ['dataPoints', () => point, 'list'],
  2: ['aggregationTemporality', 'uint'],
  3: ['isMonotonic', 'bool'],
});
const METRIC: Shape = {
  1: ['name', 'text'],
  2: ['description', 'text'],
  3: ['unit', 'text'],
  5: ['gauge', () => pointsOf(NUMBER_POINT)],
  7: ['sum', () => pointsOf(NUMBER_POINT)],
  9: ['histogram', () => pointsOf(HISTOGRAM_POINT)],
  10: ['exponentialHistogram', () => pointsOf(EXPONENTIAL_POINT)],
  11: ['summary', () => pointsOf(SUMMARY_POINT)],
};

/** Lists of the request, its resources and its scopes: `resourceLogs` › `scopeLogs` › `logRecords`. */
function exportShape(names: readonly [resources: string, scopes: string, items: string], item: Shape): Shape {
  const scope: Shape = { 1: ['scope', () => SCOPE], 2: [names[2], () => item, 'list'] };
  const resource: Shape = { 1: ['resource', () => RESOURCE], 2: [names[1], () => scope, 'list'] };
  return { 1: [names[0], () => resource, 'list'] };
}

const LOGS = exportShape(['resourceLogs', 'scopeLogs', 'logRecords'], LOG_RECORD);
const METRICS = exportShape(['resourceMetrics', 'scopeMetrics', 'metrics'], METRIC);

type Message = Record<string, unknown>;

/** Unknown fields and unexpected wire types are stepped over, as protobuf demands; of a repeated single field the last counts. */
function readShape(reader: WireReader, shape: Shape, depth = 0): Message {
  if (depth > MAX_DEPTH) throw new RangeError('values are nested too deeply');
  const message: Message = {};
  while (reader.more) {
    const tag = reader.varint();
    const [field, wireType] = [shape[Math.floor(tag / 8)], tag % 8];
    if (field === undefined || !readField(message, reader, field, { wireType, depth })) reader.skip(wireType);
  }
  return message;
}

/** False when the field does not come in its wire type. */
function readField(message: Message, reader: WireReader, [name, kind, repeated]: Field, { wireType, depth }: { wireType: number; depth: number }): boolean {
  if (repeated !== undefined) message[name] ??= [];
  const list = repeated === undefined ? null : (message[name] as unknown[]);
  if (typeof kind === 'function') {
    if (wireType !== bytes) return false;
    const value = readShape(reader.message(), kind(), depth + 1);
    if (list === null) message[name] = value;
    else list.push(value);
    return true;
  }
  const scalar: Scalar = SCALARS[kind];
  if (list !== null && wireType === bytes && scalar.wireType !== bytes) {
    for (const packed = reader.message(); packed.more; ) list.push(scalar.read(packed));
    return true;
  }
  if (wireType !== scalar.wireType) return false;
  if (list === null) message[name] = scalar.read(reader);
  else list.push(scalar.read(reader));
  return true;
}

/** The request of a logs or metrics export in its JSON form. @throws RangeError or SyntaxError when the body is none. */
export function signalRequestOf(kind: JournalKind, body: Buffer, isJson: boolean): unknown {
  if (isJson) return JSON.parse(body.toString('utf8'));
  return readShape(new WireReader(body), kind === JournalKind.otlpLogs ? LOGS : METRICS);
}
