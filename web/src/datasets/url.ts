// The linkable state of the datasets list and of one dataset.
import { pickTexts } from '#lib/url-state.ts';

export interface DatasetsSearch {
  project?: string;
  search?: string;
}

export function readDatasetsSearch(values: Record<string, unknown>): DatasetsSearch {
  return pickTexts(values, ['project', 'search']);
}

/** The tab, and the item whose drawer is open. */
export interface DatasetSearch {
  tab?: string;
  item?: string;
}

export function readDatasetSearch(values: Record<string, unknown>): DatasetSearch {
  return pickTexts(values, ['tab', 'item']);
}
