// Deletion through journal, folder, consumer, chDB and PostgreSQL as they are: gone at once, gone for what still arrives, and ended after a crash.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFolder } from '#observe/fold/folder.ts';
import { scoreRoutes } from '#observe/scores/routes.ts';
import { type Consumer, startConsumer } from '#observe/store/consumer.ts';
import { createLookup } from '#observe/store/lookup.ts';
import { createPositions } from '#observe/store/positions.ts';
import { PROJECT } from '#observe/store/rows-fixture.ts';
import { createWriter } from '#observe/store/writer.ts';
import { openReads, projectKey, type ReadsFixture } from '#observe/traces/reads-fixture.ts';
import { traceRoutes } from '#observe/traces/routes.ts';
import { openJournalWriter } from '#stores/journal/open.ts';
import { JournalKind, type JournalWriter } from '#stores/journal/port.ts';
import { openJournalReader } from '#stores/journal/reader.ts';
import { startTestRecords, type TestRecords } from '#stores/records/test-records.ts';
import { createDeletedTraces, withoutDeleted } from './deleted-traces.ts';
import { createDeletions, type DeletionDependencies, resumeDeletions } from './deletions.ts';
import { deletionRoutes } from './routes.ts';

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
      writer: withoutDeleted(createWriter(analytics), deleted, (rows) => {
        leftOut += rows;
      }),
      positions: createPositions(database.records, 'deletion'),
      minRoundMs: 5,
    });
    dependencies = { analytics, deleted, consumer, folder: fold };
    return [...traceRoutes(analytics), ...scoreRoutes(analytics), ...deletionRoutes(createDeletions(dependencies))];
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
