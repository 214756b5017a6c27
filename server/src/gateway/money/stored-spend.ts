// Fills the budgets from the ledger's tables at the start, after the ledger has applied what the journal still held.
import { parsePicos } from '#lib/money.ts';
import type { Records } from '#stores/records/port.ts';
import type { BudgetBook } from './budgets.ts';
import { spendOfAll, spendOfKeys } from './ledger-sql.ts';

/**
 * Call after `ledger.start()` and before the doors open.
 * @param hasGlobalBudget reads the sum of the whole ledger, which takes as long as the ledger is large: only when a global budget is configured.
 */
export async function loadStoredSpend(records: Records, budgets: BudgetBook, hasGlobalBudget: boolean): Promise<void> {
  for (const { id, spend } of await spendOfKeys(records)) budgets.adopt(id, parsePicos(spend));
  if (hasGlobalBudget) budgets.setGlobalSpent(parsePicos(await spendOfAll(records)));
}
