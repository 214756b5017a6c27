// Reads and changes of dashboards and widgets.
import type { ConsoleDashboard, ConsoleWidget } from '@genai/server/contract-metrics';
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { api } from '#api/client.ts';
import { allPages } from '#api/project-queries.ts';
import type { Language } from '#i18n/i18n.ts';

const BASE = '/api/public/unstable';

export function dashboardsQuery(projectId: string) {
  return queryOptions({
    queryKey: ['dashboards', projectId],
    queryFn: ({ signal }) => allPages<ConsoleDashboard>(`${BASE}/dashboards`, projectId, {}, signal),
    enabled: projectId !== '',
  });
}

export function dashboardQuery(projectId: string, id: string) {
  return queryOptions({
    queryKey: ['dashboards', projectId, id],
    queryFn: ({ signal }) => api<ConsoleDashboard>(`${BASE}/dashboards/${encodeURIComponent(id)}`, { projectId, signal }),
  });
}

export function widgetsQuery(projectId: string) {
  return queryOptions({
    queryKey: ['widgets', projectId],
    queryFn: ({ signal }) => allPages<ConsoleWidget>(`${BASE}/dashboard-widgets`, projectId, {}, signal),
    enabled: projectId !== '',
  });
}

export function widgetQuery(projectId: string, id: string) {
  return queryOptions({
    queryKey: ['widgets', projectId, id],
    queryFn: ({ signal }) => api<ConsoleWidget>(`${BASE}/dashboard-widgets/${encodeURIComponent(id)}`, { projectId, signal }),
    staleTime: 30_000,
  });
}

export function useDashboardChanges(projectId: string) {
  const queries = useQueryClient();
  const onSuccess = async () => {
    await Promise.all(['dashboards', 'widgets'].map((name) => queries.invalidateQueries({ queryKey: [name, projectId] })));
  };
  const send = <Answer>(method: 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown) => api<Answer>(`${BASE}${path}`, { method, projectId, body });
  return {
    createDashboard: useMutation({
      mutationFn: (body: { name: string; description: string }) => send<ConsoleDashboard>('POST', '/dashboards', body),
      onSuccess,
    }),
    changeDashboard: useMutation({
      mutationFn: ({ id, body }: { id: string; body: unknown }) => send<ConsoleDashboard>('PATCH', `/dashboards/${id}`, body),
      onSuccess,
    }),
    deleteDashboard: useMutation({ mutationFn: (id: string) => send('DELETE', `/dashboards/${id}`), onSuccess }),
    cloneDashboard: useMutation({
      mutationFn: ({ id, language }: { id: string; language: Language }) => send<ConsoleDashboard>('POST', `/dashboards/${id}/clone`, { language }),
      onSuccess,
    }),
    createWidget: useMutation({ mutationFn: (body: unknown) => send<ConsoleWidget>('POST', '/dashboard-widgets', body), onSuccess }),
    changeWidget: useMutation({
      mutationFn: ({ id, body }: { id: string; body: unknown }) => send<ConsoleWidget>('PATCH', `/dashboard-widgets/${id}`, body),
      onSuccess,
    }),
    deleteWidget: useMutation({ mutationFn: (id: string) => send('DELETE', `/dashboard-widgets/${id}`), onSuccess }),
  };
}
