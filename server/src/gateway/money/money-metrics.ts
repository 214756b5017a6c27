// The money side in /metrics: the ledger's health in our words. LiteLLM's names are in gateway/litellm-metrics.ts.
import { picosToNumber } from '#lib/money.ts';
import type { JournalState } from '#stores/journal/port.ts';
import type { Metrics } from '#telemetry/metrics.ts';
import type { BudgetBook } from './budgets.ts';
import type { Ledger } from './ledger.ts';

/** Registers gauges that are read when somebody looks; calls pay nothing for them. */
export function watchMoney(metrics: Metrics, parts: { ledger: Ledger; budgets: BudgetBook; journal: () => JournalState }): void {
  const gauge = (name: string, help: string) => metrics.gauge({ name, help });
  const queued = gauge('genai_ledger_queued', 'Settled calls in memory that are not in PostgreSQL yet.');
  const open = gauge('genai_ledger_open_calls', 'Calls that have begun and are not settled.');
  const behind = gauge('genai_ledger_behind', '1 while the ledger has to read calls again from the journal.');
  const unknown = gauge('genai_ledger_unknown_calls', 'Calls billed at their reservation since the start, because their end was never heard of.');
  const refused = gauge('genai_ledger_refused_rows', 'Ledger rows that PostgreSQL refused since the start; each is in the log.');
  const reserved = gauge('genai_budget_reserved_dollars', 'Reservations of the calls in flight.');
  const backlog = gauge('genai_journal_backlog_bytes', 'Journal bytes that some consumer still needs.');
  const limit = gauge('genai_journal_payload_limit_bytes', 'Backlog at which content is refused.');
  metrics.onCollect(() => {
    const status = parts.ledger.status();
    const journal = parts.journal();
    queued.set(status.queued);
    open.set(status.openCalls);
    behind.set(status.behind ? 1 : 0);
    unknown.set(status.unknownCalls);
    refused.set(status.refusedRows);
    reserved.set(picosToNumber(parts.budgets.reservedPicos()));
    backlog.set(journal.backlogBytes);
    limit.set(journal.payloadLimitBytes);
  });
}
