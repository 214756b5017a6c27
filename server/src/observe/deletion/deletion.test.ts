// Deletion through journal, folder, consumer, chDB and PostgreSQL as they are: gone at once, gone for what still arrives, and ended after a crash.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFolder } from '#observe/fold/folder.ts';
import { otelReadRoutes } from '#observe/otel/routes.ts';
import { settle } from '#observe/rollups/settle.ts';
import { scoreRoutes } from '#observe/scores/routes.ts';
import { type Consumer, startConsumer } from '#observe/store/consumer.ts';
import { createLookup } from '#observe/store/lookup.ts';
import { createPositions } from '#observe/store/positions.ts';
import { PROJECT } from '#observe/store/rows-fixture.ts';
import { createWriter } from '#observe/store/writer.ts';
import { openReads, projectKey, type ReadsFixture } from '#observe/traces/reads-fixture.ts';
import { traceRoutes } from '#observe/traces/routes.ts';
import { sql as analyticsSql, text } from '#stores/analytics/sql.ts';
import { openFilesystemBlobs } from '#stores/blobs/filesystem.ts';
import { recordsOfArchive } from '#stores/journal/archived-segment.ts';
import { openJournalWriter } from '#stores/journal/open.ts';
import { JournalKind, type JournalWriter } from '#stores/journal/port.ts';
import { openJournalReader } from '#stores/journal/reader.ts';
import { firstSequenceOf } from '#stores/journal/segment.ts';
import { sql } from '#stores/records/sql.ts';
import { startTestRecords, type TestRecords } from '#stores/records/test-records.ts';
import { createDeletedTraces, withoutDeleted } from './deleted-traces.ts';
import { createDeletions, type DeletionDependencies, resumeDeletions } from './deletions.ts';
import { purgeDeletions } from './purge.ts';
import { noteLate } from './receipts.ts';
import { deletionRoutes, receiptRoutes } from './routes.ts';

let database: TestRecords;
let reads: ReadsFixture;
let journal: JournalWriter;
let consumer: Consumer;
let dependencies: DeletionDependencies;
let leftOut = 0;
const folder = mkdtempSync(join(tmpdir(), 'genai-journal-'));
const at = '2026-11-20T12:00:00.000Z';

beforeAll(async () => {
  database = await startTestRecords();
  journal = await openJournalWriter(folder, { payloadLimitBytes: 1 << 30, moneyReserveBytes: 1 << 20 });
  reads = await openReads((analytics) => {
    const deleted = createDeletedTraces(database.records);
    const fold = createFolder({ lookup: createLookup(analytics), price: null, retentionClass: () => 0, now: Date.now });
    consumer = startConsumer({
      reader: openJournalReader(folder),
      folder: fold,
      writer: withoutDeleted(createWriter(analytics), deleted, async ({ rows, traces, lastSequence }) => {
        leftOut += rows;
        await noteLate(
          database.records,
          PROJECT,
          traces.map(({ traceId }) => traceId),
          lastSequence,
        );
      }),
      positions: createPositions(database.records, 'deletion'),
      minRoundMs: 5,
    });
    dependencies = { analytics, records: database.records, deleted, consumer, folder: fold };
    return [
      ...traceRoutes(analytics),
      ...scoreRoutes(analytics),
      ...deletionRoutes(createDeletions(dependencies)),
      ...receiptRoutes(database.records),
      ...otelReadRoutes(analytics, database.records),
    ];
  });
});
afterAll(async () => {
  await consumer?.stop();
  await journal?.close();
  await reads?.close();
  await database?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Accepts events as the ingestion route does and waits until they are folded. Returns their sequence. */
async function ingest(...events: [type: string, body: Record<string, unknown>][]): Promise<bigint> {
  const batch = events.map(([type, body]) => ({ id: crypto.randomUUID(), type, timestamp: new Date().toISOString(), body }));
  const header = Buffer.from(
    JSON.stringify({ receivedAtUs: Date.now() * 1000, contentType: 'application/json', sdk: { name: '', version: '', integration: '' }, refused: [] }),
  );
  const sequence = await new Promise<bigint>((resolve, reject) => {
    const given = journal.append('payload', JournalKind.ingestionBatch, PROJECT, [header, Buffer.from(JSON.stringify({ batch }))], (error) =>
      error ? reject(error) : resolve(given as bigint),
    );
  });
  expect(await consumer.reached(sequence, 10_000)).toBe(true);
  return sequence;
}

const LOGGED = '0af7651916cd43dd8448eb211c80319c';

/** Accepts log records of traces as the OTLP door does and waits until they are stored. */
async function journalLogs(...lines: [traceId: string, body: string][]): Promise<bigint> {
  const logRecords = lines.map(([traceId, body]) => ({ traceId, body: { stringValue: body }, timeUnixNano: String(Date.parse(at) * 1e6) }));
  const header = { receivedAtUs: Date.now() * 1000, contentType: 'application/json', sdk: {}, refused: [] };
  const parts = [header, { resourceLogs: [{ scopeLogs: [{ logRecords }] }] }].map((part) => Buffer.from(JSON.stringify(part)));
  const sequence = await new Promise<bigint>((resolve, reject) => {
    const given = journal.append('payload', JournalKind.otlpLogs, PROJECT, parts, (error) => (error ? reject(error) : resolve(given as bigint)));
  });
  expect(await consumer.reached(sequence, 10_000)).toBe(true);
  return sequence;
}

const whole = (id: string): [string, Record<string, unknown>][] => [
  ['trace-create', { id, timestamp: at, name: id, input: 'secret' }],
  ['span-create', { id: `${id}-span`, traceId: id, startTime: at, name: 'span' }],
  ['score-create', { id: `${id}-score`, traceId: id, name: 'quality', value: 1 }],
];
const status = async (path: string) => (await reads.get(path)).status;
const traceStatus = (id: string) => status(`/api/public/traces/${encodeURIComponent(id)}`);

describe('a deleted trace', () => {
  it('is gone with its observations and scores, alone or with others', async () => {
    await ingest(...whole('a'), ...whole('b'), ...whole('c'), ...whole('stays'));
    expect(await reads.call('DELETE', '/api/public/traces/a')).toEqual({ status: 200, body: { message: 'Trace deleted successfully' } });
    expect([await traceStatus('a'), await status('/api/public/scores/a-score'), await traceStatus('b')]).toEqual([404, 404, 200]);
    expect(await reads.call('DELETE', '/api/public/traces', { traceIds: ['b', 'c', 'never'] })).toMatchObject({ status: 200 });
    expect([await traceStatus('b'), await traceStatus('c'), await traceStatus('stays')]).toEqual([404, 404, 200]);
    expect((await reads.get('/api/public/traces')).body.data.map((item) => item.id)).toEqual(['stays']);
    const rows = await dependencies.analytics.query<{ input: string }>({ text: "SELECT input FROM traces FINAL WHERE id = 'a'", parameters: {} });
    expect(rows).toEqual([]);
  });

  it('stays gone when events of it still arrive', async () => {
    const before = leftOut;
    await ingest(
      ['span-update', { id: 'a-span', traceId: 'a', endTime: at }],
      ['trace-create', { id: 'a', name: 'again' }],
      ['score-create', { id: 'late', traceId: 'a', name: 'q', value: 1 }],
    );
    expect([await traceStatus('a'), await status('/api/public/scores/late')]).toEqual([404, 404]);
    expect(leftOut - before).toBeGreaterThanOrEqual(3);
    expect(await traceStatus('stays')).toBe(200);
  });

  it('of another project is not touched', async () => {
    await reads.call('DELETE', '/api/public/traces/stays', undefined, projectKey('project-2'));
    expect(await traceStatus('stays')).toBe(200);
  });

  it('is refused in the contract’s words when the list is wrong', async () => {
    for (const body of [{}, { traceIds: [] }, { traceIds: ['x'], more: 1 }, { traceIds: Array.from({ length: 1_001 }, String) }])
      expect((await reads.call('DELETE', '/api/public/traces', body)).status).toBe(400);
  });

  it('is buried at the next start when the process died in between', async () => {
    await ingest(...whole('half'));
    await dependencies.deleted.remember(PROJECT, ['half']);
    expect(await traceStatus('half')).toBe(200);
    await resumeDeletions(dependencies);
    expect(await traceStatus('half')).toBe(404);
    expect(await dependencies.deleted.unburied(10)).toEqual([]);
  });
});

describe('a deleted score', () => {
  it('is gone, and the same id may be used again for a new one', async () => {
    await ingest(['score-create', { id: 'thumb', traceId: 'stays', name: 'thumb', value: 1, comment: 'old' }]);
    expect(await reads.call('DELETE', '/api/public/scores/thumb')).toEqual({ status: 202, body: { message: 'Score deletion queued successfully' } });
    expect(await status('/api/public/scores/thumb')).toBe(404);
    await ingest(['score-create', { id: 'thumb', traceId: 'stays', name: 'thumb', value: 0 }]);
    expect((await reads.get('/api/public/scores/thumb')).body).toMatchObject({ value: 0, comment: null });
  });
});

/** Bytes of the files under a folder that hold the text. */
const holding = (place: string, marker: string): string[] =>
  readdirSync(place, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => readFileSync(file).includes(marker));

describe('the purge', () => {
  const marker = 'MARKER-7f3a';
  const others = 'STAYS-7f3a';
  const everywhere = (text: string) => [...holding(folder, text), ...holding(reads.path, text)];

  it('takes a deleted trace out of every file, and the receipt says what and when', async () => {
    const { analytics } = dependencies;
    const { records } = database;
    // Plain files can be looked into; replaced parts leave at once.
    for (const table of ['observations', 'traces', 'scores', 'otel_logs', 'dead_letters', 'observation_rollups'])
      await analytics.command({
        text: `ALTER TABLE ${table} MODIFY SETTING old_parts_lifetime = 0, cleanup_delay_period = 1, max_cleanup_delay_period = 1`,
        parameters: {},
      });
    for (const table of ['observations', 'traces']) {
      for (const column of ['input', 'output'])
        await analytics.command({ text: `ALTER TABLE ${table} MODIFY COLUMN ${column} Nullable(String) CODEC(NONE)`, parameters: {} });
    }
    for (const table of ['observations', 'observation_rollups'])
      await analytics.command({ text: `ALTER TABLE ${table} MODIFY COLUMN name Nullable(String) CODEC(NONE)`, parameters: {} });
    await analytics.command({ text: 'ALTER TABLE otel_logs MODIFY COLUMN body Nullable(String) CODEC(NONE)', parameters: {} });
    await records.query(sql`INSERT INTO organizations (id, name) VALUES ('o', 'O')`);
    await records.query(sql`INSERT INTO projects (id, organization_id, name) VALUES (${PROJECT}, 'o', 'P')`);
    await records.query(
      sql`INSERT INTO comments (id, project_id, object_type, object_id, content) VALUES ('c1', ${PROJECT}, 'OBSERVATION', 'gone-span', 'x'), ('c2', ${PROJECT}, 'TRACE', 'left', 'y')`,
    );
    await ingest(
      ['trace-create', { id: 'gone', timestamp: at, name: 'gone', input: marker }],
      ['span-create', { id: 'gone-span', traceId: 'gone', startTime: at, name: `of ${marker}`, output: marker }],
      ['score-create', { id: 'gone-score', traceId: 'gone', name: 'quality', value: 1 }],
    );
    // An update that names the observation only.
    await ingest(['span-update', { id: 'gone-span', input: `${marker} late` }]);
    await ingest(['trace-create', { id: 'left', timestamp: at, name: 'left', input: others }]);
    // Log records name their trace too; no row of it is told apart by a tombstone.
    const logs = await journalLogs([LOGGED, marker], ['0af7651916cd43dd8448eb211c80319d', others]);
    expect(await reads.call('DELETE', `/api/public/traces/${LOGGED}`)).toMatchObject({ status: 200 });
    expect((await reads.get('/api/public/otel/logs')).body.data.map(({ body }) => body)).toEqual([others]);
    expect(await journalLogs([LOGGED, marker])).toBeGreaterThan(logs);
    expect((await reads.get('/api/public/otel/logs')).body.data).toHaveLength(1);
    expect(everywhere(marker).length).toBeGreaterThan(1);
    // Names stand in what was added up too.
    while ((await settle({ analytics, now: Date.now })).more);
    const [rolled] = await analytics.query<{ rows: string }>(
      analyticsSql`SELECT count() AS rows FROM observation_rollups WHERE name = ${text(`of ${marker}`)}`,
    );
    expect(Number(rolled?.rows)).toBeGreaterThan(0);

    expect(await reads.call('DELETE', '/api/public/traces/gone')).toMatchObject({ status: 200 });
    const [receipt, ofLogs] = (await reads.get('/api/public/deletions')).body.data as unknown as [{ id: string }, { id: string }];
    expect(receipt).toMatchObject({ kind: 'traces', subjects: ['gone'], status: 'hidden', goneAt: null });

    const blobs = await openFilesystemBlobs(join(folder, 'blobs'));
    const purge = () =>
      purgeDeletions({
        analytics,
        records,
        blobs,
        recordsOf: recordsOfArchive,
        journalHolds: async (sequence) => (await readdir(folder)).some((name) => (firstSequenceOf(name) ?? sequence + 1n) <= sequence),
      });
    await purge();
    // The journal still holds what was received.
    await purge();
    expect((await reads.get(`/api/public/deletions/${receipt.id}`)).body).toMatchObject({ status: 'hidden', archiveRewrittenAt: null });
    await journal.roll();
    await journal.release(1n << 62n, (name, path) => blobs.putFile(`archive/${name}`, path));
    const read = async (id = receipt.id) => (await reads.get(`/api/public/deletions/${id}`)).body as Record<string, unknown>;
    for (let look = 0; look < 300 && (await read()).goneAt === null; look += 1) {
      await purge();
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(await read()).toMatchObject({
      status: 'gone',
      removed: { observations: 1, traces: 1, scores: 1, comments: 1, archivedRecords: 2 },
      goneAt: expect.any(String),
    });
    expect(Number((await read()).removedBytes)).toBeGreaterThan(2 * marker.length);
    for (let look = 0; look < 300 && (await read(ofLogs.id)).goneAt === null; look += 1) {
      await purge();
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(await read(ofLogs.id)).toMatchObject({ status: 'gone', removed: { otelLogs: 1, archivedRecords: 2 } });
    expect(everywhere(marker)).toEqual([]);
    expect(everywhere(others).length).toBeGreaterThan(1);
    expect(await records.query(sql`SELECT id FROM comments ORDER BY id`)).toEqual([{ id: 'c2' }]);

    // A score that was sent again under its id stays.
    await ingest(['score-create', { id: 'again', traceId: 'left', name: 'q', value: 1 }]);
    await reads.call('DELETE', '/api/public/scores/again');
    await ingest(['score-create', { id: 'again', traceId: 'left', name: 'q', value: 0 }]);
    await purge();
    expect((await reads.get('/api/public/scores/again')).body).toMatchObject({ value: 0 });
    expect((await reads.get('/api/public/deletions')).body.data[0]).toMatchObject({ kind: 'score', removed: { scores: 1 } });

    // What comes afterwards is in no row, and leaves the archive too.
    await ingest(['span-create', { id: 'late-span', traceId: 'gone', startTime: at, name: 's', output: marker }]);
    expect(await read()).toMatchObject({ status: 'hidden' });
    await journal.roll();
    await journal.release(1n << 62n, (name, path) => blobs.putFile(`archive/${name}`, path));
    expect(everywhere(marker)).toHaveLength(1);
    for (let look = 0; look < 100 && (await read()).goneAt === null; look += 1) await purge();
    expect(everywhere(marker)).toEqual([]);
  }, 120_000);
});
