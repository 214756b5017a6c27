import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { BudgetAnswer, Reservation } from '#gateway/ports.ts';
import { type BudgetClaim, governingOf } from '#identity/governing.ts';
import { formatPicos } from '#lib/money.ts';
import type { BudgetBook } from './budgets.ts';
import { testBudgets } from './budgets-fixture.ts';

const key = (maxPicos: bigint | null, id = 'k'): readonly BudgetClaim[] =>
  governingOf('key', id, { maxBudget: maxPicos === null ? null : formatPicos(maxPicos) }).claims;

/** In memory every answer is a value. */
function reserve(budgets: BudgetBook, ...asked: Parameters<BudgetBook['reserve']>): BudgetAnswer {
  const answer = budgets.reserve(...asked);
  if (answer instanceof Promise) throw new Error('memory answers at once');
  return answer;
}

describe('budgets', () => {
  it('admit one of 50 parallel calls when there is room for one, and overshoot by no more than that call', () => {
    for (const strict of [false, true]) {
      const budgets = testBudgets();
      const answers = Array.from({ length: 50 }, () => reserve(budgets, key(100n), 100n, strict));
      const admitted = answers.filter((answer) => answer.admitted);
      expect(admitted).toHaveLength(1);
      budgets.settle((admitted[0] as { reservation: Reservation }).reservation, 130n);
      expect(budgets.spentPicos('key:k')).toBe(130n);
      expect(reserve(budgets, key(100n), 0n, strict)).toMatchObject({ admitted: false, claim: { level: 'key', id: 'k' }, spentPicos: 130n, maxPicos: 100n });
    }
  });

  it('admit nobody when the budget is zero, everybody when there is none', () => {
    const budgets = testBudgets();
    expect(reserve(budgets, key(0n), 0n, false).admitted).toBe(false);
    expect(reserve(budgets, key(0n), 0n, true).admitted).toBe(false);
    expect(reserve(budgets, key(null), 10n ** 30n, true).admitted).toBe(true);
    expect(reserve(budgets, [], 1n, true).admitted).toBe(true);
  });

  it('settle a reservation once, however often they are told', () => {
    const budgets = testBudgets(10n);
    const answer = reserve(budgets, [], 8n, false) as { reservation: Reservation };
    for (let time = 0; time < 3; time += 1) budgets.settle(answer.reservation, 5n);
    expect(budgets.reservedPicos()).toBe(0n);
    expect(reserve(budgets, [], 1n, false).admitted).toBe(true);
    expect(reserve(budgets, [], 5n, true)).toMatchObject({ admitted: false, claim: null, spentPicos: 5n });
  });

  it('start from the stored spend and follow an administrator who changes it', () => {
    const budgets = testBudgets();
    budgets.adopt('key:k', 90n);
    budgets.adopt('key:k', 0n);
    expect(budgets.spentPicos('key:k')).toBe(90n);
    expect(reserve(budgets, key(90n), 0n, false).admitted).toBe(false);
    budgets.adjust('key:k', -90n);
    expect(reserve(budgets, key(90n), 0n, false).admitted).toBe(true);
    budgets.forget('key:k');
    expect(budgets.spentPicos('key:k')).toBe(0n);
    budgets.setGlobalSpent(5n, null);
    expect(budgets.reservedPicos()).toBe(0n);
  });

  it('never exceed the budget in strict mode, and otherwise by less than the last call and what those in flight cost beyond their reservations', () => {
    const call = fc.record({ reserved: fc.nat({ max: 50 }), actual: fc.nat({ max: 80 }), settleAfter: fc.nat({ max: 5 }) });
    fc.assert(
      fc.property(fc.array(call, { maxLength: 60 }), fc.nat({ max: 300 }), fc.boolean(), (calls, maximum, strict) => {
        const budgets = testBudgets();
        const max = BigInt(maximum);
        let inFlight: { reservation: Reservation; actual: bigint; due: number }[] = [];
        let bound = max;
        for (const [step, { reserved, actual, settleAfter }] of calls.entries()) {
          // Strict holds where nobody costs more than reserved.
          const cost = BigInt(strict ? Math.min(actual, reserved) : actual);
          const answer = reserve(budgets, key(max), BigInt(reserved), strict);
          if (answer.admitted) {
            const beyond = inFlight.reduce((sum, held) => sum + held.actual - held.reservation.reservedPicos, 0n);
            bound = strict ? max : max + cost + beyond;
            inFlight.push({ reservation: answer.reservation, actual: cost, due: step + settleAfter });
          }
          for (const held of inFlight.filter(({ due }) => due <= step)) budgets.settle(held.reservation, held.actual);
          inFlight = inFlight.filter(({ due }) => due > step);
        }
        for (const held of inFlight) budgets.settle(held.reservation, held.actual);
        return budgets.reservedPicos() === 0n && budgets.spentPicos('key:k') <= bound;
      }),
      { numRuns: 500 },
    );
  });

  it('admit only what every level has room for, and leave nothing behind where one refuses', () => {
    const budgets = testBudgets();
    const levels = [...key(100n), ...governingOf('team', 't', { maxBudget: formatPicos(50n) }).claims, ...governingOf('organization', 'o', {}).claims];
    const first = reserve(budgets, levels, 50n, false) as { reservation: Reservation };
    expect(reserve(budgets, levels, 50n, false)).toMatchObject({ admitted: false, claim: { level: 'team', id: 't' } });
    budgets.settle(first.reservation, 10n);
    expect([budgets.spentPicos('key:k'), budgets.spentPicos('team:t'), budgets.spentPicos('organization:o'), budgets.reservedPicos()]).toEqual([
      10n,
      10n,
      10n,
      0n,
    ]);
  });

  it('begin a window again when it ends, and keep what was spent before in the account of all time', () => {
    vi.useFakeTimers({ now: Date.parse('2026-11-26T14:59:00Z') });
    try {
      const budgets = testBudgets();
      const claims = governingOf('key', 'k', { modelLimits: { budget_limits: [{ budget_duration: '1d', max_budget: '0.000000000010' }] } }).claims;
      const held = reserve(budgets, claims, 0n, false) as { reservation: Reservation };
      budgets.settle(held.reservation, 10n);
      expect(reserve(budgets, claims, 0n, false)).toMatchObject({ admitted: false, claim: { duration: '1d' }, spentPicos: 10n });
      // Midnight in Tokyo.
      vi.setSystemTime(Date.parse('2026-11-26T15:00:00Z'));
      expect(reserve(budgets, claims, 0n, false).admitted).toBe(true);
      expect(budgets.spentPicos('key:k')).toBe(10n);
    } finally {
      vi.useRealTimers();
    }
  });
});
