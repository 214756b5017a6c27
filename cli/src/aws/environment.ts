// The environment that a verb speaks of: the settings file, with the flags laid over it.
import { resolve } from 'node:path';
import type { Environment } from '@genai/infra/environment';
import type { CommandContext } from '#command.ts';
import { type AwsFlags, durationMs, nextTimeOfDay } from './flags.ts';
import { infra } from './infra.ts';

/** Ends the verb with a message that was already said, or with a fault of the settings. */
export class AwsStop extends Error {
  readonly exitCode: number;
  constructor(exitCode: number) {
    super('stopped');
    this.name = 'AwsStop';
    this.exitCode = exitCode;
  }
}

const PRODUCTS = { gateway: ['litellm', 'native'], observe: ['langfuse', 'native'] } as const;
/** The seed's picture: what is priced while nobody has chosen, and what is assumed where the choice plays no part. */
const SEED_CHOICE = { gateway: 'litellm', observe: 'langfuse' };
/** Where the address plays no part (plan, down, status). RFC 5737. */
const NO_ADDRESS = '192.0.2.1/32';
/** Of environments that name none. */
const TIME_ZONE = 'Asia/Tokyo';
/** AWS's own service that says from which address one comes. */
const ADDRESS_SERVICE = 'https://checkip.amazonaws.com';

export interface Wanted {
  /** `ask`: the products are asked for and written down; `assume`: priced as the seed's, and said; `any`: they play no part. */
  products: 'ask' | 'assume' | 'any';
  /** Whether the caller's address is looked up when nobody is named. */
  needsAddress: boolean;
}

/** @throws AwsStop, EnvironmentError, InfraAbsent */
export async function environmentOf(context: CommandContext, flags: AwsFlags, wanted: Wanted): Promise<Environment> {
  const { io } = context;
  const [{ readEnvironment }, { readSettingsFile, SETTINGS_FILE }] = await Promise.all([
    infra(() => import('@genai/infra/environment')),
    infra(() => import('@genai/infra/life/settings-file')),
  ]);
  const path = resolve(context.cwd, flags.settings ?? SETTINGS_FILE);
  const file = settingsOrStop(context, () => readSettingsFile(path));
  const overrides = Object.fromEntries(
    Object.entries({ name: flags.name, profile: flags.profile, region: flags.region, gateway: flags.gateway, observe: flags.observe }).filter(
      ([, value]) => value !== undefined,
    ),
  );
  const input: Record<string, unknown> = { ...file, ...overrides, ...expiryOf(context, flags, file.timeZone) };
  Object.assign(input, await productsOf(context, { input, path, wanted }));
  if (flags.allow !== undefined) input.allowedCidrs = flags.allow;
  if (input.allowedCidrs === undefined) input.allowedCidrs = [wanted.needsAddress ? await ownAddress(context) : NO_ADDRESS];
  const environment = readEnvironment(input);
  if (wanted.needsAddress && flags.allow === undefined && file.allowedCidrs === undefined)
    io.notify('aws.your-address', { cidr: environment.allowedCidrs.join(', ') });
  return environment;
}

function settingsOrStop<Value>({ io }: CommandContext, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    io.notify('aws.settings', { reason: error instanceof Error ? error.message : String(error) });
    throw new AwsStop(2);
  }
}

function expiryOf({ io }: CommandContext, { ttl, until }: AwsFlags, timeZone: unknown): { expiresAt?: string } {
  if (ttl === undefined && until === undefined) return {};
  const now = new Date();
  const ms = ttl === undefined ? null : durationMs(ttl);
  const at =
    ttl === undefined
      ? nextTimeOfDay(until ?? '', typeof timeZone === 'string' ? timeZone : TIME_ZONE, now)
      : ms === null
        ? null
        : new Date(now.getTime() + ms);
  if (at !== null) return { expiresAt: at.toISOString() };
  io.notify('aws.settings', { reason: ttl === undefined ? `--until ${until}: 20:00` : `--ttl ${ttl}: 90m, 11h, 2d` });
  throw new AwsStop(2);
}

async function productsOf(
  { io }: CommandContext,
  { input, path, wanted }: { input: Record<string, unknown>; path: string; wanted: Wanted },
): Promise<Record<string, unknown>> {
  const open = (['gateway', 'observe'] as const).filter((product) => input[product] === undefined);
  if (open.length === 0) return {};
  if (wanted.products !== 'ask') {
    if (wanted.products === 'assume') io.notify('aws.assumed');
    return Object.fromEntries(open.map((product) => [product, SEED_CHOICE[product]]));
  }
  const chosen: Record<string, string> = {};
  for (const product of open) {
    const answer = await io.choose(`aws.choose-${product}`, PRODUCTS[product]);
    if (answer === null) {
      io.notify('aws.not-chosen', { names: open.join(', '), file: path });
      throw new AwsStop(2);
    }
    chosen[product] = answer;
  }
  const { writeSettings } = await infra(() => import('@genai/infra/life/settings-file'));
  writeSettings(path, chosen);
  io.notify('aws.chosen', { file: path, gateway: String(chosen.gateway ?? input.gateway), observe: String(chosen.observe ?? input.observe) });
  return chosen;
}

async function ownAddress({ io }: CommandContext): Promise<string> {
  try {
    const answer = await fetch(ADDRESS_SERVICE, { signal: AbortSignal.timeout(10_000) });
    const address = (await answer.text()).trim();
    if (!/^(\d{1,3}\.){3}\d{1,3}$/.test(address)) throw new Error(address.slice(0, 40));
    return `${address}/32`;
  } catch (error) {
    io.notify('aws.no-address', { reason: error instanceof Error ? error.message : String(error) });
    throw new AwsStop(2);
  }
}
