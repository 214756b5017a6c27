// Opens the money of a gateway apart on the stores of this process: in the records before it lies on its disk.
import { hostname } from 'node:os';
import { join } from 'node:path';
import { countingCalls, type LiteLlmMetricsOptions } from '#gateway/litellm-metrics.ts';
import type { Ledger } from '#gateway/money/ledger.ts';
import type { Settings } from '#settings/settings.ts';
import type { Log } from '#telemetry/log.ts';
import type { Metrics } from '#telemetry/metrics.ts';
import { type MoneyApart, openMoneyApart } from './money-apart.ts';
import type { MoneyRecovery } from './money-recovery.ts';
import type { Stores } from './open-stores.ts';

export interface ApartParts {
  stores: Stores;
  settings: Settings;
  log: Log;
  /** The ledger of this process's own journal. */
  local: Ledger;
  recovery: MoneyRecovery;
  metrics: Metrics;
  prometheus: LiteLlmMetricsOptions;
  onContentDropped: () => void;
}

/** @throws AppError 503 when the records are away. */
export function openApart({ stores, settings, metrics, prometheus, ...parts }: ApartParts): Promise<MoneyApart> {
  const { records, moneyRecords, journal } = stores;
  const counting = countingCalls(metrics, prometheus, { began() {}, ended() {}, lost() {} });
  return openMoneyApart({
    ...parts,
    records,
    moneyRecords,
    journal,
    metrics,
    nameFile: join(settings.dataDir, 'journal', 'money-writer'),
    holder: `${hostname()}:${process.pid}`,
    whenAway: settings.whenRecordsAreAway,
    onSettled: (record) => counting.ended(0n, record),
  });
}
