// Stored log records and data points as the API answers them.
import { parsedMetadata } from '#observe/filter/values.ts';
import { parseJson } from '#observe/ingest/text.ts';
import type { OtelLogRow, OtelMetricRow, StoredDouble } from '#observe/rows.ts';

const LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'] as const;

/** The range of a severity number by name; null for 0. */
const levelOf = (severity: number): string | null => (severity === 0 ? null : (LEVELS[Math.min(5, (severity - 1) >> 2)] ?? null));

/** The least number of a severity given by name or number; null when it is neither. */
export function severityOf(asked: string): number | null {
  const at = LEVELS.indexOf(asked.toUpperCase() as (typeof LEVELS)[number]);
  if (at >= 0) return at * 4 + 1;
  const number = /^\d{1,2}$/.test(asked) ? Number(asked) : 0;
  return number >= 1 && number <= 24 ? number : null;
}

const orNull = (text: string): string | null => (text === '' ? null : text);

/** What both kinds say alike. */
function commonOf(row: OtelLogRow | OtelMetricRow) {
  return {
    id: row.id,
    timestamp: row.timestamp,
    timeUnixNano: row.time_unix_nano,
    receivedAt: row.received_at,
    serviceName: orNull(row.service_name),
    environment: row.environment,
    scope: { name: row.scope_name, version: row.scope_version },
    attributes: parsedMetadata(row.attributes),
    resource: parsedMetadata(row.resource),
  };
}

export function logOf(row: OtelLogRow) {
  return {
    ...commonOf(row),
    observedAt: row.observed_at,
    traceId: orNull(row.trace_id),
    spanId: orNull(row.span_id),
    severityNumber: row.severity_number,
    severity: levelOf(row.severity_number),
    severityText: orNull(row.severity_text),
    eventName: orNull(row.event_name),
    body: row.body === null ? null : (parseJson(row.body) ?? row.body),
  };
}

const WORDS: Readonly<Record<string, string>> = { nan: 'NaN', inf: 'Infinity', '-inf': '-Infinity' };

/** A double as JSON has it, else the word of proto3's JSON. */
function doubleOf(value: StoredDouble | null): number | string | null {
  return typeof value === 'string' ? (WORDS[value] ?? Number(value)) : value;
}

export function metricOf(row: OtelMetricRow) {
  const common = {
    ...commonOf(row),
    name: row.name,
    description: row.description,
    unit: row.unit,
    type: row.type,
    temporality: orNull(row.temporality),
    isMonotonic: row.is_monotonic === 1,
    startedAt: row.start_at,
    exemplars: row.exemplars === '' ? [] : (parseJson(row.exemplars) ?? []),
  };
  if (row.type === 'gauge' || row.type === 'sum') return { ...common, value: doubleOf(row.value), intValue: row.int_value };
  const counted = { ...common, count: row.count, sum: doubleOf(row.sum) };
  if (row.type === 'summary') {
    const quantiles = row.quantiles.map((quantile, index) => ({ quantile: doubleOf(quantile), value: doubleOf(row.quantile_values[index] ?? null) }));
    return { ...counted, quantiles };
  }
  const spread = { ...counted, min: doubleOf(row.min), max: doubleOf(row.max) };
  if (row.type === 'histogram') return { ...spread, explicitBounds: row.explicit_bounds.map(doubleOf), bucketCounts: row.bucket_counts };
  return {
    ...spread,
    scale: row.scale,
    zeroCount: row.zero_count,
    zeroThreshold: doubleOf(row.zero_threshold),
    positive: { offset: row.positive_offset, bucketCounts: row.positive_counts },
    negative: { offset: row.negative_offset, bucketCounts: row.negative_counts },
  };
}
