// The order of the work: the next pending item, round to the first, and never outside of the queue.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stepFrom } from './work-order.ts';

const items = (marks: string) => [...marks].map((mark) => ({ status: mark === 'x' ? ('COMPLETED' as const) : ('PENDING' as const) }));

describe('the work on a queue', () => {
  it('goes on with the next item that waits, from the last one round to the first', () => {
    expect(stepFrom(items('..x.'), 1, 'pending')).toBe(3);
    expect(stepFrom(items('.xx.'), 3, 'pending')).toBe(0);
    expect(stepFrom(items('xxx'), 1, 'pending')).toBe(1);
    expect(stepFrom(items('x..'), -1, 'pending')).toBe(1);
  });

  it('stays within the queue', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('x', '.'), { minLength: 1, maxLength: 30 }),
        fc.nat(),
        fc.constantFrom('next', 'previous', 'pending'),
        (marks, at, to) => {
          const step = stepFrom(items(marks.join('')), at % marks.length, to);
          expect(step).toBeGreaterThanOrEqual(0);
          expect(step).toBeLessThan(marks.length);
        },
      ),
    );
  });
});
