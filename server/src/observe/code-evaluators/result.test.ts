// Whatever an evaluator returns becomes scores that may be written, or one sentence.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readScores } from './result.ts';

const read = (result: unknown) => readScores(JSON.stringify(result));
const problem = (score: unknown) => (read({ scores: [score] }) as { problem: string }).problem;

describe('the result of an evaluator', () => {
  it('is one or several scores of every type, typed by their values where they name none', () => {
    expect(
      read({
        scores: [
          { name: 'n', value: 0.5 },
          { name: 'b', value: false, comment: 'because' },
          { name: 'one', value: 1, dataType: 'BOOLEAN' },
          { name: 'c', value: 'safe', configId: 'config-1', metadata: { a: [1] } },
          { name: 't', value: '説明', dataType: 'TEXT' },
        ],
      }),
    ).toEqual({
      scores: [
        { name: 'n', value: 0.5, dataType: 'NUMERIC', comment: null, configId: null, metadata: {} },
        { name: 'b', value: false, dataType: 'BOOLEAN', comment: 'because', configId: null, metadata: {} },
        { name: 'one', value: true, dataType: 'BOOLEAN', comment: null, configId: null, metadata: {} },
        { name: 'c', value: 'safe', dataType: 'CATEGORICAL', comment: null, configId: 'config-1', metadata: { a: [1] } },
        { name: 't', value: '説明', dataType: 'TEXT', comment: null, configId: null, metadata: {} },
      ],
    });
    expect(read({ scores: [] })).toEqual({ scores: [] });
  });

  it('is refused with the place and the reason', () => {
    expect(read(5)).toEqual({ problem: 'evaluate did not return { scores: [...] }' });
    expect(readScores('not JSON')).toEqual({ problem: 'evaluate did not return { scores: [...] }' });
    expect(read({ scores: Array.from({ length: 21 }, (_, index) => ({ name: `${index}`, value: 1 })) })).toEqual({
      problem: 'evaluate returned more than 20 scores',
    });
    expect(
      read({
        scores: [
          { name: 'a', value: 1 },
          { name: 'a', value: 2 },
        ],
      }),
    ).toEqual({
      problem: 'scores[1].name is that of an earlier score: each needs a name of its own',
    });
    expect(problem(null)).toBe('scores[0] is no object');
    expect(problem({ value: 1 })).toBe('scores[0].name must be a text of 1 to 200 characters');
    // NaN and Infinity are null in JSON.
    expect(problem({ name: 'n', value: Number.NaN })).toBe('scores[0].value must be a finite number, true, false or a text');
    expect(problem({ name: 'n', value: Number.POSITIVE_INFINITY, dataType: 'NUMERIC' })).toBe(
      'scores[0].value must be a finite number, as its dataType is NUMERIC',
    );
    expect(problem({ name: 'n', value: 2, dataType: 'BOOLEAN' })).toBe('scores[0].value must be true or false, as its dataType is BOOLEAN');
    expect(problem({ name: 'n', value: '', dataType: 'TEXT' })).toContain('1 to 500 characters');
    expect(problem({ name: 'n', value: 1, dataType: 'CORRECTION' })).toContain('.dataType must be one of');
    expect(problem({ name: 'n', value: 1, metadata: [] })).toContain('.metadata');
    expect(problem({ name: 'n', value: 1, comment: 5 })).toContain('.comment');
    expect(problem({ name: 'n', value: 1, configId: '' })).toContain('.configId');
  });

  it('never faults, and what it accepts fits its type and its bounds', () => {
    const loose = fc.oneof(fc.string(), fc.double(), fc.boolean(), fc.constant(null), fc.jsonValue());
    const score = fc.record(
      {
        name: fc.oneof(fc.string(), loose),
        value: loose,
        dataType: fc.oneof(fc.constantFrom('NUMERIC', 'BOOLEAN', 'CATEGORICAL', 'TEXT', 'CORRECTION'), loose),
        comment: loose,
        configId: loose,
        metadata: loose,
      },
      { requiredKeys: [] },
    );
    const results = fc.oneof(fc.record({ scores: fc.array(score, { maxLength: 25 }) }), fc.jsonValue(), fc.record({ scores: loose }));
    fc.assert(
      fc.property(
        fc.oneof(
          results.map((value) => JSON.stringify(value)),
          fc.string(),
        ),
        (text) => {
          const answer = readScores(text);
          if ('problem' in answer) {
            expect(answer.problem.length).toBeGreaterThan(0);
            return;
          }
          expect(new Set(answer.scores.map(({ name }) => name)).size).toBe(answer.scores.length);
          for (const { name, value, dataType, comment } of answer.scores) {
            expect(name.trim().length).toBeGreaterThan(0);
            expect(comment === null || comment.length <= 5_000).toBe(true);
            if (dataType === 'NUMERIC') expect(Number.isFinite(value)).toBe(true);
            else expect(typeof value).toBe(dataType === 'BOOLEAN' ? 'boolean' : 'string');
          }
        },
      ),
    );
  });
});
