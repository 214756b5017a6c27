import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BudgetAnswer, Reservation } from '#gateway/ports.ts';
import type { VirtualKey } from '#identity/principal.ts';
import { MemoryAccounts } from '#stores/coordination/memory-accounts.ts';
import { type BudgetBook, createBudgets } from './budgets.ts';

const key = (maxBudgetPicos: bigint | null, id = 'k'): VirtualKey => ({ id, maxBudgetPicos }) as VirtualKey;

/** In memory every answer is a value. */
function reserve(budgets: BudgetBook, ...asked: Parameters<BudgetBook['reserve']>): BudgetAnswer {
  const answer = budgets.reserve(...asked);
  if (answer instanceof Promise) throw new Error('a budget in memory answered with a promise');
  return answer;
}

describe('budgets', () => {
  it('admit one of 50 parallel calls when there is room for one, and overshoot by no more than that call', () => {
    for (const strict of [false, true]) {
      const budgets = createBudgets({ accounts: new MemoryAccounts(), globalMaxPicos: () => null });
      const answers = Array.from({ length: 50 }, () => reserve(budgets, key(100n), 100n, strict));
      const admitted = answers.filter((answer) => answer.admitted);
      expect(admitted).toHaveLength(1);
      budgets.settle((admitted[0] as { reservation: Reservation }).reservation, 130n);
      expect(budgets.spentPicos('k')).toBe(130n);
      expect(reserve(budgets, key(100n), 0n, strict)).toEqual({ admitted: false, whose: 'Key', spentPicos: 130n, maxPicos: 100n });
    }
  });

  it('admit nobody when the budget is zero, everybody when there is none', () => {
    const budgets = createBudgets({ accounts: new MemoryAccounts(), globalMaxPicos: () => null });
    expect(reserve(budgets, key(0n), 0n, false).admitted).toBe(false);
    expect(reserve(budgets, key(0n), 0n, true).admitted).toBe(false);
    expect(reserve(budgets, key(null), 10n ** 30n, true).admitted).toBe(true);
    expect(reserve(budgets, null, 1n, true).admitted).toBe(true);
  });

  it('settle a reservation once, however often they are told', () => {
    const budgets = createBudgets({ accounts: new MemoryAccounts(), globalMaxPicos: () => 10n });
    const answer = reserve(budgets, null, 8n, false) as { reservation: Reservation };
    for (let time = 0; time < 3; time += 1) budgets.settle(answer.reservation, 5n);
    expect(budgets.reservedPicos()).toBe(0n);
    expect(reserve(budgets, null, 1n, false).admitted).toBe(true);
    expect(reserve(budgets, null, 5n, true)).toMatchObject({ admitted: false, whose: 'Global', spentPicos: 5n });
  });

  it('start from the stored spend and follow an administrator who changes it', () => {
    const budgets = createBudgets({ accounts: new MemoryAccounts(), globalMaxPicos: () => null });
    budgets.adopt('k', 90n);
    budgets.adopt('k', 0n);
    expect(budgets.spentPicos('k')).toBe(90n);
    expect(reserve(budgets, key(90n), 0n, false).admitted).toBe(false);
    budgets.adjust('k', -90n);
    expect(reserve(budgets, key(90n), 0n, false).admitted).toBe(true);
    budgets.forget('k');
    expect(budgets.spentPicos('k')).toBe(0n);
    budgets.setGlobalSpent(5n);
    expect(budgets.reservedPicos()).toBe(0n);
  });

  it('never exceed the budget in strict mode, and otherwise by less than the last call and what those in flight cost beyond their reservations', () => {
    const call = fc.record({ reserved: fc.nat({ max: 50 }), actual: fc.nat({ max: 80 }), settleAfter: fc.nat({ max: 5 }) });
    fc.assert(
      fc.property(fc.array(call, { maxLength: 60 }), fc.nat({ max: 300 }), fc.boolean(), (calls, maximum, strict) => {
        const budgets = createBudgets({ accounts: new MemoryAccounts(), globalMaxPicos: () => null });
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
        return budgets.reservedPicos() === 0n && budgets.spentPicos('k') <= bound;
      }),
      { numRuns: 500 },
    );
  });
});
