// Places that Presidio names, found again in JavaScript's text: behind emoji, across the pieces of a long text, above a threshold; and an answer that names none is an error, never a pass.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { masked } from './finding.ts';
import { findingsIn } from './presidio.ts';

const NONE = { thresholds: new Map<string, number>(), denied: new Set<string>() };

/** An analyzer that finds every occurrence of a word, in Python's way of counting. */
function analyzerOf(word: string): (piece: string) => Promise<unknown> {
  return async (piece) => {
    const points = [...piece];
    const sought = [...word];
    const found: object[] = [];
    for (let at = 0; at + sought.length <= points.length; at += 1)
      if (sought.every((point, index) => points[at + index] === point))
        found.push({ entity_type: 'PERSON', start: at, end: at + sought.length, score: 0.85, analysis_explanation: null });
    return found;
  };
}

describe('findings of Presidio', () => {
  it('are where it counted them, whatever characters stand before', async () => {
    const text = '👩‍👩‍👧 𠮷野さん and 𠮷野さん';
    expect(masked(text, await findingsIn(text, analyzerOf('𠮷野'), NONE))).toBe('👩‍👩‍👧 <PERSON>さん and <PERSON>さん');
    const around = fc.string({ unit: fc.constantFrom('a', 'あ', '👍', '𠮷', ' ', '\n') });
    await fc.assert(
      fc.asyncProperty(around, around, async (before, after) => {
        expect(masked(`${before}山田${after}`, await findingsIn(`${before}山田${after}`, analyzerOf('山田'), NONE))).toBe(`${before}<PERSON>${after}`);
      }),
    );
  });

  it('are found once in a text of many pieces, also where two pieces meet', async () => {
    for (const before of [0, 49_400, 49_499, 49_998, 49_999, 50_000, 99_000]) {
      const text = `${'x'.repeat(before)}山田太郎${'y'.repeat(120_000 - before)}`;
      expect(masked(text, await findingsIn(text, analyzerOf('山田太郎'), NONE))).toBe(`${'x'.repeat(before)}<PERSON>${'y'.repeat(120_000 - before)}`);
    }
  });

  it('count from their threshold on, and not for entities that are never meant', async () => {
    const analyze = async () => [
      { entity_type: 'PERSON', start: 0, end: 1, score: 0.4 },
      { entity_type: 'LOCATION', start: 1, end: 2, score: 0.4 },
      { entity_type: 'DATE_TIME', start: 2, end: 3, score: 1 },
    ];
    const config = {
      thresholds: new Map([
        ['ALL', 0.5],
        ['LOCATION', 0.3],
      ]),
      denied: new Set(['DATE_TIME']),
    };
    expect(await findingsIn('abc', analyze, config)).toEqual([{ start: 1, end: 2, entity: 'LOCATION' }]);
  });

  it('that name no place in the text are an error', async () => {
    for (const answer of [
      { error: 'busy' },
      null,
      'x',
      [null],
      [{ entity_type: 'PERSON', start: 2, end: 9 }],
      [{ entity_type: 'PERSON', start: 2, end: 1 }],
      [{ start: 0, end: 1 }],
    ])
      await expect(findingsIn('abc', async () => answer, NONE)).rejects.toThrow('service');
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), fc.jsonValue(), async (text, answer) => {
        const found = await findingsIn(text, async () => answer, NONE).catch(() => []);
        for (const { start, end } of found) expect(start >= 0 && end > start && end <= text.length).toBe(true);
      }),
    );
  });
});
