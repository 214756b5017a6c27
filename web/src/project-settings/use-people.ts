// The people of a project and its protected labels, as the public API keeps them.
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { api } from '#api/client.ts';

export const ROLES = ['admin', 'member', 'viewer'] as const;
export type Role = (typeof ROLES)[number];

export interface Person {
  userId: string;
  name: string;
  /** For administrators only. */
  email: string | null;
  organizationRole: Role;
  /** Null = the one of the organisation counts. */
  projectRole: Role | null;
}

interface People {
  data: Person[];
  mayChange: boolean;
}

const PEOPLE = '/api/public/unstable/project-members';
const LABELS = '/api/public/prompt-protected-labels';

export function peopleQuery(projectId: string) {
  return queryOptions({ queryKey: ['project-people', projectId], queryFn: ({ signal }) => api<People>(PEOPLE, { projectId, signal }) });
}

export function usePeopleChanges(projectId: string) {
  const queries = useQueryClient();
  // One's own role may be another one now.
  const onSuccess = async (people: People) => {
    queries.setQueryData(['project-people', projectId], people);
    await Promise.all([queries.invalidateQueries({ queryKey: ['project-people', projectId] }), queries.invalidateQueries({ queryKey: ['session'] })]);
  };
  return {
    put: useMutation({
      mutationFn: (body: { userId: string; role: Role }) => api<People>(PEOPLE, { projectId, method: 'PUT', body }),
      onSuccess,
    }),
    remove: useMutation({
      mutationFn: (userId: string) => api<People>(`${PEOPLE}/${encodeURIComponent(userId)}`, { projectId, method: 'DELETE' }),
      onSuccess,
    }),
  };
}

export interface ProtectedLabel {
  label: string;
  createdAt: string;
  createdBy: string | null;
}

export function labelsQuery(projectId: string) {
  return queryOptions({
    queryKey: ['protected-labels', projectId],
    queryFn: async ({ signal }) => (await api<{ data: ProtectedLabel[] }>(LABELS, { projectId, signal })).data,
  });
}

export function useLabelChanges(projectId: string) {
  const queries = useQueryClient();
  const onSuccess = () => queries.invalidateQueries({ queryKey: ['protected-labels', projectId] });
  return {
    protect: useMutation({ mutationFn: (label: string) => api(LABELS, { projectId, method: 'POST', body: { label } }), onSuccess }),
    release: useMutation({ mutationFn: (label: string) => api(`${LABELS}/${encodeURIComponent(label)}`, { projectId, method: 'DELETE' }), onSuccess }),
  };
}
