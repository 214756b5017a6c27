// ExportMetricsServiceRequest (JSON form) -> data points, each with its metric and who reported it.
import { attributesOf, listOf } from './otlp-json.ts';
import { type Checked, type Emitter, idOf, membersOf } from './otlp-logs.ts';
import type { Attributes, AttributeValue } from './span.ts';
import { isObject } from './text.ts';
import { doubleOf, int64Of, nanosecondsOf, uint64Of } from './wire-numbers.ts';

export type MetricType = 'gauge' | 'sum' | 'histogram' | 'exponential_histogram' | 'summary';

interface Buckets {
  offset: number;
  counts: bigint[];
}

export interface MetricPoint extends Emitter {
  name: string;
  description: string;
  unit: string;
  type: MetricType;
  /** '' where the type has none. */
  temporality: '' | 'delta' | 'cumulative';
  isMonotonic: boolean;
  timeNs: bigint;
  /** 0 = not given. */
  startNs: bigint;
  attributes: Attributes;
  flags: number;
  value: number | null;
  /** The exact value of a whole number. */
  intValue: bigint | null;
  count: bigint | null;
  sum: number | null;
  min: number | null;
  max: number | null;
  explicitBounds: number[];
  bucketCounts: bigint[];
  scale: number | null;
  zeroCount: bigint | null;
  zeroThreshold: number | null;
  positive: Buckets;
  negative: Buckets;
  quantiles: { quantile: number; value: number }[];
  exemplars: AttributeValue[];
}

type Raw = Record<string, unknown>;

/** The member that holds a metric's points, and what kind it is. */
const DATA: readonly (readonly [member: string, type: MetricType])[] = [
  ['gauge', 'gauge'],
  ['sum', 'sum'],
  ['histogram', 'histogram'],
  ['exponentialHistogram', 'exponential_histogram'],
  ['summary', 'summary'],
];

class PointProblem extends Error {}

function temporalityOf(value: unknown): MetricPoint['temporality'] {
  if (value === 1 || value === '1' || value === 'AGGREGATION_TEMPORALITY_DELTA') return 'delta';
  return value === 2 || value === '2' || value === 'AGGREGATION_TEMPORALITY_CUMULATIVE' ? 'cumulative' : '';
}

function countOf(value: unknown, what: string): bigint {
  const count = value === undefined || value === null ? 0n : uint64Of(value);
  if (count === null) throw new PointProblem(`${what} is not a count`);
  return count;
}

const countsOf = (value: unknown, what: string): bigint[] => listOf(value, what).map((member) => countOf(member, `a member of ${what}`));

function optionalDouble(value: unknown, what: string): number | null {
  if (value === undefined || value === null) return null;
  const number = doubleOf(value);
  if (number === null) throw new PointProblem(`${what} is not a number`);
  return number;
}

const doublesOf = (value: unknown, what: string): number[] => listOf(value, what).map((member) => optionalDouble(member, `a member of ${what}`) ?? 0);

const MAX_INT32 = 2 ** 31 - 1;

function int32Of(value: unknown, what: string): number {
  if (value === undefined || value === null) return 0;
  const number = Number(int64Of(value) ?? Number.NaN);
  if (!(Math.abs(number) <= MAX_INT32)) throw new PointProblem(`${what} is not a 32-bit number`);
  return number;
}

function bucketsOf(value: unknown, what: string): Buckets {
  const raw = isObject(value) ? value : {};
  return { offset: int32Of(raw.offset, `${what}.offset`), counts: countsOf(raw.bucketCounts, `${what}.bucketCounts`) };
}

function exemplarsOf(value: unknown): AttributeValue[] {
  return (Array.isArray(value) ? value : []).filter(isObject).map((raw) => {
    const exemplar: Record<string, AttributeValue> = { timeUnixNano: String(nanosecondsOf(raw.timeUnixNano)) };
    const [traceId, spanId] = [idOf(raw.traceId, 16), idOf(raw.spanId, 8)];
    if (traceId !== '') exemplar.traceId = traceId;
    if (spanId !== '') exemplar.spanId = spanId;
    const whole = int64Of(raw.asInt);
    const value = whole === null ? doubleOf(raw.asDouble) : String(whole);
    if (value !== null) exemplar.value = value;
    const attributes = attributesOf(raw.filteredAttributes);
    if (Object.keys(attributes).length > 0) exemplar.attributes = attributes;
    return exemplar;
  });
}

/** What a point of each type says. */
function measured(raw: Raw, type: MetricType): Partial<MetricPoint> {
  if (type === 'gauge' || type === 'sum') {
    const intValue = raw.asInt === undefined || raw.asInt === null ? null : int64Of(raw.asInt);
    if (intValue === null && raw.asInt !== undefined && raw.asInt !== null) throw new PointProblem('asInt is not a whole number');
    return { intValue, value: intValue === null ? optionalDouble(raw.asDouble, 'asDouble') : Number(intValue) };
  }
  const common = { count: countOf(raw.count, 'count'), sum: optionalDouble(raw.sum, 'sum') };
  if (type === 'summary') {
    const quantiles = listOf(raw.quantileValues, 'quantileValues').map((member) => {
      const { quantile, value } = isObject(member) ? member : {};
      return { quantile: optionalDouble(quantile, 'a quantile') ?? 0, value: optionalDouble(value, 'a quantile’s value') ?? 0 };
    });
    return { ...common, quantiles };
  }
  const spread = { ...common, min: optionalDouble(raw.min, 'min'), max: optionalDouble(raw.max, 'max') };
  if (type === 'histogram') {
    const bucketCounts = countsOf(raw.bucketCounts, 'bucketCounts');
    const explicitBounds = doublesOf(raw.explicitBounds, 'explicitBounds');
    if (bucketCounts.length > 0 && bucketCounts.length !== explicitBounds.length + 1)
      throw new PointProblem('a histogram has one count more than it has bounds, or none at all');
    return { ...spread, bucketCounts, explicitBounds };
  }
  return {
    ...spread,
    scale: int32Of(raw.scale, 'scale'),
    zeroCount: countOf(raw.zeroCount, 'zeroCount'),
    zeroThreshold: optionalDouble(raw.zeroThreshold, 'zeroThreshold'),
    positive: bucketsOf(raw.positive, 'positive'),
    negative: bucketsOf(raw.negative, 'negative'),
  };
}

const NOTHING_MEASURED = {
  value: null,
  intValue: null,
  count: null,
  sum: null,
  min: null,
  max: null,
  explicitBounds: [],
  bucketCounts: [],
  scale: null,
  zeroCount: null,
  zeroThreshold: null,
  positive: { offset: 0, counts: [] },
  negative: { offset: 0, counts: [] },
  quantiles: [],
};

type Metric = Pick<MetricPoint, 'name' | 'description' | 'unit' | 'type' | 'temporality' | 'isMonotonic' | 'resource' | 'scope'>;

function pointOf(raw: unknown, metric: Metric): Checked<MetricPoint> {
  if (!isObject(raw)) return { problem: 'a data point is not an object' };
  if (metric.name === '') return { problem: 'a metric has no name' };
  const timeNs = nanosecondsOf(raw.timeUnixNano);
  if (timeNs === 0n) return { problem: `a data point of ${metric.name.slice(0, 100)} has no time` };
  try {
    return {
      ...metric,
      timeNs,
      startNs: nanosecondsOf(raw.startTimeUnixNano),
      attributes: attributesOf(raw.attributes),
      flags: Number.isInteger(raw.flags) && (raw.flags as number) >= 0 ? (raw.flags as number) % 2 ** 32 : 0,
      ...NOTHING_MEASURED,
      ...measured(raw, metric.type),
      exemplars: exemplarsOf(raw.exemplars),
    };
  } catch (error) {
    return { problem: `a data point of ${metric.name.slice(0, 100)} is refused: ${(error as Error).message}` };
  }
}

/** Every data point in document order. @throws MalformedExport. */
export function dataPointsOf(request: unknown): Checked<MetricPoint>[] {
  const points: Checked<MetricPoint>[] = [];
  for (const { emitter, raw } of membersOf(request, ['resourceMetrics', 'scopeMetrics', 'metrics'])) {
    if (!isObject(raw)) {
      points.push({ problem: 'a metric is not an object' });
      continue;
    }
    const text = (name: string): string => (typeof raw[name] === 'string' ? (raw[name] as string) : '');
    for (const [member, type] of DATA) {
      const data = raw[member];
      if (!isObject(data)) continue;
      const temporality = temporalityOf(data.aggregationTemporality);
      const metric = {
        ...emitter,
        name: text('name'),
        description: text('description'),
        unit: text('unit'),
        type,
        temporality,
        isMonotonic: data.isMonotonic === true,
      };
      for (const point of listOf(data.dataPoints, 'dataPoints')) points.push(pointOf(point, metric));
    }
  }
  return points;
}
