import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FREQUENCIES, type Frequency, LAG_MS, periodStart, skipTo, windowAfter } from './windows.ts';

const at = (text: string): number => Date.parse(text);
const NUM_RUNS = 200;

it('cuts hours, days and weeks from Monday in UTC, and is due when the lag is over', () => {
  const last = at('2026-11-26T16:22:20.123Z');
  const ends = FREQUENCIES.map((frequency) => new Date(windowAfter(frequency, last).toMs).toISOString());
  expect(ends).toEqual(['2026-11-26T16:40:00.000Z', '2026-11-26T17:00:00.000Z', '2026-11-27T00:00:00.000Z', '2026-11-30T00:00:00.000Z']);
  expect(windowAfter('hourly', last).dueAtMs).toBe(at('2026-11-26T17:20:00Z'));
});

it('ends a window of the old frequency before one of the new begins: nothing is left out, nothing lies in two', () => {
  const hour = windowAfter('hourly', at('2026-11-26T10:00:00Z'));
  const rest = windowAfter('daily', hour.toMs);
  expect([rest.fromMs, rest.toMs]).toEqual([hour.toMs, at('2026-11-27T00:00:00Z')]);
});

const frequencies = fc.array(fc.constantFrom(...FREQUENCIES), { minLength: 1, maxLength: 30 });
const instants = fc.integer({ min: 0, max: at('2190-01-01T00:00:00Z') });

it('puts every instant into exactly one window, however the frequency changes', () => {
  fc.assert(
    fc.property(instants, frequencies, (start, changes) => {
      let last = start;
      for (const frequency of changes) {
        const window = windowAfter(frequency, last);
        expect(window.fromMs).toBe(last);
        expect(window.toMs).toBeGreaterThan(last);
        expect(periodStart(frequency, window.toMs)).toBe(window.toMs);
        last = window.toMs;
      }
    }),
    { numRuns: NUM_RUNS },
  );
});

it('skips forward, never over something stored and never over what is not over', () => {
  fc.assert(
    fc.property(instants, fc.constantFrom<Frequency>(...FREQUENCIES), fc.nat(4e10), fc.option(fc.nat(4e10)), (last, frequency, past, ahead) => {
      const window = windowAfter(frequency, last);
      const overMs = window.toMs + past;
      const nextMs = ahead === null ? null : window.toMs + ahead;
      const to = skipTo(frequency, { window, nextMs, overMs });
      expect(to).toBeGreaterThanOrEqual(window.toMs);
      expect(to).toBeLessThanOrEqual(overMs);
      if (nextMs !== null) expect(to).toBeLessThanOrEqual(nextMs);
      expect(periodStart(frequency, to)).toBe(to);
      expect(windowAfter(frequency, to).dueAtMs - LAG_MS).toBeGreaterThan(to);
    }),
    { numRuns: NUM_RUNS },
  );
});
