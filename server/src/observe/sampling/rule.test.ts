import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isInShare, samplingRule, type TraceFacts, verdictOn } from './rule.ts';

const ordinary: TraceFacts = {
  ...{ traceId: 'x', errors: 0, open: 0, latencyMs: 100, cost: 0.1, scores: 0 },
  ...{ environments: ['default'], tags: [], names: ['chat'], inUse: false },
};
const none = samplingRule.parse({ share: 0 });

it('keeps errors, scores and what is in use by itself, and the rest by share', () => {
  expect(verdictOn(ordinary, none)).toBe('left out');
  expect(verdictOn(ordinary, { ...none, share: 1 })).toBe('kept');
  for (const fact of [{ errors: 1 }, { scores: 1 }, { inUse: true }]) expect(verdictOn({ ...ordinary, ...fact }, none)).toBe('kept');
  const strict = samplingRule.parse({ share: 0, keep: { errors: false, scores: false } });
  expect(verdictOn({ ...ordinary, errors: 3, scores: 2 }, strict)).toBe('left out');
});

it('keeps what is slower or costs more than said, and what one of the names fits', () => {
  const rule = samplingRule.parse({ share: 0, keep: { slowerThanMs: 1_000, costAbove: 0.5, environments: ['prod'], tags: ['vip'], names: ['checkout'] } });
  expect(verdictOn({ ...ordinary, latencyMs: 1_000, cost: 0.5 }, rule)).toBe('left out');
  for (const fact of [{ latencyMs: 1_001 }, { cost: 0.51 }, { environments: ['dev', 'prod'] }, { tags: ['a', 'vip'] }, { names: ['checkout'] }])
    expect(verdictOn({ ...ordinary, ...fact }, rule)).toBe('kept');
});

it('decides by the id alone, and what a smaller share keeps a larger one keeps', () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(fc.string(), share, share, (id, one, other) => {
      const [less, more] = [Math.min(one, other), Math.max(one, other)];
      expect(isInShare(id, less)).toBe(isInShare(id, less));
      if (isInShare(id, less)) expect(isInShare(id, more)).toBe(true);
      expect([isInShare(id, 0), isInShare(id, 1)]).toEqual([false, true]);
    }),
  );
});

it('keeps about its share of ids that count up and of random ones', () => {
  const ids = Array.from({ length: 20_000 }, (_, index) => (index % 2 === 0 ? `trace-${index}` : crypto.randomUUID()));
  const kept = ids.filter((id) => isInShare(id, 0.1)).length;
  // Eight standard deviations of a binomial.
  expect(Math.abs(kept - 2_000)).toBeLessThan(8 * Math.sqrt(20_000 * 0.1 * 0.9));
});

it('refuses rules that say nothing that can be kept to', () => {
  for (const rule of [{}, { share: 1.1 }, { share: -0.1 }, { share: 0.5, quietSeconds: 1 }, { share: 0.5, keep: { costAbove: -1 } }, { share: 0.5, more: 1 }])
    expect(samplingRule.safeParse(rule).success, JSON.stringify(rule)).toBe(false);
  expect(samplingRule.parse({ share: 0.5 })).toMatchObject({ quietSeconds: 60, keep: { errors: true, scores: true, tags: [] } });
});
