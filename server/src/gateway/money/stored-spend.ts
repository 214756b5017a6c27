// Fills the budgets from the ledger's tables at the start, after the ledger has applied what the journal still held.
import { type ClaimLevel, partsOfAccount } from '#identity/governing.ts';
import { windowOf } from '#lib/calendar.ts';
import { parsePicos } from '#lib/money.ts';
import type { Records } from '#stores/records/port.ts';
import { type BudgetBook, GLOBAL_ACCOUNT, type GlobalBudget } from './budgets.ts';
import { storedSpend, storedSpendOf } from './ledger-sql.ts';
import { spentInWindow, spentSince } from './window-spend.ts';

/** Keys and the levels above them. Call after `ledger.start()` and before the doors open. */
export async function loadStoredSpend(records: Records, budgets: BudgetBook): Promise<void> {
  for (const { account, spend } of await storedSpend(records)) budgets.adopt(account, parsePicos(spend));
}

/** The whole gateway's spend in its budget's window: takes as long as the window's part of the ledger is large, so only with such a budget. */
export async function loadGlobalSpend(records: Records, budgets: BudgetBook, budget: GlobalBudget, timezone: string): Promise<void> {
  const startMs = budget.duration === null ? null : windowOf(budget.duration, timezone, Date.now()).startMs;
  budgets.setGlobalSpent(await spentSince(records, startMs), budget.duration);
}

/**
 * What the records say was spent in one account, whatever its form: accounts that processes share are read when they are first needed. Calls that are
 * settled and not yet in the ledger (a fraction of a second) are missing. @throws AppError 503 when the records are away.
 */
export async function spendOfAccount(records: Records, account: string): Promise<bigint> {
  const { name, model, startMs } = partsOfAccount(account);
  if (name === GLOBAL_ACCOUNT) return await spentSince(records, startMs);
  const colon = name.indexOf(':');
  const [level, id] = [name.slice(0, colon) as ClaimLevel, name.slice(colon + 1)];
  if (startMs === null) return parsePicos(await storedSpendOf(records, level, id));
  return await spentInWindow(records, { level, id, model }, startMs);
}
