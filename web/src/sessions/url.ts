// The linkable state of the sessions list.
import { pickTexts } from '#lib/url-state.ts';

export interface SessionsSearch {
  project?: string;
  range?: string;
  from?: string;
  to?: string;
  search?: string;
  /** Columns that are not shown. */
  hide?: string;
}

export function readSessionsSearch(values: Record<string, unknown>): SessionsSearch {
  return pickTexts(values, ['project', 'range', 'from', 'to', 'search', 'hide']);
}
