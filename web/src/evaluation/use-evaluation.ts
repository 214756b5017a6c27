// Reads and changes of evaluators, rules, the queue and backfills.
import type { ConsoleBackfill, ConsoleEvaluator, ConsoleJobs, ConsoleJudgeTemplate, ConsoleRule, ConsoleTrial } from '@genai/server/contract';
import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { api } from '#api/client.ts';

const BASE = '/api/public/unstable';
const PAGE_SIZE = 100;

export function evaluatorsQuery(projectId: string) {
  return queryOptions({
    queryKey: ['evaluation', projectId, 'evaluators'],
    queryFn: ({ signal }) => api<{ data: ConsoleEvaluator[] }>(`${BASE}/evaluators`, { projectId, query: { limit: PAGE_SIZE }, signal }),
  });
}

export function templatesQuery(projectId: string) {
  return queryOptions({
    queryKey: ['evaluator-templates'],
    queryFn: ({ signal }) => api<{ data: ConsoleJudgeTemplate[] }>(`${BASE}/evaluator-templates`, { projectId, signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export interface ModelChoice {
  provider: string;
  model: string;
}

export function defaultModelQuery(projectId: string) {
  return queryOptions({
    queryKey: ['evaluation', projectId, 'settings'],
    queryFn: ({ signal }) => api<{ defaultModel: ModelChoice | null }>(`${BASE}/evaluation-settings`, { projectId, signal }),
  });
}

export function rulesQuery(projectId: string) {
  return queryOptions({
    queryKey: ['evaluation', projectId, 'rules'],
    queryFn: ({ signal }) => api<{ data: ConsoleRule[] }>(`${BASE}/evaluation-rules`, { projectId, query: { limit: PAGE_SIZE }, signal }),
    refetchInterval: 10_000,
  });
}

export function jobsQuery(projectId: string, state: string | undefined) {
  return infiniteQueryOptions({
    queryKey: ['evaluation', projectId, 'jobs', state ?? ''],
    queryFn: ({ pageParam, signal }) =>
      api<ConsoleJobs>(`${BASE}/evaluation-jobs`, { projectId, query: { limit: PAGE_SIZE, before: pageParam, state }, signal }),
    initialPageParam: '',
    getNextPageParam: (page) => (page.meta.before === null ? undefined : String(page.meta.before)),
    refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) <= 1 ? 3_000 : false),
  });
}

export function backfillsQuery(projectId: string, ruleId: string) {
  return queryOptions({
    queryKey: ['evaluation', projectId, 'backfills', ruleId],
    queryFn: ({ signal }) => api<{ data: ConsoleBackfill[] }>(`${BASE}/evaluation-rules/${ruleId}/backfills`, { projectId, signal }),
    refetchInterval: 3_000,
  });
}

/** What a dry run says. */
export interface Estimate {
  targets: number;
  jobs: number;
  estimatedCost: number | null;
  maxTargets: number;
}

export interface BackfillRequest {
  ruleId: string;
  fromTimestamp: string;
  toTimestamp: string;
  maxCost?: number;
}

export function useEvaluationChanges(projectId: string) {
  const queries = useQueryClient();
  const onSuccess = () => queries.invalidateQueries({ queryKey: ['evaluation', projectId] });
  const send = <Answer>(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown) =>
    api<Answer>(`${BASE}${path}`, { method, projectId, body });
  return {
    createEvaluator: useMutation({ mutationFn: (body: unknown) => send('POST', '/evaluators', body), onSuccess }),
    tryEvaluator: useMutation({ mutationFn: (body: unknown) => send<ConsoleTrial>('POST', '/evaluator-trials', body) }),
    deleteEvaluator: useMutation({ mutationFn: (id: string) => send('DELETE', `/evaluators/${id}`), onSuccess }),
    putDefaultModel: useMutation({ mutationFn: (choice: ModelChoice) => send('PUT', '/evaluation-settings', choice), onSuccess }),
    createRule: useMutation({ mutationFn: (body: unknown) => send('POST', '/evaluation-rules', body), onSuccess }),
    changeRule: useMutation({ mutationFn: ({ id, body }: { id: string; body: unknown }) => send('PATCH', `/evaluation-rules/${id}`, body), onSuccess }),
    deleteRule: useMutation({ mutationFn: (id: string) => send('DELETE', `/evaluation-rules/${id}`), onSuccess }),
    estimate: useMutation({
      mutationFn: ({ ruleId, ...body }: BackfillRequest) => send<Estimate>('POST', `/evaluation-rules/${ruleId}/backfills`, { ...body, dryRun: true }),
    }),
    backfill: useMutation({
      mutationFn: ({ ruleId, ...body }: BackfillRequest) => send<{ jobs: number }>('POST', `/evaluation-rules/${ruleId}/backfills`, body),
      onSuccess,
    }),
    stopBackfill: useMutation({
      mutationFn: ({ ruleId, id }: { ruleId: string; id: string }) => send('POST', `/evaluation-rules/${ruleId}/backfills/${id}/stop`),
      onSuccess,
    }),
    retry: useMutation({ mutationFn: (id: string | null) => send('POST', id === null ? '/evaluation-jobs/retry' : `/evaluation-jobs/${id}/retry`), onSuccess }),
    cancel: useMutation({ mutationFn: (id: string) => send('POST', `/evaluation-jobs/${id}/cancel`), onSuccess }),
  };
}
