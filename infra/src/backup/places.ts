// Where backups lie: files of a folder, or a kept bucket. Their names sort by time.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
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

/** @param where `s3` = the kept bucket, `file` = the folder of backups, else a path. Answers how `--from` would name it. */
export async function putBackup(places: Places, where: string, backup: Buffer, at: Date): Promise<string> {
  const name = nameOf(places.environment, at);
  if (where === 's3') {
    await places.buckets.create(places.bucket, { ...places.tags, [KEEP_TAG]: 'backup' });
    await places.buckets.put(places.bucket, name, backup);
    return `s3://${places.bucket}/${name}`;
  }
  const path = where === 'file' ? join(places.cwd, BACKUP_FOLDER, name) : resolve(places.cwd, where);
  mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
  writeFileSync(path, backup, { mode: 0o600 });
  return path;
}

/** @param from `LAST` = the newest of folder and bucket, `s3://bucket/key`, or a path. Null when there is none. */
export async function getBackup(places: Places, from: string): Promise<{ name: string; backup: Buffer } | null> {
  const name = from === 'LAST' ? await newest(places) : from;
  if (name === null) return null;
  const [, bucket, key] = S3.exec(name) ?? [];
  if (bucket !== undefined && key !== undefined) {
    const body = await places.buckets.get(bucket, key);
    return body === null ? null : { name, backup: Buffer.from(body) };
  }
  const path = resolve(places.cwd, name);
  return existsSync(path) ? { name: path, backup: readFileSync(path) } : null;
}

async function newest({ cwd, environment, buckets, bucket }: Places): Promise<string | null> {
  const folder = join(cwd, BACKUP_FOLDER);
  const files = existsSync(folder) ? readdirSync(folder) : [];
  const objects = (await buckets.exists(bucket)) ? (await buckets.list(bucket, `${environment}-2`, MAX_LISTED)).map(({ key }) => key) : [];
  const isOne = (name: string): boolean => new RegExp(`^${environment}-\\d{4}-\\d\\d-\\d\\dT.*${SUFFIX.replaceAll('.', '\\.')}$`).test(name);
  const all = [...files.map((name) => ({ name, path: join(folder, name) })), ...objects.map((name) => ({ name, path: `s3://${bucket}/${name}` }))];
  return all.filter(({ name }) => isOne(name)).toSorted((first, second) => (first.name < second.name ? 1 : -1))[0]?.path ?? null;
}
