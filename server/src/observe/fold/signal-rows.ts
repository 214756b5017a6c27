// Log records and data points of OpenTelemetry -> their rows. Each stands for itself: nothing is joined, and the same record or point again is the same row.
import { createHash } from 'node:crypto';
import { environmentOf } from '#observe/ingest/environment.ts';
import { clampInstant, formatInstant } from '#observe/ingest/instants.ts';
import type { Emitter, LogRecord } from '#observe/ingest/otlp-logs.ts';
import type { MetricPoint } from '#observe/ingest/otlp-metrics.ts';
import type { Attributes, AttributeValue } from '#observe/ingest/span.ts';
import { cleanText, jsonText } from '#observe/ingest/text.ts';
import type { OtelLogRow, OtelMetricRow, StoredDouble } from '#observe/rows.ts';
import type { RetentionClass } from './row-context.ts';

/** The export that brought them. */
export interface SignalOrigin {
  projectId: string;
  sequence: bigint;
  receivedAtUs: number;
  retentionClass: RetentionClass;
}

const textOf = (value: AttributeValue): string => cleanText(typeof value === 'string' ? value : (jsonText(value) ?? ''));

/** Attributes as texts: strings as they are, everything else as JSON. */
function texts(attributes: Attributes): Record<string, string> {
  const result: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const name in attributes) result[cleanText(name)] = textOf(attributes[name] as AttributeValue);
  return result;
}

const ENVIRONMENT = ['langfuse.environment', 'deployment.environment.name', 'deployment.environment'];

function firstText(attributes: Attributes, names: readonly string[]): string {
  for (const name of names) {
    const value = attributes[name];
    if (typeof value === 'string' && value !== '') return cleanText(value);
  }
  return '';
}

const MICROSECOND_NS = 1_000n;

/** The instant of nanoseconds that may be absent (0) or out of bounds. */
const instantOf = (ns: bigint, receivedAtUs: number): string | null =>
  ns === 0n ? null : formatInstant(clampInstant(Number(ns / MICROSECOND_NS), receivedAtUs));

type Common = 'project_id' | 'received_at' | 'sequence' | 'retention_class' | 'environment' | 'service_name' | 'scope_name' | 'scope_version';

function commonOf({ resource, scope }: Emitter, own: Attributes, origin: SignalOrigin): Pick<OtelLogRow, Common> {
  const environment = environmentOf(firstText(own, ENVIRONMENT) || firstText(resource, ENVIRONMENT) || 'default');
  return {
    project_id: origin.projectId,
    received_at: formatInstant(origin.receivedAtUs),
    sequence: origin.sequence.toString(),
    retention_class: origin.retentionClass(origin.projectId, environment, []),
    environment,
    service_name: firstText(resource, ['service.name']),
    scope_name: cleanText(scope.name),
    scope_version: cleanText(scope.version),
  };
}

/** Hash of a list of values; the order of attributes does not matter. */
function idOf(values: readonly unknown[]): string {
  const sorted = (_: string, value: unknown): unknown =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value;
  return createHash('sha256').update(JSON.stringify(values, sorted)).digest('hex').slice(0, 32);
}

/** Rows of the log records of one export. Equal records of it are counted through, so that a logger that repeats itself is believed and an exporter that sends again is not. */
export function logRows(records: readonly LogRecord[], origin: SignalOrigin): OtelLogRow[] {
  const seen = new Map<string, number>();
  return records.map((record) => {
    const common = commonOf(record, record.attributes, origin);
    const attributes = texts(record.attributes);
    const resource = texts(record.resource);
    const body = jsonText(record.body);
    const said = idOf([
      [String(record.timeNs), String(record.observedNs), record.traceId, record.spanId, record.severityNumber, record.severityText, record.eventName],
      [record.scope.name, body, attributes, resource],
    ]);
    const before = seen.get(said) ?? 0;
    seen.set(said, before + 1);
    return {
      ...common,
      id: before === 0 ? said : idOf([said, before]),
      timestamp: instantOf(record.timeNs || record.observedNs, origin.receivedAtUs) ?? common.received_at,
      time_unix_nano: String(record.timeNs),
      observed_at: instantOf(record.observedNs, origin.receivedAtUs),
      trace_id: record.traceId,
      span_id: record.spanId,
      severity_number: record.severityNumber,
      severity_text: cleanText(record.severityText),
      event_name: cleanText(record.eventName),
      body: body === null ? null : cleanText(body),
      attributes,
      resource,
      flags: record.flags,
    };
  });
}

function doubleOf(value: number): StoredDouble {
  if (Number.isNaN(value)) return 'nan';
  if (Number.isFinite(value)) return value;
  return value > 0 ? 'inf' : '-inf';
}

const optional = <Value, Stored>(value: Value | null, store: (value: Value) => Stored): Stored | null => (value === null ? null : store(value));

/** Rows of the data points of one export. */
export function metricRows(points: readonly MetricPoint[], origin: SignalOrigin): OtelMetricRow[] {
  return points.map((point) => {
    const common = commonOf(point, point.attributes, origin);
    const attributes = texts(point.attributes);
    const resource = texts(point.resource);
    const identity = [point.name, point.type, point.unit, point.scope.name, String(point.timeNs), String(point.startNs), attributes, resource];
    return {
      ...common,
      id: idOf(identity),
      timestamp: instantOf(point.timeNs, origin.receivedAtUs) ?? common.received_at,
      time_unix_nano: String(point.timeNs),
      start_at: instantOf(point.startNs, origin.receivedAtUs),
      name: cleanText(point.name),
      description: cleanText(point.description),
      unit: cleanText(point.unit),
      type: point.type,
      temporality: point.temporality,
      is_monotonic: point.isMonotonic ? 1 : 0,
      attributes,
      resource,
      flags: point.flags,
      value: optional(point.value, doubleOf),
      int_value: optional(point.intValue, String),
      count: optional(point.count, String),
      sum: optional(point.sum, doubleOf),
      min: optional(point.min, doubleOf),
      max: optional(point.max, doubleOf),
      explicit_bounds: point.explicitBounds.map(doubleOf),
      bucket_counts: point.bucketCounts.map(String),
      scale: point.scale,
      zero_count: optional(point.zeroCount, String),
      zero_threshold: optional(point.zeroThreshold, doubleOf),
      positive_offset: point.positive.offset,
      positive_counts: point.positive.counts.map(String),
      negative_offset: point.negative.offset,
      negative_counts: point.negative.counts.map(String),
      quantiles: point.quantiles.map(({ quantile }) => doubleOf(quantile)),
      quantile_values: point.quantiles.map(({ value }) => doubleOf(value)),
      exemplars: point.exemplars.length === 0 ? '' : textOf(point.exemplars),
    };
  });
}
