import { describe, expect, it } from 'vitest';
import { createOutputHistory } from './output-history.ts';

describe('output history', () => {
  it('expects the p95 of the newest answers of a key and model', () => {
    const history = createOutputHistory();
    for (let tokens = 1; tokens <= 40; tokens += 1) history.record('k', 'm', tokens);
    expect(history.expectedOutputTokens('k', 'm')).toBe(38);
    for (let time = 0; time < 64; time += 1) history.record('k', 'm', 7);
    expect(history.expectedOutputTokens('k', 'm')).toBe(7);
  });

  it('expects of a new key what the model gave others, and a round number of an unknown model', () => {
    const history = createOutputHistory();
    history.record('k', 'm', 300);
    expect(history.expectedOutputTokens('other', 'm')).toBe(300);
    expect(history.expectedOutputTokens('other', 'unheard')).toBe(1_000);
    for (const odd of [Number.NaN, -1, Number.POSITIVE_INFINITY]) history.record('k', 'm', odd);
    expect(history.expectedOutputTokens('k', 'm')).toBe(300);
  });

  it('keeps a bounded number of series and forgets the one that was written longest ago', () => {
    const history = createOutputHistory();
    history.record('first', 'm', 5);
    for (let index = 0; index < 6_000; index += 1) history.record(`k${index}`, 'm', 9);
    expect(history.expectedOutputTokens('first', 'm')).toBe(9);
  });
});
