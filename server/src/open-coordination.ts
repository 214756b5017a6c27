// Opens the coordination store that the settings name: Redis for processes that share limits, else this process's memory.
import { readFileSync } from 'node:fs';
import { spendOfAccount } from '#gateway/money/stored-spend.ts';
import type { Settings } from '#settings/settings.ts';
import { MemoryCoordination } from '#stores/coordination/memory.ts';
import type { Coordination } from '#stores/coordination/port.ts';
import { openRedisCoordination } from '#stores/coordination/redis.ts';
import type { Records } from '#stores/records/port.ts';
import type { Log } from '#telemetry/log.ts';
import type { Metrics } from '#telemetry/metrics.ts';

export interface CoordinationParts {
  settings: Pick<Settings, 'redis' | 'network'>;
  records: Records;
  log: Log;
  metrics: Metrics;
}

/** @throws AppError when Redis is named and does not answer. */
export async function openCoordination({ settings, records, log, metrics }: CoordinationParts): Promise<Coordination> {
  const { redis, network } = settings;
  const coordination =
    redis === null
      ? new MemoryCoordination()
      : await openRedisCoordination({
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

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
