// What the evaluator form sends.
import { describe, expect, it } from 'vitest';
import { checkEvaluator, evaluatorBodyOf, formOfTemplate, NEW_EVALUATOR, variablesOf } from './evaluator-values.ts';

describe('evaluator form', () => {
  it('finds the variables of a prompt', () => {
    expect(variablesOf('{{input}} と {{ 文脈 }}, {{input}} {not} {{1}}')).toEqual(['input', '文脈']);
  });

  it('takes a template over and drops mappings of variables that are gone', () => {
    const form = formOfTemplate({
      name: 'toxicity-ja',
      language: 'ja',
      summary: '',
      prompt: '{{output}}',
      outputDefinition: { dataType: 'NUMERIC', reasoning: { description: 'r' }, score: { description: 's', minValue: 0, maxValue: 1 } },
      mapping: [
        { variable: 'output', source: 'output' },
        { variable: 'gone', source: 'input' },
      ],
      targets: [],
    });
    expect(checkEvaluator(form)).toEqual({});
    expect(evaluatorBodyOf(form)).toEqual({
      type: 'llm_as_judge',
      name: 'toxicity-ja',
      prompt: '{{output}}',
      outputDefinition: { dataType: 'NUMERIC', reasoning: { description: 'r' }, score: { description: 's', minValue: 0, maxValue: 1 } },
      modelConfig: null,
      mapping: [{ variable: 'output', source: 'output' }],
    });
  });

  it('names what is missing', () => {
    expect(checkEvaluator({ ...NEW_EVALUATOR, minValue: '2', ownModel: true })).toEqual({
      name: 'name',
      prompt: 'prompt',
      score: 'score',
      maxValue: 'bounds',
      model: 'model',
    });
    expect(checkEvaluator({ ...NEW_EVALUATOR, name: 'n', prompt: 'p', score: 's', dataType: 'CATEGORICAL', categories: ['a'] })).toEqual({
      categories: 'categories',
    });
  });
});
