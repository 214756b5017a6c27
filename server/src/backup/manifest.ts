// manifest.json of a backup: what lies in it, with counts and checksums. It is written last, so a folder without one is no backup.
import { z } from 'zod';
import { AppError } from '#lib/errors.ts';

export const MANIFEST = 'manifest.json';
/** Counted up when an older release could no longer read a backup. */
export const BACKUP_VERSION = 1;

const piece = z.object({ name: z.string(), sizeBytes: z.int().nonnegative(), sha256: z.string().regex(/^[0-9a-f]{64}$/) });
/** Lines cut into compressed pieces; the digest is that of the lines in any order (digest.ts). */
const lines = z.object({ rows: z.int().nonnegative(), digest: z.string().regex(/^[0-9a-f]{16}$/), pieces: z.array(piece) });

const manifest = z.object({
  kind: z.literal('genai-backup'),
  version: z.literal(BACKUP_VERSION),
  id: z.string().min(1),
  createdAt: z.string(),
  platformVersion: z.string(),
  /** Where events were committed: a backup of files can only come back as files, unless everything in them had been stored. */
  journalKind: z.enum(['files', 's3']),
  /** Everything of the journal was in the stores. */
  isDrained: z.boolean(),
  /** Names the instance secret without saying it: what it sealed can only be read with it. */
  secretId: z.string(),
  hasSecrets: z.boolean(),
  migrations: z.array(z.object({ number: z.int(), name: z.string(), checksum: z.string() })),
  sequences: z.array(z.object({ name: z.string(), value: z.string() })),
  records: z.array(lines.extend({ table: z.string() })),
  analytics: z.array(lines.extend({ table: z.string(), columns: z.array(z.string()), partition: z.string() })),
  journal: z.array(z.object({ name: z.string(), sizeBytes: z.int().nonnegative(), pieces: z.array(piece) })),
  journalName: z.string().nullable(),
  /** The list of objects is itself lines; each object lies under objects/<key>. */
  blobs: lines.extend({ sizeBytes: z.int().nonnegative() }),
});

export type Manifest = z.infer<typeof manifest>;
export type Piece = z.infer<typeof piece>;
export type Lines = z.infer<typeof lines>;

/** @throws AppError 422 that says why these bytes are no backup of this release. */
export function readManifest(bytes: Uint8Array | null, place: string): Manifest {
  if (bytes === null) {
    throw new AppError(`${place} holds no finished backup (${MANIFEST} is missing): name the folder or address that ./genai backup printed.`, {
      status: 422,
      code: 'backup_absent',
    });
  }
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw new AppError(`${place}/${MANIFEST} is damaged: take another backup.`, { status: 422, code: 'backup_damaged', cause });
  }
  const version = (value as { version?: unknown } | null)?.version;
  if (typeof version === 'number' && version > BACKUP_VERSION) {
    throw new AppError(`${place} was made by a newer release (form ${version}, this one reads ${BACKUP_VERSION}): restore it with that release.`, {
      status: 422,
      code: 'backup_newer',
    });
  }
  const read = manifest.safeParse(value);
  if (!read.success)
    throw new AppError(`${place}/${MANIFEST} is damaged: ${z.prettifyError(read.error).split('\n')[0]}`, { status: 422, code: 'backup_damaged' });
  return read.data;
}

/** Rows and objects by store, for people. */
export function totalsOf({ records, analytics, blobs, journal }: Manifest): { records: number; analytics: number; blobs: number; journalBytes: number } {
  const sum = (parts: readonly { rows: number }[]): number => parts.reduce((total, { rows }) => total + rows, 0);
  return { records: sum(records), analytics: sum(analytics), blobs: blobs.rows, journalBytes: journal.reduce((total, { sizeBytes }) => total + sizeBytes, 0) };
}
