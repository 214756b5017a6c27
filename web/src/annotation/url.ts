// The linkable state of the list of annotation queues and of the work on one.
import { pickTexts } from '#lib/url-state.ts';

export interface QueuesSearch {
  project?: string;
  /** `true`: only queues that are assigned to the reader. */
  mine?: string;
}

export function readQueuesSearch(values: Record<string, unknown>): QueuesSearch {
  return pickTexts(values, ['project', 'mine']);
}

/** The item that is worked on. */
export interface WorkSearch {
  item?: string;
}

export function readWorkSearch(values: Record<string, unknown>): WorkSearch {
  return pickTexts(values, ['item']);
}
