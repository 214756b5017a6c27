// Fills the budgets from the ledger's tables at the start, after the ledger has applied what the journal still held.
import { windowOf } from '#lib/calendar.ts';
import { parsePicos } from '#lib/money.ts';
import type { Records } from '#stores/records/port.ts';
import type { BudgetBook, GlobalBudget } from './budgets.ts';
import { storedSpend } from './ledger-sql.ts';
import { spentSince } from './window-spend.ts';

/** Keys and the levels above them. Call after `ledger.start()` and before the doors open. */
export async function loadStoredSpend(records: Records, budgets: BudgetBook): Promise<void> {
  for (const { account, spend } of await storedSpend(records)) budgets.adopt(account, parsePicos(spend));
}

/** The whole gateway's spend in its budget's window: takes as long as the window's part of the ledger is large, so only with such a budget. */
export async function loadGlobalSpend(records: Records, budgets: BudgetBook, budget: GlobalBudget, timezone: string): Promise<void> {
  const startMs = budget.duration === null ? null : windowOf(budget.duration, timezone, Date.now()).startMs;
  budgets.setGlobalSpent(await spentSince(records, startMs), budget.duration);
}
