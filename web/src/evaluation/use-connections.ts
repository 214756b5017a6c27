// Reads and changes of LLM connections.
import type { ConsoleLlmConnection } from '@genai/server/contract';
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { api } from '#api/client.ts';
import { bodyOf, type ConnectionForm } from './connection-values.ts';

const PATH = '/api/public/llm-connections';

export function connectionsQuery(projectId: string) {
  return queryOptions({
    queryKey: ['llm-connections', projectId],
    queryFn: ({ signal }) => api<{ data: ConsoleLlmConnection[] }>(PATH, { projectId, query: { limit: 100 }, signal }),
  });
}

/** What a try-out answered. */
export interface TryOut {
  model: string;
  text: string;
  latencyMs: number;
}

export function useConnectionChanges(projectId: string) {
  const queries = useQueryClient();
  const onSuccess = () => queries.invalidateQueries({ queryKey: ['llm-connections', projectId] });
  return {
    put: useMutation({ mutationFn: (form: ConnectionForm) => api<unknown>(PATH, { method: 'PUT', projectId, body: bodyOf(form) }), onSuccess }),
    remove: useMutation({ mutationFn: (id: string) => api<unknown>(`${PATH}/${id}`, { method: 'DELETE', projectId }), onSuccess }),
    test: useMutation({
      mutationFn: ({ id, model }: { id: string; model: string }) => api<TryOut>(`${PATH}/${id}/test`, { method: 'POST', projectId, body: { model } }),
    }),
  };
}
