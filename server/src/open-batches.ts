// Who looks after batches that nobody asks about: every process that serves calls, one at a time for each batch.
import { type BatchRunner, startBatches } from '#gateway/batches/runner.ts';
import type { GatewayDeps } from '#gateway/deps.ts';
import type { Gateway } from '#gateway/gateway.ts';
import { servesCalls } from './open-callbacks.ts';

/** Does nothing in a role that serves no calls. */
export async function openBatches(deps: GatewayDeps, gateway: Pick<Gateway, 'withSnapshot'>): Promise<Pick<BatchRunner, 'close'>> {
  if (!servesCalls(deps.settings.role)) return { close: async () => {} };
  return await startBatches({ deps, withSnapshot: (work) => gateway.withSnapshot(work) });
}
