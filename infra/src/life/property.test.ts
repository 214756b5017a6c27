// Whatever goes wrong, in whatever order, and wherever the process dies: run again, `down` ends empty, or exits saying truthfully what is left.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Crash } from '#aws/fake/cloud.ts';
import type { Script } from '#aws/fake/world.ts';
import { LifeError } from './context.ts';
import { down } from './down.ts';
import { scenario, standing, UP } from './scenario-fixture.ts';
import { up } from './up.ts';

const LOGICAL_IDS = ['Vpc', 'Nat1', 'Database', 'Cache', 'EventsBucket', 'Cluster', 'NodeRole', 'LoadBalancer', 'Private1'];

/** fast-check leaves absent keys out, as the script wants them. */
const script: fc.Arbitrary<Script> = fc.record(
  {
    stuckNode: fc.boolean(),
    keepsInstanceProfile: fc.boolean(),
    refillsBucket: fc.boolean(),
    strays: fc.boolean(),
    isLazyList: fc.boolean(),
    throttleEvery: fc.integer({ min: 2, max: 9 }),
    failCreate: fc.constantFrom(...LOGICAL_IDS).map((id) => ({ [id]: { reason: 'no capacity', times: 1 } })),
    failDelete: fc.dictionary(fc.constantFrom(...LOGICAL_IDS), fc.integer({ min: 1, max: 8 }), { maxKeys: 3 }),
  },
  { requiredKeys: [] },
);

const crash = fc.option(fc.record({ step: fc.integer({ min: 1, max: 120 }), when: fc.constantFrom('before' as const, 'after' as const) }));

/** How many deletions are still scripted to fail. */
const deleteFaults = (script: Script): number => Object.values(script.failDelete ?? {}).reduce((sum, times) => sum + times, 0);

it('ends empty, or says truthfully what is left', async () => {
  await fc.assert(
    fc.asyncProperty(script, crash, fc.array(crash, { maxLength: 3 }), fc.boolean(), async (faults, inUp, inDowns, apiGone) => {
      const { context, fake, world } = scenario(structuredClone(faults));
      const attempt = async (work: () => Promise<unknown>, point: typeof inUp): Promise<void> => {
        fake.reset(point);
        await work().catch((error: unknown) => {
          if (!(error instanceof Crash) && !(error instanceof LifeError)) throw error;
        });
      };
      await attempt(async () => await up(context, UP), inUp);
      world.script.apiGone = apiGone;
      for (const point of inDowns) await attempt(async () => await down(context, { keepData: false }), point);
      fake.reset();
      let result = await down(context, { keepData: false });
      // What only failed a few times goes with a few more runs: each run that is not the last meets at least one of the scripted failures, and with none left one run is enough. And no run ever says "empty" of what is not.
      while (!result.isEmpty) {
        expect([...result.left, ...result.stacksLeft].length + (result.budgetLeft ? 1 : 0)).toBeGreaterThan(0);
        const faultsLeft = deleteFaults(world.script);
        result = await down(context, { keepData: false });
        if (faultsLeft === 0) break;
        if (!result.isEmpty) expect(deleteFaults(world.script)).toBeLessThan(faultsLeft);
      }
      expect([result.isEmpty, standing(world), [...fake.stacks.all.keys()]]).toEqual([true, [], []]);
    }),
    { numRuns: 150 },
  );
}, 300_000);
