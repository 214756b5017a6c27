// From an evaluator's text and a target to checked scores: the sandbox runs it, the parser reads it, the score configs of the project have their say.

import type { Material } from '#observe/evaluation/targets.ts';
import { type CheckedScore, scoreCheck } from '#observe/score-configs/check.ts';
import type { RecordsSession } from '#stores/records/port.ts';
import { contextTextOf } from './context.ts';
import { type CodeSandbox, faultText, type SandboxFault } from './port.ts';
import { type CodeScore, readScores } from './result.ts';

export type Scored = { scores: CodeScore[]; cpuMs: number } | { fault: SandboxFault };

/** Scores that may be written. @throws AppError 503 when the sandbox takes nothing more. */
export async function scoredBy(
  parts: { sandbox: CodeSandbox; records: Pick<RecordsSession, 'query'> },
  asked: { source: string; projectId: string; material: Pick<Material, 'sources'> },
): Promise<Scored> {
  const answer = await parts.sandbox.run({ source: asked.source, contextText: contextTextOf(asked.material) });
  if (answer.kind === 'fault') return { fault: answer };
  const read = readScores(answer.text);
  if ('problem' in read) return { fault: { kind: 'fault', message: read.problem, line: null, again: false } };
  const misfit = await misfitOf(parts.records, asked.projectId, read.scores);
  if (misfit !== null) return { fault: { kind: 'fault', message: misfit, line: null, again: false } };
  return { scores: read.scores, cpuMs: answer.cpuMs };
}

async function misfitOf(records: Pick<RecordsSession, 'query'>, projectId: string, scores: readonly CodeScore[]): Promise<string | null> {
  const checked = scores.map(({ name, value, dataType, configId }): CheckedScore => ({ name, value, dataType, configId }));
  const problems = await scoreCheck(records)(projectId, checked);
  const index = problems.findIndex((problem) => problem !== null);
  return index < 0 ? null : `scores[${index}]: ${problems[index]}`;
}

/** Whether a text would run at all; null = it would. @throws AppError 503. */
export async function sourceFault(sandbox: CodeSandbox, source: string): Promise<string | null> {
  const answer = await sandbox.run({ source, contextText: null });
  return answer.kind === 'fault' ? faultText(answer) : null;
}
