// The linkable state of the evaluation page.
import { pickTexts } from '#lib/url-state.ts';

export interface EvaluationSearch {
  project?: string;
  /** Which list is shown. */
  tab?: string;
}

export function readEvaluationSearch(values: Record<string, unknown>): EvaluationSearch {
  return pickTexts(values, ['project', 'tab']);
}
