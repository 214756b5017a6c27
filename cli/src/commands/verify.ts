// `verify`: the checks of the seed's README (§4.4, §5.4) against any running platform. What could not be checked never counts as passed.
import { parseArgs } from 'node:util';
import { environmentOf } from '#aws/environment.ts';
import { AWS_FLAGS, type AwsFlags } from '#aws/flags.ts';
import { type OpenLife, openAws, runAws } from '#aws/run.ts';
import { standingTarget } from '#aws/target.ts';
import type { Command, CommandContext } from '#command.ts';
import { doorOptions, readDoors } from '#doors.ts';
import type { Target } from '#verify/check.ts';
import { renderResults } from '#verify/render.ts';
import { checksOf, count, exitCodeOf, runChecks } from '#verify/run.ts';

const OPTIONS = {
  ...AWS_FLAGS,
  ...doorOptions,
  aws: { type: 'boolean' },
  email: { type: 'string' },
  password: { type: 'string' },
  model: { type: 'string' },
  wait: { type: 'string' },
  'second-public-key': { type: 'string' },
  'second-secret-key': { type: 'string' },
  'clickhouse-url': { type: 'string' },
  'clickhouse-user': { type: 'string' },
  'clickhouse-password': { type: 'string' },
} as const;

type Flags = ReturnType<typeof flagsOf>;

const flagsOf = (context: CommandContext) => parseArgs({ args: [...context.argv], options: OPTIONS }).values;

export const verifyWith =
  (open: OpenLife): Command =>
  async (context) => {
    const flags = flagsOf(context);
    if (flags.aws === true) return await runAws(context, async (signal) => await check(context, await awsTarget(context, flags, { open, signal })));
    return await check(context, await readTarget(context, flags));
  };

export const verify: Command = verifyWith(openAws);

async function check({ io }: CommandContext, target: Target): Promise<number> {
  const total = checksOf(target).length;
  const { results, left } = await runChecks(target, (one, index) => io.progress(Math.round((100 * index) / total), io.text(one.title)));
  io.progress(100, io.text('verify.done'));
  for (const alias of left) io.notify('verify.key-left', { alias });
  const exitCode = exitCodeOf(results);
  io.result(
    {
      good: exitCode === 0,
      gateway: target.gatewayUrl,
      observe: target.observeUrl,
      ...count(results),
      checks: results.map(({ title: _, ...result }) => result),
    },
    renderResults(io, results),
  );
  return exitCode;
}

async function awsTarget(context: CommandContext, flags: Flags & AwsFlags, { open, signal }: { open: OpenLife; signal: AbortSignal }): Promise<Target> {
  const environment = await environmentOf(context, flags, { products: 'any', needsAddress: false });
  const target = await standingTarget(await open(environment, context, signal));
  return { ...target, model: flags.model ?? null, second: secondOf(flags), waitMs: waitMsOf(flags) ?? target.waitMs };
}

async function readTarget(context: CommandContext, flags: Flags): Promise<Target> {
  const doors = await readDoors(context, flags);
  const clickhouseUrl = flags['clickhouse-url'];
  return {
    ...doors,
    email: flags.email ?? doors.email,
    password: flags.password ?? doors.password,
    model: flags.model ?? null,
    waitMs: waitMsOf(flags),
    clickhouse:
      clickhouseUrl === undefined ? null : { url: clickhouseUrl, user: flags['clickhouse-user'] ?? 'default', password: flags['clickhouse-password'] ?? '' },
    second: secondOf(flags),
    buckets: null,
  };
}

function waitMsOf({ wait }: Flags): number | null {
  const seconds = wait === undefined ? Number.NaN : Number(wait);
  return seconds >= 0 ? seconds * 1000 : null;
}

function secondOf(flags: Flags): Target['second'] {
  const [publicKey, secretKey] = [flags['second-public-key'], flags['second-secret-key']];
  return publicKey === undefined || secretKey === undefined ? null : { publicKey, secretKey };
}
