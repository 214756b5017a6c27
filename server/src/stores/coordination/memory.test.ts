// Coordination in memory: the conformance, and its bounded memory.
import { expect, it } from 'vitest';
import { coordinationConformance } from './conformance.ts';
import { MemoryCoordination } from './memory.ts';

coordinationConformance('memory', async () => ({ coordination: new MemoryCoordination(), remove: async () => {} }));

it('forgets windows and leases that have ended', async () => {
  const coordination = new MemoryCoordination();
  for (let index = 0; index < 1_000; index++) {
    coordination.add(`k${index}`, 1_000, 1, 0);
    coordination.enter(`k${index}`, 5, 'holder', 1_000, 0);
  }
  coordination.add('late', 1_000, 1, 5_000);
  coordination.enter('late', 5, 'holder', 1_000, 5_000);
  coordination.sweep(5_001);
  expect(coordination.sizes()).toEqual({ windows: 1, leases: 1 });
  coordination.leave('late', 'holder');
  expect(coordination.sizes()).toEqual({ windows: 1, leases: 0 });
  await coordination.close();
});

it('answers with values, not promises', () => {
  const coordination = new MemoryCoordination();
  expect(coordination.take([{ key: 'k', windowMs: 1_000, max: 1, cost: 1 }], 0)).not.toBeInstanceOf(Promise);
  expect(coordination.enter('k', 1, 'h', 1_000, 0)).toBe(true);
  expect(coordination.leave('k', 'h')).toBe(undefined);
});
