// `plan`: what would stand on AWS and what it costs a day and a month, beside the seed's own form. Needs no credentials; --compare asks AWS.
import { parseArgs } from 'node:util';
import type { Bill } from '@genai/infra/bill/bill';
import type { Environment } from '@genai/infra/environment';
import type { StackComparison } from '@genai/infra/life/compare';
import { partsTable, waysTable } from '#aws/bill-table.ts';
import { environmentOf } from '#aws/environment.ts';
import { AWS_FLAGS } from '#aws/flags.ts';
import { infra } from '#aws/infra.ts';
import { type OpenLife, openAws, runAws } from '#aws/run.ts';
import type { Command, CommandContext } from '#command.ts';
import type { Io } from '#io.ts';
import { renderTable } from '#table.ts';

const OPTIONS = { ...AWS_FLAGS, iam: { type: 'boolean' }, compare: { type: 'boolean' }, yen: { type: 'string' } } as const;

export const planWith =
  (open: OpenLife): Command =>
  async (context) =>
    await runAws(context, async (signal) => {
      const { values } = parseArgs({ args: [...context.argv], options: OPTIONS });
      const environment = await environmentOf(context, values, { products: 'assume', needsAddress: values.compare === true });
      if (values.iam === true) return await printPolicies(context, environment);
      const { io } = context;
      const { bill, seed } = await bills(environment, Number(values.yen));
      const stacks = values.compare === true ? await compared(await open(environment, context, signal)) : await drawn(environment);
      const objects = await objectsOf(io, environment);
      const human = [
        io.text('bill.title', { title: bill.title, region: environment.region }),
        '',
        partsTable(io, bill),
        '',
        waysTable(io, bill, seed),
        '',
        io.text('plan.stacks'),
        renderTable(
          [io.text('plan.stack'), io.text('plan.resources'), io.text('plan.state')],
          stacks.map((stack) => [stack.stack, String(stack.resources), stateText(io, stack)]),
        ),
        ...(objects === null ? [] : ['', io.text('plan.objects', objects)]),
        ...(values.compare === true ? [] : [io.text('plan.offline')]),
      ];
      io.result({ environment, bill, seed, stacks, objects }, human.join('\n'));
      return 0;
    });

export const plan: Command = planWith(openAws);

/** @param yenPerUsd the user's rate; NaN = the one of the price table */
async function bills(environment: Environment, yenPerUsd: number): Promise<{ bill: Bill; seed: Bill }> {
  const { billOf, seedBill } = await infra(() => import('@genai/infra/bill/bill'));
  const { ratesOf, withYenPerUsd } = await infra(() => import('@genai/infra/bill/rates'));
  const table = ratesOf(environment.region);
  const rates = yenPerUsd > 0 ? withYenPerUsd(table, yenPerUsd, new Date().toISOString().slice(0, 10)) : table;
  return { bill: billOf(environment, rates), seed: seedBill(rates) };
}

/** The least policies that an operator needs, ready for IAM. */
async function printPolicies({ io }: CommandContext, environment: Environment): Promise<number> {
  const { operatorPolicies } = await infra(() => import('@genai/infra/iam/operator-policy'));
  const policies = operatorPolicies(environment);
  io.result(policies, policies.map(({ name, document }) => `${name}\n${JSON.stringify(document, null, 2)}`).join('\n\n'));
  return 0;
}

async function drawn(environment: Environment): Promise<StackComparison[]> {
  const { synthesize } = await infra(() => import('@genai/infra/stacks/synthesize'));
  const { resourcesIn } = await infra(() => import('@genai/infra/life/compare'));
  return synthesize(environment).map((template) => ({ stack: template.name, state: 'to make', status: '-', resources: resourcesIn(template), changes: [] }));
}

async function compared(life: Awaited<ReturnType<OpenLife>>): Promise<StackComparison[]> {
  const { compare } = await infra(() => import('@genai/infra/life/compare'));
  return await compare(life);
}

function stateText(io: Io, { state, status, changes }: StackComparison): string {
  switch (state) {
    case 'to make':
      return io.text('plan.to-make');
    case 'unchanged':
      return io.text('plan.unchanged');
    case 'to change':
      return `${io.text('plan.to-change', { count: changes.length })}: ${changes.map((change) => `${change.action} ${change.logicalId}${change.isReplacement ? ' (!)' : ''}`).join(', ')}`;
    case 'busy':
      return io.text('plan.busy', { status });
  }
}

/** How many objects the waves hold; null (after saying why) for a combination that cannot run yet. */
async function objectsOf(io: Io, environment: Environment): Promise<{ objects: number; waves: number } | null> {
  const { wavesOf } = await infra(() => import('@genai/infra/k8s/waves'));
  const { placeholderOutputs } = await infra(() => import('@genai/infra/life/placeholder-outputs'));
  try {
    const waves = wavesOf(environment, placeholderOutputs(), { providerVariables: [] });
    return { objects: waves.reduce((sum, wave) => sum + wave.secrets.length + wave.objects.length, 0), waves: waves.length };
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'CombinationError') throw error;
    io.notify('aws.native-waits', { reason: error.message });
    return null;
  }
}
