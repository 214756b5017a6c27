// `down`: destroys the environment from any state and proves that nothing is left; exit code 1 with ids and prices when something is.
import { parseArgs } from 'node:util';
import type { LifeContext } from '@genai/infra/life/context';
import type { DownOptions, DownPlan } from '@genai/infra/life/down';
import { BACKUP_FLAGS, type Backup, saveTo } from '#aws/backups.ts';
import { AwsStop, environmentOf } from '#aws/environment.ts';
import { AWS_FLAGS } from '#aws/flags.ts';
import { infra } from '#aws/infra.ts';
import { type Prices, prices, proofOf } from '#aws/leftovers.ts';
import { confirmed, type OpenLife, openAws, runAws } from '#aws/run.ts';
import type { Command } from '#command.ts';
import type { Io } from '#io.ts';

const OPTIONS = {
  ...AWS_FLAGS,
  plan: { type: 'boolean' },
  'keep-data': { type: 'boolean' },
  expired: { type: 'boolean' },
  save: { type: 'string' },
  'with-traces': { type: 'boolean' },
  ...BACKUP_FLAGS,
} as const;

export const downWith =
  (open: OpenLife): Command =>
  async (context) =>
    await runAws(context, async (signal) => {
      const { io } = context;
      const { values } = parseArgs({ args: [...context.argv], options: OPTIONS });
      const save = saveOf(io, values);
      const environment = await environmentOf(context, values, { products: 'any', needsAddress: false });
      const life = await open(environment, context, signal);
      if (values.expired === true && !(await isExpired(io, life))) return 0;
      const { keepData } = environment;
      const options: DownOptions = { keepData: values['keep-data'] === true || keepData.buckets || keepData.database };
      const { planDown } = await infra(() => import('@genai/infra/life/down'));
      const planned = await planDown(life, options);
      const price = await prices(environment);
      if (values.plan === true) return showPlan(io, planned, price);
      const counts = { stacks: planned.stacks.length, count: planned.leftovers.left.length };
      if (counts.stacks + counts.count > 0)
        await confirmed(io, values.yes, 'down.confirm', { name: environment.name, account: planned.identity.account, region: environment.region, ...counts });
      // First saved, then destroyed: when it cannot be saved, nothing is touched.
      const backup = save === null || planned.stacks.length === 0 ? null : await saveTo(context, life, save, values);
      return await destroyed(io, life, { options, price, backup });
    });

export const down: Command = downWith(openAws);

/** Where to save, if at all. @throws AwsStop after saying that traces alone cannot be saved */
function saveOf(io: Io, values: { save?: string | undefined; 'with-traces'?: boolean | undefined }): string | null {
  if (values['with-traces'] === true && values.save === undefined) {
    io.notify('down.traces-without-save');
    throw new AwsStop(2);
  }
  return values.save ?? null;
}

function showPlan(io: Io, planned: DownPlan, price: Prices): number {
  const going = price.of(planned.leftovers.left);
  const names = planned.stacks.map(({ name }) => name);
  const human = io.text('down.would', { stacks: names.join(', ') || '-', count: going.length, day: price.sum(going) });
  const keep = price.of(planned.leftovers.kept);
  io.result({ stacks: names, stacksKept: planned.kept.map(({ name }) => name), remove: going, keep, unreadable: planned.leftovers.unreadable }, human);
  return 0;
}

async function destroyed(
  io: Io,
  life: LifeContext,
  { options, price, backup }: { options: DownOptions; price: Prices; backup: Backup | null },
): Promise<number> {
  const { down: destroy } = await infra(() => import('@genai/infra/life/down'));
  const result = await destroy(life, options);
  const { data, human } = proofOf(io, result, price);
  io.result({ ...data, backup: backup?.place ?? null, withTraces: backup?.withTraces ?? false }, human);
  return result.isEmpty ? 0 : 1;
}

/** For a scheduler: nothing happens before the end that the environment itself carries. */
async function isExpired(io: Io, life: LifeContext): Promise<boolean> {
  const { readExpiry } = await infra(() => import('@genai/infra/life/expiry'));
  const at = await readExpiry(life);
  if (at !== null && at.getTime() <= life.clock.now().getTime()) return true;
  if (at === null) io.result({ good: true, expired: false }, io.text('down.no-expiry'));
  else io.result({ good: true, expired: false, expiresAt: at }, io.text('down.not-expired', { at: at.toISOString() }));
  return false;
}
