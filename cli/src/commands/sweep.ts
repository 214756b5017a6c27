// `sweep`: removes what stands without a stack and without a cluster, and proves that nothing is left.
import { parseArgs } from 'node:util';
import { environmentOf } from '#aws/environment.ts';
import { AWS_FLAGS } from '#aws/flags.ts';
import { infra } from '#aws/infra.ts';
import { prices, proofOf } from '#aws/leftovers.ts';
import { confirmed, type OpenLife, openAws, runAws } from '#aws/run.ts';
import type { Command } from '#command.ts';

export const sweepWith =
  (open: OpenLife): Command =>
  async (context) =>
    await runAws(context, async (signal) => {
      const { io } = context;
      const { values } = parseArgs({ args: [...context.argv], options: AWS_FLAGS });
      const environment = await environmentOf(context, values, { products: 'any', needsAddress: false });
      const life = await open(environment, context, signal);
      const { planDown, sweepAlone } = await infra(() => import('@genai/infra/life/down'));
      const { identity, leftovers } = await planDown(life, { keepData: true });
      const count = leftovers.left.length;
      if (identity.cluster === null && count > 0)
        await confirmed(io, values.yes, 'down.confirm', { name: environment.name, account: identity.account, region: environment.region, stacks: 0, count });
      const result = await sweepAlone(life);
      if (identity.cluster !== null) io.notify('sweep.standing');
      const { data, human } = proofOf(io, result, await prices(environment));
      io.result(data, human);
      return result.isEmpty ? 0 : 1;
    });

export const sweep: Command = sweepWith(openAws);
