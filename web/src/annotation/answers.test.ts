// What is answered in a queue: keys, ranges, and the scores that come of it.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerOfKey, answersOfScores, faultsOf, nextOpen, type ScoreConfig, scoresOf, valueOfAnswer } from './answers.ts';

const config = (id: string, over: Partial<ScoreConfig>): ScoreConfig => ({
  id,
  name: `name ${id}`,
  description: null,
  isArchived: false,
  dataType: 'NUMERIC',
  minValue: null,
  maxValue: null,
  categories: null,
  ...over,
});
const stars = config('stars', { minValue: 0, maxValue: 5 });
const right = config('right', {
  dataType: 'BOOLEAN',
  categories: [
    { label: 'True', value: 1 },
    { label: 'False', value: 0 },
  ],
});
const tone = config('tone', {
  dataType: 'CATEGORICAL',
  categories: [
    { label: '丁寧', value: 2 },
    { label: 'rude', value: 1 },
  ],
});
const note = config('note', { dataType: 'TEXT' });
const all = [stars, right, tone, note];
const item = { id: 'i', queueId: 'q' };

describe('answers', () => {
  it('are chosen by digits, and only where there is such a choice', () => {
    expect([answerOfKey(right, '2'), answerOfKey(tone, '1'), answerOfKey(tone, '3'), answerOfKey(stars, '1'), answerOfKey(undefined, '1')]).toEqual([
      'False',
      '丁寧',
      null,
      null,
      null,
    ]);
  });

  it('become one score a config with its own id, type and value; empty ones are left out', () => {
    expect(scoresOf(item, { traceId: 't', observationId: 'o' }, all, { stars: '4.5', right: 'False', tone: '', note: 'ok' })).toEqual([
      expect.objectContaining({
        id: 'annotation-i-stars',
        value: 4.5,
        dataType: 'NUMERIC',
        traceId: 't',
        observationId: 'o',
        queueId: 'q',
        source: 'ANNOTATION',
      }),
      expect.objectContaining({ value: 0, dataType: 'BOOLEAN', configId: 'right' }),
      expect.objectContaining({ value: 'ok', dataType: 'TEXT' }),
    ]);
  });

  it('are refused outside of the range of their config', () => {
    expect(faultsOf(all, { stars: '6', right: 'Perhaps', tone: 'rude', note: 'x'.repeat(501) }).map(({ id }) => id)).toEqual(['stars', 'right', 'note']);
    expect(faultsOf(all, {})).toEqual([]);
    expect(valueOfAnswer(stars, ' ')).toBeNull();
  });

  it('lead on to the next open config, round to the first', () => {
    expect(nextOpen(all, { stars: '1' }, 0)).toBe(1);
    expect(nextOpen(all, { right: 'True', tone: 'rude', note: 'n' }, 3)).toBe(0);
    expect(nextOpen(all, { stars: '1', right: 'True', tone: 'rude', note: 'n' }, 2)).toBe(2);
  });

  it('come back from the scores that they became', () => {
    const choice = fc.record({
      stars: fc.double({ min: 0, max: 5, noNaN: true }).map(String),
      right: fc.constantFrom('True', 'False'),
      tone: fc.constantFrom('丁寧', 'rude'),
      note: fc.string({ minLength: 1, maxLength: 100 }).filter((text) => text.trim() !== ''),
    });
    fc.assert(
      fc.property(choice, (answers) => {
        const sent = scoresOf(item, { traceId: 't' }, all, answers) as { id: string; value: number | string; dataType: string }[];
        const read = sent.map(({ id, value, dataType }) => ({ id, value: dataType === 'BOOLEAN' ? value === 1 : value }));
        const back = answersOfScores(item, all, read);
        expect(back).toEqual({ ...answers, stars: String(Number(answers.stars)) });
      }),
    );
  });
});
