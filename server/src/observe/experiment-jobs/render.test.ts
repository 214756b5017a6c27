import fc from 'fast-check';
import { expect, it } from 'vitest';
import { renderItem, valuesOf } from './render.ts';

const prompt = [
  { role: 'system', content: 'Answer in {{ language }}.' },
  { role: 'user', content: '{{question}} {{question}} {{context}}' },
];

it('fills in the members of an input, texts as they are and the rest as JSON', () => {
  expect(renderItem(prompt, { language: '日本語', question: '$& 返品は?', context: { days: 30 }, more: 1 })).toEqual({
    messages: [
      { role: 'system', content: 'Answer in 日本語.' },
      { role: 'user', content: '$& 返品は? $& 返品は? {"days":30}' },
    ],
  });
  expect(renderItem([{ role: 'user', content: '{{input}}' }], 'plain')).toEqual({ messages: [{ role: 'user', content: 'plain' }] });
  expect(renderItem([{ role: 'user', content: '{{input}}' }], [1, 2])).toEqual({ messages: [{ role: 'user', content: '[1,2]' }] });
});

it('names what the input has no value for, and nothing is sent', () => {
  expect(renderItem(prompt, { language: 'x' })).toEqual({ missing: ['question', 'context'] });
  expect(renderItem(prompt, null)).toEqual({ missing: ['language', 'question', 'context'] });
  expect(renderItem([{ role: 'user', content: '{{toString}} {{constructor}}' }], {})).toEqual({ missing: ['toString', 'constructor'] });
});

it('takes any input', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string(), (input, text) => {
      const plain = text.replaceAll(/[{}]/g, '');
      expect(renderItem([{ role: 'user', content: plain }], input)).toEqual({ messages: [{ role: 'user', content: plain }] });
      for (const value of valuesOf(input).values()) expect(typeof value).toBe('string');
    }),
  );
});
