// Reads of a comparison: the runs of the dataset, their aggregates against the baseline, their items' measures, and contents of the items in sight.
import { queryOptions } from '@tanstack/react-query';
import { api } from '#api/client.ts';
import { allPages } from '#api/project-queries.ts';
import type { ComparedItem } from './rows.ts';

export interface Run {
  id: string;
  name: string;
  description: string | null;
  createdAt: string;
}

export function allRunsQuery(projectId: string, datasetName: string) {
  return queryOptions({
    queryKey: ['datasets', projectId, 'all-runs', datasetName],
    queryFn: ({ signal }) => allPages<Run>(`/api/public/datasets/${encodeURIComponent(datasetName)}/runs`, projectId, {}, signal),
  });
}

export interface Interval {
  mean: number;
  low: number;
  high: number;
  n: number;
}

export interface Aggregate {
  name: string;
  run: Interval;
  baseline: Interval | null;
  difference: Interval | null;
}

export function aggregatesQuery(projectId: string, datasetName: string, runName: string, baselineRunName: string | undefined) {
  return queryOptions({
    queryKey: ['datasets', projectId, 'comparison', datasetName, runName, baselineRunName],
    queryFn: ({ signal }) =>
      api<{ metrics: Aggregate[] }>('/api/public/unstable/experiment-comparison', { projectId, query: { datasetName, runName, baselineRunName }, signal }),
  });
}

export function comparedItemsQuery(projectId: string, datasetName: string, runNames: readonly string[]) {
  return queryOptions({
    queryKey: ['datasets', projectId, 'compared-items', datasetName, runNames],
    queryFn: ({ signal }) => {
      const query = new URLSearchParams([['datasetName', datasetName], ...runNames.map((name) => ['runName', name])]);
      return api<{ items: ComparedItem[] }>(`/api/public/unstable/experiment-comparison/items?${query}`, { projectId, signal });
    },
    enabled: runNames.length > 0,
  });
}

export interface ItemScore {
  id: string;
  name: string;
  value: number | boolean | string;
  comment: string | null;
  source: string;
}

/** An item in a run with its contents. */
export interface ItemContent {
  id: string;
  traceId: string;
  level: string;
  experimentId: string;
  experimentItemId: string;
  input: unknown;
  output: unknown;
  expectedOutput: unknown;
  scores: ItemScore[];
}

/** Before the first run of anybody. */
const ALWAYS = '2015-01-01T00:00:00Z';

export function contentsQuery(projectId: string, runIds: readonly string[], itemIds: readonly string[]) {
  return queryOptions({
    queryKey: ['datasets', projectId, 'contents', runIds, itemIds],
    queryFn: ({ signal }) => {
      const filter = JSON.stringify([
        { type: 'stringOptions', column: 'experimentId', operator: 'any of', value: runIds },
        { type: 'stringOptions', column: 'experimentItemId', operator: 'any of', value: itemIds },
      ]);
      const query = { fromStartTime: ALWAYS, fields: 'core,io,scores', limit: 100, filter };
      return api<{ data: ItemContent[] }>('/api/public/experiment-items', { projectId, query, signal });
    },
    staleTime: 60_000,
  });
}
