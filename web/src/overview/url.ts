// The linkable state of the overview.
import { pickTexts } from '#lib/url-state.ts';

export interface OverviewSearch {
  project?: string;
  range?: string;
  from?: string;
  to?: string;
}

export function readOverviewSearch(values: Record<string, unknown>): OverviewSearch {
  return pickTexts(values, ['project', 'range', 'from', 'to']);
}
