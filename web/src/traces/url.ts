// The linkable state of the traces list and of the trace page.
import { pickTexts } from '#lib/url-state.ts';

export interface TracesSearch {
  project?: string;
  range?: string;
  from?: string;
  to?: string;
  search?: string;
  user?: string;
  session?: string;
  tag?: string;
  environment?: string;
  /** Columns that are not shown. */
  hide?: string;
}

export function readTracesSearch(values: Record<string, unknown>): TracesSearch {
  return pickTexts(values, ['project', 'range', 'from', 'to', 'search', 'user', 'session', 'tag', 'environment', 'hide']);
}

/** `observation` is the selected node, as in Langfuse's links. */
export interface TraceSearch {
  observation?: string;
}

export function readTraceSearch(values: Record<string, unknown>): TraceSearch {
  return pickTexts(values, ['observation']);
}
