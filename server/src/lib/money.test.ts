import { describe, expect, it } from 'vitest';
import { formatPicos, parsePicos, picosToNumber } from './money.ts';

describe('money', () => {
  it('keeps a price per token exactly', () => {
    expect(parsePicos(1.5e-7)).toBe(150_000n);
    expect(parsePicos('1.65e-7')).toBe(165_000n);
    expect(formatPicos(parsePicos('0.00015'))).toBe('0.00015');
  });
  it('keeps ten million with twelve decimals', () => {
    expect(formatPicos(parsePicos('10000000.123456789012'))).toBe('10000000.123456789012');
  });
  it('rounds half up beyond twelve decimals', () => {
    expect(parsePicos('0.0000000000005')).toBe(1n);
    expect(parsePicos('0.00000000000049')).toBe(0n);
  });
  it('formats negative and whole amounts without trailing zeros', () => {
    expect(formatPicos(-1_500_000_000_000n)).toBe('-1.5');
    expect(formatPicos(0n)).toBe('0');
    expect(picosToNumber(37_500_000n)).toBe(0.0000375);
  });
  it('refuses what is not a number', () => {
    for (const bad of ['', 'abc', 'NaN', 'Infinity', '1e99999', '.']) expect(() => parsePicos(bad)).toThrow(RangeError);
  });
});
