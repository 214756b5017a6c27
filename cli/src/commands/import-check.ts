// `import-check`: what a Terraform state of the seed holds, what took its place, what to do with it, and (with credentials) what of it still stands.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { ImportCheck } from '@genai/infra/life/import-check';
import type { SeedState } from '@genai/infra/seed/state';
import { environmentOf } from '#aws/environment.ts';
import { AWS_FLAGS } from '#aws/flags.ts';
import { importReport } from '#aws/import-report.ts';
import { infra } from '#aws/infra.ts';
import { type OpenLife, openAws, runAws } from '#aws/run.ts';
import type { Command, CommandContext } from '#command.ts';
import type { MessageCode } from '#messages.ts';

const OPTIONS = { state: { type: 'string' }, cluster: { type: 'string' }, region: AWS_FLAGS.region, settings: AWS_FLAGS.settings } as const;
const EMPTY: SeedState = { resources: [], others: 0, clusters: [], vpcIds: [] };

export const importCheckWith =
  (open: OpenLife): Command =>
  async (context) =>
    await runAws(context, async (signal) => {
      const { io } = context;
      const { values } = parseArgs({ args: [...context.argv], options: OPTIONS });
      const state = values.state === undefined ? EMPTY : await stateIn(context, values.state);
      if (state === null || !(await isClusterName(context, values.cluster))) return 2;
      const region = values.region ?? state.resources.find((row) => row.region !== null && row.region !== 'global')?.region ?? undefined;
      const environment = await environmentOf(context, { settings: values.settings, region }, { products: 'any', needsAddress: false });
      const { checkState } = await infra(() => import('@genai/infra/life/import-check'));
      const check = await checkState(await open(environment, context, signal), state, values.cluster === undefined ? [] : [values.cluster]);
      if (values.state === undefined) io.notify('seed.no-state');
      const code = exitCodeOf(check);
      const { PARTS } = await infra(() => import('@genai/infra/seed/parts'));
      const { data, human } = importReport(io, { check, parts: PARTS, others: state.others, region: environment.region });
      io.result({ good: code === 0, state: values.state ?? null, ...data }, human);
      return code;
    });

export const importCheck: Command = importCheckWith(openAws);

/** Null after saying what is wrong with the file; never says anything that stands in it. */
async function stateIn({ io, cwd }: CommandContext, file: string): Promise<SeedState | null> {
  const { readState } = await infra(() => import('@genai/infra/seed/state'));
  let text: string;
  try {
    text = readFileSync(resolve(cwd, file), 'utf8');
  } catch (error) {
    io.notify('seed.unreadable', { file, reason: (error as { code?: string }).code ?? 'error' });
    return null;
  }
  const reading = readState(text);
  if (reading.state !== null) return reading.state;
  io.notify(`seed.fault-${reading.fault}` satisfies MessageCode, { file, where: reading.where });
  return null;
}

async function isClusterName({ io }: CommandContext, name: string | undefined): Promise<boolean> {
  const { CLUSTER_NAME } = await infra(() => import('@genai/infra/seed/state'));
  if (name === undefined || CLUSTER_NAME.test(name)) return true;
  io.notify('seed.bad-cluster');
  return false;
}

/** Where the account was not asked, the state's own word counts: what it lists is taken for left. */
function exitCodeOf({ resources, outside, outsideUnknown }: ImportCheck): number {
  const wasAsked = outsideUnknown !== 'credentials' && outsideUnknown !== 'account';
  const isLeft = resources.some(({ standing }) => standing === 'stands' || (standing === 'not-checked' && !wasAsked));
  if (isLeft || outside.length > 0) return 1;
  return outsideUnknown !== null || resources.some(({ standing }) => standing === 'not-checked') ? 3 : 0;
}
