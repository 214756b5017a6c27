import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { windowOf } from './calendar.ts';

const at = (text: string) => Date.parse(text);
const shown = (duration: string, zone: string, now: string) => {
  const { startMs, endMs } = windowOf(duration, zone, at(now));
  return [new Date(startMs).toISOString(), new Date(endMs).toISOString()];
};

describe('the window of an instant', () => {
  it('is the calendar’s in the organisation’s time zone', () => {
    expect(shown('1d', 'Asia/Tokyo', '2026-11-26T16:00:00Z')).toEqual(['2026-11-26T15:00:00.000Z', '2026-11-27T15:00:00.000Z']);
    expect(shown('24h', 'Asia/Tokyo', '2026-11-26T14:59:59Z')).toEqual(['2026-11-25T15:00:00.000Z', '2026-11-26T15:00:00.000Z']);
    expect(shown('7d', 'UTC', '2026-11-26T06:00:00Z')).toEqual(['2026-11-23T00:00:00.000Z', '2026-11-30T00:00:00.000Z']);
    expect(shown('30d', 'Asia/Tokyo', '2026-02-28T15:30:00Z')).toEqual(['2026-02-28T15:00:00.000Z', '2026-03-31T15:00:00.000Z']);
    expect(shown('1mo', 'America/New_York', '2026-11-15T00:00:00Z')).toEqual(['2026-11-01T04:00:00.000Z', '2026-12-01T05:00:00.000Z']);
    expect(shown('12h', 'Asia/Tokyo', '2026-11-26T13:00:00Z')).toEqual(['2026-11-26T12:00:00.000Z', '2026-11-27T00:00:00.000Z']);
  });

  it('lasts 23 and 25 hours when clocks change, and begins after a midnight that does not exist', () => {
    const hours = (now: string, zone: string) => {
      const { startMs, endMs } = windowOf('1d', zone, at(now));
      return (endMs - startMs) / 3_600_000;
    };
    expect(hours('2026-03-08T12:00:00Z', 'America/New_York')).toBe(23);
    expect(hours('2026-11-01T12:00:00Z', 'America/New_York')).toBe(25);
    // Cairo leaves out the midnight of 24 April 2026.
    const { startMs, endMs } = windowOf('1d', 'Africa/Cairo', at('2026-04-24T12:00:00Z'));
    expect(endMs - startMs).toBe(23 * 3_600_000);
  });

  it('holds its instant, and is the same for every instant in it', () => {
    const duration = fc.constantFrom('45s', '5m', '1h', '24h', '1d', '3d', '7d', '2w', '30d', '1mo', '3mo');
    const zone = fc.constantFrom('Asia/Tokyo', 'UTC', 'America/New_York', 'Australia/Lord_Howe', 'Africa/Cairo', 'America/Sao_Paulo');
    const instant = fc.integer({ min: at('2020-01-01'), max: at('2032-01-01') });
    fc.assert(
      fc.property(duration, zone, instant, fc.double({ min: 0, max: 0.999, noNaN: true }), (length, name, nowMs, part) => {
        const window = windowOf(length, name, nowMs);
        const other = windowOf(length, name, Math.floor(window.startMs + part * (window.endMs - window.startMs)));
        return window.startMs <= nowMs && nowMs < window.endMs && other.startMs === window.startMs && other.endMs === window.endMs;
      }),
      { numRuns: 500 },
    );
  });
});
