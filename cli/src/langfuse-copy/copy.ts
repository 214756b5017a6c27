// Copies a project from one Langfuse API to another: what defines it first, then what happened in it. Run again, it goes on; nothing is there twice.
import { copyDatasets, copyRuns } from './datasets.ts';
import { copyModels, copyScoreConfigs } from './definitions.ts';
import { copyPrompts } from './prompts.ts';
import { type CopyReport, type CopyRun, KINDS, type Kind } from './run.ts';
import { copyScores } from './scores.ts';
import { copyTraces } from './traces.ts';

export type CopyInput = Omit<CopyRun, 'configIds' | 'counts' | 'findings'> & { kinds: readonly Kind[] };

const STEPS: Readonly<Record<Kind, (run: CopyRun) => Promise<void>>> = {
  'score-config': copyScoreConfigs,
  model: copyModels,
  prompt: copyPrompts,
  dataset: copyDatasets,
  trace: copyTraces,
  run: copyRuns,
  score: copyScores,
};

/** @throws Refused, Unreachable when a side answers no more; what was copied until then stays. */
export async function copyProject({ kinds, ...input }: CopyInput): Promise<CopyReport> {
  const run: CopyRun = { ...input, configIds: new Map(), counts: new Map(), findings: [] };
  for (const kind of KINDS) if (kinds.includes(kind)) await STEPS[kind](run);
  return { applied: run.apply, counts: [...run.counts.values()], findings: run.findings };
}
