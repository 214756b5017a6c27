// Durations and times of day as people write them.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { durationMs, nextTimeOfDay } from './flags.ts';

describe('--ttl', () => {
  it('takes minutes, hours and days, and nothing else', () => {
    expect([durationMs('90m'), durationMs('11h'), durationMs('1.5d')]).toEqual([5_400_000, 39_600_000, 129_600_000]);
    fc.assert(
      fc.property(fc.string(), (text) => {
        const ms = durationMs(text);
        expect(ms === null || (Number.isFinite(ms) && /^\s*\d+(\.\d+)?[mhd]\s*$/.test(text))).toBe(true);
      }),
    );
  });
});

describe('--until', () => {
  it('is the next such time on the clocks of the zone', () => {
    const at = (now: string, text = '20:00', zone = 'Asia/Tokyo') => nextTimeOfDay(text, zone, new Date(now))?.toISOString();
    expect(at('2026-11-26T00:30:20Z')).toBe('2026-11-26T11:00:00.000Z');
    expect(at('2026-11-26T11:00:00Z')).toBe('2026-11-27T11:00:00.000Z');
    expect(at('2026-11-26T23:59:00Z', '9:05')).toBe('2026-11-27T00:05:00.000Z');
    // Clocks go back in Berlin on 2026-10-25.
    expect(at('2026-10-24T20:00:00Z', '20:00', 'Europe/Berlin')).toBe('2026-10-25T19:00:00.000Z');
    expect(nextTimeOfDay('25:00', 'Asia/Tokyo', new Date())).toBeNull();
  });

  it('lies within the next day or so, and shows the wanted time there', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('2026-01-01'), max: new Date('2030-01-01'), noInvalidDate: true }),
        fc.integer({ min: 0, max: 23 }),
        fc.integer({ min: 0, max: 59 }),
        (now, hour, minute) => {
          const text = `${hour}:${String(minute).padStart(2, '0')}`;
          const at = nextTimeOfDay(text, 'Asia/Tokyo', now) as Date;
          expect(at.getTime() - now.getTime()).toBeGreaterThan(0);
          expect(at.getTime() - now.getTime()).toBeLessThanOrEqual(86_400_000);
          expect(at.toLocaleTimeString('en-GB', { timeZone: 'Asia/Tokyo', hour: '2-digit', minute: '2-digit' }).padStart(5, '0')).toBe(text.padStart(5, '0'));
        },
      ),
    );
  });
});
