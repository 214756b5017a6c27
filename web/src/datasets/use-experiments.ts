// Experiments that were started over a dataset, as the public API keeps them.
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { api } from '#api/client.ts';

export interface ExperimentJob {
  id: string;
  runName: string;
  promptName: string;
  promptVersion: number;
  model: string;
  startedBy: string;
  state: 'running' | 'done' | 'failed' | 'cancelled';
  problem: string | null;
  total: number;
  done: number;
  failed: number;
  causes: string[];
  /** Decimal text. */
  cost: string | null;
  createdAt: string;
}

export interface NewExperiment {
  datasetName: string;
  runName: string;
  promptName: string;
  promptVersion: number;
  model: string;
  parameters: { temperature?: number; max_tokens?: number };
}

const PATH = '/api/public/unstable/experiment-jobs';
const LOOK_EVERY_MS = 2_000;

export function experimentsQuery(projectId: string, datasetName: string) {
  return queryOptions({
    queryKey: ['datasets', projectId, 'experiments', datasetName],
    queryFn: async ({ signal }) => (await api<{ data: ExperimentJob[] }>(PATH, { projectId, query: { datasetName }, signal })).data,
    refetchInterval: (query) => (query.state.data?.some(({ state }) => state === 'running') ? LOOK_EVERY_MS : false),
  });
}

export function useExperimentChanges(projectId: string) {
  const queries = useQueryClient();
  const onSuccess = () => queries.invalidateQueries({ queryKey: ['datasets', projectId] });
  return {
    start: useMutation({ mutationFn: (body: NewExperiment) => api<ExperimentJob>(PATH, { projectId, method: 'POST', body }), onSuccess }),
    cancel: useMutation({ mutationFn: (id: string) => api(`${PATH}/${encodeURIComponent(id)}`, { projectId, method: 'DELETE' }), onSuccess }),
  };
}
