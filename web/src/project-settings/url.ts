// The linkable state of a project's settings.
import { pickTexts } from '#lib/url-state.ts';

export interface SettingsSearch {
  project?: string;
  /** Which settings are shown. */
  tab?: string;
}

export function readSettingsSearch(values: Record<string, unknown>): SettingsSearch {
  return pickTexts(values, ['project', 'tab']);
}
