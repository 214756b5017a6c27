// Budgets for tests: windows of Tokyo, and a global budget where a test gives one.
import { windowOf } from '#lib/calendar.ts';
import { MemoryAccounts } from '#stores/coordination/memory-accounts.ts';
import { type BudgetBook, createBudgets } from './budgets.ts';

export function testBudgets(globalMaxPicos: bigint | null = null): BudgetBook {
  return createBudgets({
    accounts: new MemoryAccounts(),
    globalBudget: () => (globalMaxPicos === null ? null : { maxPicos: globalMaxPicos, duration: null }),
    windowOf: (duration, nowMs) => windowOf(duration, 'Asia/Tokyo', nowMs),
  });
}
