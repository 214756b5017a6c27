// Reads of sessions: the list of the console, and one session whole as the public API answers it.
import type { ConsoleSessions } from '@genai/server/contract';
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api } from '#api/client.ts';
import { resolveTimeRange, type TimeRange } from '#lib/time-range.ts';

const PAGE_SIZE = 50;

export function sessionsQuery(projectId: string, range: TimeRange, search: string | undefined) {
  return infiniteQueryOptions({
    queryKey: ['sessions', projectId, range, search],
    queryFn: ({ pageParam, signal }) =>
      api<ConsoleSessions>('/api/console/sessions', {
        query: { projectId, ...resolveTimeRange(range, Date.now()), limit: PAGE_SIZE, cursor: pageParam, search },
        signal,
      }),
    initialPageParam: '',
    getNextPageParam: (page) => page.nextCursor ?? undefined,
    placeholderData: keepPreviousData,
  });
}

/** A trace of a session, as GET /api/public/sessions/{id} gives it; contents are parsed JSON. */
export interface SessionTrace {
  id: string;
  timestamp: string;
  name: string | null;
  userId: string | null;
  input: unknown;
  output: unknown;
}

export function sessionQuery(projectId: string, sessionId: string) {
  return queryOptions({
    queryKey: ['session', projectId, sessionId],
    queryFn: ({ signal }) =>
      api<{ id: string; createdAt: string; environment: string; traces: SessionTrace[] }>(`/api/public/sessions/${encodeURIComponent(sessionId)}`, {
        projectId,
        signal,
      }),
  });
}
