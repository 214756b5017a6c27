// What limits and budgets cost a call: in memory, and through a Redis of this machine. Prints microseconds; `./scripts/node bench/coordination.ts`.

import { MemoryCoordination } from '../server/src/stores/coordination/memory.ts';
import type { Coordination } from '../server/src/stores/coordination/port.ts';
import { openRedisCoordination } from '../server/src/stores/coordination/redis.ts';
import { startTestRedis } from '../server/src/stores/coordination/test-redis.ts';

/** A key with rate, parallel and budget limits, under a team with a budget: what such a call asks. */
async function governedCall(coordination: Coordination, id: string): Promise<void> {
  const nowMs = Date.now();
  await coordination.take(
    [
      { key: 'rpm:{k}', windowMs: 60_000, max: 1e9, cost: 1 },
      { key: 'tpm:{k}', windowMs: 60_000, max: 1e12, cost: 1 },
    ],
    nowMs,
  );
  await coordination.enter('parallel:{k}', 1e6, id, 60_000, nowMs);
  const limits = ['key:k', 'team:t'].map((key) => ({ key, maxPicos: 10n ** 20n }));
  const answer = await coordination.accounts.hold([...limits, { key: 'user:u', maxPicos: null }], 1_000_000n, false);
  if (!answer.held) throw new Error('refused');
  await Promise.all([
    coordination.accounts.settle(answer.hold, 900_000n),
    coordination.leave('parallel:{k}', id),
    coordination.add('tpm:{k}', 60_000, 300, nowMs),
  ]);
}

async function measure(name: string, coordination: Coordination, calls: number, atOnce: number): Promise<void> {
  const waits: number[] = [];
  const cpuBefore = process.cpuUsage();
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < calls; index = next++) {
      const startedAt = performance.now();
      await governedCall(coordination, `h${index}`);
      waits.push(performance.now() - startedAt);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  const { user, system } = process.cpuUsage(cpuBefore);
  waits.sort((a, b) => a - b);
  const at = (share: number): string => ((waits[Math.floor(waits.length * share)] ?? 0) * 1000).toFixed(0);
  console.log(`${name}, ${atOnce} at once: CPU ${((user + system) / calls).toFixed(1)} us a call, p50 ${at(0.5)} us, p99 ${at(0.99)} us`);
}

const memory = new MemoryCoordination();
await measure('memory', memory, 20_000, 1);
await measure('memory', memory, 200_000, 1);
await memory.close();
const server = await startTestRedis();
const redis = await openRedisCoordination({ url: server.url, storedSpend: async () => 0n, whenAway: 'refuse', timeoutMs: 5_000 });
await measure('Redis', redis, 5_000, 1);
await measure('Redis', redis, 20_000, 1);
await measure('Redis', redis, 40_000, 32);
await redis.close();
await server.stop();
