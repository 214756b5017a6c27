// The money side in /metrics: the ledger's health in our words, and with the `prometheus` callback the spend and token counters that LiteLLM's dashboards read.
import type { CallSettled } from '#call-record.ts';
import { picosToNumber } from '#lib/money.ts';
import type { JournalState } from '#stores/journal/port.ts';
import type { CounterSeries, Metrics } from '#telemetry/metrics.ts';
import type { BudgetBook } from './budgets.ts';
import type { MoneyListener } from './call-journal.ts';
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

const LABELS = ['hashed_api_key', 'api_key_alias', 'model', 'team', 'team_alias', 'user'];

/** Label combinations whose series are held ready; beyond, they are looked up anew. */
const MAX_READY = 1_000;

interface Series {
  readonly spend: CounterSeries;
  readonly total: CounterSeries;
  readonly input: CounterSeries;
  readonly output: CounterSeries;
}

/** A listener that counts settled calls under LiteLLM's metric names, then tells `next`. About a microsecond a call. */
export function countingSpend(metrics: Metrics, next: MoneyListener): MoneyListener {
  const counter = (name: string, help: string, labels = LABELS) => metrics.counter({ name, help, labels });
  const spend = counter('litellm_spend_metric_total', 'Total spend on LLM requests, in dollars; calls of unknown price add nothing.');
  const total = counter('litellm_total_tokens_metric_total', 'Total number of input and output tokens.');
  const input = counter('litellm_input_tokens_metric_total', 'Total number of input tokens.');
  const output = counter('litellm_output_tokens_metric_total', 'Total number of output tokens.');
  const requests = counter('litellm_proxy_total_requests_metric_total', 'Total number of requests.', [...LABELS, 'status_code']);
  const failed = counter('litellm_proxy_failed_requests_metric_total', 'Total number of failed requests.', [...LABELS, 'exception_class']);
  const ready = new Map<string, Series>();

  function seriesOf(record: CallSettled): Series {
    const key = `${record.path.keyId} ${record.model}`;
    const known = ready.get(key);
    if (known !== undefined) return known;
    // A key whose alias, team or user changes goes on under its old labels until it leaves this map; with the process at the latest.
    if (ready.size >= MAX_READY) ready.clear();
    const labels = labelsOf(record);
    const series = { spend: spend.series(...labels), total: total.series(...labels), input: input.series(...labels), output: output.series(...labels) };
    ready.set(key, series);
    return series;
  }

  return {
    began: next.began,
    lost: next.lost,
    ended(sequence, record) {
      next.ended(sequence, record);
      const series = seriesOf(record);
      requests.add(1, ...labelsOf(record), String(record.httpStatus));
      if (record.outcome === 'failure') failed.add(1, ...labelsOf(record), record.errorClass ?? '');
      if (record.cost !== null) series.spend.add(Number(record.cost));
      const { usage } = record;
      if (usage === null) return;
      series.total.add(usage.total);
      series.input.add(usage.input + (usage.cachedInput ?? 0) + (usage.cacheCreationInput ?? 0));
      series.output.add(usage.output);
    },
  };
}

function labelsOf({ path, model }: CallSettled): string[] {
  return [path.keyId, path.keyAlias ?? '', model, path.teamId ?? '', path.teamAlias ?? '', path.keyUserId ?? ''];
}
