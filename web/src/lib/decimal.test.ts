// Money stays exact between the wire and the screen.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addDecimals, formatDecimal, parseDecimal, percentOf } from './decimal.ts';

describe('decimal strings', () => {
  it('adds what floats cannot', () => {
    expect(addDecimals(['0.1', '0.2'])).toBe('0.3');
    expect(addDecimals(['9007199254740993', '0.000000000001'])).toBe('9007199254740993.000000000001');
  });

  it('leaves the sum of nothing known unknown', () => {
    expect(addDecimals([])).toBeNull();
    expect(addDecimals([null, null])).toBeNull();
    expect(addDecimals([null, '0'])).toBe('0');
  });

  it('reads the exponents that JSON numbers are written with', () => {
    expect(formatDecimal(parseDecimal(1.5e-7) ?? 0n)).toBe('0.00000015');
    expect(parseDecimal('1e999')).toBeNull();
    for (const text of ['', 'abc', '1,5', '.', '-', 'NaN', 'Infinity']) expect(parseDecimal(text)).toBeNull();
  });

  it('writes back what it read', () => {
    fc.assert(fc.property(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), (units) => parseDecimal(formatDecimal(units)) === units));
  });

  it('never throws on any text', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseDecimal(text)));
  });

  it('gives the share of a budget from 0 to 100', () => {
    expect(percentOf('12.5', '50')).toBe(25);
    expect(percentOf(120, 100)).toBe(100);
    expect(percentOf('1', null)).toBeNull();
    expect(percentOf('1', '0')).toBeNull();
  });
});
