// The linkable state of the users list.
import { pickTexts } from '#lib/url-state.ts';

export interface PeopleSearch {
  project?: string;
  range?: string;
  from?: string;
  to?: string;
  search?: string;
}

export function readPeopleSearch(values: Record<string, unknown>): PeopleSearch {
  return pickTexts(values, ['project', 'range', 'from', 'to', 'search']);
}
