// The form of a rule: what gives way to the view, what is missing, and that a stored rule is sent as it was.
import type { ConsoleAlertRule, ConsoleMetricsOptions } from '@genai/server/contract-metrics';
import { describe, expect, it } from 'vitest';
import { checkReceiverForm, EMPTY_RECEIVER, receiverBodyOf } from './receiver-values.ts';
import { checkRuleForm, EMPTY_RULE, fittedRule, ruleBodyOf, ruleFormOf } from './rule-values.ts';

const OPTIONS: ConsoleMetricsOptions = {
  views: [
    { view: 'observations', dimensions: [], measures: [{ measure: 'totalCost', kind: 'number' }], filters: [{ column: 'environment', holds: 'text' }] },
    {
      view: 'scores-numeric',
      dimensions: [],
      measures: [
        { measure: 'count', kind: 'rows' },
        { measure: 'value', kind: 'number' },
      ],
      filters: [],
    },
  ],
  charts: {},
};

describe('the form of a rule', () => {
  it('gives way to the view', () => {
    const lines = [{ column: 'environment', operator: 'any of', key: '', values: ['live'] }];
    expect(fittedRule({ ...EMPTY_RULE, lines, view: 'scores-numeric' }, OPTIONS)).toMatchObject({ measure: 'count', aggregation: 'count', lines: [] });
    expect(fittedRule({ ...EMPTY_RULE, view: 'scores-numeric', measure: 'value', aggregation: 'p95' }, OPTIONS)).toMatchObject({ aggregation: 'p95' });
  });

  it('says what is missing', () => {
    expect(checkRuleForm({ ...EMPTY_RULE, windowMinutes: '0', forMinutes: '1.5' })).toEqual({
      name: 'name',
      threshold: 'threshold',
      windowMinutes: 'minutes',
      forMinutes: 'minutes',
    });
    expect(checkRuleForm({ ...EMPTY_RULE, kind: 'silence', name: 'x' })).toEqual({});
  });

  it('sends what a stored rule said when nothing is changed', () => {
    const body = {
      name: 'Cost',
      description: '',
      enabled: true,
      severity: 'critical',
      kind: 'threshold',
      view: 'observations',
      measure: 'totalCost',
      aggregation: 'sum',
      filters: [{ type: 'stringOptions', column: 'environment', operator: 'any of', value: ['live'] }],
      windowMinutes: 60,
      comparison: '>=',
      threshold: 1.5,
      forMinutes: 5,
      whenNoData: 'keep',
      receiverIds: ['r'],
    } as const;
    const standing = {
      id: 'x',
      everyMinutes: 1,
      state: 'ok',
      stateSince: '',
      lastValue: null,
      evaluatedAt: null,
      evaluationError: null,
      updatedAt: '',
    } as const;
    const rule: ConsoleAlertRule = { ...body, ...standing, filters: [...body.filters], receiverIds: [...body.receiverIds] };
    expect(ruleBodyOf(ruleFormOf(rule, OPTIONS), OPTIONS)).toEqual(body);
  });
});

describe('the form of a receiver', () => {
  it('says what is missing, by kind', () => {
    expect(checkReceiverForm({ ...EMPTY_RECEIVER, url: 'ftp://x' })).toEqual({ name: 'name', url: 'url' });
    expect(checkReceiverForm({ ...EMPTY_RECEIVER, kind: 'email', name: 'x', to: ['nobody'] })).toEqual({ to: 'addresses' });
    expect(checkReceiverForm({ ...EMPTY_RECEIVER, name: 'x', url: 'https://example.com/hook', secret: 'short' })).toEqual({ secret: 'secret' });
  });

  it('sends what its kind takes', () => {
    const form = { ...EMPTY_RECEIVER, name: ' Ops ', url: ' https://example.com/hook ', to: ['a@example.com'] };
    expect(receiverBodyOf(form)).toEqual({ kind: 'webhook', name: 'Ops', language: 'en', url: 'https://example.com/hook' });
    expect(receiverBodyOf({ ...form, secret: 'long-enough' })).toMatchObject({ secret: 'long-enough' });
    expect(receiverBodyOf({ ...form, kind: 'email' })).toEqual({ kind: 'email', name: 'Ops', language: 'en', to: ['a@example.com'] });
  });
});
