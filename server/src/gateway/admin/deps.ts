// What the admin API needs from the house: the records behind it, the money in memory, and the configuration of the moment.

import type { CachePlaces } from '#gateway/cache/response-cache.ts';
import type { Guard } from '#gateway/guards/guard.ts';
import type { BudgetResets } from '#gateway/money/budget-resets.ts';
import type { BudgetBook } from '#gateway/money/budgets.ts';
import type { Ledger } from '#gateway/money/ledger.ts';
import type { StoredMcpServers } from '#gateway/stored-mcp-servers.ts';
import type { StoredModels } from '#gateway/stored-models.ts';
import type { StoredSettings } from '#gateway/stored-settings.ts';
import type { KeyStore } from '#identity/virtual-keys.ts';
import type { Prices } from '#prices/port.ts';
import type { GatewayConfig, StoredSections } from '#settings/settings.ts';
import type { CoordinationState } from '#stores/coordination/port.ts';
import type { Records } from '#stores/records/port.ts';
import type { Metrics } from '#telemetry/metrics.ts';
import type { HealthChecks } from './health-checks.ts';

/** What a real call to a deployment showed. */
export interface DeploymentCheck {
  readonly healthy: boolean;
  readonly latencyMs: number;
  /** Redacted; null when healthy. */
  readonly error: string | null;
}

/** An entry of `logging` in a key's or team's metadata (LiteLLM's form). */
export interface LoggingEntry {
  readonly callback_name?: unknown;
  readonly callback_type?: unknown;
  readonly callback_vars?: unknown;
}

/** Receivers of finished calls: those that keys and teams bring, and how all of them are doing. Secrets come back masked. */
export interface CallbackAdmin {
  /** The entries as they may be shown. @throws AppError 400 when one cannot be used. */
  preview(scope: 'team' | 'key', scopeId: string | null, entries: readonly LoggingEntry[]): Promise<Required<LoggingEntry>[]>;
  /** Puts these in place of all of the scope; in force in every process when it resolves. @throws AppError 400. */
  replace(scope: 'team' | 'key', scopeId: string, entries: readonly LoggingEntry[]): Promise<void>;
  /** Adds one. @throws AppError 400 when it cannot be used or is there already. */
  add(scope: 'team' | 'key', scopeId: string, entry: LoggingEntry): Promise<void>;
  of(scope: 'team' | 'key', scopeId: string): Promise<Required<LoggingEntry>[]>;
  /** A key got another id. */
  move(scope: 'team' | 'key', from: string, to: string): Promise<void>;
  /** Nobody is told of this team's calls any more, until a receiver is added to it. */
  silence(teamId: string): Promise<void>;
  /** Receivers of the configuration, their variables masked. */
  configured(): readonly {
    readonly kind: string;
    readonly name: string;
    readonly success: boolean;
    readonly failure: boolean;
    readonly variables: Readonly<Record<string, string>>;
  }[];
  /** Asks a configured receiver, or Slack, whether it answers: what is wrong in words; null when nothing of that name is configured. */
  check(name: string): Promise<string[] | null>;
  /** Every open way to a receiver. */
  states(): readonly {
    readonly name: string;
    readonly scope: string;
    readonly waiting: number;
    readonly waitingBytes: number;
    readonly behind: boolean;
    readonly lastError: string | null;
  }[];
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
  readonly storedMcpServers: StoredMcpServers;
  /** What the operator trusts besides public addresses (--egress-allow). */
  readonly egressAllow: readonly string[];
  readonly modelsChanged: () => Promise<void>;
  readonly callbacks: CallbackAdmin;
  /** Settings registered by /config/update. */
  readonly settings: {
    readonly stored: StoredSettings;
    /** What the configuration file and these settings together would be told. */
    attempt(sections: StoredSections): { faults: string[]; warnings: string[] };
    /** Settings were written: resolves when every process has taken them over. */
    changed(): Promise<void>;
  };
  readonly budgetResets: Pick<BudgetResets, 'reschedule'>;
  readonly prices: Prices;
  readonly metrics: Metrics;
  /** False until the store of traces was opened for the first time: `required` ones keep the process out of the balancer. */
  readonly analytics?: () => { opened: boolean; required: boolean };
  /** Processes that answer calls beside this one; absent = this process answers them. */
  readonly workers?: () => { ready: number; wanted: number };
  /** The configuration now; a reload replaces it. */
  readonly config: () => GatewayConfig;
  /** Organisation and project of keys that name none. */
  readonly home: { readonly organizationId: string; readonly projectId: string };
  /** Where a request came from, as listed proxies say; null = nobody knows. */
  readonly addressOf: (http: { env: unknown }) => string | null;
  /** IANA zone that decides days. */
  readonly timezone: string;
  /** Real calls to deployments and their history. */
  readonly health: HealthChecks;
  /** A guard of the configuration by its name. */
  readonly guard: (name: string) => Guard | null;
  /** Calls that this process is answering. */
  readonly callsInFlight: () => number;
  /** From now on probes say that the process is going. */
  readonly beginDrain: () => void;
  /** True once the process has been told to stop. */
  readonly draining: () => boolean;
  /** How the store of limits and budgets is doing. */
  readonly coordination: () => CoordinationState;
  readonly cache: CachePlaces;
  /** Where money of a gateway apart goes now; null elsewhere. */
  readonly money: () => MoneyState | null;
  /** Whether the process is of use while PostgreSQL is away, so that a balancer keeps sending to it. */
  readonly servesWithoutRecords: boolean;
}

/** Money of a gateway whose records machines share. */
export interface MoneyState {
  /** PostgreSQL does not take what calls cost now. */
  away: boolean;
  /** What happens to new calls then. */
  whenAway: 'local' | 'refuse';
  /** Ends of calls that PostgreSQL has not heard of yet because it was away. */
  owed: number;
}
