// What stands for a score's value.
import { expect, it } from 'vitest';
import { scoreText } from './score-text.ts';

it('shows the category, the truth or the number, and a dash for nothing', () => {
  expect(scoreText({ dataType: 'CATEGORICAL', value: 1, stringValue: 'good' })).toBe('good');
  expect(scoreText({ dataType: 'BOOLEAN', value: 0 })).toBe('False');
  expect(scoreText({ dataType: 'NUMERIC', value: 0.25 })).toBe('0.25');
  expect(scoreText({ dataType: 'NUMERIC', value: 0.1 + 0.2 })).toBe('0.3');
  expect(scoreText({ dataType: 'NUMERIC', value: 0 })).toBe('0');
  expect(scoreText({ dataType: 'TEXT' })).toBe('–');
});
