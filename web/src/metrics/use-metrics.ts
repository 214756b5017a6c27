// Asks the metrics API for what a chart shows.
import type { FilterCondition } from '@genai/server/contract';
import type { ConsoleMetricsOptions } from '@genai/server/contract-metrics';
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api } from '#api/client.ts';
import { resolveTimeRange, type TimeRange } from '#lib/time-range.ts';
import type { MetricsRow } from './chart-data.ts';
import { fitting, largestQuery, metricsQuery, type Query, wasCut } from './metrics-query.ts';

export function metricsOptionsQuery(projectId: string) {
  return queryOptions({
    queryKey: ['metrics-options'],
    queryFn: ({ signal }) => api<ConsoleMetricsOptions>('/api/public/unstable/metrics-options', { projectId, signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export interface ChartAnswer {
  rows: MetricsRow[];
  fromMs: number;
  toMs: number;
}

export interface ChartRequest {
  projectId: string;
  query: Query;
  range: TimeRange;
  /** What lies over the widget's own filters. */
  further: readonly FilterCondition[];
  options: ConsoleMetricsOptions | undefined;
  /** false = asked once. */
  refreshMs: number | false;
}

/** The rows of a chart; a sliding range is resolved when it is asked. */
export function chartQuery({ projectId, query, range, further, options, refreshMs }: ChartRequest) {
  return queryOptions({
    queryKey: ['metrics', projectId, query, range, further],
    queryFn: async ({ signal }): Promise<ChartAnswer> => {
      const between = resolveTimeRange(range, Date.now());
      const own = fitting(further, query.view, options);
      const ask = async (asked: Record<string, unknown>) =>
        (await api<{ data: MetricsRow[] }>('/api/public/metrics', { projectId, query: { query: JSON.stringify(asked) }, signal })).data;
      const rows = await ask(metricsQuery(query, between, own));
      const bounds = { fromMs: Date.parse(between.from), toMs: Date.parse(between.to) };
      if (!wasCut(query, rows)) return { rows, ...bounds };
      // Too many lines for one answer: the largest ones alone.
      const [dimension] = query.dimensions;
      const names = (await ask(largestQuery(query, between, own))).map((row) => row[dimension?.field ?? '']).filter((value) => typeof value === 'string');
      const largest: FilterCondition = { type: 'stringOptions', column: dimension?.field ?? '', operator: 'any of', value: names };
      return { rows: names.length === 0 ? rows : await ask(metricsQuery(query, between, [...own, largest])), ...bounds };
    },
    enabled: projectId !== '',
    placeholderData: keepPreviousData,
    refetchInterval: refreshMs,
  });
}

/** The environments that observations of a range name, the most used first. */
export function environmentsQuery(projectId: string, range: TimeRange) {
  return queryOptions({
    queryKey: ['environments', projectId, range],
    queryFn: async ({ signal }) => {
      const { from, to } = resolveTimeRange(range, Date.now());
      const asked = {
        view: 'observations',
        dimensions: [{ field: 'environment' }],
        metrics: [{ measure: 'count', aggregation: 'count' }],
        fromTimestamp: from,
        toTimestamp: to,
        config: { row_limit: 100 },
      };
      const { data } = await api<{ data: { environment: string | null }[] }>('/api/public/metrics', {
        projectId,
        query: { query: JSON.stringify(asked) },
        signal,
      });
      return data.flatMap(({ environment }) => (environment === null ? [] : [environment]));
    },
    enabled: projectId !== '',
    staleTime: 60_000,
  });
}
