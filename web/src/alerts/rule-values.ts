// The form of a rule: what is missing, and what it sends. Pure.
import type { FilterCondition } from '@genai/server/contract';
import type { ConsoleAlertRule, ConsoleMetricsOptions } from '@genai/server/contract-metrics';
import { aggregationsOf, holdsIn, measuresOf, viewOf } from '#metrics/choices.ts';
import { type ConditionLine, conditionsOf, linesOf } from '#metrics/conditions.ts';
import type { Unit } from '#metrics/units.ts';

export const COMPARISONS = ['>', '>=', '<', '<='] as const;
export const SEVERITIES = ['info', 'warning', 'critical'] as const;
export const NO_DATA = ['ok', 'alert', 'keep'] as const;

export interface RuleForm {
  name: string;
  description: string;
  enabled: boolean;
  severity: string;
  kind: 'threshold' | 'silence';
  view: string;
  measure: string;
  aggregation: string;
  lines: ConditionLine[];
  others: FilterCondition[];
  windowMinutes: string;
  comparison: string;
  /** As people write it: seconds are milliseconds in the API. */
  threshold: string;
  forMinutes: string;
  whenNoData: string;
  receiverIds: string[];
}

export const EMPTY_RULE: RuleForm = {
  name: '',
  description: '',
  enabled: true,
  severity: 'warning',
  kind: 'threshold',
  view: 'observations',
  measure: 'totalCost',
  aggregation: 'sum',
  lines: [],
  others: [],
  windowMinutes: '60',
  comparison: '>',
  threshold: '',
  forMinutes: '0',
  whenNoData: 'ok',
  receiverIds: [],
};

/** A form whose measure and aggregation fit its view. */
export function fittedRule(form: RuleForm, options: ConsoleMetricsOptions): RuleForm {
  const view = viewOf(options, form.view);
  const measures = measuresOf(view, 'NUMBER');
  const measure = measures.includes(form.measure) ? form.measure : (measures[0] ?? form.measure);
  const aggregations = aggregationsOf(view, measure, 'NUMBER');
  const aggregation = measure === form.measure && aggregations.includes(form.aggregation) ? form.aggregation : (aggregations[0] ?? form.aggregation);
  const known = (column: string) => view?.filters.some((one) => one.column === column) ?? true;
  return { ...form, measure, aggregation, lines: form.lines.filter(({ column }) => known(column)), others: form.others.filter(({ column }) => known(column)) };
}

export function ruleFormOf(rule: ConsoleAlertRule, options: ConsoleMetricsOptions): RuleForm {
  return {
    name: rule.name,
    description: rule.description,
    enabled: rule.enabled,
    severity: rule.severity,
    kind: rule.kind,
    view: rule.view,
    measure: rule.measure ?? EMPTY_RULE.measure,
    aggregation: rule.aggregation ?? EMPTY_RULE.aggregation,
    ...linesOf(rule.filters, holdsIn(options, rule.view)),
    windowMinutes: String(rule.windowMinutes),
    comparison: rule.comparison ?? EMPTY_RULE.comparison,
    threshold: rule.threshold === undefined ? '' : String(rule.threshold),
    forMinutes: String(rule.forMinutes),
    whenNoData: rule.whenNoData ?? EMPTY_RULE.whenNoData,
    receiverIds: rule.receiverIds,
  };
}

export type RuleFault = 'name' | 'threshold' | 'minutes';

export function checkRuleForm(form: RuleForm): Partial<Record<keyof RuleForm, RuleFault>> {
  const faults: Partial<Record<keyof RuleForm, RuleFault>> = {};
  const whole = (text: string, least: number, most: number) => /^\d{1,5}$/.test(text.trim()) && Number(text) >= least && Number(text) <= most;
  if (form.name.trim() === '') faults.name = 'name';
  if (form.kind === 'threshold' && (form.threshold.trim() === '' || !Number.isFinite(Number(form.threshold)))) faults.threshold = 'threshold';
  if (!whole(form.windowMinutes, 1, 10_080)) faults.windowMinutes = 'minutes';
  if (!whole(form.forMinutes, 0, 1_440)) faults.forMinutes = 'minutes';
  return faults;
}

export function ruleBodyOf(form: RuleForm, options: ConsoleMetricsOptions): Record<string, unknown> {
  const { kind, view, measure, aggregation, comparison, whenNoData } = form;
  return {
    kind,
    name: form.name.trim(),
    description: form.description.trim(),
    enabled: form.enabled,
    severity: form.severity,
    view,
    filters: [...conditionsOf(form.lines, holdsIn(options, view)), ...form.others],
    windowMinutes: Number(form.windowMinutes),
    forMinutes: Number(form.forMinutes),
    receiverIds: form.receiverIds,
    ...(kind === 'silence' ? {} : { measure, aggregation, comparison, threshold: Number(form.threshold), whenNoData }),
  };
}

/** The unit that a threshold is written in, beside its field. */
export const SUFFIX: Readonly<Record<Unit, string>> = { money: 'USD', milliseconds: 'ms', count: '', number: '' };
