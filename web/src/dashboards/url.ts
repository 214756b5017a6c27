// The linkable state of the dashboards list and of one dashboard.
import { pickTexts } from '#lib/url-state.ts';

export interface DashboardsSearch {
  project?: string;
  /** dashboards | widgets */
  tab?: string;
}

export function readDashboardsSearch(values: Record<string, unknown>): DashboardsSearch {
  return pickTexts(values, ['project', 'tab']);
}

export interface DashboardSearch {
  range?: string;
  from?: string;
  to?: string;
  /** Environments, separated by commas. */
  environment?: string;
  /** Seconds between two looks. */
  refresh?: string;
  /** The page is open for changes. */
  edit?: string;
}

export function readDashboardSearch(values: Record<string, unknown>): DashboardSearch {
  return pickTexts(values, ['range', 'from', 'to', 'environment', 'refresh', 'edit']);
}
