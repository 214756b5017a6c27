// Names of views, measures, aggregations and fields in the reader's language; what has no text of its own keeps its name in the API.
import { type TextKey, useText } from '#i18n/i18n.ts';

/** Measures and fields that have a text; the rest are read as the API names them. */
const MEASURES = [
  'count',
  'latency',
  'streamingLatency',
  'timeToFirstToken',
  'inputTokens',
  'outputTokens',
  'totalTokens',
  'outputTokensPerSecond',
  'tokensPerSecond',
  'inputCost',
  'outputCost',
  'totalCost',
  'countScores',
  'uniqueUserIds',
  'uniqueSessionIds',
  'traceId',
  'value',
] as const;
const FIELDS = [
  'environment',
  'type',
  'name',
  'level',
  'version',
  'release',
  'tags',
  'userId',
  'sessionId',
  'traceId',
  'traceName',
  'providedModelName',
  'promptName',
  'promptVersion',
  'source',
  'dataType',
  'value',
  'stringValue',
  'booleanValue',
  'observationName',
  'observationModelName',
  'metadata',
  'latency',
  'totalCost',
] as const;

export interface MetricTexts {
  measureName(measure: string): string;
  fieldName(field: string): string;
  /** "Latency (p95)" */
  metricName(metric: { measure: string; agg: string }): string;
}

export function useMetricTexts(): MetricTexts {
  const { t } = useText();
  const measureName = (measure: string): string => {
    const known = MEASURES.find((one) => one === measure);
    return known === undefined ? measure : t(`metrics.measure.${known}` satisfies TextKey);
  };
  return {
    measureName,
    fieldName(field) {
      const known = FIELDS.find((one) => one === field);
      return known === undefined ? field : t(`metrics.field.${known}` satisfies TextKey);
    },
    metricName({ measure, agg }) {
      const name = measureName(measure);
      return agg === 'count' || agg === 'uniq' || agg === 'sum' || agg === 'histogram' ? name : t('metrics.aggregated', { measure: name, aggregation: agg });
    },
  };
}
