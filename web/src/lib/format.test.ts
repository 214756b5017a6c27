// What people read: amounts keep their meaning digits, and null never becomes a number.
import { describe, expect, it } from 'vitest';
import { formatBucket, formatCompact, formatCount, formatDuration, formatInstant, formatMoney, formatMoneyTick, formatPercent } from './format.ts';

describe('formatMoney', () => {
  it('shows cents for amounts and three or four meaning digits below one', () => {
    expect(formatMoney('1234.5', 'USD', 'en')).toBe('$1,234.50');
    expect(formatMoney('0.00015', 'USD', 'en')).toBe('$0.00015');
    expect(formatMoney('0.0012345678', 'USD', 'en')).toBe('$0.00123');
    expect(formatMoney('0.12345678', 'USD', 'en')).toBe('$0.1235');
    expect(formatMoney('0', 'USD', 'en')).toBe('$0.00');
  });

  it('keeps digits that a float would lose', () => {
    expect(formatMoney('9007199254740993.11', 'USD', 'en')).toBe('$9,007,199,254,740,993.11');
  });

  it('speaks yen in Japanese and survives a currency that nobody knows', () => {
    expect(formatMoney('1234', 'JPY', 'ja')).toMatch(/^[¥\uffe5]1,234$/);
    expect(formatMoney('2.5', 'credits', 'en')).toBe('2.5 credits');
  });

  it('says nothing about an unknown amount', () => {
    expect(formatMoney(null, 'USD', 'en')).toBeNull();
    expect(formatMoney(undefined, 'USD', 'en')).toBeNull();
    expect(formatMoney('abc', 'USD', 'en')).toBeNull();
  });
});

describe('formatMoneyTick', () => {
  const axis = (highest: number, currency = 'USD') =>
    [0, 1, 2, 3, 4].map((quarter) => formatMoneyTick((highest * quarter) / 4, highest, currency, currency === 'JPY' ? 'ja' : 'en'));

  it('gives every label of an axis the same decimals', () => {
    expect(axis(0.014)).toEqual(['$0', '$0.0035', '$0.0070', '$0.0105', '$0.0140']);
    expect(axis(0.00006)).toEqual(['$0', '$0.000015', '$0.000030', '$0.000045', '$0.000060']);
    expect(axis(1)).toEqual(['$0', '$0.25', '$0.50', '$0.75', '$1.00']);
    expect(axis(2000)).toEqual(['$0', '$500', '$1,000', '$1,500', '$2,000']);
  });

  it('survives an axis without amounts and a currency that nobody knows', () => {
    expect(formatMoneyTick(0, 0, 'USD', 'en')).toBe('$0');
    expect(formatMoneyTick(0.5, 1, 'credits', 'en')).toBe('0.5');
    expect(axis(20, 'JPY').at(-1)).toMatch(/^[¥\uffe5]20$/);
  });
});

describe('other figures', () => {
  it('gives durations the unit that fits', () => {
    expect([0, 0.4, 12.4, 999, 1240, 59_900, 125_000, 3_720_000].map(formatDuration)).toEqual([
      '0 ms',
      '0.4 ms',
      '12 ms',
      '999 ms',
      '1.24 s',
      '59.9 s',
      '2 m 05 s',
      '1 h 02 m',
    ]);
    expect(formatDuration(null)).toBe('–');
    expect(formatDuration(Number.NaN)).toBe('–');
  });

  it('groups, shortens and takes shares', () => {
    expect(formatCount(12_345, 'en')).toBe('12,345');
    expect(formatCompact(1_695_153, 'en')).toBe('1.7M');
    expect(formatPercent(0.0312, 'en')).toBe('3.1%');
  });

  it('shows an unreadable instant as absent', () => {
    expect(formatInstant(null, 'en')).toBe('–');
    expect(formatInstant('yesterday', 'en')).toBe('–');
    expect(formatBucket('nothing', 60, 'en')).toBe('');
  });

  it('names the year only when it is another one', () => {
    const now = Date.parse('2026-11-23T12:00:00Z');
    expect(formatInstant('2026-03-02T10:00:00Z', 'en', now)).not.toContain('2026');
    expect(formatInstant('2025-03-02T10:00:00Z', 'en', now)).toContain('2025');
  });
});
