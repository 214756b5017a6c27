// The linkable state of the scores list.
import { pickTexts } from '#lib/url-state.ts';

export interface ScoresSearch {
  project?: string;
  range?: string;
  from?: string;
  to?: string;
  name?: string;
  source?: string;
  /** Columns that are not shown. */
  hide?: string;
}

export function readScoresSearch(values: Record<string, unknown>): ScoresSearch {
  return pickTexts(values, ['project', 'range', 'from', 'to', 'name', 'source', 'hide']);
}
