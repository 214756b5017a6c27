// The linkable state of the list of what could not be stored.
import { pickTexts } from '#lib/url-state.ts';

export interface DeadLettersSearch {
  project?: string;
  place?: string;
  reason?: string;
}

export function readDeadLettersSearch(values: Record<string, unknown>): DeadLettersSearch {
  return pickTexts(values, ['project', 'place', 'reason']);
}
