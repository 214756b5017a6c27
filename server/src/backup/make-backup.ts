// Makes a backup of a running platform: the records as of one moment first, then what may only be newer (journal, blobs, analytics), the manifest last.
import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '#lib/errors.ts';
import type { Blobs } from '#stores/blobs/port.ts';
import type { Records } from '#stores/records/port.ts';
import type { AnalyticsCopy } from './analytics-copy.ts';
import { BACKUP_VERSION, MANIFEST, type Manifest } from './manifest.ts';
import { type Place, packBytes, packLines, sha256 } from './pieces.ts';
import { copyRecords } from './records-copy.ts';

export interface BackupSource {
  records: Records;
  analytics: AnalyticsCopy;
  blobs: Blobs;
  /** Folder of the journal's segments; null when the journal is objects of `blobs`. */
  journalFolder: string | null;
  /** Everything appended so far is on disk when it resolves. */
  flushJournal(): Promise<void>;
  /** Whether every consumer has passed every record of the journal. */
  isDrained(): Promise<boolean>;
  /** No segment of the journal leaves until the returned function is called. */
  holdJournal(): () => void;
  platformVersion: string;
  /** Names the instance secret (lib/sealed.ts). */
  secretId: string;
}

export interface BackupOptions {
  id: string;
  place: Place;
  /** Files of the data folder that go along (secret.key, keys.json, config.yaml, .env); empty = none. */
  secretFiles: readonly string[];
  /** What is archived of the journal is left out. */
  withoutArchive: boolean;
  onProgress(step: 'records' | 'journal' | 'blobs' | 'analytics', percent: number): void;
}

/** Backups that lie in the platform's own bucket are no part of the next one. */
export const BACKUPS = 'backups/';
const ARCHIVE = 'archive/';
const JOURNAL = 'journal/';
const CHUNK_BYTES = 8 * 1024 * 1024;
const LIST_PAGE = 1_000;

/** @throws AppError 409 when something lies at the place already; what the stores throw. An unfinished backup has no manifest. */
export async function makeBackup(source: BackupSource, options: BackupOptions): Promise<Manifest> {
  const { place, onProgress } = options;
  const [present] = await place.blobs.list(place.prefix, { limit: 1 });
  if (present !== undefined) {
    throw new AppError(`${place.label} is not empty: name another place, or remove what lies there (an unfinished backup has no ${MANIFEST}).`, {
      status: 409,
      code: 'backup_place_taken',
    });
  }
  const release = source.holdJournal();
  try {
    const wasDrained = await source.isDrained();
    const records = await source.records.transaction((session) => copyRecords(session, place, (done, all) => onProgress('records', (30 * done) / all)));
    await source.flushJournal();
    const journal = source.journalFolder === null ? [] : await copyJournal(source.journalFolder, place);
    const isDrained = await source.isDrained();
    release();
    onProgress('journal', 35);
    const blobs = await copyBlobs(source, options);
    const analytics = await copyAnalytics(source.analytics, place, (share) => onProgress('analytics', 60 + 40 * share));
    await copySecrets(options);
    const manifest: Manifest = {
      kind: 'genai-backup',
      version: BACKUP_VERSION,
      id: options.id,
      createdAt: new Date().toISOString(),
      platformVersion: source.platformVersion,
      journalKind: source.journalFolder === null ? 's3' : 'files',
      // Before the records were copied and still when the journal was: so nothing came in between.
      isDrained: source.journalFolder !== null && wasDrained && isDrained,
      secretId: source.secretId,
      hasSecrets: options.secretFiles.length > 0,
      ...records,
      analytics,
      journal,
      journalName: source.journalFolder === null ? null : await readFile(join(source.journalFolder, 'name'), 'utf8').catch(() => null),
      blobs,
    };
    await place.blobs.put(`${place.prefix}${MANIFEST}`, Buffer.from(`${JSON.stringify(manifest, null, 1)}\n`));
    return manifest;
  } finally {
    release();
  }
}

/** Segments as they are on disk now; the newest may end in the middle of a record, as after a crash. */
async function copyJournal(folder: string, place: Place): Promise<Manifest['journal']> {
  const segments = (await readdir(folder)).filter((name) => name.endsWith('.journal')).sort();
  const copied: Manifest['journal'] = [];
  for (const name of segments) {
    const chunks = createReadStream(join(folder, name), { highWaterMark: CHUNK_BYTES });
    copied.push({ name, ...(await packBytes(place, `journal/${name}`, chunks)) });
  }
  return copied;
}

async function copyBlobs({ blobs }: BackupSource, { place, withoutArchive, onProgress }: BackupOptions): Promise<Manifest['blobs']> {
  let sizeBytes = 0;
  let done = 0;
  const entries = async function* (): AsyncIterable<string> {
    for await (const key of keysOf(blobs)) {
      if (withoutArchive && key.startsWith(ARCHIVE)) continue;
      const body = await blobs.get(key);
      // Consumed and removed, or deleted, since it was listed.
      if (body === null) continue;
      await place.blobs.put(`${place.prefix}objects/${key}`, body);
      sizeBytes += body.byteLength;
      done += 1;
      onProgress('blobs', 35 + 25 * (1 - 1 / (1 + done / 100)));
      yield JSON.stringify({ key, sizeBytes: body.byteLength, sha256: sha256(body) });
    }
  };
  const lines = await packLines(place, 'blobs', entries());
  return { ...lines, sizeBytes };
}

/** The journal's objects first: what a worker stores and removes meanwhile is in the analytics when those are copied afterwards. */
async function* keysOf(blobs: Blobs): AsyncIterable<string> {
  yield* keysUnder(blobs, JOURNAL);
  for await (const key of keysUnder(blobs, '')) if (!key.startsWith(JOURNAL) && !key.startsWith(BACKUPS)) yield key;
}

async function* keysUnder(blobs: Blobs, prefix: string): AsyncIterable<string> {
  for (let after: string | undefined; ; ) {
    const page = await blobs.list(prefix, { limit: LIST_PAGE, ...(after === undefined ? {} : { after }) });
    for (const { key } of page) yield key;
    if (page.length < LIST_PAGE) return;
    after = page.at(-1)?.key;
  }
}

async function copyAnalytics(analytics: AnalyticsCopy, place: Place, onShare: (share: number) => void): Promise<Manifest['analytics']> {
  const tables = await analytics.tables();
  const all = tables.reduce((sum, { partitions }) => sum + partitions.length, 0);
  const copied: Manifest['analytics'] = [];
  for (const { table, columns, partitions } of tables) {
    for (const partition of partitions) {
      const lines = await packLines(place, `analytics/${table}/${partition}`, analytics.lines(table, columns, partition));
      copied.push({ table, columns, partition, ...lines });
      onShare(copied.length / all);
    }
  }
  onShare(1);
  return copied;
}

async function copySecrets({ place, secretFiles }: BackupOptions): Promise<void> {
  for (const path of secretFiles) await place.blobs.put(`${place.prefix}secrets/${secretName(path)}`, await readFile(path));
}

/** Names of a blob may not begin with a dot. */
function secretName(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return name === '.env' ? 'env' : name;
}
