// Reads and changes of alerts: rules, receivers, the history of firings.
import type { ConsoleAlertFiring, ConsoleAlertPreview, ConsoleAlertReceiver, ConsoleAlertRule } from '@genai/server/contract-metrics';
import { infiniteQueryOptions, keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { api } from '#api/client.ts';
import { allPages } from '#api/project-queries.ts';

const BASE = '/api/public/unstable';
const REFRESH_MS = 15_000;

export function alertRulesQuery(projectId: string) {
  return queryOptions({
    queryKey: ['alerts', projectId, 'rules'],
    queryFn: ({ signal }) => allPages<ConsoleAlertRule>(`${BASE}/alert-rules`, projectId, {}, signal),
    refetchInterval: REFRESH_MS,
  });
}

export interface Receivers {
  data: ConsoleAlertReceiver[];
  /** Whether mails can be sent. */
  mailServer: boolean;
}

export function alertReceiversQuery(projectId: string) {
  return queryOptions({
    queryKey: ['alerts', projectId, 'receivers'],
    queryFn: ({ signal }) => api<Receivers>(`${BASE}/alert-receivers`, { projectId, query: { limit: 100 }, signal }),
  });
}

interface FiringsPage {
  data: ConsoleAlertFiring[];
  meta: { page: number; totalPages: number };
}

export function alertFiringsQuery(projectId: string, ruleId: string | undefined) {
  return infiniteQueryOptions({
    queryKey: ['alerts', projectId, 'firings', ruleId ?? ''],
    queryFn: ({ pageParam, signal }) => api<FiringsPage>(`${BASE}/alert-firings`, { projectId, query: { page: pageParam, limit: 50, ruleId }, signal }),
    initialPageParam: 1,
    getNextPageParam: ({ meta }) => (meta.page < meta.totalPages ? meta.page + 1 : undefined),
    refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) <= 1 ? REFRESH_MS : false),
  });
}

/** What a rule would have measured; `body` null = the form is not ready. */
export function alertPreviewQuery(projectId: string, body: Record<string, unknown> | null) {
  return queryOptions({
    queryKey: ['alert-preview', projectId, body],
    queryFn: ({ signal }) => api<ConsoleAlertPreview>(`${BASE}/alert-rules/preview`, { method: 'POST', projectId, body, signal }),
    enabled: body !== null,
    placeholderData: keepPreviousData,
    retry: false,
  });
}

/** How a test message went. */
export interface Tested {
  sent: boolean;
  error: string | null;
  latencyMs: number;
}

export function useAlertChanges(projectId: string) {
  const queries = useQueryClient();
  const onSuccess = () => queries.invalidateQueries({ queryKey: ['alerts', projectId] });
  const send = <Answer>(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown) =>
    api<Answer>(`${BASE}${path}`, { method, projectId, body });
  const put = (path: string) => ({
    mutationFn: ({ id, body }: { id: string | null; body: unknown }) => (id === null ? send('POST', path, body) : send('PUT', `${path}/${id}`, body)),
    onSuccess,
  });
  return {
    putRule: useMutation(put('/alert-rules')),
    toggleRule: useMutation({ mutationFn: ({ id, enabled }: { id: string; enabled: boolean }) => send('PATCH', `/alert-rules/${id}`, { enabled }), onSuccess }),
    deleteRule: useMutation({ mutationFn: (id: string) => send('DELETE', `/alert-rules/${id}`), onSuccess }),
    putReceiver: useMutation(put('/alert-receivers')),
    deleteReceiver: useMutation({ mutationFn: (id: string) => send('DELETE', `/alert-receivers/${id}`), onSuccess }),
    testReceiver: useMutation({ mutationFn: (id: string) => send<Tested>('POST', `/alert-receivers/${id}/test`, {}), onSettled: onSuccess }),
    retryDelivery: useMutation({ mutationFn: (id: string) => send('POST', `/alert-deliveries/${id}/retry`, {}), onSuccess }),
  };
}
