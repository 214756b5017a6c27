// The linkable state of the virtual keys page.
import { pickTexts } from '#lib/url-state.ts';

export interface KeysSearch {
  search?: string;
}

export function readKeysSearch(values: Record<string, unknown>): KeysSearch {
  return pickTexts(values, ['search']);
}
