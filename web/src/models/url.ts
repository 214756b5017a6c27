// The linkable state of the models page.
import { pickTexts } from '#lib/url-state.ts';

export interface ModelsSearch {
  search?: string;
  /** Model whose snippet is open. */
  model?: string;
}

export function readModelsSearch(values: Record<string, unknown>): ModelsSearch {
  return pickTexts(values, ['search', 'model']);
}
