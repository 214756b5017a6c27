// Restores a backup into a new data folder or into empty external stores, as the settings name them. No door opens; what an interrupted run left is finished or replaced.
import { existsSync, readdirSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { MANIFEST, type Manifest, readManifest } from '#backup/manifest.ts';
import type { Place } from '#backup/pieces.ts';
import { refuseOther, restoreBackup } from '#backup/restore-backup.ts';
import { AppError } from '#lib/errors.ts';
import { secretIdOf } from '#lib/sealed.ts';
import { ALL_TABLE_NAMES } from '#observe/store/tables.ts';
import { hasFaults, loadSettings } from '#settings/public.ts';
import type { Settings } from '#settings/settings.ts';
import { openClickhouse } from '#stores/analytics/clickhouse.ts';
import { sql as analyticsSql, texts } from '#stores/analytics/sql.ts';
import { openDataFolder } from '#stores/data-folder.ts';
import { startEmbeddedPostgres } from '#stores/records/embedded.ts';
import { migrateRecords, ownMigrations } from '#stores/records/migrate.ts';
import { openRecords } from '#stores/records/postgres.ts';
import { createLog } from '#telemetry/log.ts';
import { openBackupPlace } from './backup-place.ts';
import { resultOf } from './backup-service.ts';
import { startEngineLink } from './engine-link.ts';
import { externalRecords, openBlobs } from './open-stores.ts';
import { type RestoreInput, type RestoreResult, StartRefused } from './platform.ts';

/** @throws AppError that says why nothing was restored, StartRefused for faults of the settings. */
export async function restorePlatform(input: RestoreInput): Promise<RestoreResult> {
  const startedAt = performance.now();
  const loaded = loadSettings({ argv: input.argv, env: input.env, cwd: input.cwd });
  if (hasFaults(loaded.notes)) throw new StartRefused('the settings have faults', loaded.notes);
  const { settings } = loaded;
  // Looking for a backup makes no folder.
  if (!input.from.startsWith('s3://') && !existsSync(resolve(input.cwd, input.from, MANIFEST))) readManifest(null, input.from);
  const place = await openBackupPlace(input.from, settings, input.cwd);
  try {
    const manifest = readManifest(await place.blobs.get(`${place.prefix}${MANIFEST}`), place.label);
    const secret = await secretFor(input, settings, manifest, place);
    const isApart = settings.journal === 's3';
    if (!isApart) refuseFilledFolder(settings.dataDir);
    const result = resultOf(manifest, place.label, 0);
    if (input.dryRun && isApart) await lookAtStores(settings, manifest);
    if (input.dryRun) return { ...result, foundDone: 0, dataDir: isApart ? null : settings.dataDir, seconds: secondsSince(startedAt) };
    const folder = isApart ? await mkdtemp(join(tmpdir(), 'genai-restore-')) : `${settings.dataDir}.restoring`;
    // Half a folder of a killed run: its stores cannot be told from damaged ones, so it begins anew.
    rmSync(folder, { recursive: true, force: true });
    const filled = await fill({ input, settings: { ...settings, dataDir: folder }, place, manifest });
    if (isApart) rmSync(folder, { recursive: true, force: true });
    else await finishFolder({ folder, dataDir: settings.dataDir, place, manifest, secret });
    return { ...result, foundDone: filled.foundDone, dataDir: isApart ? null : settings.dataDir, seconds: secondsSince(startedAt) };
  } finally {
    await place.blobs.close();
  }
}

function secondsSince(startedAt: number): number {
  return Math.round(performance.now() - startedAt) / 1000;
}

function refuseFilledFolder(dataDir: string): void {
  if (!existsSync(dataDir) || readdirSync(dataDir).length === 0) return;
  throw new AppError(`${dataDir} is not empty: name another folder with --data-dir, or move this one away first. Nothing was changed.`, {
    status: 409,
    code: 'restore_not_empty',
  });
}

/** Whether the external stores can be reached and are empty; changes nothing. */
async function lookAtStores(settings: Settings, manifest: Manifest): Promise<void> {
  const records = openRecords({ ...externalRecords(settings, settings.recordsUrl as string), poolSize: 1 });
  const analytics = openClickhouse(settings.clickhouse as NonNullable<Settings['clickhouse']>);
  const blobs = await openBlobs(settings);
  try {
    if (await refuseOther({ records, blobs }, manifest)) return;
    const filled = await analytics.query<{ name: string }>(
      analyticsSql`SELECT name FROM system.tables WHERE database = currentDatabase() AND name IN ${texts(ALL_TABLE_NAMES)} AND total_rows > 0`,
    );
    const [first] = filled;
    if (first === undefined) return;
    throw new AppError(`The stores are not empty: the analytics table ${first.name} has rows. Name empty ones; nothing was changed.`, {
      status: 409,
      code: 'restore_not_empty',
    });
  } finally {
    await Promise.all([records.close(), analytics.close(), blobs.close()]);
  }
}

interface Filling {
  input: RestoreInput;
  settings: Settings;
  place: Place;
  manifest: Manifest;
}

async function fill({ input, settings, place, manifest }: Filling): Promise<{ foundDone: number }> {
  const closers: (() => Promise<unknown>)[] = [];
  const log = createLog({ level: 'error' });
  try {
    const folder = await openDataFolder(settings.dataDir);
    closers.push(() => folder.close());
    const address = await recordsOf(settings, closers);
    const records = openRecords({ ...address, poolSize: 2 });
    closers.push(() => records.close());
    const blobs = await openBlobs(settings);
    closers.push(() => blobs.close());
    const restored = await restoreBackup(
      place,
      manifest,
      {
        records,
        migrateTo: async (session, number) => {
          await migrateRecords({ transaction: (work) => work(session) }, ownMigrations().slice(0, number));
        },
        async analytics() {
          // What this release added since the backup; the engine reads some of it at its start.
          await migrateRecords(records);
          const engine = await startEngineLink({
            settings,
            extra: { records: address, restoring: true },
            environment: definedValues(input.env),
            log: (level, message, fields) => log[level](message, fields),
          });
          closers.push(() => engine.stop());
          await engine.ready();
          return engine.copy;
        },
        blobs,
        journalFolder: settings.journal === 's3' ? null : join(settings.dataDir, 'journal'),
      },
      input.onProgress,
    );
    return restored;
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

function definedValues(env: RestoreInput['env']): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined && !entry[0].startsWith('GENAI_')));
}

async function recordsOf(settings: Settings, closers: (() => Promise<unknown>)[]): Promise<{ connectionString: string } | { socketFolder: string }> {
  if (settings.recordsUrl !== null) return externalRecords(settings, settings.recordsUrl);
  const postgres = await startEmbeddedPostgres({ folder: join(settings.dataDir, 'postgres') });
  closers.push(() => postgres.stop());
  return { socketFolder: postgres.socketFolder };
}

/** The secret that sealed what is in the backup, from wherever it was kept. Null = the caller goes on without it. */
async function secretFor(input: RestoreInput, settings: Settings, manifest: Manifest, place: Place): Promise<Buffer | null> {
  const given = input.secretFile === null ? settings.instanceSecret : Buffer.from((await readFile(input.secretFile, 'utf8')).trim(), 'base64url');
  const kept = manifest.hasSecrets ? await place.blobs.get(`${place.prefix}secrets/secret.key`) : null;
  const secret = given ?? (kept === null ? null : Buffer.from(Buffer.from(kept).toString('utf8').trim(), 'base64url'));
  if (secret !== null && secretIdOf(secret) === manifest.secretId) return secret;
  if (input.withoutSecret) return null;
  const what = secret === null ? 'The backup holds no instance secret' : `The given instance secret is another one (${secretIdOf(secret)})`;
  throw new AppError(
    `${what}: the backup was sealed with ${manifest.secretId}. Name its secret.key with --secret-file (or GENAI_INSTANCE_SECRET), or go on with --without-secret: keys of registered models must be entered again then.`,
    { status: 422, code: 'restore_secret' },
  );
}

/** Secrets into the finished folder, then its name: the folder is there whole or not at all. */
async function finishFolder(finish: { folder: string; dataDir: string; place: Place; manifest: Manifest; secret: Buffer | null }): Promise<void> {
  const { folder, dataDir, place, manifest, secret } = finish;
  if (manifest.hasSecrets) {
    for (const [stored, name] of [
      ['keys.json', 'keys.json'],
      ['config.yaml', 'config.yaml'],
      ['env', '.env'],
    ] as const) {
      const body = await place.blobs.get(`${place.prefix}secrets/${stored}`);
      if (body !== null) writeFileSync(join(folder, name), body, { mode: 0o600, flush: true });
    }
  }
  if (secret !== null) writeFileSync(join(folder, 'secret.key'), `${secret.toString('base64url')}\n`, { mode: 0o600, flush: true });
  if (existsSync(dataDir)) rmdirSync(dataDir);
  renameSync(folder, dataDir);
}
