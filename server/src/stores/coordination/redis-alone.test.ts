// A window's share is admitted once, whatever happens to Redis meanwhile, and Redis is told each admitted call once.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { AloneWindows } from './redis-alone.ts';

const MINUTE = 60_000;

it('keeps its share by the most processes of the last minute', () => {
  const alone = new AloneWindows();
  expect(alone.share(10)).toBe(10);
  alone.heardProcesses(4, 0);
  alone.heardProcesses(1, 59_000);
  expect([alone.share(10), alone.share(0), alone.share(-1)]).toEqual([3, 0, -1]);
  alone.heardProcesses(2, 61_000);
  expect(alone.share(10)).toBe(5);
});

it('admits a share once a window and tells each call once, in whatever order outages come', async () => {
  const step = fc.record({ takes: fc.nat(6), tokens: fc.nat(3), told: fc.boolean(), laterMs: fc.nat(40_000) });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
      const alone = new AloneWindows();
      alone.heardProcesses(2, 0);
      const [admitted, told] = [new Map<number, number>(), new Map<number, number>()];
      const count = (map: Map<number, number>, atMs: number, by: number): void => {
        const minute = Math.floor(atMs / MINUTE);
        map.set(minute, (map.get(minute) ?? 0) + by);
      };
      let nowMs = 0;
      for (const { takes, tokens, told: tells, laterMs } of steps) {
        for (let index = 0; index < takes; index++) {
          if (alone.take([{ key: 'rpm:{k}', windowMs: MINUTE, max: 8, cost: 1 }], nowMs).allowed) count(admitted, nowMs, 1);
        }
        if (tokens > 0) alone.add('tpm:{k}', MINUTE, tokens, nowMs);
        for (const owed of tells ? alone.owed(nowMs) : []) {
          expect(owed.used).toBeGreaterThan(0);
          if (owed.key.startsWith('rpm')) count(told, owed.atMs, owed.used);
          alone.told(owed);
        }
        if (tells) expect(alone.owed(nowMs)).toEqual([]);
        nowMs += laterMs;
      }
      for (const [minute, times] of admitted) {
        expect(times).toBeLessThanOrEqual(4);
        expect(told.get(minute) ?? 0).toBeLessThanOrEqual(times);
      }
      await alone.close();
    }),
  );
});
