// Reads and changes of prompts through the public API.
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { api } from '#api/client.ts';
import { allPages } from '#api/project-queries.ts';

export interface PromptMeta {
  name: string;
  type: 'text' | 'chat';
  versions: number[];
  labels: string[];
  tags: string[];
  lastUpdatedAt: string;
}

export type ChatEntry = { type?: string; role: string; content: string } | { type: 'placeholder'; name: string };

export interface PromptVersion {
  id: string;
  name: string;
  version: number;
  type: 'text' | 'chat';
  prompt: string | ChatEntry[];
  config: unknown;
  labels: string[];
  tags: string[];
  commitMessage: string | null;
  createdBy: string;
  createdAt: string;
}

export interface NewVersion {
  name: string;
  type: 'text' | 'chat';
  prompt: string | ChatEntry[];
  config: unknown;
  labels: string[];
  tags?: string[];
  commitMessage?: string;
}

export function promptsQuery(projectId: string) {
  return queryOptions({
    queryKey: ['prompts', projectId],
    queryFn: ({ signal }) => allPages<PromptMeta>('/api/public/v2/prompts', projectId, {}, signal),
  });
}

/** What a name has: its versions, newest first, and labels. */
export function promptMetaQuery(projectId: string, name: string) {
  return queryOptions({
    queryKey: ['prompts', projectId, 'meta', name],
    queryFn: async ({ signal }) =>
      (await allPages<PromptMeta>('/api/public/v2/prompts', projectId, { name }, signal)).find((meta) => meta.name === name) ?? null,
  });
}

/** One version as it was written: references to other prompts are not resolved. */
export function versionQuery(projectId: string, name: string, version: number) {
  return queryOptions({
    queryKey: ['prompts', projectId, 'version', name, version],
    queryFn: ({ signal }) =>
      api<PromptVersion>(`/api/public/v2/prompts/${encodeURIComponent(name)}`, { projectId, query: { version, resolve: 'false' }, signal }),
  });
}

/** One version as an application gets it: references to other prompts are written out. */
export function writtenOutQuery(projectId: string, name: string, version: number) {
  return queryOptions({
    queryKey: ['prompts', projectId, 'written out', name, version],
    queryFn: ({ signal }) => api<PromptVersion>(`/api/public/v2/prompts/${encodeURIComponent(name)}`, { projectId, query: { version }, signal }),
  });
}

export function usePromptChanges(projectId: string) {
  const queries = useQueryClient();
  const onSuccess = () => queries.invalidateQueries({ queryKey: ['prompts', projectId] });
  const path = (name: string) => `/api/public/v2/prompts/${encodeURIComponent(name)}`;
  return {
    create: useMutation({ mutationFn: (body: NewVersion) => api<PromptVersion>('/api/public/v2/prompts', { method: 'POST', projectId, body }), onSuccess }),
    label: useMutation({
      mutationFn: ({ name, version, labels }: { name: string; version: number; labels: string[] }) =>
        api<PromptVersion>(`${path(name)}/versions/${version}`, { method: 'PATCH', projectId, body: { newLabels: labels } }),
      onSuccess,
    }),
    remove: useMutation({ mutationFn: (name: string) => api(path(name), { method: 'DELETE', projectId }), onSuccess }),
  };
}
