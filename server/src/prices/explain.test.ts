// The lines of a cost add up to the cost, whatever the price and the usage.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CostLine } from '#call-record.ts';
import { parsePicos } from '#lib/money.ts';
import { costOf } from './cost.ts';
import { costLines } from './explain.ts';
import type { PriceRow } from './port.ts';

const picos = fc.bigInt({ min: 0n, max: 100_000_000n });
const maybe = fc.option(picos, { nil: null });
const absent = fc.option(picos, { nil: undefined });
const tokens = fc.integer({ min: 0, max: 2_000_000 });
const price = fc.record({
  id: fc.constant('x'),
  currency: fc.constant('USD'),
  inputPicos: picos,
  outputPicos: picos,
  cachedInputPicos: maybe,
  cacheCreationInputPicos: maybe,
  reasoningOutputPicos: absent,
  audioInputPicos: absent,
  cachedAudioInputPicos: absent,
  audioOutputPicos: absent,
  imageInputPicos: absent,
  imageOutputPicos: absent,
  searchPicos: absent,
  imagePicos: absent,
  megapixelPicos: absent,
  characterPicos: absent,
  secondPicos: absent,
  tiers: fc.constantFrom(undefined, [{ aboveInputTokens: 200_000, inputPicos: 7n, outputPicos: 9n, cachedInputPicos: null, cacheCreationInputPicos: 1n }]),
}) as fc.Arbitrary<PriceRow>;
const usage = fc.record({
  input: tokens,
  output: tokens,
  total: tokens,
  cachedInput: tokens,
  cacheCreationInput: tokens,
  reasoningOutput: tokens,
  audioInput: tokens,
  cachedAudioInput: tokens,
  audioOutput: tokens,
  imageInput: tokens,
  imageOutput: tokens,
  searches: tokens,
  images: tokens,
  pixels: tokens,
  characters: tokens,
  audioMs: tokens,
});
/** Of units that come in parts, millionths are whole numbers. */
const charged = ({ tokens: count, perToken }: CostLine): bigint => (BigInt(Math.round(count * 1e6)) * parsePicos(perToken) + 500_000n) / 1_000_000n;

describe('the lines of a cost', () => {
  it('add up to it', () => {
    fc.assert(
      fc.property(price, usage, (row, used) => {
        const sum = costLines(row, used).reduce((total, line) => total + charged(line), 0n);
        expect(sum).toBe(costOf(row, used));
      }),
    );
  });

  it('name each kind of token with its rate, and leave out what did not occur', () => {
    const row: PriceRow = {
      id: 'x',
      currency: 'USD',
      inputPicos: 1_500_000n,
      outputPicos: 2_000_000n,
      cachedInputPicos: 750_000n,
      cacheCreationInputPicos: null,
    };
    expect(costLines(row, { input: 9, output: 12, total: 25, cachedInput: 4 })).toEqual([
      { part: 'input', tokens: 9, perToken: '0.0000015' },
      { part: 'cachedInput', tokens: 4, perToken: '0.00000075' },
      { part: 'output', tokens: 12, perToken: '0.000002' },
    ]);
  });
});
