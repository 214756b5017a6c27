// Every read of the console: its key, its URL and the type of its answer. Pages use these and nothing else to reach the server.
import type { ConsoleHealth, ConsoleModels, ConsoleOverview, ConsoleRequests, ConsoleSession, ConsoleTrace, ConsoleTraces } from '@genai/server/contract';
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import type { TimeRange } from '#lib/time-range.ts';
import { resolveTimeRange } from '#lib/time-range.ts';
import { ApiError, api } from './client.ts';

const PAGE_SIZE = 100;

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: ({ signal }) => api<ConsoleSession>('/api/console/session', { signal }),
  staleTime: 60_000,
});

export function overviewQuery(projectId: string, range: TimeRange) {
  return queryOptions({
    queryKey: ['overview', projectId, range],
    queryFn: ({ signal }) => api<ConsoleOverview>('/api/console/overview', { query: { projectId, ...resolveTimeRange(range, Date.now()) }, signal }),
    refetchInterval: 30_000,
    placeholderData: keepPreviousData,
  });
}

export interface RequestFilters {
  model?: string | undefined;
  keyAlias?: string | undefined;
  outcome?: string | undefined;
  search?: string | undefined;
}

export function requestsQuery(range: TimeRange, filters: RequestFilters, live: boolean) {
  return infiniteQueryOptions({
    queryKey: ['requests', range, filters],
    queryFn: ({ pageParam, signal }) =>
      api<ConsoleRequests>('/api/console/requests', {
        query: { ...resolveTimeRange(range, Date.now()), limit: PAGE_SIZE, cursor: pageParam, ...filters },
        signal,
      }),
    initialPageParam: '',
    getNextPageParam: (page) => page.nextCursor ?? undefined,
    placeholderData: keepPreviousData,
    // Only the first page is polled: whoever has paged back is reading, and refetching every page would move the rows under the eyes.
    refetchInterval: (query) => (live && (query.state.data?.pages.length ?? 0) <= 1 ? 2_000 : false),
  });
}

/** One call by its id, for a link to a call that is not on the loaded pages. */
export function requestQuery(callId: string) {
  return queryOptions({
    queryKey: ['request', callId],
    queryFn: async ({ signal }) => {
      const found = await api<ConsoleRequests>('/api/console/requests', { query: { search: callId, limit: 10 }, signal });
      return found.data.find((row) => row.callId === callId) ?? null;
    },
  });
}

export interface TraceFilters {
  search?: string | undefined;
  userId?: string | undefined;
  sessionId?: string | undefined;
  tag?: string | undefined;
  environment?: string | undefined;
}

export function tracesQuery(projectId: string, range: TimeRange, filters: TraceFilters) {
  return infiniteQueryOptions({
    queryKey: ['traces', projectId, range, filters],
    queryFn: ({ pageParam, signal }) =>
      api<ConsoleTraces>('/api/console/traces', {
        query: { projectId, ...resolveTimeRange(range, Date.now()), limit: PAGE_SIZE, cursor: pageParam, ...filters },
        signal,
      }),
    initialPageParam: '',
    getNextPageParam: (page) => page.nextCursor ?? undefined,
    placeholderData: keepPreviousData,
  });
}

export function traceQuery(projectId: string, traceId: string) {
  return queryOptions({
    queryKey: ['trace', projectId, traceId],
    queryFn: ({ signal }) => api<ConsoleTrace>(`/api/console/traces/${encodeURIComponent(traceId)}`, { query: { projectId }, signal }),
  });
}

export const modelsQuery = queryOptions({
  queryKey: ['models'],
  queryFn: ({ signal }) => api<ConsoleModels>('/api/console/models', { signal }),
  staleTime: 15_000,
});

export const healthQuery = queryOptions({
  queryKey: ['health'],
  queryFn: ({ signal }) => api<ConsoleHealth>('/api/console/health', { signal }),
  refetchInterval: 10_000,
});

/** A page is tried again once when the server was not there or asked to wait; a refusal is final. */
export function shouldRetry(failureCount: number, error: Error): boolean {
  if (!(error instanceof ApiError)) return false;
  return failureCount < 2 && (error.status === 0 || error.status === 502 || error.status === 503);
}
