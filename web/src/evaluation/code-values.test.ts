// What the form of an evaluator in code sends, and where its lines are.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkCode, checkTrial, codeBodyOf, codeFormOf, NEW_CODE, rangeOfLine, trialBodyOf } from './code-values.ts';

describe('form of an evaluator in code', () => {
  it('begins with an example that is sent as it stands', () => {
    const form = { ...NEW_CODE, name: ' checks ' };
    expect(checkCode(form)).toEqual({});
    expect(codeBodyOf(form)).toEqual({ type: 'code', name: 'checks', sourceCode: NEW_CODE.sourceCode, sourceCodeLanguage: 'TYPESCRIPT' });
    expect(trialBodyOf(form)).toMatchObject({ observation: null });
  });

  it('names what is missing', () => {
    expect(checkCode({ ...NEW_CODE, sourceCode: ' ', traceId: 't' })).toEqual({ name: 'name', sourceCode: 'source', observationId: 'observation' });
    expect(checkTrial({ ...NEW_CODE, traceId: 't', observationId: 'o' })).toEqual({});
    expect(trialBodyOf({ ...NEW_CODE, traceId: ' t ', observationId: 'o' })).toMatchObject({ observation: { traceId: 't', id: 'o' } });
  });

  it('takes an evaluator over as its next version', () => {
    const row = {
      id: 'e',
      type: 'code',
      name: 'checks',
      version: 2,
      variables: [],
      mapping: null,
      evaluationRuleCount: 0,
      updatedAt: '',
      sourceCode: 'x',
    } as const;
    expect(codeFormOf({ ...row, variables: [] })).toMatchObject({ of: 'checks', name: 'checks', sourceCode: 'x' });
  });

  it('finds every line of a text, and the nearest one for a line that is not there', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.string().map((text) => text.replaceAll('\n', ' ')),
          { minLength: 1 },
        ),
        fc.integer(),
        (lines, line) => {
          const [start, end] = rangeOfLine(lines.join('\n'), line);
          expect(lines.join('\n').slice(start, end)).toBe(lines[Math.min(Math.max(line, 1), lines.length) - 1]);
        },
      ),
    );
  });
});
