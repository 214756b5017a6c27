// Backups of the running platform, one at a time, as the command line asks for them on admin.sock.
import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { makeBackup } from '#backup/make-backup.ts';
import { type Manifest, totalsOf } from '#backup/manifest.ts';
import { AppError } from '#lib/errors.ts';
import { newCallId } from '#lib/id.ts';
import { secretIdOf } from '#lib/sealed.ts';
import type { Settings } from '#settings/settings.ts';
import { openBackupPlace } from './backup-place.ts';
import type { EngineLink } from './engine-link.ts';
import type { Stores } from './open-stores.ts';
import type { BackupResult, BackupWish } from './platform.ts';

export const backupWish = z.strictObject({
  to: z.string().min(1),
  withSecrets: z.boolean().optional(),
  withoutArchive: z.boolean().optional(),
  drain: z.boolean().optional(),
});

export interface BackupService {
  /** @throws AppError with what to do: the place is taken, a store is away, another backup is being made. */
  make(wish: BackupWish, onProgress: (step: string, percent: number) => void): Promise<BackupResult>;
  /** True while segments of the journal must stay. */
  holdsJournal(): boolean;
}

interface Deps {
  settings: Settings;
  stores: Stores;
  engine: EngineLink | null;
  instanceSecret: Buffer;
  /** The sequence that every consumer of this folder's journal has passed. */
  consumed: () => Promise<bigint | null>;
  version: string;
}

const SECRET_FILES = ['secret.key', 'keys.json', 'config.yaml', '.env'];
const DRAIN_TIMEOUT_MS = 30 * 60_000;
const DRAIN_POLL_MS = 100;

export function createBackupService(deps: Deps): BackupService {
  let holds = 0;
  let isRunning = false;
  const hold = (): (() => void) => {
    let isHeld = true;
    holds += 1;
    return () => {
      if (isHeld) holds -= 1;
      isHeld = false;
    };
  };
  return {
    holdsJournal: () => holds > 0,
    async make(wish, onProgress) {
      if (isRunning) throw new AppError('Another backup is being made: wait for its end.', { status: 409, code: 'backup_running' });
      isRunning = true;
      try {
        return await make(deps, wish, { hold, onProgress });
      } finally {
        isRunning = false;
      }
    },
  };
}

async function make(deps: Deps, wish: BackupWish, run: { hold: () => () => void; onProgress: (step: string, percent: number) => void }): Promise<BackupResult> {
  const { settings, stores, engine } = deps;
  checkWish(wish, engine);
  const startedAt = performance.now();
  if (wish.drain === true) await drained(deps, run.onProgress);
  const place = await openBackupPlace(wish.to, settings, settings.dataDir);
  try {
    const manifest = await makeBackup(
      {
        records: stores.records,
        analytics: (engine as EngineLink).copy,
        blobs: stores.blobs,
        journalFolder: settings.journal === 's3' ? null : join(settings.dataDir, 'journal'),
        flushJournal: () => stores.journal.flush(),
        isDrained: () => isDrained(deps),
        holdJournal: run.hold,
        platformVersion: deps.version,
        secretId: secretIdOf(deps.instanceSecret),
      },
      {
        id: newCallId(),
        place,
        secretFiles: wish.withSecrets === true ? SECRET_FILES.map((name) => join(settings.dataDir, name)).filter((path) => existsSync(path)) : [],
        withoutArchive: wish.withoutArchive === true,
        onProgress: run.onProgress,
      },
    );
    return resultOf(manifest, place.label, performance.now() - startedAt);
  } finally {
    await place.blobs.close();
  }
}

/** What a backup holds, in the words of the command line. */
export function resultOf(manifest: Manifest, place: string, elapsedMs: number): BackupResult {
  const { id, secretId, hasSecrets, isDrained } = manifest;
  return { id, place, ...totalsOf(manifest), secretId, hasSecrets, isDrained, seconds: Math.round(elapsedMs) / 1000 };
}

function checkWish(wish: BackupWish, engine: EngineLink | null): void {
  const refuse = (message: string): never => {
    throw new AppError(message, { status: 422, code: 'backup_wish' });
  };
  if (engine === null) refuse('A gateway apart does not reach the analytics: ask an observe process, or run ./genai backup with the same environment.');
  const isFolder = !wish.to.startsWith('s3://');
  if (isFolder && !isAbsolute(wish.to)) refuse('The folder of the backup must be an absolute path.');
  if (!isFolder && wish.withSecrets === true) refuse('Secrets go only into a folder, never into a bucket: leave --with-secrets out and keep secret.key apart.');
}

async function drained(deps: Deps, onProgress: (step: string, percent: number) => void): Promise<void> {
  await deps.stores.journal.flush();
  const deadline = Date.now() + DRAIN_TIMEOUT_MS;
  onProgress('drain', 0);
  while (!(await isDrained(deps))) {
    if (Date.now() > deadline)
      throw new AppError('The journal was not stored within 30 minutes: look at the log, then try again.', { status: 503, code: 'not_drained' });
    await new Promise((resolve) => setTimeout(resolve, DRAIN_POLL_MS));
  }
}

/** Asked of the records themselves: the number that the next one will follow may belong to a start that wrote none. */
async function isDrained({ stores, consumed }: Deps): Promise<boolean> {
  const { records, atEnd } = await stores.reader.read((await consumed()) ?? 0n, { maxBytes: 1 });
  return records.length === 0 && atEnd;
}
