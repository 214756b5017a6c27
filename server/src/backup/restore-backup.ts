// Brings a backup's contents into open, empty stores. Each step leaves a place that the same step finishes when it is run again, and everything is compared at the end.
import { closeSync, fsyncSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '#lib/errors.ts';
import type { Blobs } from '#stores/blobs/port.ts';
import type { Records, RecordsSession } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import type { AnalyticsCopy } from './analytics-copy.ts';
import { digestOf } from './digest.ts';
import { BACKUPS } from './make-backup.ts';
import type { Manifest } from './manifest.ts';
import { bytesOf, damaged, linesOf, type Place, sha256 } from './pieces.ts';
import { loadRecords } from './records-copy.ts';

export type RestoreStep = 'records' | 'blobs' | 'analytics' | 'compare';

export interface RestoreTarget {
  records: Records;
  /** Brings the schema of the session's transaction up to the migration with this number. */
  migrateTo(session: RecordsSession, number: number): Promise<void>;
  /** Opened when the records are there. */
  analytics(): Promise<AnalyticsCopy>;
  blobs: Blobs;
  /** The journal's folder; null when events are committed to objects. */
  journalFolder: string | null;
}

export interface Restored {
  records: number;
  analytics: number;
  blobs: number;
  /** Rows and objects that an earlier, interrupted run had brought over. */
  foundDone: number;
}

/** Name in instance_settings of the note that a restore has not ended. */
export const RESTORE_NOTE = 'restore';

/**
 * Runs or continues a restore.
 * @throws AppError 409 when the stores hold something else, 422 when the backup is damaged or does not fit; Error when something differs at the end.
 */
export async function restoreBackup(
  place: Place,
  manifest: Manifest,
  target: RestoreTarget,
  onProgress: (step: RestoreStep, percent: number) => void,
): Promise<Restored> {
  checkKinds(manifest, target);
  const isBegun = await refuseOther(target, manifest);
  if (!isBegun) await fillRecords(place, manifest, target, (share) => onProgress('records', 25 * share));
  if (target.journalFolder !== null) await writeJournal(place, manifest, target.journalFolder);
  const blobsDone = await fillBlobs(place, manifest, target.blobs, (share) => onProgress('blobs', 25 + 20 * share));
  const analytics = await target.analytics();
  if (!isBegun) await refuseRows(analytics);
  const partitionsDone = await fillAnalytics(place, manifest, analytics, (share) => onProgress('analytics', 45 + 35 * share));
  await compare({ place, manifest, target, analytics }, (share) => onProgress('compare', 80 + 20 * share));
  await target.records.query(sql`UPDATE instance_settings SET value = jsonb_set(value, '{state}', '"finished"') WHERE key = ${RESTORE_NOTE}`);
  const rows = manifest.analytics.reduce((sum, part) => sum + part.rows, 0);
  const records = manifest.records.reduce((sum, part) => sum + part.rows, 0);
  return { records, analytics: rows, blobs: manifest.blobs.rows, foundDone: (isBegun ? records : 0) + blobsDone + partitionsDone };
}

/**
 * Whether this restore was begun in these stores (false: they are empty).
 * @throws AppError 409 when they hold something else.
 */
export async function refuseOther(target: Pick<RestoreTarget, 'records' | 'blobs'>, manifest: Manifest): Promise<boolean> {
  const note = await readNote(target.records);
  if (note === null) await refuseFilled(target);
  else if (note.backupId !== manifest.id) throw filled(`they hold another restore (of backup ${note.backupId})`);
  return note !== null;
}

/** What the note says, or null when these records never were the target of a restore (or hold nothing). */
async function readNote(records: Records): Promise<{ backupId: string; state: 'unfinished' | 'finished' } | null> {
  const [schema] = await records.query<{ there: boolean }>(sql`SELECT to_regclass('genai.instance_settings') IS NOT NULL AS there`);
  if (schema?.there !== true) return null;
  const [row] = await records.query<{ value: { backupId: string; state: 'unfinished' | 'finished' } }>(
    sql`SELECT value FROM instance_settings WHERE key = ${RESTORE_NOTE}`,
  );
  return row?.value ?? null;
}

/** @throws AppError 409 while a restore into these records has not ended: half a platform must not serve. */
export async function refuseUnfinished(records: Records): Promise<void> {
  const note = await readNote(records);
  if (note?.state !== 'unfinished') return;
  throw new AppError(`A restore of backup ${note.backupId} into these stores has not ended: run the same ./genai restore or promote again.`, {
    status: 409,
    code: 'restore_unfinished',
  });
}

function checkKinds(manifest: Manifest, target: RestoreTarget): void {
  const kind = target.journalFolder === null ? 's3' : 'files';
  if (kind === manifest.journalKind || (manifest.journalKind === 'files' && manifest.isDrained)) return;
  const advice =
    manifest.journalKind === 'files'
      ? 'restore it into a folder, and move that with ./genai promote'
      : 'restore it into stores of its own with --journal s3, as docs/how-to/run-apart.md sets them';
  throw new AppError(`This backup holds a journal of ${manifest.journalKind} with events that are not stored yet: ${advice}.`, {
    status: 422,
    code: 'backup_journal',
  });
}

async function refuseFilled({ records, blobs }: Pick<RestoreTarget, 'records' | 'blobs'>): Promise<void> {
  const [schema] = await records.query<{ there: boolean }>(sql`SELECT to_regclass('genai.migrations') IS NOT NULL AS there`);
  if (schema?.there === true) throw filled('the records database has a schema genai');
  const found = await blobs.list('', { limit: 1_000 });
  const other = found.find(({ key }) => !key.startsWith(BACKUPS));
  if (other !== undefined) throw filled(`the blob store has an object ${other.key}`);
}

async function refuseRows(analytics: AnalyticsCopy): Promise<void> {
  const found = (await analytics.tables()).find(({ partitions }) => partitions.length > 0);
  if (found !== undefined) throw filled(`the analytics table ${found.table} has rows`);
}

function filled(what: string): AppError {
  return new AppError(`The stores are not empty: ${what}. Name empty ones; nothing was changed.`, { status: 409, code: 'restore_not_empty' });
}

/** All or nothing: one transaction makes the schema, fills it, compares it and leaves the note. */
async function fillRecords(place: Place, manifest: Manifest, target: RestoreTarget, onShare: (share: number) => void): Promise<void> {
  await target.records.transaction(async (session) => {
    await target.migrateTo(session, manifest.migrations.length);
    await checkMigrations(session, manifest);
    await loadRecords(session, place, manifest, (done, all) => onShare(done / all));
    // The new journal counts from its own beginning.
    if (target.journalFolder === null && manifest.journalKind === 'files') await session.query(sql`DELETE FROM consumer_positions`);
    const note = JSON.stringify({ backupId: manifest.id, state: 'unfinished', at: new Date().toISOString() });
    await session.query(sql`INSERT INTO instance_settings (key, value) VALUES (${RESTORE_NOTE}, ${note}::text::jsonb)
      ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value, updated_at = now()`);
  });
}

async function checkMigrations(session: RecordsSession, manifest: Manifest): Promise<void> {
  const own = await session.query<{ number: number; checksum: string }>(sql`SELECT number, checksum FROM genai.migrations ORDER BY number`);
  const fits = own.length === manifest.migrations.length && manifest.migrations.every((migration, index) => own[index]?.checksum === migration.checksum);
  if (fits) return;
  throw new AppError(
    `The backup was made by release ${manifest.platformVersion}, whose tables this one does not know (${manifest.migrations.at(-1)?.name}): restore it with that release or a newer one.`,
    { status: 422, code: 'backup_newer' },
  );
}

async function writeJournal(place: Place, manifest: Manifest, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (manifest.journalName !== null) writeFileSync(join(folder, 'name'), manifest.journalName, { mode: 0o600, flush: true });
  for (const { name, pieces } of manifest.journal) {
    if (!/^\d{20}\.journal$/.test(name)) throw damaged(place, 'manifest.json', 'names a file that is no segment');
    const file = openSync(join(folder, name), 'w', 0o600);
    try {
      for (const piece of pieces) writeSync(file, await bytesOf(place, piece));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  }
}

interface BlobEntry {
  key: string;
  sizeBytes: number;
  sha256: string;
}

async function* blobEntries(place: Place, manifest: Manifest): AsyncIterable<BlobEntry> {
  for (const piece of manifest.blobs.pieces) for (const line of await linesOf(place, piece)) yield JSON.parse(line) as BlobEntry;
}

async function fillBlobs(place: Place, manifest: Manifest, blobs: Blobs, onShare: (share: number) => void): Promise<number> {
  let done = 0;
  let found = 0;
  for await (const entry of blobEntries(place, manifest)) {
    const [there] = await blobs.list(entry.key, { limit: 1 });
    if (there?.key === entry.key && there.sizeBytes === entry.sizeBytes) found += 1;
    else {
      const body = await place.blobs.get(`${place.prefix}objects/${entry.key}`);
      if (body === null || sha256(body) !== entry.sha256) throw damaged(place, `objects/${entry.key}`, body === null ? 'is missing' : 'was changed');
      await blobs.put(entry.key, body);
    }
    done += 1;
    onShare(done / manifest.blobs.rows);
  }
  return found;
}

/** @returns rows of partitions that were whole already. */
async function fillAnalytics(place: Place, manifest: Manifest, analytics: AnalyticsCopy, onShare: (share: number) => void): Promise<number> {
  const present = new Map((await analytics.tables()).map(({ table, partitions }) => [table, new Set(partitions)]));
  let found = 0;
  for (const [index, part] of manifest.analytics.entries()) {
    const isThere = present.get(part.table)?.has(part.partition) === true;
    if (isThere && (await partitionEquals(analytics, part))) found += part.rows;
    else for (const piece of part.pieces) await analytics.insert(part.table, await linesOf(place, piece), `restore-${manifest.id}-${piece.name}`);
    onShare((index + 1) / manifest.analytics.length);
  }
  return found;
}

async function partitionEquals(analytics: AnalyticsCopy, part: Manifest['analytics'][number]): Promise<boolean> {
  const { rows, digest } = await digestOf(analytics.lines(part.table, part.columns, part.partition));
  return rows === part.rows && digest === part.digest;
}

/** Reads back what was written: counts and checksums of every table, partition and object. */
async function compare(
  { place, manifest, target, analytics }: { place: Place; manifest: Manifest; target: RestoreTarget; analytics: AnalyticsCopy },
  onShare: (share: number) => void,
): Promise<void> {
  const faults: string[] = [];
  for (const [index, part] of manifest.analytics.entries()) {
    if (!(await partitionEquals(analytics, part))) faults.push(`${part.table} partition ${part.partition}`);
    onShare((0.7 * (index + 1)) / manifest.analytics.length);
  }
  for await (const { key, sha256: expected } of blobEntries(place, manifest)) {
    const body = await target.blobs.get(key);
    if (body === null || sha256(body) !== expected) faults.push(`object ${key}`);
  }
  onShare(1);
  if (faults.length > 0) throw new Error(`what was restored differs from the backup: ${faults.slice(0, 10).join(', ')}`);
}
