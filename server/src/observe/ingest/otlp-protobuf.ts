// ExportTraceServiceRequest in protobuf -> spans. Field numbers: opentelemetry-proto trace/v1, common/v1, resource/v1.
import { WireReader, WireType } from './protobuf.ts';
import { type Attributes, type AttributeValue, noAttributes, type OtelSpan, type SpanEvent } from './span.ts';

const MAX_VALUE_DEPTH = 32;

type FieldHandlers<Target> = Record<number, { wireType: number; read(target: Target, reader: WireReader): void }>;

/** Reads every known field into the target; unknown fields and unexpected wire types are stepped over, as protobuf demands. */
function readMessage<Target>(reader: WireReader, target: Target, handlers: FieldHandlers<Target>): Target {
  while (reader.more) {
    const tag = reader.varint();
    const handler = handlers[Math.floor(tag / 8)];
    const wireType = tag % 8;
    if (handler === undefined || handler.wireType !== wireType) reader.skip(wireType);
    else handler.read(target, reader);
  }
  return target;
}

const { varint, fixed64, bytes } = WireType;

/** Tag of each AnyValue member -> how it is read. */
const anyValue: Record<number, (reader: WireReader, depth: number) => AttributeValue> = {
  10: (reader) => reader.text(),
  16: (reader) => reader.varint() !== 0,
  24: (reader) => reader.int64(),
  33: (reader) => reader.double(),
  42: (reader, depth) => readArray(reader.message(), depth + 1),
  50: (reader, depth) => readKeyValues(reader.message(), depth + 1),
  58: (reader) => reader.base64(),
};

function readValue(reader: WireReader, depth: number): AttributeValue {
  if (depth > MAX_VALUE_DEPTH) throw new RangeError('attribute values are nested too deeply');
  let value: AttributeValue = null;
  while (reader.more) {
    const tag = reader.varint();
    const read = anyValue[tag];
    if (read === undefined) reader.skip(tag % 8);
    else value = read(reader, depth);
  }
  return value;
}

function readArray(reader: WireReader, depth: number): AttributeValue[] {
  const values: AttributeValue[] = [];
  while (reader.more) {
    const tag = reader.varint();
    if (tag === 10) values.push(readValue(reader.message(), depth));
    else reader.skip(tag % 8);
  }
  return values;
}

function readKeyValues(reader: WireReader, depth: number): Attributes {
  const attributes = noAttributes();
  while (reader.more) {
    const tag = reader.varint();
    if (tag === 10) readKeyValue(attributes, reader.message(), depth);
    else reader.skip(tag % 8);
  }
  return attributes;
}

function readKeyValue(attributes: Attributes, reader: WireReader, depth = 0): void {
  let key = '';
  let value: AttributeValue = null;
  while (reader.more) {
    const tag = reader.varint();
    if (tag === 10) key = reader.text();
    else if (tag === 18) value = readValue(reader.message(), depth);
    else reader.skip(tag % 8);
  }
  attributes[key] = value;
}

const eventFields: FieldHandlers<SpanEvent> = {
  1: {
    wireType: fixed64,
    read: (event, reader) => {
      event.timeUs = reader.microseconds();
    },
  },
  2: {
    wireType: bytes,
    read: (event, reader) => {
      event.name = reader.text();
    },
  },
  3: { wireType: bytes, read: (event, reader) => readKeyValue(event.attributes, reader.message()) },
};

const statusFields: FieldHandlers<OtelSpan> = {
  2: {
    wireType: bytes,
    read: (span, reader) => {
      span.statusMessage = reader.text();
    },
  },
  3: {
    wireType: varint,
    read: (span, reader) => {
      span.statusCode = reader.varint();
    },
  },
};

const spanFields: FieldHandlers<OtelSpan> = {
  1: {
    wireType: bytes,
    read: (span, reader) => {
      span.traceId = reader.hex();
    },
  },
  2: {
    wireType: bytes,
    read: (span, reader) => {
      span.spanId = reader.hex();
    },
  },
  4: {
    wireType: bytes,
    read: (span, reader) => {
      span.parentSpanId = reader.hex();
    },
  },
  5: {
    wireType: bytes,
    read: (span, reader) => {
      span.name = reader.text();
    },
  },
  7: {
    wireType: fixed64,
    read: (span, reader) => {
      span.startUs = reader.microseconds();
    },
  },
  8: {
    wireType: fixed64,
    read: (span, reader) => {
      span.endUs = reader.microseconds();
    },
  },
  9: { wireType: bytes, read: (span, reader) => readKeyValue(span.attributes, reader.message()) },
  11: {
    wireType: bytes,
    read: (span, reader) => void span.events.push(readMessage(reader.message(), { name: '', timeUs: 0, attributes: noAttributes() }, eventFields)),
  },
  15: { wireType: bytes, read: (span, reader) => void readMessage(reader.message(), span, statusFields) },
};

const scopeFields: FieldHandlers<OtelSpan['scope']> = {
  1: {
    wireType: bytes,
    read: (scope, reader) => {
      scope.name = reader.text();
    },
  },
  2: {
    wireType: bytes,
    read: (scope, reader) => {
      scope.version = reader.text();
    },
  },
  3: { wireType: bytes, read: (scope, reader) => readKeyValue(scope.attributes, reader.message()) },
};

interface Group {
  /** The resource's or scope's own message; it may stand after the lists. */
  head: WireReader | null;
  members: WireReader[];
}
const groupFields: FieldHandlers<Group> = {
  1: {
    wireType: bytes,
    read: (group, reader) => {
      group.head = reader.message();
    },
  },
  2: { wireType: bytes, read: (group, reader) => void group.members.push(reader.message()) },
};
const resourceFields: FieldHandlers<Attributes> = { 1: { wireType: bytes, read: (attributes, reader) => readKeyValue(attributes, reader.message()) } };
const requestFields: FieldHandlers<WireReader[]> = { 1: { wireType: bytes, read: (resources, reader) => void resources.push(reader.message()) } };

function copyOf(reader: WireReader): WireReader {
  return new WireReader(reader.bytes, reader.at, reader.end);
}

/** The span's ids only: what the door checks without decoding the rest. */
const idFields: FieldHandlers<{ traceId: string; spanId: string }> = {
  1: {
    wireType: bytes,
    read: (ids, reader) => {
      ids.traceId = reader.hex();
    },
  },
  2: {
    wireType: bytes,
    read: (ids, reader) => {
      ids.spanId = reader.hex();
    },
  },
};

/** Ids of every span in document order; every message's frame is checked, its attributes are not looked at. @throws RangeError on malformed bytes. */
export function spanIdsOfProtobuf(body: Buffer): { traceId: string; spanId: string }[] {
  const ids: { traceId: string; spanId: string }[] = [];
  for (const resource of readMessage(new WireReader(body), [], requestFields)) {
    for (const scope of readMessage(resource, { head: null, members: [] } as Group, groupFields).members) {
      for (const span of readMessage(scope, { head: null, members: [] } as Group, groupFields).members) {
        ids.push(readMessage(span, { traceId: '', spanId: '' }, idFields));
      }
    }
  }
  return ids;
}

/** Every span of the request in document order; a span whose content is malformed becomes the error that it threw. @throws RangeError when the frame is malformed. */
export function spansOfProtobuf(body: Buffer): (OtelSpan | Error)[] {
  const spans: (OtelSpan | Error)[] = [];
  for (const resourceReader of readMessage(new WireReader(body), [], requestFields)) {
    const resource = readMessage(resourceReader, { head: null, members: [] } as Group, groupFields);
    const resourceAttributes = resource.head === null ? noAttributes() : readMessage(copyOf(resource.head), noAttributes(), resourceFields);
    for (const scopeReader of resource.members) {
      const group = readMessage(scopeReader, { head: null, members: [] } as Group, groupFields);
      const scope = { name: '', version: '', attributes: noAttributes() };
      if (group.head !== null) readMessage(copyOf(group.head), scope, scopeFields);
      for (const span of group.members) spans.push(readSpan(span, { resource: resourceAttributes, scope }, () => requestWith(resource.head, group.head, span)));
    }
  }
  return spans;
}

/** A span whose content cannot be read, with an export of it alone. */
export class MalformedSpan extends Error {
  readonly request: Buffer;

  constructor(cause: unknown, request: Buffer) {
    super((cause as Error).message, { cause });
    this.request = request;
  }
}

function field(number: number, value: Uint8Array): Buffer {
  const size: number[] = [];
  let rest = value.length;
  for (; rest >= 128; rest = Math.floor(rest / 128)) size.push((rest % 128) | 128);
  return Buffer.concat([Buffer.from([number * 8 + bytes, ...size, rest]), value]);
}

/** ExportTraceServiceRequest with one span and who reported it. */
function requestWith(resource: WireReader | null, scope: WireReader | null, span: WireReader): Buffer {
  const bytesOf = ({ bytes: all, at, end }: WireReader): Buffer => all.subarray(at, end);
  const scopes = Buffer.concat([...(scope === null ? [] : [field(1, bytesOf(scope))]), field(2, bytesOf(span))]);
  return field(1, Buffer.concat([...(resource === null ? [] : [field(1, bytesOf(resource))]), field(2, scopes)]));
}

function readSpan(reader: WireReader, { resource, scope }: Pick<OtelSpan, 'resource' | 'scope'>, requestOf: () => Buffer): OtelSpan | Error {
  const span: OtelSpan = {
    traceId: '',
    spanId: '',
    parentSpanId: '',
    name: '',
    startUs: 0,
    endUs: 0,
    attributes: noAttributes(),
    events: [],
    statusCode: 0,
    statusMessage: '',
    resource,
    scope,
  };
  try {
    return readMessage(copyOf(reader), span, spanFields);
  } catch (error) {
    return new MalformedSpan(error, requestOf());
  }
}
