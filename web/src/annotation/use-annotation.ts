// Reads and changes of annotation queues, their items, score configs, and the object that an item is about.
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { api } from '#api/client.ts';
import { allPages } from '#api/project-queries.ts';
import { type Answers, answersOfScores, type ScoreConfig, type Subject, scoreId, scoresOf } from './answers.ts';

const BASE = '/api/public/annotation-queues';

export interface QueueItem {
  id: string;
  queueId: string;
  objectId: string;
  objectType: 'TRACE' | 'OBSERVATION' | 'SESSION';
  status: 'PENDING' | 'COMPLETED';
}

/** Every item of a queue, the one that waits longest first. */
export function itemsQuery(projectId: string, queueId: string) {
  return queryOptions({
    queryKey: ['annotation', projectId, 'items', queueId],
    queryFn: async ({ signal }) => (await allPages<QueueItem>(`${BASE}/${encodeURIComponent(queueId)}/items`, projectId, {}, signal)).toReversed(),
  });
}

export function configsQuery(projectId: string) {
  return queryOptions({
    queryKey: ['annotation', projectId, 'configs'],
    queryFn: ({ signal }) => allPages<ScoreConfig>('/api/public/score-configs', projectId, {}, signal),
    enabled: projectId !== '',
  });
}

/** What was answered before, if anything. */
export function answersQuery(projectId: string, item: QueueItem, configs: readonly ScoreConfig[]) {
  return queryOptions({
    queryKey: ['annotation', projectId, 'answers', item.id, configs.map(({ id }) => id)],
    queryFn: async ({ signal }) => {
      const id = configs.map((config) => scoreId(item.id, config.id)).join(',');
      if (id === '') return {};
      const found = await api<{ data: { id: string; value: number | boolean | string }[] }>('/api/public/v3/scores', { projectId, query: { id }, signal });
      return answersOfScores(item, configs, found.data);
    },
    // An answer is visible a moment after it was given: what the page holds is newer.
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export interface NewQueue {
  name: string;
  description: string;
  scoreConfigIds: string[];
}

export type NewConfig = Pick<ScoreConfig, 'name' | 'dataType'> & Partial<Pick<ScoreConfig, 'minValue' | 'maxValue' | 'categories'>>;

export function useQueueChanges(projectId: string) {
  const queries = useQueryClient();
  const refresh = () => queries.invalidateQueries({ queryKey: ['annotation', projectId, 'queues'] });
  return {
    create: useMutation({
      mutationFn: ({ description, ...queue }: NewQueue) =>
        api<{ id: string }>(BASE, { method: 'POST', projectId, body: { ...queue, ...(description === '' ? {} : { description }) } }),
      onSuccess: refresh,
    }),
    createConfig: useMutation({
      mutationFn: (body: NewConfig) => api<ScoreConfig>('/api/public/score-configs', { method: 'POST', projectId, body }),
      onSuccess: () => queries.invalidateQueries({ queryKey: ['annotation', projectId, 'configs'] }),
    }),
    assign: useMutation({
      mutationFn: ({ queueId, userId, assigned }: { queueId: string; userId: string; assigned: boolean }) =>
        api(`${BASE}/${encodeURIComponent(queueId)}/assignments`, { method: assigned ? 'POST' : 'DELETE', projectId, body: { userId } }),
      onSuccess: refresh,
    }),
  };
}

export interface Completion {
  item: QueueItem;
  subject: Subject;
  configs: readonly ScoreConfig[];
  answers: Answers;
}

/** Writes the scores, then completes the item: an item whose scores were refused stays pending. */
export function useComplete(projectId: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async ({ item, subject, configs, answers }: Completion) => {
      for (const body of scoresOf(item, subject, configs, answers)) await api('/api/public/scores', { method: 'POST', projectId, body });
      return await setStatus(projectId, item, 'COMPLETED');
    },
    onSuccess: (stored, { item, configs, answers }) => {
      queries.setQueryData(answersQuery(projectId, item, configs).queryKey, answers);
      putItem(queries, projectId, stored);
    },
  });
}

export function useReopen(projectId: string) {
  const queries = useQueryClient();
  return useMutation({ mutationFn: (item: QueueItem) => setStatus(projectId, item, 'PENDING'), onSuccess: (stored) => putItem(queries, projectId, stored) });
}

function setStatus(projectId: string, item: QueueItem, status: QueueItem['status']): Promise<QueueItem> {
  const path = `${BASE}/${encodeURIComponent(item.queueId)}/items/${encodeURIComponent(item.id)}`;
  return api<QueueItem>(path, { method: 'PATCH', projectId, body: { status } });
}

/** The list stays in its order: only the one item changes. */
function putItem(queries: ReturnType<typeof useQueryClient>, projectId: string, stored: QueueItem): void {
  queries.setQueryData(itemsQuery(projectId, stored.queueId).queryKey, (items) => items?.map((one) => (one.id === stored.id ? stored : one)));
  void queries.invalidateQueries({ queryKey: ['annotation', projectId, 'queues'] });
}

export interface Turn {
  id: string;
  name: string | null;
  /** JSON text. */
  input: string | null;
  output: string | null;
}

/** What an item is about: what is shown of it, which trace leads to all of it, and what its scores are put on. */
export interface ItemObject {
  subject: Subject;
  traceId: string | null;
  turns: Turn[];
}

const rawOf = (value: unknown): string | null => (value === null || value === undefined ? null : JSON.stringify(value));
const turnOf = (one: { id: string; name: string | null; input: unknown; output: unknown }): Turn => ({
  id: one.id,
  name: one.name,
  input: rawOf(one.input),
  output: rawOf(one.output),
});

export function objectQuery(projectId: string, { objectType, objectId }: Pick<QueueItem, 'objectType' | 'objectId'>) {
  return queryOptions({
    queryKey: ['annotation', projectId, 'object', objectType, objectId],
    queryFn: async ({ signal }): Promise<ItemObject> => {
      const get = <Found>(path: string) => api<Found>(`/api/public/${path}/${encodeURIComponent(objectId)}`, { projectId, signal });
      if (objectType === 'SESSION') {
        const session = await get<{ traces: Parameters<typeof turnOf>[0][] }>('sessions');
        return { subject: { sessionId: objectId }, traceId: null, turns: session.traces.map(turnOf) };
      }
      if (objectType === 'TRACE') return { subject: { traceId: objectId }, traceId: objectId, turns: [turnOf(await get('traces'))] };
      const observation = await get<Parameters<typeof turnOf>[0] & { traceId: string }>('observations');
      return { subject: { traceId: observation.traceId, observationId: objectId }, traceId: observation.traceId, turns: [turnOf(observation)] };
    },
  });
}
