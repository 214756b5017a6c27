// The linkable state of the live tail: what is watched.
import { pickTexts } from '#lib/url-state.ts';

export interface LiveSearch {
  project?: string;
  /** Words of the content. */
  search?: string;
  /** Conditions as JSON, as the API takes them. */
  filter?: string;
  /** Columns that are not shown. */
  hide?: string;
}

export function readLiveSearch(values: Record<string, unknown>): LiveSearch {
  return pickTexts(values, ['project', 'search', 'filter', 'hide']);
}
