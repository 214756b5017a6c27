// Classes against the rules they stand for: never shorter than the age that holds in the end.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classOf, classOfDays, daysOfClass, mayOutlive, type RetentionPolicy, retentionRules, shortestDays } from './policy.ts';

describe('the class of an age', () => {
  it('is never shorter, and exact for the ages that classes have', () => {
    for (const [days, expected] of [
      [0, 0],
      [3, 1],
      [4, 2],
      [30, 4],
      [31, 5],
      [365, 7],
      [366, 0],
    ] as const)
      expect([days, classOfDays(days)]).toEqual([days, expected]);
  });
});

describe('rules of a project', () => {
  const policy: RetentionPolicy = {
    days: 30,
    rules: [
      { tag: 'keep', days: 0 },
      { environment: 'dev', days: 7 },
      { tag: 'debug', days: 3 },
    ],
  };

  it('count in their order, and a tag that a row may still get lengthens its class', () => {
    expect(classOf({ days: 30, rules: [{ environment: 'dev', days: 7 }] }, 'dev', [])).toBe(2);
    expect(classOf({ days: 30, rules: [{ environment: 'dev', days: 7 }] }, 'production', [])).toBe(4);
    expect(classOf({ days: 30, rules: [{ tag: 'debug', days: 3 }] }, 'default', ['debug'])).toBe(1);
    expect(classOf({ days: 30, rules: [{ tag: 'debug', days: 3 }] }, 'default', [])).toBe(4);
    expect(classOf(policy, 'dev', ['keep'])).toBe(0);
    expect(classOf(policy, 'dev', [])).toBe(0);
    expect(shortestDays(policy)).toBe(3);
    expect([mayOutlive(policy, 365), mayOutlive({ days: 30, rules: [] }, 30), mayOutlive({ days: 31, rules: [] }, 30)]).toEqual([true, false, true]);
  });

  it('never give a class that ends before the age of any trace that the row may belong to', () => {
    const days = fc.constantFrom(0, 3, 5, 7, 30, 60, 400);
    const tags = ['a', 'b', 'c'];
    const rule = fc.record({
      environment: fc.option(fc.constantFrom('x', 'y'), { nil: undefined }),
      tag: fc.option(fc.constantFrom(...tags), { nil: undefined }),
      days,
    });
    const row = fc.record({ environment: fc.constantFrom('x', 'y', 'z'), own: fc.subarray(tags), ofTrace: fc.subarray(tags) });
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 5 }), days, row, (rules, base, { environment, own, ofTrace }) => {
        const all = new Set([...own, ...ofTrace]);
        const hit = rules.find((each) => (each.environment ?? environment) === environment && (each.tag === undefined || all.has(each.tag)));
        const age = hit?.days ?? base;
        const ofClass = daysOfClass(classOf({ days: base, rules }, environment, own));
        expect(ofClass === null || (age !== 0 && ofClass >= age)).toBe(true);
      }),
    );
  });

  it('are refused when they name nothing, or less than three days', () => {
    expect(retentionRules.safeParse([{ days: 7 }]).success).toBe(false);
    expect(retentionRules.safeParse([{ tag: 'x', days: 2 }]).success).toBe(false);
    expect(retentionRules.safeParse([{ tag: 'x', environment: 'dev', days: 0 }]).success).toBe(true);
  });
});
