// The linkable state of the comparison: runs by id (the first is the baseline), what is looked at, the item that is open.
import { pickTexts } from '#lib/url-state.ts';

export interface ComparisonSearch {
  runs?: string;
  metric?: string;
  better?: string;
  show?: string;
  sort?: string;
  item?: string;
}

export function readComparisonSearch(values: Record<string, unknown>): ComparisonSearch {
  return pickTexts(values, ['runs', 'metric', 'better', 'show', 'sort', 'item']);
}

/** Runs that one page can hold. */
export const MAX_RUNS = 5;

/** Ids of runs out of the link, each once, at most as many as the page holds. */
export function runIds(search: ComparisonSearch): string[] {
  return [...new Set((search.runs ?? '').split(',').filter((id) => id !== ''))].slice(0, MAX_RUNS);
}
