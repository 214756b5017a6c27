// The linkable state of the request log.
import { pickTexts } from '#lib/url-state.ts';

export interface RequestsSearch {
  range?: string;
  from?: string;
  to?: string;
  search?: string;
  model?: string;
  key?: string;
  outcome?: string;
  /** "1" while the newest calls are fetched every few seconds. */
  live?: string;
  /** Call id whose drawer is open. */
  call?: string;
}

export const OUTCOMES = ['success', 'failure', 'cancelled', 'unknown'] as const;

export function readRequestsSearch(values: Record<string, unknown>): RequestsSearch {
  const search = pickTexts(values, ['range', 'from', 'to', 'search', 'model', 'key', 'outcome', 'live', 'call']);
  if (search.outcome !== undefined && !OUTCOMES.some((outcome) => outcome === search.outcome)) delete search.outcome;
  return search;
}
