// Backups for `down --save` and `up --from`: where they lie, and with which key.
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Places } from '@genai/infra/backup/places';
import type { LifeContext } from '@genai/infra/life/context';
import type { Saved } from '@genai/infra/life/save';
import type { CommandContext } from '#command.ts';
import { dayPrice } from './bill-table.ts';
import { AwsStop } from './environment.ts';
import { infra } from './infra.ts';

export const BACKUP_FLAGS = { 'key-file': { type: 'string' } } as const;

export interface KeyFlags {
  'key-file'?: string | undefined;
}

export interface SaveFlags extends KeyFlags {
  'with-traces'?: boolean | undefined;
}

const keyFileOf = ({ env }: CommandContext, flags: KeyFlags): string =>
  flags['key-file'] ?? join(env.XDG_CONFIG_HOME ?? join(env.HOME ?? homedir(), '.config'), 'genai', 'backup.key');

async function placesOf(life: LifeContext, cwd: string): Promise<Places> {
  const { backupBucket } = await infra(() => import('@genai/infra/backup/places'));
  const { environmentTags } = await infra(() => import('@genai/infra/environment'));
  const { environment, cloud } = life;
  const { account } = await cloud.account.caller();
  const bucket = backupBucket(environment.name, account, environment.region);
  return { cwd, environment: environment.name, tags: environmentTags(environment), buckets: cloud.buckets, bucket };
}

/** Where it lies, and whether traces are in it. */
export interface Backup {
  place: string;
  withTraces: boolean;
}

/** Saves before anything is destroyed. Answers where. @throws whatever kept it from being saved: then nothing may be destroyed */
export async function saveTo(context: CommandContext, life: LifeContext, where: string, flags: SaveFlags): Promise<Backup> {
  const { backupKey } = await infra(() => import('@genai/infra/backup/key'));
  const { putBackup } = await infra(() => import('@genai/infra/backup/places'));
  const { save } = await infra(() => import('@genai/infra/life/save'));
  const keyFile = keyFileOf(context, flags);
  const key = backupKey(context.env.GENAI_BACKUP_KEY, keyFile, true);
  const withTraces = flags['with-traces'] === true;
  const write = async (path: string): Promise<void> => await save(life, { path, key, withTraces });
  const { place, bytes } = await putBackup(await placesOf(life, context.cwd), where, life.clock.now(), write);
  const { ratesOf } = await infra(() => import('@genai/infra/bill/rates'));
  const rates = ratesOf(life.environment.region);
  // A file of the user costs nothing here; in the kept bucket it is stored by the month.
  const gibMonth = place.startsWith('s3://') ? (rates.prices.find(({ key: name }) => name === 's3-storage')?.usd ?? null) : 0;
  const day = dayPrice([gibMonth === null ? null : (gibMonth * bytes) / 1024 ** 3 / 30.4], rates.yenPerUsd.rate);
  const code = withTraces ? 'save.done-with-traces' : 'save.done';
  life.report.say(code, { what: place, day, bytes, key: context.env.GENAI_BACKUP_KEY === undefined ? keyFile : 'GENAI_BACKUP_KEY' });
  return { place, withTraces };
}

/** What is in a backup, and what removes the copy that was fetched. */
export interface SavedCopy {
  saved: Saved;
  release: () => void;
}

/** @param from LAST, a path or s3://bucket/key @throws AwsStop after saying that there is none */
export async function savedFrom(context: CommandContext, life: LifeContext, from: string, flags: KeyFlags): Promise<SavedCopy> {
  const { backupKey } = await infra(() => import('@genai/infra/backup/key'));
  const { getBackup } = await infra(() => import('@genai/infra/backup/places'));
  const { readSaved } = await infra(() => import('@genai/infra/life/save'));
  const found = await getBackup(await placesOf(life, context.cwd), from);
  if (found === null) {
    context.io.notify('up.no-backup', { from });
    throw new AwsStop(2);
  }
  try {
    const saved = readSaved(found.path, backupKey(context.env.GENAI_BACKUP_KEY, keyFileOf(context, flags), false));
    const { gateway, observe } = life.environment;
    if (saved.manifest.gateway !== gateway || saved.manifest.observe !== observe) {
      context.io.notify('up.other-products', { name: found.name, gateway: saved.manifest.gateway, observe: saved.manifest.observe });
      throw new AwsStop(2);
    }
    context.io.notify('up.from', { name: found.name, at: saved.manifest.createdAt });
    return { saved, release: found.release };
  } catch (error) {
    found.release();
    throw error;
  }
}
