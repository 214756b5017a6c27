// The form of an evaluator, and what it sends.
import type { ConsoleJudgeEvaluator, ConsoleJudgeTemplate, ConsoleMapping, ConsoleOutputDefinition } from '@genai/server/contract';

export interface EvaluatorForm {
  /** A new version of this evaluator; null = a new one. */
  of: string | null;
  name: string;
  prompt: string;
  dataType: ConsoleOutputDefinition['dataType'];
  reasoning: string;
  score: string;
  minValue: string;
  maxValue: string;
  categories: string[];
  several: boolean;
  /** False = the project's default model. */
  ownModel: boolean;
  provider: string;
  model: string;
  mapping: ConsoleMapping[] | null;
}

export const NEW_EVALUATOR: EvaluatorForm = {
  of: null,
  name: '',
  prompt: '',
  dataType: 'NUMERIC',
  reasoning: 'one to three sentences that name what decided the score',
  score: '',
  minValue: '0',
  maxValue: '1',
  categories: [],
  several: false,
  ownModel: false,
  provider: 'genai-gateway',
  model: '',
  mapping: null,
};

function formOf({ outputDefinition, ...row }: Pick<ConsoleJudgeEvaluator, 'name' | 'prompt' | 'outputDefinition' | 'mapping'>): EvaluatorForm {
  const { dataType, reasoning, score } = outputDefinition;
  return {
    ...NEW_EVALUATOR,
    ...row,
    dataType,
    reasoning: reasoning.description,
    score: score.description,
    minValue: score.minValue === undefined || score.minValue === null ? '' : String(score.minValue),
    maxValue: score.maxValue === undefined || score.maxValue === null ? '' : String(score.maxValue),
    categories: score.categories ?? [],
    several: score.shouldAllowMultipleMatches ?? false,
  };
}

export function formOfTemplate({ name, prompt, outputDefinition, mapping }: ConsoleJudgeTemplate): EvaluatorForm {
  return formOf({ name, prompt, outputDefinition, mapping });
}

export function formOfEvaluator({ name, prompt, outputDefinition, mapping, modelConfig }: ConsoleJudgeEvaluator): EvaluatorForm {
  return { ...formOf({ name, prompt, outputDefinition, mapping }), of: name, ownModel: modelConfig !== null, ...(modelConfig ?? {}) };
}

/** The variables of a prompt, as the server finds them. */
export function variablesOf(prompt: string): string[] {
  return [...new Set([...prompt.matchAll(/\{\{\s*([\p{L}_][\p{L}\p{N}_.-]*)\s*\}\}/gu)].map(([, name]) => name as string))];
}

export type EvaluatorFault = 'name' | 'prompt' | 'score' | 'bounds' | 'categories' | 'model';

export function checkEvaluator(form: EvaluatorForm): Partial<Record<keyof EvaluatorForm, EvaluatorFault>> {
  const faults: Partial<Record<keyof EvaluatorForm, EvaluatorFault>> = {};
  if (form.name.trim() === '') faults.name = 'name';
  if (form.prompt.trim() === '') faults.prompt = 'prompt';
  if (form.score.trim() === '') faults.score = 'score';
  if (form.dataType === 'NUMERIC' && !boundsFit(form)) faults.maxValue = 'bounds';
  if (form.dataType === 'CATEGORICAL' && form.categories.length < 2) faults.categories = 'categories';
  if (form.ownModel && form.model.trim() === '') faults.model = 'model';
  return faults;
}

function boundsFit({ minValue, maxValue }: EvaluatorForm): boolean {
  const least = minValue.trim() === '' ? Number.NEGATIVE_INFINITY : Number(minValue);
  const most = maxValue.trim() === '' ? Number.POSITIVE_INFINITY : Number(maxValue);
  return least < most;
}

export function evaluatorBodyOf(form: EvaluatorForm): Record<string, unknown> {
  const variables = variablesOf(form.prompt);
  const mapping = form.mapping?.filter(({ variable }) => variables.includes(variable)) ?? null;
  return {
    type: 'llm_as_judge',
    name: form.name.trim(),
    prompt: form.prompt,
    outputDefinition: { dataType: form.dataType, reasoning: { description: form.reasoning }, score: { description: form.score.trim(), ...scoreOf(form) } },
    modelConfig: form.ownModel ? { provider: form.provider, model: form.model.trim() } : null,
    mapping,
  };
}

function scoreOf(form: EvaluatorForm): Record<string, unknown> {
  const number = (text: string) => (text.trim() === '' ? null : Number(text));
  if (form.dataType === 'NUMERIC') return { minValue: number(form.minValue), maxValue: number(form.maxValue) };
  return form.dataType === 'CATEGORICAL' ? { categories: form.categories, shouldAllowMultipleMatches: form.several } : {};
}
