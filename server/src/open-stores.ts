// Opens the stores of the front in their order: data folder (lock), records (embedded or by URL, migrated), blobs, journal.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { refuseUnfinished } from '#backup/restore-backup.ts';
import type { Settings } from '#settings/settings.ts';
import { openFilesystemBlobs } from '#stores/blobs/filesystem.ts';
import type { Blobs } from '#stores/blobs/port.ts';
import { openJournalWriter } from '#stores/journal/open.ts';
import type { JournalAppender, JournalWriter } from '#stores/journal/port.ts';
import { type FileJournalReader, openJournalReader } from '#stores/journal/reader.ts';
import { SharedJournalWriter } from '#stores/journal/shared-writer.ts';
import { openSocketAppender } from '#stores/journal/socket-appender.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '#stores/records/embedded.ts';
import { migrateRecords } from '#stores/records/migrate.ts';
import type { Records } from '#stores/records/port.ts';
import { openRecords } from '#stores/records/postgres.ts';
import { sql } from '#stores/records/sql.ts';
import type { Log } from '#telemetry/log.ts';

/** How another process reaches the same records. */
export type RecordsAddress = { connectionString: string; listenConnectionString?: string; iam?: { region: string | null } } | { socketFolder: string };

export interface Stores {
  records: Records;
  /** The same records by connections for money alone, which give up soon. */
  moneyRecords: Records;
  recordsAddress: RecordsAddress;
  blobs: Blobs;
  journal: JournalWriter;
  /** Where accepted events go; the same as `journal` unless machines share one. */
  events: JournalAppender;
  reader: FileJournalReader;
  /** Another reader of the same journal, with a place of its own. */
  openReader: () => FileJournalReader;
  /** Names of this journal's consumers in `consumer_positions`. */
  consumers: { ledger: string; analytics: string; callbacks: string };
  /** Where this journal's segments lie among the blobs: several journals may share a bucket. */
  archivePrefix: string;
  close(): Promise<void>;
}

const POOL_SIZE = 4;
/** Of the embedded server: front, engine and login; and each process that answers calls beside the front. */
const CONNECTIONS = 14;
const CONNECTIONS_A_WORKER = 6;
/** One for the commit on its way, one to ask whether PostgreSQL is back. Opened by the first statement. */
const MONEY_CONNECTIONS = { poolSize: 2, statementTimeoutMs: 4_000, answerTimeoutMs: 5_000, connectTimeoutMs: 2_000 };

/** Opens everything; what was opened is closed again when a later store fails. @throws AppError that says what to do. */
export async function openStores(settings: Settings, log: Log, onProgress: (text: string) => void): Promise<Stores> {
  const closers: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.reverse()) await closer();
  };
  try {
    const { address, postgres } = await recordsAddress(settings, log, onProgress);
    if (postgres !== null) closers.push(() => postgres.stop());
    const records = openRecords({ ...address, poolSize: POOL_SIZE, onError: (error) => log.warn('a connection to the records was lost', { error }) });
    closers.push(() => records.close());
    await refuseUnfinished(records);
    const moneyRecords = openRecords({ ...address, ...MONEY_CONNECTIONS, onError: () => {} });
    closers.push(() => moneyRecords.close());
    await migrateRecords(records);
    const blobs = await openBlobs(settings);
    closers.push(() => blobs.close());
    const folder = join(settings.dataDir, 'journal');
    const journal = await openJournalWriter(folder, {
      payloadLimitBytes: settings.limits.payloadJournalBytes,
      moneyReserveBytes: settings.limits.moneyJournalBytes,
      continueAfter: await furthestPosition(records),
    });
    closers.push(() => journal.close());
    const openReader = (): FileJournalReader =>
      openJournalReader(folder, { onCorrupt: (place) => log.error('a damaged place in the journal was skipped', { ...place }) });
    const reader = openReader();
    closers.push(() => reader.close());
    const events = await openEvents(settings, { journal, blobs, records, log });
    if (events !== journal) closers.push(() => events.close());
    const name = journalName(folder);
    // Records of one's own serve one journal; shared ones serve the journal of every process.
    const suffix = settings.recordsUrl === null ? '' : `@${name}`;
    const consumers = { ledger: `ledger${suffix}`, analytics: `analytics${suffix}`, callbacks: `callbacks${suffix}` };
    const archivePrefix = settings.blobs === null ? 'archive/' : `archive/${name}/`;
    return { records, moneyRecords, recordsAddress: address, blobs, journal, events, reader, openReader, consumers, archivePrefix, close };
  } catch (error) {
    await close().catch(() => undefined);
    throw error;
  }
}

/** The S3 client is loaded only where it is used: it is larger than the rest of the front. */
export async function openBlobs(settings: Settings): Promise<Blobs> {
  if (settings.blobs === null) return await openFilesystemBlobs(join(settings.dataDir, 'blobs'));
  const { openS3Blobs } = await import('#stores/blobs/s3.ts');
  return await openS3Blobs(settings.blobs);
}

/** Events in memory until S3 has them; ingestion answers 503 beyond. */
const SHARED_JOURNAL_BYTES = 128 * 1024 * 1024;

/** Where accepted events and settled calls go to be stored. */
async function openEvents(settings: Settings, own: { journal: JournalWriter; blobs: Blobs; records: Records; log: Log }): Promise<JournalAppender> {
  if (settings.front?.journal != null) return await openSocketAppender(settings.front.journal);
  return settings.journal === 's3' ? shareJournal(own.blobs, own.records, own.log) : own.journal;
}

function shareJournal(blobs: Blobs, records: Records, log: Log): JournalAppender {
  const onFault = (error: unknown): void => log.warn('the shared journal could not be written; it is tried again', { error });
  return new SharedJournalWriter({ blobs, records, limitBytes: SHARED_JOURNAL_BYTES, onFault });
}

/** The name that a journal's folder keeps: of several journals that share records or a bucket each has its own. */
function journalName(journalFolder: string): string {
  const file = join(journalFolder, 'name');
  if (!existsSync(file)) writeFileSync(file, randomBytes(8).toString('hex'), { mode: 0o600, flush: true });
  return readFileSync(file, 'utf8').trim();
}

/** How a PostgreSQL by URL is reached. */
export function externalRecords(
  { recordsListenUrl, recordsIam, s3 }: Settings,
  connectionString: string,
): Extract<RecordsAddress, { connectionString: string }> {
  return {
    connectionString,
    ...(recordsListenUrl == null ? {} : { listenConnectionString: recordsListenUrl }),
    ...(recordsIam === true ? { iam: { region: s3.region } } : {}),
  };
}

async function recordsAddress(
  settings: Settings,
  log: Log,
  onProgress: (text: string) => void,
): Promise<{ address: RecordsAddress; postgres: EmbeddedPostgres | null }> {
  if (settings.recordsUrl !== null) return { address: externalRecords(settings, settings.recordsUrl), postgres: null };
  const postgres = await startEmbeddedPostgres({
    folder: join(settings.dataDir, 'postgres'),
    maxConnections: CONNECTIONS + CONNECTIONS_A_WORKER * (settings.workers ?? 1),
    onProgress,
    onEvent: (event) => log[event.kind === 'restarted' ? 'info' : 'error'](event.message, { kind: event.kind }),
  });
  return { address: { socketFolder: postgres.socketFolder }, postgres };
}

/** A journal folder that was lost must not count from 1 again: the stores would take its records for old ones. */
async function furthestPosition(records: Records): Promise<bigint> {
  const [row] = await records.query<{ sequence: string | null }>(sql`SELECT max(sequence) AS sequence FROM consumer_positions`);
  return BigInt(row?.sequence ?? 0);
}

/** The sequence that every consumer in `names` has passed, or null when one of them never reported. */
export async function consumedByAll(records: Records, names: readonly string[]): Promise<bigint | null> {
  const rows = await records.query<{ name: string; sequence: string }>(sql`SELECT name, sequence FROM consumer_positions`);
  let least: bigint | null = null;
  for (const name of names) {
    const row = rows.find((candidate) => candidate.name === name);
    if (row === undefined) return null;
    const sequence = BigInt(row.sequence);
    if (least === null || sequence < least) least = sequence;
  }
  return least;
}
