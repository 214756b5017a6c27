// Reads and changes of datasets, their items and runs through the public API.
import { infiniteQueryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { api } from '#api/client.ts';
import type { ItemDraft } from './item-files.ts';

const PAGE_SIZE = 100;

export interface DatasetItem {
  id: string;
  status: 'ACTIVE' | 'ARCHIVED';
  input: unknown;
  expectedOutput: unknown;
  metadata: unknown;
  sourceTraceId: string | null;
  sourceObservationId: string | null;
  updatedAt: string;
}

export interface DatasetRun {
  id: string;
  name: string;
  description: string | null;
  metadata: unknown;
  createdAt: string;
}

interface Paged<Row> {
  data: Row[];
  meta: { page: number; totalPages: number; totalItems: number };
}

function paged<Row>(key: readonly string[], projectId: string, path: string, query: Record<string, string> = {}) {
  return infiniteQueryOptions({
    queryKey: ['datasets', projectId, ...key],
    queryFn: ({ pageParam, signal }) => api<Paged<Row>>(path, { projectId, query: { ...query, page: pageParam, limit: PAGE_SIZE }, signal }),
    initialPageParam: 1,
    getNextPageParam: ({ meta }) => (meta.page < meta.totalPages ? meta.page + 1 : undefined),
  });
}

export const itemsQuery = (projectId: string, datasetName: string) =>
  paged<DatasetItem>(['items', datasetName], projectId, '/api/public/dataset-items', { datasetName });

export const runsQuery = (projectId: string, datasetName: string) =>
  paged<DatasetRun>(['runs', datasetName], projectId, `/api/public/datasets/${encodeURIComponent(datasetName)}/runs`);

export interface NewDataset {
  name: string;
  description: string;
}

/** How many items of an import are on their way at a time. */
const IN_FLIGHT = 4;

export function useDatasetChanges(projectId: string) {
  const queries = useQueryClient();
  const onSuccess = () => queries.invalidateQueries({ queryKey: ['datasets', projectId] });
  const put = (datasetName: string, item: ItemDraft) =>
    api<DatasetItem>('/api/public/dataset-items', { method: 'POST', projectId, body: { datasetName, ...item } });
  return {
    create: useMutation({
      mutationFn: ({ name, description }: NewDataset) =>
        api('/api/public/v2/datasets', { method: 'POST', projectId, body: { name, ...(description === '' ? {} : { description }) } }),
      onSuccess,
    }),
    saveItem: useMutation({ mutationFn: ({ datasetName, item }: { datasetName: string; item: ItemDraft }) => put(datasetName, item), onSuccess }),
    importItems: useMutation({
      mutationFn: async ({ datasetName, items, onProgress }: { datasetName: string; items: readonly ItemDraft[]; onProgress: (done: number) => void }) => {
        let done = 0;
        let next = 0;
        const worker = async () => {
          for (let index = next++; index < items.length; index = next++) {
            await put(datasetName, items[index] as ItemDraft);
            onProgress(++done);
          }
        };
        await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
        return done;
      },
      onSettled: onSuccess,
    }),
  };
}
