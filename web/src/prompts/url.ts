// The linkable state of the prompts list and of one prompt.
import { pickTexts } from '#lib/url-state.ts';

export interface PromptsSearch {
  project?: string;
  search?: string;
}

export function readPromptsSearch(values: Record<string, unknown>): PromptsSearch {
  return pickTexts(values, ['project', 'search']);
}

/** The version that is shown, and the one that it is compared with. */
export interface PromptSearch {
  version?: string;
  compare?: string;
}

export function readPromptSearch(values: Record<string, unknown>): PromptSearch {
  return pickTexts(values, ['version', 'compare']);
}
