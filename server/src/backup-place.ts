// Where a backup lies, as a person names it: a folder, or s3://bucket/prefix with the S3 settings of the platform.
import { resolve } from 'node:path';
import type { Place } from '#backup/pieces.ts';
import { AppError } from '#lib/errors.ts';
import type { Settings } from '#settings/settings.ts';
import { openFilesystemBlobs } from '#stores/blobs/filesystem.ts';

const S3_PLACE = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/(\S+)$/;

/** @throws AppError 422 when the address cannot be one, what the store says when it cannot be used. */
export async function openBackupPlace(name: string, settings: Pick<Settings, 's3'>, cwd: string): Promise<Place> {
  if (!name.startsWith('s3://')) {
    const folder = resolve(cwd, name);
    return { blobs: await openFilesystemBlobs(folder), prefix: '', label: folder };
  }
  const [, bucket, path] = S3_PLACE.exec(name) ?? [];
  if (bucket === undefined || path === undefined) {
    throw new AppError(`${name} is no place for a backup: write s3://bucket/prefix, or a folder.`, { status: 422, code: 'backup_place' });
  }
  const { openS3Blobs } = await import('#stores/blobs/s3.ts');
  return { blobs: await openS3Blobs({ ...settings.s3, bucket, prefix: '' }), prefix: `${path.replace(/\/+$/, '')}/`, label: name };
}
