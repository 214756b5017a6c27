// Readiness says yes only when a call would be answered: processes for calls are there, a store of traces that is part of the start is open.
import { expect, it } from 'vitest';
import type { AdminDeps } from './deps.ts';
import { healthRoutes } from './health.ts';

async function readiness(parts: Partial<AdminDeps>): Promise<[number, unknown]> {
  const deps = {
    records: { ping: async () => true },
    draining: () => false,
    servesWithoutRecords: false,
    coordination: () => ({ kind: 'memory', away: false, processes: 1 }),
    money: () => null,
    ...parts,
  } as unknown as AdminDeps;
  const route = healthRoutes(deps).find(({ path }) => path === '/health/readiness');
  const answer = (await route?.handle({} as never)) as Response;
  return [answer.status, ((await answer.json()) as { status: string }).status];
}

it('counts the processes that answer calls: none is no, some is degraded, all is healthy', async () => {
  expect(await readiness({ workers: () => ({ ready: 0, wanted: 2 }) })).toEqual([503, 'unhealthy']);
  expect(await readiness({ workers: () => ({ ready: 1, wanted: 2 }) })).toEqual([200, 'degraded']);
  expect(await readiness({ workers: () => ({ ready: 2, wanted: 2 }) })).toEqual([200, 'healthy']);
});

it('waits for a store of traces of its own, and goes on without one that is elsewhere', async () => {
  expect(await readiness({ analytics: () => ({ opened: false, required: true }) })).toEqual([503, 'unhealthy']);
  expect(await readiness({ analytics: () => ({ opened: false, required: false }) })).toEqual([200, 'degraded']);
  expect(await readiness({ analytics: () => ({ opened: true, required: true }) })).toEqual([200, 'healthy']);
});
