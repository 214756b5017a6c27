// Who belongs to a project: names beside the ids that comments and assignments carry.
import { queryOptions } from '@tanstack/react-query';
import { api } from './client.ts';

export interface Member {
  id: string;
  name: string;
}

export function membersQuery(projectId: string) {
  return queryOptions({
    queryKey: ['members', projectId],
    queryFn: ({ signal }) => api<{ data: Member[] }>('/api/public/unstable/members', { projectId, signal }),
    staleTime: 60_000,
  });
}

/** The name of a person; whoever is no member (any more) is shown by id. */
export function nameOf(members: readonly Member[] | undefined, userId: string): string {
  return members?.find((member) => member.id === userId)?.name ?? userId;
}
