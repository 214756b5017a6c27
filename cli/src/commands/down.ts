// `down`: destroys the environment from any state and proves that nothing is left; exit code 1 with ids and prices when something is.
import { parseArgs } from 'node:util';
import type { LifeContext } from '@genai/infra/life/context';
import type { DownOptions } from '@genai/infra/life/down';
import { environmentOf } from '#aws/environment.ts';
import { AWS_FLAGS } from '#aws/flags.ts';
import { infra } from '#aws/infra.ts';
import { prices, proofOf } from '#aws/leftovers.ts';
import { confirmed, type OpenLife, openAws, runAws } from '#aws/run.ts';
import type { Command } from '#command.ts';
import type { Io } from '#io.ts';

const OPTIONS = { ...AWS_FLAGS, plan: { type: 'boolean' }, 'keep-data': { type: 'boolean' }, expired: { type: 'boolean' } } as const;

export const downWith =
  (open: OpenLife): Command =>
  async (context) =>
    await runAws(context, async (signal) => {
      const { io } = context;
      const { values } = parseArgs({ args: [...context.argv], options: OPTIONS });
      const environment = await environmentOf(context, values, { products: 'any', needsAddress: false });
      const life = await open(environment, context, signal);
      if (values.expired === true && !(await isExpired(io, life))) return 0;
      const { down: destroy, planDown } = await infra(() => import('@genai/infra/life/down'));
      const { keepData } = environment;
      const options: DownOptions = { keepData: values['keep-data'] === true || keepData.buckets || keepData.database };
      const planned = await planDown(life, options);
      const price = await prices(environment);
      const going = price.of(planned.leftovers.left);
      if (values.plan === true) {
        const human = io.text('down.would', { stacks: planned.stacks.map(({ name }) => name).join(', ') || '-', count: going.length, day: price.sum(going) });
        io.result(
          {
            stacks: planned.stacks.map(({ name }) => name),
            stacksKept: planned.kept.map(({ name }) => name),
            remove: going,
            keep: price.of(planned.leftovers.kept),
          },
          human,
        );
        return 0;
      }
      const counts = { stacks: planned.stacks.length, count: going.length };
      if (counts.stacks + counts.count > 0)
        await confirmed(io, values.yes, 'down.confirm', { name: environment.name, account: planned.identity.account, region: environment.region, ...counts });
      const result = await destroy(life, options);
      const { data, human } = proofOf(io, result, price);
      io.result(data, human);
      return result.isEmpty ? 0 : 1;
    });

export const down: Command = downWith(openAws);

/** For a scheduler: nothing happens before the end that the environment itself carries. */
async function isExpired(io: Io, life: LifeContext): Promise<boolean> {
  const { readExpiry } = await infra(() => import('@genai/infra/life/expiry'));
  const at = await readExpiry(life);
  if (at !== null && at.getTime() <= life.clock.now().getTime()) return true;
  if (at === null) io.result({ good: true, expired: false }, io.text('down.no-expiry'));
  else io.result({ good: true, expired: false, expiresAt: at }, io.text('down.not-expired', { at: at.toISOString() }));
  return false;
}
