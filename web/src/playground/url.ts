// The linkable state of the playground: the project, and what it begins with: a version of a prompt, or a generation of a trace.
import { pickTexts } from '#lib/url-state.ts';

export interface PlaygroundSearch {
  project?: string;
  prompt?: string;
  version?: string;
  trace?: string;
  observation?: string;
}

export function readPlaygroundSearch(values: Record<string, unknown>): PlaygroundSearch {
  return pickTexts(values, ['project', 'prompt', 'version', 'trace', 'observation']);
}
