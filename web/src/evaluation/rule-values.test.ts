// What the rule form sends, and what it carries along.
import { describe, expect, it } from 'vitest';
import { conditionsOf, linesOf } from '#lib/filter-lines.ts';
import { checkRule, EMPTY_RULE, mappingFor, ruleBodyOf } from './rule-values.ts';

const evaluator = {
  id: 'e',
  type: 'llm_as_judge' as const,
  name: 'groundedness',
  version: 1,
  variables: ['context', 'output'],
  mapping: [{ variable: 'context', source: 'input', jsonPath: '$.docs' }],
  evaluationRuleCount: 0,
  updatedAt: '',
  prompt: '',
  outputDefinition: { dataType: 'NUMERIC' as const, reasoning: { description: '' }, score: { description: '' } },
  modelConfig: null,
};

describe('rule form', () => {
  it('maps nothing for code, which is given everything', () => {
    expect(mappingFor({ ...evaluator, type: 'code', sourceCode: '' }, 'observation', [{ variable: 'context', source: 'input', jsonPath: '' }])).toEqual([]);
  });

  it("fills variables by the evaluator's mapping and by their names, and asks where it cannot", () => {
    expect(mappingFor(evaluator, 'observation', [])).toEqual([
      { variable: 'context', source: 'input', jsonPath: '$.docs' },
      { variable: 'output', source: 'output', jsonPath: '' },
    ]);
    expect(mappingFor(evaluator, 'session', [{ variable: 'context', source: 'metadata', jsonPath: '' }])[0]).toMatchObject({ source: '' });
    expect(mappingFor(undefined, 'trace', [])).toEqual([]);
  });

  it('sends what was filled in, and names what is missing', () => {
    expect(checkRule(EMPTY_RULE)).toEqual({ name: 'name', evaluator: 'evaluator' });
    expect(checkRule({ ...EMPTY_RULE, name: 'r', evaluator: 'e', sampling: '0', delaySeconds: '-1', maxCostPerDay: 'x' })).toEqual({
      sampling: 'percent',
      delaySeconds: 'number',
      maxCostPerDay: 'number',
    });
    const form = { ...EMPTY_RULE, name: ' r ', evaluator: 'groundedness', sampling: '12.5', mapping: mappingFor(evaluator, 'observation', []) };
    expect(ruleBodyOf(form)).toMatchObject({
      name: 'r',
      sampling: 0.125,
      maxCostPerDay: null,
      evaluators: [
        {
          evaluator: { name: 'groundedness' },
          mapping: [
            { variable: 'context', source: 'input', jsonPath: '$.docs' },
            { variable: 'output', source: 'output' },
          ],
        },
      ],
    });
    expect(ruleBodyOf(form)).not.toHaveProperty('delaySeconds');
  });

  it('keeps the further evaluators of a rule', () => {
    const rest = [{ evaluator: { id: 'x', name: 'toxicity' }, mapping: null }];
    expect(ruleBodyOf({ ...EMPTY_RULE, name: 'r', evaluator: 'groundedness', rest }).evaluators).toEqual([
      { evaluator: { name: 'groundedness' }, mapping: [] },
      { evaluator: { name: 'toxicity' }, mapping: null },
    ]);
  });

  it('keeps conditions that it cannot show', () => {
    const odd = { type: 'number', column: 'latency', operator: '>', value: 3 };
    const shown = { type: 'arrayOptions', column: 'tags', operator: 'any of', value: ['a'] };
    const { lines, others } = linesOf([odd, shown]);
    expect(others).toEqual([odd]);
    expect(conditionsOf([...lines, { column: 'name', operator: 'none of', values: [] }])).toEqual([shown]);
  });
});
