// Everything that the data plane is given by the house.
import type { Prices } from '#prices/port.ts';
import type { GatewayConfig, Settings } from '#settings/settings.ts';
import type { Coordination } from '#stores/coordination/port.ts';
import type { Log } from '#telemetry/log.ts';
import type { Metrics } from '#telemetry/metrics.ts';
import type { Spans } from '#telemetry/spans.ts';
import type { BatchStore } from './batches/port.ts';
import type { CachePlaces } from './cache/response-cache.ts';
import type { Budgets, CallJournal, GovernedLevels, KeyDirectory, OutputHistory } from './ports.ts';
import type { RealtimeSecrets } from './realtime/secret-store.ts';
import type { BackgroundStore } from './responses/background/port.ts';
import type { ResponseStore } from './responses/port.ts';

/** Wall clock; the data plane reads time nowhere else. */
export interface Clock {
  nowMs(): number;
  /** Microseconds since the epoch, monotonic within the process. */
  nowUs(): number;
}

/** The real clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  nowUs: () => Math.round((performance.timeOrigin + performance.now()) * 1000),
};

/** Parts of the house that stay the same while configurations come and go. */
export interface GatewayDeps {
  readonly config: GatewayConfig;
  readonly settings: Settings;
  readonly keys: KeyDirectory;
  readonly budgets: Budgets;
  readonly governed: GovernedLevels;
  readonly journal: CallJournal;
  readonly coordination: Coordination;
  readonly prices: Prices;
  readonly outputHistory: OutputHistory;
  readonly responses: ResponseStore;
  readonly batches: BatchStore;
  readonly background: BackgroundStore;
  readonly realtimeSecrets: RealtimeSecrets;
  readonly cache: CachePlaces;
  /** SHA-256 of the master key in hex; null = there is none and only virtual keys pass. */
  readonly masterKeyHash: string | null;
  /** Organisation and project that the master key's calls belong to. */
  readonly masterHome: { readonly organizationId: string; readonly projectId: string };
  readonly log: Log;
  readonly metrics: Metrics;
  /** Traces of the platform itself; absent = none. */
  readonly spans?: Spans;
  readonly clock: Clock;
  /** Sent as x-litellm-version. */
  readonly version: string;
}
