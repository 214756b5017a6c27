// Reads and changes of a project's sampling rule.
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { api } from '#api/client.ts';
import { type Sampling, type SamplingForm, samplingBody } from './sampling-values.ts';

const PATH = '/api/public/sampling';

export function samplingQuery(projectId: string) {
  return queryOptions({ queryKey: ['sampling', projectId], queryFn: ({ signal }) => api<Sampling>(PATH, { projectId, signal }) });
}

export function useSaveSampling(projectId: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (form: SamplingForm) => api<Sampling>(PATH, { projectId, method: 'PUT', body: samplingBody(form) }),
    onSuccess: (answer) => queries.setQueryData(['sampling', projectId], answer),
  });
}
