// Reads and changes of what could not be stored.
import { infiniteQueryOptions, keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { api } from '#api/client.ts';

const BASE = '/api/public/dead-letters';
const PAGE_SIZE = 100;

export interface LetterRow {
  id: string;
  receivedAt: string;
  place: string;
  reason: string;
  bytes: number;
  beginning: string;
}

export interface LetterDetail extends Omit<LetterRow, 'beginning'> {
  content: string;
  form: 'json' | 'text' | 'binary';
  truncated: boolean;
  redrive: { possible: boolean; problem: string | null };
}

export interface LetterReason {
  place: string;
  reason: string;
  count: number;
}

interface Filter {
  place?: string | undefined;
  reason?: string | undefined;
}

export function lettersQuery(projectId: string, filter: Filter) {
  return infiniteQueryOptions({
    queryKey: ['dead-letters', projectId, 'list', filter],
    queryFn: ({ pageParam, signal }) =>
      api<{ data: LetterRow[]; meta: { cursor?: string } }>(BASE, { projectId, query: { ...filter, limit: PAGE_SIZE, cursor: pageParam }, signal }),
    initialPageParam: '',
    getNextPageParam: ({ meta }) => meta.cursor,
    placeholderData: keepPreviousData,
  });
}

export function reasonsQuery(projectId: string) {
  return queryOptions({
    queryKey: ['dead-letters', projectId, 'reasons'],
    queryFn: ({ signal }) => api<{ data: LetterReason[] }>(`${BASE}/reasons`, { projectId, signal }),
  });
}

export function letterQuery(projectId: string, id: string) {
  return queryOptions({
    queryKey: ['dead-letters', projectId, 'one', id],
    queryFn: ({ signal }) => api<LetterDetail>(`${BASE}/${encodeURIComponent(id)}`, { projectId, signal }),
  });
}

/** One letter, or every one that the filter names. */
export type Choice = { ids: string[] } | (Filter & { all: true });

export interface Redriven {
  redriven: number;
  failed: { id: string; problem: string }[];
  left: number;
}

export function useLetterChanges(projectId: string) {
  const queries = useQueryClient();
  const onSuccess = () => queries.invalidateQueries({ queryKey: ['dead-letters', projectId] });
  const redrive = useMutation({
    mutationFn: (choice: Choice) => api<Redriven>(`${BASE}/redrive`, { method: 'POST', projectId, body: choice }),
    onSuccess,
  });
  const discard = useMutation({
    mutationFn: (choice: Choice) => api<{ discarded: number }>(`${BASE}/discard`, { method: 'POST', projectId, body: choice }),
    onSuccess,
  });
  return { redrive, discard };
}
