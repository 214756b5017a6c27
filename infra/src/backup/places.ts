// Where backups lie: files of a folder, or a kept bucket. Their names sort by time.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { BucketPort } from '#aws/buckets/port.ts';
import { KEEP_TAG } from '#life/keep.ts';

export const BACKUP_FOLDER = 'genai-backups';
const SUFFIX = '.genai-backup';
const S3 = /^s3:\/\/([^/]+)\/(.+)$/;
const MAX_LISTED = 1000;

export interface Places {
  cwd: string;
  environment: string;
  tags: Readonly<Record<string, string>>;
  buckets: BucketPort;
  /** The kept bucket of this environment. */
  bucket: string;
}

/** Bucket names are global: account and region make it one's own. */
export const backupBucket = (name: string, account: string, region: string): string => `genai-${name}-backup-${account}-${region}`;

const nameOf = (environment: string, at: Date): string => `${environment}-${at.toISOString().replace(/[:.]/g, '-')}${SUFFIX}`;

/**
 * @param where `s3` = the kept bucket, `file` = the folder of backups, else a path @param write makes the backup at a path
 * @returns how `--from` would name it. When `write` fails nothing is left, and an older backup at that path stays.
 */
export async function putBackup(places: Places, where: string, at: Date, write: (path: string) => Promise<void>): Promise<{ place: string; bytes: number }> {
  const name = nameOf(places.environment, at);
  const isBucket = where === 's3';
  const folder = isBucket ? mkdtempSync(join(tmpdir(), 'genai-backup-')) : null;
  const path = folder !== null ? join(folder, name) : where === 'file' ? join(places.cwd, BACKUP_FOLDER, name) : resolve(places.cwd, where);
  const part = `${path}.part`;
  mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
  try {
    await write(part);
    const bytes = statSync(part).size;
    if (!isBucket) {
      renameSync(part, path);
      return { place: path, bytes };
    }
    await places.buckets.create(places.bucket, { ...places.tags, [KEEP_TAG]: 'backup' });
    await places.buckets.putFile(places.bucket, name, part);
    return { place: `s3://${places.bucket}/${name}`, bytes };
  } finally {
    rmSync(part, { force: true });
    if (folder !== null) rmSync(folder, { recursive: true, force: true });
  }
}

export interface FoundBackup {
  name: string;
  /** Where its bytes lie on this machine. */
  path: string;
  /** Removes what was fetched. */
  release: () => void;
}

/** @param from `LAST` = the newest of folder and bucket, `s3://bucket/key`, or a path. Null when there is none. */
export async function getBackup(places: Places, from: string): Promise<FoundBackup | null> {
  const name = from === 'LAST' ? await newest(places) : from;
  if (name === null) return null;
  const [, bucket, key] = S3.exec(name) ?? [];
  if (bucket === undefined || key === undefined) {
    const path = resolve(places.cwd, name);
    return existsSync(path) ? { name: path, path, release: () => {} } : null;
  }
  const folder = mkdtempSync(join(tmpdir(), 'genai-backup-'));
  const release = (): void => rmSync(folder, { recursive: true, force: true });
  const path = join(folder, 'backup');
  try {
    if (await places.buckets.getFile(bucket, key, path)) return { name, path, release };
  } catch (error) {
    release();
    throw error;
  }
  release();
  return null;
}

async function newest({ cwd, environment, buckets, bucket }: Places): Promise<string | null> {
  const folder = join(cwd, BACKUP_FOLDER);
  const files = existsSync(folder) ? readdirSync(folder) : [];
  const objects = (await buckets.exists(bucket)) ? (await buckets.list(bucket, `${environment}-2`, MAX_LISTED)).map(({ key }) => key) : [];
  const isOne = (name: string): boolean => new RegExp(`^${environment}-\\d{4}-\\d\\d-\\d\\dT.*${SUFFIX.replaceAll('.', '\\.')}$`).test(name);
  const all = [...files.map((name) => ({ name, path: join(folder, name) })), ...objects.map((name) => ({ name, path: `s3://${bucket}/${name}` }))];
  return all.filter(({ name }) => isOne(name)).toSorted((first, second) => (first.name < second.name ? 1 : -1))[0]?.path ?? null;
}
