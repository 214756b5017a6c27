// What the data plane is given by the house, out of the parts that the house has opened.
import { type GatewayDeps, systemClock } from '#gateway/deps.ts';
import { createOutputHistory } from '#gateway/money/output-history.ts';
import { MemoryValues } from '#stores/coordination/memory-values.ts';
import { hasCallWorkers } from './call-workers.ts';

type Input = Pick<GatewayDeps, 'settings' | 'log' | 'version'> & {
  identity: { organizationId: string; projectId: string; masterKeyHash: string | null };
};

interface DataPlaneParts
  extends Pick<GatewayDeps, 'config' | 'keys' | 'coordination' | 'metrics' | 'responses' | 'batches' | 'background' | 'realtimeSecrets' | 'prices'>,
    Required<Pick<GatewayDeps, 'spans'>> {
  money: { budgets: GatewayDeps['budgets']; governed: GatewayDeps['governed']; callJournal: GatewayDeps['journal'] };
}

export function dataPlaneDeps(
  { settings, identity, log, version }: Input,
  { config, keys, money, coordination, metrics, spans, responses, batches, background, realtimeSecrets, prices }: DataPlaneParts,
): GatewayDeps {
  return {
    config,
    settings,
    keys,
    budgets: money.budgets,
    governed: money.governed,
    journal: money.callJournal,
    coordination,
    prices,
    outputHistory: createOutputHistory(),
    responses,
    batches,
    background,
    realtimeSecrets,
    // Processes of one machine keep one local cache.
    cache: { local: settings.front?.limits == null && !hasCallWorkers(settings) ? new MemoryValues() : coordination.values, shared: coordination.values },
    masterKeyHash: identity.masterKeyHash,
    masterHome: { organizationId: identity.organizationId, projectId: identity.projectId },
    log,
    metrics,
    spans,
    clock: systemClock,
    version,
  };
}
