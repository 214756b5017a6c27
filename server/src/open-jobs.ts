// Who looks after batches and responses in the background that nobody asks about: every process that serves calls, one at a time for each of them.
import { startBatches } from '#gateway/batches/runner.ts';
import { createBatchStore } from '#gateway/batches/store.ts';
import type { GatewayDeps } from '#gateway/deps.ts';
import type { Gateway } from '#gateway/gateway.ts';
import type { JobRunner } from '#gateway/jobs/runner.ts';
import { createRealtimeSecrets } from '#gateway/realtime/secret-store.ts';
import { startBackground } from '#gateway/responses/background/runner.ts';
import { createBackgroundStore } from '#gateway/responses/background/store.ts';
import type { Records } from '#stores/records/port.ts';
import { servesCalls } from './open-callbacks.ts';

export function jobStores(records: Records): Pick<GatewayDeps, 'batches' | 'background' | 'realtimeSecrets'> {
  return { batches: createBatchStore(records), background: createBackgroundStore(records), realtimeSecrets: createRealtimeSecrets(records) };
}

/** Does nothing in a role that serves no calls. */
export async function openJobs(deps: GatewayDeps, gateway: Pick<Gateway, 'withSnapshot'>): Promise<JobRunner> {
  if (!servesCalls(deps.settings.role)) return { close: async () => {} };
  const parts = { deps, withSnapshot: gateway.withSnapshot };
  const runners = [await startBatches(parts), await startBackground(parts)];
  return { close: async () => void (await Promise.all(runners.map((runner) => runner.close()))) };
}
