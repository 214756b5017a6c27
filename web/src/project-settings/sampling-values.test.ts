import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type SamplingRule, samplingBody, samplingFaults, samplingForm } from './sampling-values.ts';

const names = fc.array(fc.string({ minLength: 1 }), { maxLength: 3 });
const rules: fc.Arbitrary<SamplingRule> = fc.record({
  share: fc.integer({ min: 0, max: 10_000 }).map((parts) => parts / 10_000),
  quietSeconds: fc.integer({ min: 5, max: 86_400 }),
  keep: fc.record(
    {
      ...{ errors: fc.boolean(), scores: fc.boolean(), environments: names, tags: names, names },
      ...{ slowerThanMs: fc.nat(), costAbove: fc.integer({ min: 0, max: 1_000_000 }).map((cents) => cents / 100) },
    },
    { requiredKeys: ['errors', 'scores', 'environments', 'tags', 'names'] },
  ),
});

it('a rule comes back from the form as it was', () => {
  fc.assert(
    fc.property(rules, (rule) => {
      const form = samplingForm(rule);
      expect(samplingFaults(form).size).toBe(0);
      expect(samplingBody(form)).toEqual({ rule });
    }),
  );
});

it('begins with a tenth, errors and scores, and is off', () => {
  const form = samplingForm(null);
  expect(form).toMatchObject({ on: false, percent: '10', errors: true, scores: true, quietSeconds: '60' });
  expect(samplingBody(form)).toEqual({ rule: null });
});

it('names the fields that hold no number of their kind', () => {
  const form = samplingForm(null);
  expect([...samplingFaults({ ...form, percent: '101', slowerThanMs: 'x', costAbove: '-1', quietSeconds: '4.5' })]).toEqual([
    'percent',
    'slowerThanMs',
    'costAbove',
    'quietSeconds',
  ]);
  expect(samplingFaults({ ...form, percent: '' }).has('percent')).toBe(true);
});
