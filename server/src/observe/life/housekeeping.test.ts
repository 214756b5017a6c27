// A run of retention over stored rows, archived journal and media together, with a moved clock: each leaves at its time, and another project's stay.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { blobKey } from '#observe/media/blob-key.ts';
import { folded, type TemporaryAnalytics, temporaryAnalytics, trace } from '#observe/store/rows-fixture.ts';
import { createWriter } from '#observe/store/writer.ts';
import { openFilesystemBlobs } from '#stores/blobs/filesystem.ts';
import type { Blobs } from '#stores/blobs/port.ts';
import { recordsOfArchive } from '#stores/journal/archived-segment.ts';
import { openJournalWriter } from '#stores/journal/open.ts';
import { JournalKind } from '#stores/journal/port.ts';
import { sql } from '#stores/records/sql.ts';
import { startTestRecords, type TestRecords } from '#stores/records/test-records.ts';
import { createHousekeeping } from './housekeeping.ts';

const DAY_MS = 86_400_000;
/** A Monday. */
const WEEK = Date.UTC(2026, 10, 2);
let database: TestRecords;
let store: TemporaryAnalytics;
let blobs: Blobs;
const folder = mkdtempSync(join(tmpdir(), 'genai-life-'));

beforeAll(async () => {
  database = await startTestRecords();
  store = await temporaryAnalytics();
  blobs = await openFilesystemBlobs(join(folder, 'blobs'));
  await database.records.query(sql`INSERT INTO organizations (id, name, retention_days) VALUES ('o', 'O', 30)`);
  await database.records.query(
    sql`INSERT INTO projects (id, organization_id, name, retention_days) VALUES ('project-1', 'o', 'as the organisation', NULL), ('p2', 'o', 'for ever', 0)`,
  );
});
afterAll(async () => {
  await store?.close();
  await database?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function archive(...records: [project: string, atMs: number, body: string][]): Promise<void> {
  const journal = await openJournalWriter(join(folder, 'journal'), { payloadLimitBytes: 1 << 30, moneyReserveBytes: 1 << 20 });
  for (const [project, atMs, body] of records)
    journal.append('payload', JournalKind.ingestionBatch, project, [Buffer.from(JSON.stringify({ receivedAtUs: atMs * 1000 })), Buffer.from(body)], () => {});
  await journal.flush();
  await journal.roll();
  await journal.release(1n << 60n, (name, path) => blobs.putFile(`archive/${name}`, path));
  await journal.close();
}
async function archived(): Promise<string[]> {
  const found: string[] = [];
  for (const { key } of await blobs.list('archive/'))
    for (const { record } of recordsOfArchive((await blobs.get(key)) as Uint8Array)) found.push(String(record.parts[1]));
  return found;
}
async function medium(id: string, project: string, traceId: string): Promise<string> {
  const key = blobKey({ project_id: project, id });
  await blobs.put(key, Buffer.from(id));
  await database.records.query(
    sql`INSERT INTO media (project_id, id, sha256_hash, content_type, content_length, uploaded_at) VALUES (${project}, ${id}, 'x', 'image/png', 9, now())`,
  );
  await database.records.query(
    sql`INSERT INTO media_links (project_id, media_id, trace_id, field, created_at) VALUES (${project}, ${id}, ${traceId}, 'input', ${new Date(WEEK).toISOString()}::timestamptz)`,
  );
  return key;
}

it('removes rows, archived records and media at their age, and nothing before', async () => {
  await createWriter(store.analytics).write(
    folded({
      traces: [
        trace('old', { timestamp: '2026-11-02T10:00:00.000000Z', retention_class: 4 }),
        trace('theirs', { project_id: 'p2', timestamp: '2026-11-02T10:00:00.000000Z' }),
      ],
    }),
    { firstSequence: 1n, lastSequence: 1n },
  );
  await archive(['project-1', WEEK, 'ours'], ['p2', WEEK, 'theirs'], ['project-1', WEEK + DAY_MS, 'ours too']);
  await archive(['project-1', WEEK + 20 * DAY_MS, 'ours of later']);
  const [ours, shared] = [await medium('m-ours', 'project-1', 'old'), await medium('m-theirs', 'p2', 'theirs')];
  const faults: unknown[] = [];
  const housekeeping = createHousekeeping({
    analytics: store.analytics,
    records: database.records,
    blobs,
    recordsOf: recordsOfArchive,
    onError: (error) => faults.push(error),
  });

  await housekeeping.retain(WEEK + 29 * DAY_MS);
  expect(faults).toEqual([]);
  expect(await archived()).toEqual(['ours', 'theirs', 'ours too', 'ours of later']);
  expect(await blobs.get(ours)).not.toBeNull();
  expect(await store.analytics.query(sql2())).toHaveLength(2);

  // The newest record of the first archive is thirty days old; the trace's week ends six days later.
  await housekeeping.retain(WEEK + 32 * DAY_MS);
  expect(await archived()).toEqual(['theirs', 'ours of later']);
  expect(await store.analytics.query(sql2())).toHaveLength(2);
  expect(await blobs.get(ours)).not.toBeNull();

  await housekeeping.retain(WEEK + 37 * DAY_MS);
  expect(await store.analytics.query(sql2())).toEqual([{ id: 'theirs' }]);
  expect([await blobs.get(ours), (await blobs.get(shared)) !== null]).toEqual([null, true]);

  await housekeeping.retain(WEEK + 60 * DAY_MS);
  expect(await archived()).toEqual(['theirs']);
  expect(faults).toEqual([]);
  expect(housekeeping.counts()).toMatchObject({ runs: 4, failures: 0, partitions: 1, rows: 1, archivedRecords: 3, media: 1, mediaBytes: 9 });
});

const sql2 = () => ({ text: 'SELECT id FROM traces ORDER BY id', parameters: {} });
