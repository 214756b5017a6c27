// The cursor of experiments: what was encoded comes back, anything else is a 400 and never a fault.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '#lib/errors.ts';
import { decodeExperimentCursor, encodeExperimentCursor, textConditions } from './experiment-parameters.ts';

const runs = { numRuns: 300 };

describe('what experiments may be asked', () => {
  it('gives back the cursor that was given out', () => {
    const instant = fc.date({ min: new Date(0), max: new Date('2099-12-31'), noInvalidDate: true }).map((date) => `${date.toISOString().slice(0, 23)}456Z`);
    fc.assert(
      fc.property(instant, fc.string({ minLength: 1, maxLength: 100, unit: 'grapheme' }), (at, id) => {
        expect(decodeExperimentCursor(encodeExperimentCursor({ at, id }))).toEqual({ at, id });
      }),
      runs,
    );
  });

  it('refuses every other cursor and filter with 400', () => {
    const anything = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json().map((text) => Buffer.from(text).toString('base64url')),
      fc.json(),
    );
    const refusal = (work: () => unknown) => {
      try {
        return work() === undefined ? 0 : 200;
      } catch (error) {
        return error instanceof AppError ? error.status : 500;
      }
    };
    fc.assert(
      fc.property(anything, (text) => {
        expect([200, 400]).toContain(refusal(() => decodeExperimentCursor(text)));
        expect([200, 400]).toContain(refusal(() => textConditions({ id: ['a'], name: undefined }, text)));
      }),
      runs,
    );
  });
});
