// The linkable state of the alerts page.
import { pickTexts } from '#lib/url-state.ts';

export interface AlertsSearch {
  project?: string;
  /** rules | history | receivers */
  tab?: string;
  /** The rule whose history is shown. */
  rule?: string;
}

export function readAlertsSearch(values: Record<string, unknown>): AlertsSearch {
  return pickTexts(values, ['project', 'tab', 'rule']);
}
