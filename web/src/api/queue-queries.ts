// Annotation queues as pages read them: all of a project with their progress.
import { queryOptions } from '@tanstack/react-query';
import { api } from './client.ts';

export interface Queue {
  id: string;
  name: string;
  description: string | null;
  scoreConfigIds: string[];
  createdAt: string;
  pending: number;
  completed: number;
  assigneeIds: string[];
}

export function queuesQuery(projectId: string) {
  return queryOptions({
    queryKey: ['annotation', projectId, 'queues'],
    queryFn: ({ signal }) => api<{ data: Queue[] }>('/api/public/unstable/annotation-queues', { projectId, signal }),
    enabled: projectId !== '',
  });
}
