// What the room `takeover` gets from the others: this file joins them, as house.ts does.
import type { BudgetBook } from '#gateway/money/budgets.ts';
import type { Ledger } from '#gateway/money/ledger.ts';
import type { StoredModels } from '#gateway/stored-models.ts';
import type { Records } from '#stores/records/port.ts';
import type { TakeoverDeps } from '#takeover/port.ts';
import type { KeyNews } from './key-news.ts';
import type { LiveModels } from './live-models.ts';

export interface TakeoverParts {
  records: Records;
  home: TakeoverDeps['home'];
  timezone: string;
  money: { budgets: BudgetBook; ledger: Pick<Ledger, 'flush'>; budgetResets: { reschedule(): void } };
  news: KeyNews;
  stored: StoredModels;
  models: Pick<LiveModels, 'changed'>;
}

export function takeoverDeps({ records, home, timezone, money, news, stored, models }: TakeoverParts): TakeoverDeps {
  return {
    records,
    home,
    timezone,
    budgets: money.budgets,
    flushLedger: async () => {
      await money.ledger.flush();
    },
    keyChanged: (id) => news.keyChanged(id),
    levelChanged: (kind, subject) => news.levelChanged(kind, subject),
    modelsChanged: () => models.changed(),
    rescheduleBudgets: () => money.budgetResets.reschedule(),
    models: stored,
  };
}
