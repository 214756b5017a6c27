// What the admin API needs from the house: the records behind it, the money in memory, and the configuration of the moment.

import type { BudgetResets } from '#gateway/money/budget-resets.ts';
import type { BudgetBook } from '#gateway/money/budgets.ts';
import type { Ledger } from '#gateway/money/ledger.ts';
import type { StoredModels } from '#gateway/stored-models.ts';
import type { KeyStore } from '#identity/virtual-keys.ts';
import type { Prices } from '#prices/port.ts';
import type { Deployment, GatewayConfig } from '#settings/settings.ts';
import type { CoordinationState } from '#stores/coordination/port.ts';
import type { Records } from '#stores/records/port.ts';
import type { Metrics } from '#telemetry/metrics.ts';

/** What a real call to a deployment showed. */
export interface DeploymentCheck {
  readonly healthy: boolean;
  readonly latencyMs: number;
  /** Redacted; null when healthy. */
  readonly error: string | null;
}

export interface AdminDeps {
  readonly records: Records;
  readonly keyStore: KeyStore;
  /** identity/keys.ts: how keys are made and recognised. */
  readonly keyMaker: {
    mint(): { key: string; hash: string; name: string };
    hash(key: string): string;
    nameOf(key: string): string;
    isHash(text: string): boolean;
  };
  readonly budgets: BudgetBook;
  readonly ledger: Pick<Ledger, 'flush'>;
  /** A level above keys was written (kind and subject of spend_limits): resolves when every process acts on it. */
  readonly levelChanged: (kind: string, subject: string) => Promise<void>;
  /** Models and credentials that were registered, and how every process takes a change of them over. */
  readonly storedModels: StoredModels;
  readonly modelsChanged: () => Promise<void>;
  readonly budgetResets: Pick<BudgetResets, 'reschedule'>;
  readonly prices: Prices;
  readonly metrics: Metrics;
  /** The configuration now; a reload replaces it. */
  readonly config: () => GatewayConfig;
  /** Organisation and project of keys that name none. */
  readonly home: { readonly organizationId: string; readonly projectId: string };
  /** IANA zone that decides days. */
  readonly timezone: string;
  /** Really calls the deployment with the smallest possible request. Never rejects. */
  readonly checkDeployment: (deployment: Deployment, signal: AbortSignal) => Promise<DeploymentCheck>;
  /** True once the process has been told to stop. */
  readonly draining: () => boolean;
  /** How the store of limits and budgets is doing. */
  readonly coordination: () => CoordinationState;
}
