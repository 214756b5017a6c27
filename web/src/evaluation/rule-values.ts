// The forms of rules and evaluators, and what they send.
import type { ConsoleEvaluator, ConsoleRule, FilterCondition } from '@genai/server/contract';
import { conditionsOf, type FilterLine, linesOf } from '#lib/filter-lines.ts';

export type Target = ConsoleRule['target'];
export const TARGETS = ['observation', 'trace', 'session', 'experiment'] as const satisfies readonly Target[];

/** What variables can be filled with, by target. */
export const SOURCES: Readonly<Record<Target, readonly string[]>> = {
  observation: ['input', 'output', 'metadata', 'tool_calls'],
  trace: ['input', 'output', 'metadata', 'tool_calls', 'observations'],
  session: ['input', 'output', 'conversation'],
  experiment: ['input', 'output', 'metadata', 'tool_calls', 'expected_output', 'experiment_item_metadata'],
};

/** Columns that the page offers, by target; the API takes more. */
export const COLUMNS: Readonly<Record<Target, readonly string[]>> = {
  observation: ['type', 'name', 'environment', 'level', 'model', 'traceName', 'userId', 'sessionId', 'tags'],
  trace: ['name', 'environment', 'userId', 'sessionId', 'tags'],
  session: ['name', 'environment', 'userId', 'tags'],
  experiment: ['datasetId'],
};

export interface MappingLine {
  variable: string;
  source: string;
  jsonPath: string;
}

export interface RuleForm {
  name: string;
  target: Target;
  enabled: boolean;
  evaluator: string;
  mapping: MappingLine[];
  /** Further evaluators of the rule, which the form carries along. */
  rest: ConsoleRule['evaluators'];
  /** In percent. */
  sampling: string;
  delaySeconds: string;
  maxCostPerDay: string;
  lines: FilterLine[];
  others: FilterCondition[];
}

export const EMPTY_RULE: RuleForm = {
  name: '',
  target: 'observation',
  enabled: true,
  evaluator: '',
  mapping: [],
  rest: [],
  sampling: '100',
  delaySeconds: '',
  maxCostPerDay: '',
  lines: [],
  others: [],
};

/** None for code, which is given everything. One line a variable: what was chosen, else the evaluator's own, else the source of the same name. */
export function mappingFor(evaluator: ConsoleEvaluator | undefined, target: Target, chosen: readonly MappingLine[]): MappingLine[] {
  if (evaluator?.type === 'code') return [];
  return (evaluator?.variables ?? []).map((variable) => {
    const own = evaluator?.mapping?.find((line) => line.variable === variable);
    const line = chosen.find((one) => one.variable === variable) ?? { variable, source: own?.source ?? variable, jsonPath: own?.jsonPath ?? '' };
    return SOURCES[target].includes(line.source) ? line : { ...line, source: '' };
  });
}

export function ruleFormOf(rule: ConsoleRule): RuleForm {
  const first = rule.evaluators[0];
  return {
    name: rule.name,
    target: rule.target,
    enabled: rule.enabled,
    evaluator: first?.evaluator.name ?? '',
    mapping: (first?.mapping ?? []).map(({ variable, source, jsonPath }) => ({ variable, source, jsonPath: jsonPath ?? '' })),
    rest: rule.evaluators.slice(1),
    sampling: String(Math.round(rule.sampling * 10_000) / 100),
    delaySeconds: String(rule.delaySeconds),
    maxCostPerDay: rule.maxCostPerDay === null ? '' : String(rule.maxCostPerDay),
    ...linesOf(rule.filter),
  };
}

export type RuleFault = 'name' | 'evaluator' | 'source' | 'percent' | 'number';

export function checkRule(form: RuleForm): Partial<Record<keyof RuleForm, RuleFault>> {
  const faults: Partial<Record<keyof RuleForm, RuleFault>> = {};
  if (form.name.trim() === '') faults.name = 'name';
  if (form.evaluator === '') faults.evaluator = 'evaluator';
  if (form.mapping.some(({ source }) => source === '')) faults.mapping = 'source';
  const percent = Number(form.sampling);
  if (form.sampling.trim() === '' || !(percent > 0 && percent <= 100)) faults.sampling = 'percent';
  if (form.delaySeconds.trim() !== '' && !/^\d{1,5}$/.test(form.delaySeconds.trim())) faults.delaySeconds = 'number';
  if (form.maxCostPerDay.trim() !== '' && !(Number(form.maxCostPerDay) > 0)) faults.maxCostPerDay = 'number';
  return faults;
}

export function ruleBodyOf(form: RuleForm): Record<string, unknown> {
  const mapping = form.mapping.map(({ variable, source, jsonPath }) => ({
    variable,
    source,
    ...(jsonPath.trim() === '' ? {} : { jsonPath: jsonPath.trim() }),
  }));
  return {
    name: form.name.trim(),
    target: form.target,
    enabled: form.enabled,
    evaluators: [
      { evaluator: { name: form.evaluator }, mapping },
      ...form.rest
        .filter(({ evaluator }) => evaluator.name !== form.evaluator)
        .map((one) => ({ evaluator: { name: one.evaluator.name }, mapping: one.mapping })),
    ],
    sampling: Number(form.sampling) / 100,
    filter: [...conditionsOf(form.lines), ...form.others],
    ...(form.delaySeconds.trim() === '' ? {} : { delaySeconds: Number(form.delaySeconds) }),
    maxCostPerDay: form.maxCostPerDay.trim() === '' ? null : Number(form.maxCostPerDay),
  };
}
