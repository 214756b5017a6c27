// Rehearses what the next start would do to the records: on a copy in a PostgreSQL of its own, from a backup, a stopped data folder or a database by URL, which are only read.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MANIFEST, readManifest } from '#backup/manifest.ts';
import type { Place } from '#backup/pieces.ts';
import { copyRecords, loadRecords, type RecordsPart } from '#backup/records-copy.ts';
import { AppError } from '#lib/errors.ts';
import { hasFaults, loadSettings } from '#settings/public.ts';
import type { Settings } from '#settings/settings.ts';
import { openFilesystemBlobs } from '#stores/blobs/filesystem.ts';
import { openDataFolder } from '#stores/data-folder.ts';
import { startEmbeddedPostgres } from '#stores/records/embedded.ts';
import { migrateRecords, ownMigrations } from '#stores/records/migrate.ts';
import type { Records } from '#stores/records/port.ts';
import { openRecords } from '#stores/records/postgres.ts';
import { expandFaults, readShape } from '#stores/records/schema-shape.ts';
import { sql } from '#stores/records/sql.ts';
import { openBackupPlace } from './backup-place.ts';
import { externalRecords } from './open-stores.ts';
import { type MigrationRehearsal, type RehearsalInput, StartRefused } from './platform.ts';

/** @throws AppError that says what to do, StartRefused for faults of the settings. */
export async function rehearseMigration(input: RehearsalInput): Promise<MigrationRehearsal> {
  const loaded = loadSettings({ argv: input.argv, env: input.env, cwd: input.cwd });
  if (hasFaults(loaded.notes)) throw new StartRefused('the settings have faults', loaded.notes);
  const folder = await mkdtemp(join(tmpdir(), 'genai-rehearsal-'));
  const closers: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  try {
    input.onProgress('copy', 0);
    const { place, part } = await source(input, loaded.settings, join(folder, 'copy'));
    closers.push(() => place.blobs.close());
    const postgres = await startEmbeddedPostgres({ folder: join(folder, 'postgres') });
    closers.push(() => postgres.stop());
    const records = openRecords({ socketFolder: postgres.socketFolder, poolSize: 1, statementTimeoutMs: 3_600_000 });
    closers.push(() => records.close());
    return await rehearse(records, place, part, input);
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

async function source(input: RehearsalInput, settings: Settings, folder: string): Promise<{ place: Place; part: RecordsPart }> {
  if (input.from !== null) {
    const place = await openBackupPlace(input.from, settings, input.cwd);
    return { place, part: readManifest(await place.blobs.get(`${place.prefix}${MANIFEST}`), place.label) };
  }
  const place = { blobs: await openFilesystemBlobs(folder), prefix: '', label: folder };
  const part =
    settings.recordsUrl === null
      ? await ofFolder(settings.dataDir, place, input)
      : await ofDatabase(externalRecords(settings, settings.recordsUrl), place, input);
  return { place, part };
}

async function ofFolder(dataDir: string, place: Place, input: RehearsalInput): Promise<RecordsPart> {
  const lock = await openDataFolder(dataDir).catch((error: unknown) => {
    if (!(error instanceof AppError) || error.code !== 'data_folder_locked') throw error;
    throw new AppError(`${error.message}, or take a backup of it (./genai backup) and rehearse on that: ./genai migrate --dry-run --from FOLDER`, {
      status: 409,
      code: error.code,
      cause: error,
    });
  });
  try {
    const postgres = await startEmbeddedPostgres({ folder: join(dataDir, 'postgres') });
    try {
      return await ofDatabase({ socketFolder: postgres.socketFolder }, place, input);
    } finally {
      await postgres.stop();
    }
  } finally {
    await lock.close();
  }
}

async function ofDatabase(address: { connectionString: string } | { socketFolder: string }, place: Place, input: RehearsalInput): Promise<RecordsPart> {
  const records = openRecords({ ...address, poolSize: 1 });
  try {
    const [schema] = await records.query<{ there: boolean }>(sql`SELECT to_regclass('genai.migrations') IS NOT NULL AS there`);
    if (schema?.there !== true)
      throw new AppError('These records have no schema genai: the first start makes it, and there is nothing to rehearse.', {
        status: 422,
        code: 'nothing_to_migrate',
      });
    return await records.transaction((session) => copyRecords(session, place, (done, all) => input.onProgress('copy', (50 * done) / all)));
  } finally {
    await records.close();
  }
}

async function rehearse(records: Records, place: Place, part: RecordsPart, input: RehearsalInput): Promise<MigrationRehearsal> {
  const own = ownMigrations();
  checkKnown(part, own.length);
  await records.transaction(async (session) => {
    await migrateRecords({ transaction: (work) => work(session) }, own.slice(0, part.migrations.length));
    await loadRecords(session, place, part, (done, all) => input.onProgress('load', 50 + (30 * done) / all));
  });
  const [before, countsBefore] = [await records.transaction(readShape), await countsOf(records, part)];
  const pending: { name: string; seconds: number }[] = [];
  for (const migration of own.slice(part.migrations.length)) {
    const startedAt = performance.now();
    await migrateRecords(records, own.slice(0, migration.number));
    pending.push({ name: migration.name, seconds: Math.round(performance.now() - startedAt) / 1000 });
    input.onProgress('migrate', 80 + (20 * pending.length) / (own.length - part.migrations.length));
  }
  const after = await records.transaction(readShape);
  const countsAfter = await countsOf(records, part);
  return {
    applied: part.migrations.at(-1)?.name ?? null,
    pending,
    rows: part.records.reduce((sum, { rows }) => sum + rows, 0),
    faults: expandFaults(before, after),
    changedTables: Object.keys(countsBefore).filter((table) => countsBefore[table] !== countsAfter[table]),
  };
}

function checkKnown(part: RecordsPart, own: number): void {
  if (part.migrations.length <= own) return;
  throw new AppError(`The records were made by a newer release (${part.migrations.at(-1)?.name}): rehearse with that one.`, {
    status: 422,
    code: 'records_newer',
  });
}

async function countsOf(records: Records, part: RecordsPart): Promise<Record<string, string | null>> {
  const counts: Record<string, string | null> = {};
  const tables = part.records.map(({ table }) => table);
  for (const table of tables) {
    const [there] = await records.query<{ there: boolean }>(sql`SELECT to_regclass(${`genai.${table}`}) IS NOT NULL AS there`);
    const [row] = there?.there === true ? await records.query<{ rows: string }>(sql`SELECT count(*) AS rows FROM ${sql.identifier(table, tables)}`) : [];
    counts[table] = row?.rows ?? null;
  }
  return counts;
}
