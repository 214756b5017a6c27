// Opens the coordination store that the settings name: Redis for processes that share limits, else this process's memory.
import { readFileSync } from 'node:fs';
import { spendOfAccount } from '#gateway/money/stored-spend.ts';
import type { Settings } from '#settings/settings.ts';
import { MemoryCoordination } from '#stores/coordination/memory.ts';
import type { Coordination } from '#stores/coordination/port.ts';
import { openSocketCoordination } from '#stores/coordination/socket-client.ts';
import { openCoordinationHost } from '#stores/coordination/socket-host.ts';
import type { Records } from '#stores/records/port.ts';
import type { Log } from '#telemetry/log.ts';
import type { Metrics } from '#telemetry/metrics.ts';
import { hasCallWorkers, limitsSocket } from './call-workers.ts';

export interface CoordinationParts {
  settings: Pick<Settings, 'redis' | 'network' | 'workers' | 'front' | 'dataDir'>;
  records: Records;
  log: Log;
  metrics: Metrics;
}

/** @throws AppError when Redis is named and does not answer. */
export async function openCoordination({ settings, records, log, metrics }: CoordinationParts): Promise<Coordination> {
  const { redis, network } = settings;
  const coordination =
    redis === null
      ? await openOnThisMachine(settings, records)
      : await (await import('#stores/coordination/redis.ts')).openRedisCoordination({
          url: redis.url,
          whenAway: redis.whenAway,
          authorities: network.extraCaFile === null ? [] : [readFileSync(network.extraCaFile, 'utf8')],
          storedSpend: (account) => spendOfAccount(records, account),
          onAway: (reason) =>
            log.error('Redis does not answer: limits and budgets are decided by each process alone, or refused', { reason: reasonOf(reason) }),
          onBack: () => log.info('Redis answers again: limits and budgets are shared'),
        });
  const away = metrics.gauge({ name: 'genai_coordination_away', help: '1 while the store of limits and budgets does not answer.' });
  const processes = metrics.gauge({ name: 'genai_coordination_processes', help: 'Live processes that share limits and budgets, as last heard.' });
  metrics.onCollect(() => {
    const state = coordination.state();
    away.set(state.away ? 1 : 0);
    processes.set(state.processes);
  });
  return coordination;
}

/** Alone in memory; else one process of the machine holds the counters for all of them. */
async function openOnThisMachine(settings: CoordinationParts['settings'], records: Records): Promise<Coordination> {
  const { front, dataDir } = settings;
  const storedSpend = (account: string): Promise<bigint> => spendOfAccount(records, account);
  if (front?.limits != null) return await openSocketCoordination({ path: front.limits, onLost: endWithout });
  return hasCallWorkers(settings) ? await openCoordinationHost({ path: limitsSocket(dataDir), storedSpend }) : new MemoryCoordination();
}

/** Nobody caught it: the process drains and ends, and is started again with what is true by then. */
function endWithout(): never {
  throw new Error('the process that holds limits and budgets is gone, or took this one for dead');
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
