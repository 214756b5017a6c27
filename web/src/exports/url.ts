// The linkable state of the page of a project's export.
import { pickTexts } from '#lib/url-state.ts';

export interface ExportSearch {
  project?: string;
}

export function readExportSearch(values: Record<string, unknown>): ExportSearch {
  return pickTexts(values, ['project']);
}
