// The form of an evaluator in code, what it sends, and how its text is edited.
import type { ConsoleCodeEvaluator } from '@genai/server/contract';

export interface CodeForm {
  /** A new version of this evaluator; null = a new one. */
  of: string | null;
  name: string;
  sourceCode: string;
  /** What it is tried out on; both empty = the newest observation. */
  traceId: string;
  observationId: string;
}

const EXAMPLE = `function evaluate(ctx) {
  const { input, output, metadata, toolCalls } = ctx.observation;
  // Experiments only: ctx.experiment.itemExpectedOutput, .itemMetadata
  const text = typeof output === 'string' ? output : JSON.stringify(output);
  return {
    scores: [
      { name: 'answered', value: text.trim().length > 0 },
      { name: 'length', value: text.length, comment: toolCalls.length + ' tool calls' },
    ],
  };
}
`;

export const NEW_CODE: CodeForm = { of: null, name: '', sourceCode: EXAMPLE, traceId: '', observationId: '' };

export function codeFormOf({ name, sourceCode }: ConsoleCodeEvaluator): CodeForm {
  return { ...NEW_CODE, of: name, name, sourceCode };
}

export type CodeFault = 'name' | 'source' | 'observation';

export function checkCode(form: CodeForm): Partial<Record<keyof CodeForm, CodeFault>> {
  return { ...(form.name.trim() === '' ? { name: 'name' as const } : {}), ...checkTrial(form) };
}

export function checkTrial({ sourceCode, traceId, observationId }: CodeForm): Partial<Record<keyof CodeForm, CodeFault>> {
  const oneAlone = (traceId.trim() === '') !== (observationId.trim() === '');
  return { ...(sourceCode.trim() === '' ? { sourceCode: 'source' as const } : {}), ...(oneAlone ? { observationId: 'observation' as const } : {}) };
}

export function codeBodyOf({ name, sourceCode }: CodeForm): Record<string, unknown> {
  return { type: 'code', name: name.trim(), sourceCode, sourceCodeLanguage: 'TYPESCRIPT' };
}

export function trialBodyOf({ sourceCode, traceId, observationId }: CodeForm): Record<string, unknown> {
  const named = traceId.trim() !== '' && observationId.trim() !== '';
  return { sourceCode, sourceCodeLanguage: 'TYPESCRIPT', observation: named ? { traceId: traceId.trim(), id: observationId.trim() } : null };
}

/** From where to where a line (from 1) stands in a text. */
export function rangeOfLine(text: string, line: number): [start: number, end: number] {
  const lines = text.split('\n');
  const at = Math.min(Math.max(line, 1), lines.length) - 1;
  const start = lines.slice(0, at).reduce((sum, { length }) => sum + length + 1, 0);
  return [start, start + (lines[at]?.length ?? 0)];
}
