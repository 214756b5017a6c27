// The archived journal as retention and deletion see it: which archives hold which projects and times, and an archive written again without some of its records.
import type { Blobs } from '#stores/blobs/port.ts';
import type { JournalRecord } from '#stores/journal/port.ts';
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';

export interface ArchiveDependencies {
  blobs: Blobs;
  records: Pick<Records, 'query'>;
  /** The records of an archive with the bytes of each (stores/journal/archived-segment.ts). */
  recordsOf: (archive: Uint8Array) => Iterable<{ record: JournalRecord; bytes: Buffer }>;
}

export const ARCHIVE_PREFIX = 'archive/';
const PAGE = 1_000;

export interface Rewritten {
  archives: number;
  records: number;
  bytes: number;
}

/** Notes what new archives hold, and forgets those that left. */
export async function indexArchives(dependencies: ArchiveDependencies): Promise<void> {
  const { blobs, records } = dependencies;
  const known = new Set((await records.query<{ key: string }>(sql`SELECT key FROM journal_archives`)).map(({ key }) => key));
  for (let after: string | undefined; ; ) {
    const page = await blobs.list(ARCHIVE_PREFIX, { ...(after === undefined ? {} : { after }), limit: PAGE });
    for (const { key } of page) {
      if (!known.delete(key)) await note(dependencies, key, await blobs.get(key));
    }
    if (page.length < PAGE) break;
    after = page.at(-1)?.key;
  }
  if (known.size > 0) await records.query(sql`DELETE FROM journal_archives WHERE key = ANY (${[...known]}::text[])`);
}

async function note({ records, recordsOf }: ArchiveDependencies, key: string, archive: Uint8Array | null): Promise<void> {
  if (archive === null) return;
  const projects = new Set<string>();
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { record } of recordsOf(archive)) {
    projects.add(record.project);
    const at = receivedAtMs(record);
    if (at === null) continue;
    first = Math.min(first, at);
    last = Math.max(last, at);
  }
  const instant = (ms: number): string | null => (Number.isFinite(ms) ? new Date(ms).toISOString() : null);
  await records.query(sql`
    INSERT INTO journal_archives AS stored (key, first_received_at, last_received_at, projects)
    VALUES (${key}, ${instant(first)}::timestamptz, ${instant(last)}::timestamptz, ${[...projects]}::text[])
    ON CONFLICT (key) DO UPDATE SET first_received_at = EXCLUDED.first_received_at, last_received_at = EXCLUDED.last_received_at, projects = EXCLUDED.projects, seen_at = now()`);
}

/** When a record came, as its header says. */
export function receivedAtMs({ parts }: JournalRecord): number | null {
  const text = parts[0]?.toString('latin1') ?? '';
  const found = /"(?:receivedAtUs|endedAtUs|startedAtUs)"\s*:\s*(\d{1,17})/.exec(text)?.[1];
  return found === undefined ? null : Number(found) / 1000;
}

/** Archives that hold records of a project; with `beforeMs` only those whose newest record came before it. */
export async function archivesOf(records: Pick<Records, 'query'>, projectId: string, beforeMs?: number): Promise<string[]> {
  const until = beforeMs === undefined ? null : new Date(beforeMs).toISOString();
  const rows = await records.query<{ key: string }>(sql`
    SELECT key FROM journal_archives WHERE ${projectId} = ANY (projects) AND (${until}::timestamptz IS NULL OR last_received_at < ${until}::timestamptz) ORDER BY key`);
  return rows.map(({ key }) => key);
}

/** Writes the archives again without the records that `leaves` names; an archive of which nothing is left goes. */
export async function rewriteArchives(
  dependencies: ArchiveDependencies,
  keys: Iterable<string>,
  leaves: (record: JournalRecord) => boolean,
): Promise<Rewritten> {
  const { blobs, records, recordsOf } = dependencies;
  const total: Rewritten = { archives: 0, records: 0, bytes: 0 };
  for (const key of keys) {
    const archive = await blobs.get(key);
    if (archive === null) continue;
    const kept: Buffer[] = [];
    let [dropped, droppedBytes] = [0, 0];
    for (const { record, bytes } of recordsOf(archive)) {
      if (leaves(record)) {
        dropped += 1;
        droppedBytes += bytes.byteLength;
      } else kept.push(bytes);
    }
    if (dropped === 0) continue;
    const rest = Buffer.concat(kept);
    if (kept.length > 0) await blobs.put(key, rest);
    else await blobs.remove(key);
    if (kept.length > 0) await note(dependencies, key, rest);
    else await records.query(sql`DELETE FROM journal_archives WHERE key = ${key}`);
    total.archives += 1;
    total.records += dropped;
    total.bytes += droppedBytes;
  }
  return total;
}
