// Reads and changes of a project's scheduled export.
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { api } from '#api/client.ts';

const BASE = '/api/public/scheduled-export';
const REFRESH_MS = 5_000;

export interface Integration {
  id: string;
  type: string;
  bucketName: string;
  endpoint: string | null;
  region: string;
  accessKeyId: string;
  prefix: string;
  exportFrequency: string;
  enabled: boolean;
  forcePathStyle: boolean;
  fileType: string;
  exportMode: string;
  exportStartDate: string | null;
  compressed: boolean;
  updatedAt: string;
}

export type SyncStatus = 'idle' | 'running' | 'queued' | 'up_to_date' | 'disabled' | 'error';

export interface Status {
  syncStatus: SyncStatus;
  nextSyncAt: string | null;
  lastSyncAt: string | null;
  lastError: string | null;
  lastErrorAt: string | null;
}

export type Schedule = { integration: Integration; status: Status } | { integration: null; status: null };

export function exportQuery(projectId: string) {
  return queryOptions({
    queryKey: ['scheduled-export', projectId],
    queryFn: ({ signal }) => api<Schedule>(BASE, { projectId, signal }),
    refetchInterval: REFRESH_MS,
  });
}

export function useExportChanges(projectId: string) {
  const queries = useQueryClient();
  const onSuccess = () => queries.invalidateQueries({ queryKey: ['scheduled-export', projectId] });
  const send = (method: 'PUT' | 'POST' | 'DELETE', path: string, body?: unknown) => api<unknown>(`${BASE}${path}`, { method, projectId, body });
  return {
    save: useMutation({ mutationFn: (body: unknown) => send('PUT', '', body), onSuccess }),
    run: useMutation({ mutationFn: () => send('POST', '/run', {}), onSuccess }),
    remove: useMutation({ mutationFn: () => send('DELETE', ''), onSuccess }),
  };
}
