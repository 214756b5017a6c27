// The states of an alert: every way from one to the next, and what holds for any course of measurements.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { intervalMinutes, isBreach, measuredBy } from './measure.ts';
import { ruleBody } from './schema.ts';
import { nextStanding, type Standing } from './state.ts';

const MINUTE = 60_000;
const at = (minute: number): Date => new Date(Date.UTC(2026, 10, 26) + minute * MINUTE);
const standing = (state: Standing['state'], minute = 0): Standing => ({ state, since: at(minute) });

describe('the state of an alert', () => {
  it('waits until the condition has held for its time, and begins anew when it did not hold once', () => {
    expect(nextStanding(standing('ok'), true, at(1), 2 * MINUTE)).toEqual({ state: 'pending', since: at(1), event: null, beganAt: at(1) });
    expect(nextStanding(standing('pending', 1), true, at(2), 2 * MINUTE)).toMatchObject({ state: 'pending', since: at(1), event: null });
    expect(nextStanding(standing('pending', 1), true, at(3), 2 * MINUTE)).toEqual({ state: 'firing', since: at(3), event: 'firing', beganAt: at(1) });
    expect(nextStanding(standing('pending', 1), false, at(2), 2 * MINUTE)).toMatchObject({ state: 'ok', since: at(2), event: null });
  });

  it('fires at once when no time is asked for, stays, and tells once when it ends', () => {
    expect(nextStanding(standing('ok'), true, at(1), 0)).toEqual({ state: 'firing', since: at(1), event: 'firing', beganAt: at(1) });
    expect(nextStanding(standing('firing'), true, at(1), 0)).toMatchObject({ state: 'firing', since: at(0), event: null });
    expect(nextStanding(standing('firing'), false, at(1), 0)).toMatchObject({ state: 'resolved', since: at(1), event: 'resolved' });
    expect(nextStanding(standing('resolved'), false, at(59), 0)).toMatchObject({ state: 'resolved', event: null });
    expect(nextStanding(standing('resolved'), false, at(60), 0)).toMatchObject({ state: 'ok', since: at(60), event: null });
    expect(nextStanding(standing('resolved'), true, at(1), 0)).toMatchObject({ state: 'firing', event: 'firing' });
  });

  it('tells "firing" and "resolved" in turns, whatever is measured', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(true, false, null), { maxLength: 60 }), fc.integer({ min: 0, max: 5 }), (measured, forMinutes) => {
        let now = standing('ok');
        let firing = false;
        for (const [minute, breach] of measured.entries()) {
          const step = nextStanding(now, breach, at(minute), forMinutes * MINUTE);
          if (breach === null) expect(step).toMatchObject({ ...now, event: null });
          if (step.event === 'firing') {
            expect(firing).toBe(false);
            expect(breach).toBe(true);
            expect(at(minute).getTime() - step.beganAt.getTime()).toBeGreaterThanOrEqual(forMinutes * MINUTE);
            firing = true;
          }
          if (step.event === 'resolved') {
            expect(firing).toBe(true);
            firing = false;
          }
          expect(step.state === 'firing').toBe(firing);
          now = { state: step.state, since: step.since };
        }
      }),
    );
  });
});

describe('a condition', () => {
  const over = (whenNoData: 'ok' | 'alert' | 'keep') => ({ comparison: '>' as const, threshold: 1, whenNoData });
  it('holds or does not, and says of nothing what the rule says', () => {
    expect([isBreach(over('ok'), 2), isBreach(over('ok'), 1), isBreach(over('ok'), null)]).toEqual([true, false, false]);
    expect([isBreach(over('alert'), null), isBreach(over('keep'), null)]).toEqual([true, null]);
    expect((['>=', '<', '<='] as const).map((comparison) => isBreach({ comparison, threshold: 1, whenNoData: 'ok' }, 1))).toEqual([true, false, true]);
  });

  it('of silence is a count below one', () => {
    const silence = measuredBy(ruleBody.parse({ kind: 'silence', name: 'x', windowMinutes: 5 }));
    expect(silence).toMatchObject({ view: 'observations', measure: 'count', aggregation: 'count' });
    expect([isBreach(silence, 0), isBreach(silence, 1)]).toEqual([true, false]);
  });

  it('is looked at every minute, every five for a long window', () => {
    expect([intervalMinutes(1), intervalMinutes(60), intervalMinutes(61)]).toEqual([1, 1, 5]);
  });
});
