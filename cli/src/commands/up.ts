// `up`: creates or completes the environment on AWS, checks it, and says where it is, where its secrets are, what it costs and when it ends.
import { parseArgs } from 'node:util';
import type { Bill } from '@genai/infra/bill/bill';
import type { Environment } from '@genai/infra/environment';
import type { LifeContext } from '@genai/infra/life/context';
import type { Saved } from '@genai/infra/life/save';
import type { UpOptions, UpResult } from '@genai/infra/life/up';
import { BACKUP_FLAGS, savedFrom } from '#aws/backups.ts';
import { AwsStop, environmentOf } from '#aws/environment.ts';
import { AWS_FLAGS } from '#aws/flags.ts';
import { infra } from '#aws/infra.ts';
import { money } from '#aws/money.ts';
import { confirmed, type OpenLife, openAws, runAws } from '#aws/run.ts';
import { targetOf } from '#aws/target.ts';
import type { Command, CommandContext } from '#command.ts';
import type { Io } from '#io.ts';
import { renderResults } from '#verify/render.ts';
import { runChecks } from '#verify/run.ts';

const OPTIONS = { ...AWS_FLAGS, 'budget-email': { type: 'string' }, 'no-verify': { type: 'boolean' }, from: { type: 'string' }, ...BACKUP_FLAGS } as const;
/** Above a month of what is planned by so much, the alarm rings. */
const BUDGET_MARGIN = 1.2;

export const upWith =
  (open: OpenLife): Command =>
  async (context) =>
    await runAws(context, async (signal) => {
      const { io } = context;
      const { values } = parseArgs({ args: [...context.argv], options: OPTIONS });
      const wanted = await environmentOf(context, values, { products: 'ask', needsAddress: true });
      const providerKeys = keysOfModels(context, wanted);
      const { billOf } = await infra(() => import('@genai/infra/bill/bill'));
      const { ratesOf } = await infra(() => import('@genai/infra/bill/rates'));
      const bill = billOf(wanted, ratesOf(wanted.region));
      await confirmed(io, values.yes, 'up.confirm', { name: wanted.name, region: wanted.region, day: money(bill.day) });
      const environment = await withKnownExpiry(await open(wanted, context, signal), wanted);
      const life = await open(environment, context, signal);
      const copy = values.from === undefined ? null : await savedFrom(context, life, values.from, values);
      const { up: create } = await infra(() => import('@genai/infra/life/up'));
      const budget = { limitUsdPerMonth: Math.ceil(bill.month.usd * BUDGET_MARGIN), email: values['budget-email'] ?? null };
      const saved = copy?.saved ?? null;
      try {
        const result = await create(life, { providerKeys, budget, savedSecrets: saved?.secrets ?? {}, ...(await restoring(life, saved)) });
        return await finished(io, { environment, life, result, bill }, values['no-verify'] !== true);
      } finally {
        copy?.release();
      }
    });

export const up: Command = upWith(openAws);

/** The variables that the models name, from this terminal. @throws AwsStop after naming those that are missing */
function keysOfModels({ env, io }: CommandContext, environment: Environment): Record<string, string> {
  const names = [...new Set(environment.models.flatMap((model) => (model.apiKeyVariable === undefined ? [] : [model.apiKeyVariable])))];
  const missing = names.filter((name) => !env[name]);
  if (missing.length > 0) {
    io.notify('aws.missing-keys', { names: missing.join(', ') });
    throw new AwsStop(2);
  }
  return Object.fromEntries(names.map((name) => [name, env[name] ?? '']));
}

/** Fills the databases of a new environment, and its traces when they were saved. */
async function restoring(life: LifeContext, saved: Saved | null): Promise<Pick<UpOptions, 'restore' | 'restoreTraces'>> {
  if (saved === null) return {};
  const { restore, restoreTraces } = await infra(() => import('@genai/infra/life/save'));
  return {
    restore: async (kubernetes, outputs) => await restore(life, kubernetes, outputs, saved),
    restoreTraces: async (kubernetes) => await restoreTraces(life, kubernetes, saved),
  };
}

/** Without --ttl the end that the environment carries stays, so that a second `up` changes nothing. */
async function withKnownExpiry(life: LifeContext, environment: Environment): Promise<Environment> {
  if (environment.expiresAt !== null) return environment;
  const { readExpiry } = await infra(() => import('@genai/infra/life/expiry'));
  const at = await readExpiry(life);
  return at === null ? environment : { ...environment, expiresAt: at.toISOString() };
}

async function checked(io: Io, life: LifeContext, result: UpResult): ReturnType<typeof runChecks> {
  const target = await targetOf(life, result.outputs, result.urls);
  const checks = await runChecks(target, (check) => io.progress(null, io.text(check.title)));
  for (const alias of checks.left) io.notify('verify.key-left', { alias });
  return checks;
}

interface Made {
  environment: Environment;
  life: LifeContext;
  result: UpResult;
  bill: Bill;
}

/** Checks what was made and says where it is. A check that failed makes the exit code 1. */
async function finished(io: Io, made: Made, withChecks: boolean): Promise<number> {
  const { environment, life, result, bill } = made;
  const checks = withChecks ? (await checked(io, life, result)).results : null;
  const isGood = checks === null || checks.every(({ state }) => state !== 'failed');
  const { changes, urls, outputs } = result;
  const data = {
    good: isGood,
    environment: environment.name,
    changes,
    urls,
    secretArn: outputs.platformSecretArn,
    expiresAt: environment.expiresAt,
    hourUsd: bill.hour.usd,
    checks,
  };
  io.result(data, [...(checks === null ? [] : [renderResults(io, checks), '']), ...(await summary(io, made))].join('\n'));
  return isGood ? 0 : 1;
}

async function summary(io: Io, { environment, life, result, bill }: Made): Promise<string[]> {
  const { secretPlaces } = await infra(() => import('@genai/infra/life/up'));
  const places = secretPlaces(result.outputs, environment);
  const minutes = ((life.clock.now().getTime() - result.startedAt.getTime()) / 60_000).toFixed(1);
  return [
    io.text('up.done', { minutes, changes: result.changes }),
    io.text('up.gateway', { url: result.urls.gateway ?? '-' }),
    io.text('up.observe', { url: result.urls.observe ?? '-' }),
    io.text('up.secrets', { arn: places.arn, fields: places.fields.join(', '), email: environment.adminEmail }),
    io.text('up.price', { hour: money(bill.hour) }),
    environment.expiresAt === null ? io.text('up.no-expiry') : io.text('up.expiry', { at: environment.expiresAt }),
  ];
}
