// The linkable state of the compatibility page: the project, and the client whose details are open.
import { pickTexts } from '#lib/url-state.ts';

export interface CompatibilitySearch {
  project?: string;
  client?: string;
}

export function readCompatibilitySearch(values: Record<string, unknown>): CompatibilitySearch {
  return pickTexts(values, ['project', 'client']);
}
