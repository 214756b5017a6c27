import { type Bill, billOf, seedBill } from '@genai/infra/bill/bill';
import { ratesOf } from '@genai/infra/bill/rates';
import { readEnvironment } from '@genai/infra/environment';
import { describe, expect, it } from 'vitest';
import { billWord } from './bill-words.ts';

const wordsOf = (bill: Bill): string[] => [
  ...bill.parts.flatMap((part) => [part.name, part.price.unit, ...(part.note === undefined ? [] : [part.note])]),
  ...bill.byUse.flatMap((price) => [price.what, price.unit]),
];

describe('the words of the bill', () => {
  const rates = ratesOf('ap-northeast-1');
  const environment = readEnvironment({ gateway: 'litellm', observe: 'langfuse', allowedCidrs: ['203.0.113.4/32'] });
  const words = [...new Set([billOf(environment, rates), seedBill(rates)].flatMap(wordsOf))];
  it('all have a Japanese form, or are names that Japanese keeps', () => {
    const kept = words.filter((word) => billWord('ja', word) === word);
    expect(kept.sort()).toEqual(['Aurora PostgreSQL', 'GB', 'Valkey']);
  });
  it('stay as the price list has them in English', () => {
    for (const word of words) expect(billWord('en', word)).toBe(word);
  });
});
