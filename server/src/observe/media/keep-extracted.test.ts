// Media taken out of events of every door on their way to the store, with real PostgreSQL and a folder of blobs: one object a content, links to the traces, the same again after a repeated delivery.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createFolder } from '#observe/fold/folder.ts';
import { batchRecord, callRecord, event, nanos, otlpRecord, PROJECT, settledCall, spansRequest } from '#observe/fold/records-fixture.ts';
import { StoredRows } from '#observe/fold/stored-rows-fixture.ts';
import type { FoldedRows } from '#observe/rows.ts';
import { openFilesystemBlobs } from '#stores/blobs/filesystem.ts';
import type { Blobs } from '#stores/blobs/port.ts';
import type { JournalRecord } from '#stores/journal/port.ts';
import { sql } from '#stores/records/sql.ts';
import { startTestRecords, type TestRecords } from '#stores/records/test-records.ts';
import { createMediaKeeper } from './keep-extracted.ts';

let database: TestRecords;
let blobs: Blobs;
const folder = mkdtempSync(join(tmpdir(), 'genai-media-'));

beforeAll(async () => {
  database = await startTestRecords();
  blobs = await openFilesystemBlobs(folder);
  await database.records.query(sql`INSERT INTO organizations (id, name) VALUES ('o', 'O')`);
});
beforeEach(async () => {
  await database.records.query(sql`DELETE FROM projects`);
  await database.records.query(sql`DELETE FROM deleted_traces`);
  await database.records.query(sql`INSERT INTO projects (id, organization_id, name) VALUES (${PROJECT}, 'o', 'P')`);
});
afterAll(async () => {
  await database?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const PICTURE = Buffer.from('\x89PNG a picture of at least forty-eight bytes, so that it counts as one', 'latin1');
const OTHER = Buffer.from('\x89PNG another picture of at least forty-eight bytes, so that it counts', 'latin1');
const uri = (bytes: Buffer) => `data:image/png;base64,${bytes.toString('base64')}`;

const fold = async (store: StoredRows, records: JournalRecord[], over: Partial<Blobs> = {}): Promise<FoldedRows> => {
  const media = createMediaKeeper({ records: database.records, blobs: Object.assign(Object.create(blobs) as Blobs, over) });
  const folding = createFolder({ lookup: store, price: null, retentionClass: () => 0, now: Date.now, media });
  const rows = await folding.fold(records);
  store.write(rows);
  folding.committed();
  return rows;
};
const media = () =>
  database.records.query<{ id: string; content_type: string; content_length: string; here: boolean }>(
    sql`SELECT id, content_type, content_length, uploaded_at IS NOT NULL AS here FROM media ORDER BY content_length`,
  );
const links = () => database.records.query(sql`SELECT trace_id, observation_id, field FROM media_links ORDER BY trace_id, observation_id, field`);
const TRACE = '0af7651916cd43dd8448eb211c80319c';

const batch = (...ids: number[]) =>
  batchRecord(ids[0] as number, [
    event('e1', 'trace-create', 0, { id: 'trace-1', input: { picture: uri(PICTURE) }, metadata: { shot: uri(OTHER), plain: 'x' } }),
    event('e2', 'generation-create', 1, { id: 'g', traceId: 'trace-1', input: [{ type: 'image_url', image_url: { url: uri(PICTURE) } }] }),
    // Names its observation only.
    event('e3', 'generation-update', 2, { id: 'g', output: { source: { type: 'base64', media_type: 'image/png', data: OTHER.toString('base64') } } }),
  ]);

describe('media of events', () => {
  it('are kept once, linked to every trace, and named by references', async () => {
    const store = new StoredRows();
    await fold(store, [batch(1)]);
    const [one, other] = (await media()).map(({ id }) => id) as [string, string];
    expect(await media()).toEqual([
      { id: one, content_type: 'image/png', content_length: String(OTHER.length), here: true },
      { id: other, content_type: 'image/png', content_length: String(PICTURE.length), here: true },
    ]);
    const token = (id: string) => `@@@langfuseMedia:type=image/png|id=${id}|source=base64_data_uri@@@`;
    expect(store.traceRows).toMatchObject([{ input: JSON.stringify({ picture: token(other) }), metadata: { shot: token(one), plain: 'x' } }]);
    expect(store.observationRows).toMatchObject([
      {
        input: JSON.stringify([{ type: 'image_url', image_url: { url: token(other) } }]),
        output: JSON.stringify({ source: { type: 'base64', media_type: 'image/png', data: token(one) } }),
      },
    ]);
    expect(await links()).toEqual([
      { trace_id: 'trace-1', observation_id: '', field: 'input' },
      { trace_id: 'trace-1', observation_id: '', field: 'metadata' },
      { trace_id: 'trace-1', observation_id: 'g', field: 'input' },
      { trace_id: 'trace-1', observation_id: 'g', field: 'output' },
    ]);
    const keys = (await blobs.list('media/', { limit: 10 })).map(({ key }) => key);
    expect(await Promise.all(keys.map((key) => blobs.get(key).then((bytes) => Buffer.from(bytes as Uint8Array).toString('latin1'))))).toEqual(
      expect.arrayContaining([PICTURE.toString('latin1'), OTHER.toString('latin1')]),
    );
    expect(JSON.stringify([store.traceRows, store.observationRows])).not.toContain('base64,');

    // The same record again, and the same events in another one.
    const before = [store.traceRows, store.observationRows].map((rows) => rows.map(({ row_version: _, updated_at: __, ...row }) => row));
    await fold(store, [batch(1)]);
    await fold(store, [batch(2)]);
    expect([store.traceRows, store.observationRows].map((rows) => rows.map(({ row_version: _, updated_at: __, ...row }) => row))).toEqual(before);
    expect(await media()).toHaveLength(2);
    expect(await links()).toHaveLength(4);
  });

  it('of an observation whose trace an earlier round knew are linked to that trace', async () => {
    const store = new StoredRows();
    await fold(store, [batchRecord(1, [event('a', 'span-create', 0, { id: 's', traceId: 'trace-9', name: 'n' })])]);
    await fold(store, [batchRecord(2, [event('b', 'span-update', 5, { id: 's', output: uri(PICTURE) })])]);
    expect(await links()).toEqual([{ trace_id: 'trace-9', observation_id: 's', field: 'output' }]);
  });

  it('of OpenTelemetry spans and of gateway calls are found the same way', async () => {
    const span = {
      traceId: TRACE,
      spanId: 'b7ad6b7169203331',
      name: 'chat',
      startTimeUnixNano: nanos(0),
      endTimeUnixNano: nanos(5),
      attributes: { 'langfuse.observation.input': JSON.stringify([{ image: uri(PICTURE) }]) },
    };
    const store = new StoredRows();
    await fold(store, [otlpRecord(1, spansRequest([span]))]);
    const request = { model: 'm', messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: uri(PICTURE) } }] }] };
    await fold(store, [
      callRecord(2, settledCall(), JSON.stringify(request), JSON.stringify({ choices: [{ message: { role: 'assistant', content: 'a cat' } }] })),
    ]);
    expect(await media()).toHaveLength(1);
    expect(store.observationRows).toHaveLength(2);
    for (const row of store.observationRows) expect(row.input).toMatch(/@@@langfuseMedia:type=image\/png\|id=[\w-]{22}\|source=base64_data_uri@@@/);
    expect(new Set((await links()).map(({ field }) => field))).toEqual(new Set(['input']));
  });

  it('of a deleted trace are not kept, and of a deleted project stay where they stand', async () => {
    await database.records.query(sql`INSERT INTO deleted_traces (project_id, trace_id) VALUES (${PROJECT}, 'trace-1')`);
    await fold(new StoredRows(), [batch(1)]);
    expect(await media()).toEqual([]);
    await database.records.query(sql`DELETE FROM projects`);
    const store = new StoredRows();
    await fold(store, [batch(1)]);
    expect(store.traceRows[0]?.input).toContain('base64,');
  });

  it('wait with their round while the blobs are away, and nothing is half kept', async () => {
    const away = async (): Promise<never> => Promise.reject(new Error('EIO'));
    await expect(fold(new StoredRows(), [batch(1)], { put: away })).rejects.toMatchObject({ status: 503, code: 'media_away' });
    expect((await media()).every(({ here }) => !here)).toBe(true);
    await fold(new StoredRows(), [batch(1)]);
    expect((await media()).map(({ here }) => here)).toEqual([true, true]);
  });
});
