// The linkable state of the teams page.
import { pickTexts } from '#lib/url-state.ts';

export interface TeamsSearch {
  search?: string;
  /** The team whose drawer is open. */
  team?: string;
}

export function readTeamsSearch(values: Record<string, unknown>): TeamsSearch {
  return pickTexts(values, ['search', 'team']);
}
