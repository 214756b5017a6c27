// The money of the house: budgets, ledger and the journal of calls, here or in PostgreSQL; what was spent before this start is known before the first call.
import { countingCalls } from '#gateway/litellm-metrics.ts';
import { type BudgetResets, createBudgetResets } from '#gateway/money/budget-resets.ts';
import { type BudgetBook, createBudgets, type GlobalBudget } from '#gateway/money/budgets.ts';
import { createCallJournal } from '#gateway/money/call-journal.ts';
import { type GovernedDirectory, openGoverned } from '#gateway/money/governed.ts';
import { createLedger, type Ledger } from '#gateway/money/ledger.ts';
import { maskedCallJournal } from '#gateway/money/masked-call-journal.ts';
import { watchMoney } from '#gateway/money/money-metrics.ts';
import { loadGlobalSpend, loadStoredSpend } from '#gateway/money/stored-spend.ts';
import { openWindows, type WindowSpendDeps } from '#gateway/money/window-spend.ts';
import type { CallJournal } from '#gateway/ports.ts';
import { deploymentClaims } from '#gateway/target-budgets.ts';
import { KEYS_CHANNEL, openKeyDirectory, type VirtualKeyDirectory } from '#identity/key-directory.ts';
import { windowOf } from '#lib/calendar.ts';
import { parsePicos } from '#lib/money.ts';
import type { MaskingDirectory } from '#observe/masking/directory.ts';
import { callMask } from '#observe/masking/mask-body.ts';
import type { GatewayConfig, Settings } from '#settings/settings.ts';
import type { Accounts, Coordination } from '#stores/coordination/port.ts';
import type { Log } from '#telemetry/log.ts';
import type { Metrics } from '#telemetry/metrics.ts';
import { KEYS_TOPIC, LEVELS_TOPIC } from './key-news.ts';
import type { MoneyApart } from './money-apart.ts';
import { startMoneyRecovery } from './money-recovery.ts';
import { openApart } from './open-money-apart.ts';
import type { Stores } from './open-stores.ts';
import { prometheusOf } from './own-telemetry.ts';

/** News that a budget window was set or changed. */
const WINDOWS_TOPIC = 'budget-windows';

/** What of the house its money needs. */
interface MoneyInput {
  settings: Settings;
  stores: Stores;
  log: Log;
}

export interface Money {
  budgets: BudgetBook;
  ledger: Ledger;
  budgetResets: Pick<BudgetResets, 'reschedule'>;
  governed: GovernedDirectory;
  callJournal: CallJournal;
  /** Null where money lies in the journal of this machine alone. */
  apart: MoneyApart | null;
  close(): Promise<void>;
}

interface MoneyParts {
  config: () => GatewayConfig;
  coordination: Coordination;
  masking: MaskingDirectory;
}

/** What calls of before this start cost becomes known before the first call is admitted. */
export async function openMoney({ stores, settings, log }: MoneyInput, metrics: Metrics, parts: MoneyParts): Promise<Money> {
  const { records, reader, journal } = stores;
  const { config, coordination } = parts;
  const { timezone } = settings;
  const budgets = createBudgets({
    accounts: coordination.accounts,
    globalBudget: () => globalBudgetOf(config()),
    windowOf: (duration, nowMs) => windowOf(duration, timezone, nowMs),
    onError: (error) => log.warn('what a call cost could not be told to the other processes', { error }),
  });
  const local = createLedger({ records, reader, writer: journal, log, consumer: stores.consumers.ledger });
  const replayed = await local.start();
  if (replayed.applied > 0 || replayed.unknownCalls > 0) log.info('calls of before this start are in the ledger', { ...replayed });
  const contentDropped = metrics.counter({
    name: 'genai_call_content_dropped_total',
    help: 'Calls kept as metadata only because the payload journal was full',
  });
  const onContentDropped = (): void => contentDropped.add(1);
  const recovery = settings.journal === 's3' ? startMoneyRecovery({ records, log }) : null;
  const apart =
    recovery !== null && settings.role === 'gateway'
      ? await openApart({ stores, settings, log, local, recovery, metrics, onContentDropped, prometheus: prometheusOf(config) })
      : null;
  const ledger = apart?.ledger ?? local;
  const globalBudget = globalBudgetOf(config());
  if (!coordination.accounts.shared) {
    await loadStoredSpend(records, budgets);
    if (globalBudget !== null) await loadGlobalSpend(records, budgets, globalBudget, timezone);
  }
  const governed = await openGoverned({ records, budgets, ledger, timezone, log, channel: KEYS_CHANNEL });
  watchMoney(metrics, { ledger, budgets, journal: () => journal.state() });
  const carried = (kind: string, subject: string): void => {
    const [topic, message] = kind === 'key' ? [KEYS_TOPIC, subject] : [LEVELS_TOPIC, `${kind}:${subject}`];
    void coordination.news.tell(topic, message);
  };
  const resets = createBudgetResets({ records, budgets, timezone, log, carried });
  // Whichever process is left when a window ends must know of it.
  const stopHearing = coordination.news.hear(WINDOWS_TOPIC, () => resets.reschedule());
  resets.reschedule();
  return {
    budgets,
    ledger,
    budgetResets: { reschedule: () => void coordination.news.tell(WINDOWS_TOPIC, '') },
    governed,
    apart,
    callJournal: maskedCallJournal(
      apart?.callJournal ?? createCallJournal({ writer: journal, listener: countingCalls(metrics, prometheusOf(config), ledger.listener), onContentDropped }),
      callMask(parts.masking),
    ),
    async close() {
      await recovery?.close();
      stopHearing();
      resets.close();
      await governed.close();
      await ledger.close();
    },
  };
}

interface BudgetChange {
  next: GatewayConfig;
  now: GatewayConfig;
  accounts: Accounts;
  money: Money;
}

/** Budgets of deployments, and of the whole gateway, that come into force must know what was spent before them. */
export async function prepareBudgets({ next, now, accounts, money }: BudgetChange, input: MoneyInput): Promise<void> {
  const { stores, settings } = input;
  await openWindows(windowsOf(input, money), deploymentClaims(next));
  const budget = globalBudgetOf(next);
  if (budget === null || accounts.shared || (now.maxBudget !== null && budget.duration === now.budgetDuration)) return;
  await loadGlobalSpend(stores.records, money.budgets, budget, settings.timezone);
}

function globalBudgetOf({ maxBudget, budgetDuration }: GatewayConfig): GlobalBudget | null {
  return maxBudget === null ? null : { maxPicos: parsePicos(maxBudget), duration: budgetDuration };
}

/** The budget windows of deployments are known before the first call, a key's before its first. */
export async function openKeys(input: MoneyInput, money: Money, config: GatewayConfig): Promise<VirtualKeyDirectory> {
  const windows = windowsOf(input, money);
  await openWindows(windows, deploymentClaims(config));
  return await openKeyDirectory(input.stores.records, { prepare: (key) => openWindows(windows, [...key.claims, ...key.modelClaims]) });
}

function windowsOf({ stores, settings }: MoneyInput, { budgets, ledger }: Money): WindowSpendDeps {
  return { records: stores.records, budgets, ledger, timezone: settings.timezone };
}
