// ExportLogsServiceRequest (JSON form) -> log records. Ids and integers come in every form that otlp-json.ts knows.
import { anyValue, attributesOf, hexId, listOf, MalformedExport, textOf } from './otlp-json.ts';
import type { Attributes, AttributeValue } from './span.ts';
import { isObject } from './text.ts';
import { nanosecondsOf } from './wire-numbers.ts';

export interface Emitter {
  resource: Attributes;
  scope: { name: string; version: string };
}

export interface LogRecord extends Emitter {
  /** Nanoseconds since 1970; 0 = not given. */
  timeNs: bigint;
  observedNs: bigint;
  /** 0 = not given; 1–4 trace, 5–8 debug, 9–12 info, 13–16 warn, 17–20 error, 21–24 fatal. */
  severityNumber: number;
  severityText: string;
  body: AttributeValue;
  attributes: Attributes;
  /** 32 lower-case hex digits; '' = none, or no valid one (which OTLP has receivers treat alike). */
  traceId: string;
  spanId: string;
  eventName: string;
  flags: number;
}

/** An item of an export, or why it is refused. */
export type Checked<Item> = Item | { problem: string };

/** The members of one scope with who emitted them. @throws MalformedExport when the frame is not one. */
export function* membersOf(
  request: unknown,
  names: readonly [resources: string, scopes: string, items: string],
): Generator<{ emitter: Emitter; raw: unknown }> {
  if (!isObject(request)) throw new MalformedExport('the body must be an export request object');
  const foreign = ['resourceSpans', 'resourceLogs', 'resourceMetrics'].find((name) => name !== names[0] && request[name] !== undefined);
  if (foreign !== undefined) throw new MalformedExport(`this path accepts ${names[0]}, not ${foreign}`);
  for (const resource of listOf(request[names[0]], names[0]).filter(isObject)) {
    const resourceAttributes = attributesOf(isObject(resource.resource) ? resource.resource.attributes : null);
    for (const group of listOf(resource[names[1]], names[1]).filter(isObject)) {
      const scope = isObject(group.scope) ? group.scope : {};
      const emitter = { resource: resourceAttributes, scope: { name: textOf(scope.name), version: textOf(scope.version) } };
      for (const raw of listOf(group[names[2]], names[2])) yield { emitter, raw };
    }
  }
}

const ZEROS = /^0*$/;

/** A valid id in hex, else ''. */
export function idOf(value: unknown, bytes: number): string {
  const id = hexId(value, bytes);
  return ZEROS.test(id) ? '' : id;
}

const SEVERITIES = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];

/** The enumeration as a number, also when it comes by name ("SEVERITY_NUMBER_WARN2"). */
function severityOf(value: unknown): number {
  if (typeof value === 'string' && !/^\d+$/.test(value)) {
    const [, name, step] = /^SEVERITY_NUMBER_([A-Z]+)([234])?$/.exec(value) ?? [];
    const at = SEVERITIES.indexOf(name ?? '');
    return at < 0 ? 0 : at * 4 + Number(step ?? 1);
  }
  const number = Number(typeof value === 'string' || typeof value === 'number' ? value : 0);
  return Number.isInteger(number) && number >= 0 && number <= 24 ? number : 0;
}

const uint32 = (value: unknown): number => (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0xffffffff ? (value as number) : 0);

/** Every record in document order. @throws MalformedExport. */
export function logRecordsOf(request: unknown): Checked<LogRecord>[] {
  const records: Checked<LogRecord>[] = [];
  for (const { emitter, raw } of membersOf(request, ['resourceLogs', 'scopeLogs', 'logRecords'])) {
    if (!isObject(raw)) {
      records.push({ problem: 'a log record is not an object' });
      continue;
    }
    const traceId = idOf(raw.traceId, 16);
    records.push({
      ...emitter,
      timeNs: nanosecondsOf(raw.timeUnixNano),
      observedNs: nanosecondsOf(raw.observedTimeUnixNano),
      severityNumber: severityOf(raw.severityNumber),
      severityText: textOf(raw.severityText),
      body: anyValue(raw.body, 0),
      attributes: attributesOf(raw.attributes),
      traceId,
      // A span without a trace says nothing.
      spanId: traceId === '' ? '' : idOf(raw.spanId, 8),
      eventName: textOf(raw.eventName),
      flags: uint32(raw.flags),
    });
  }
  return records;
}
