// Dead letters over a real store and journal: listed with their reason, shown without secrets, sent again to the same entity however often, discarded for good.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createApp } from '#http/app.ts';
import type { Principal } from '#identity/principal.ts';
import { createFolder } from '#observe/fold/folder.ts';
import { batchRecord, event, otlpRecord, spansRequest } from '#observe/fold/records-fixture.ts';
import { StoredRows } from '#observe/fold/stored-rows-fixture.ts';
import { encodeHeader } from '#observe/ingest/header.ts';
import type { DeadLetterRow } from '#observe/rows.ts';
import { observation, PROJECT } from '#observe/store/rows-fixture.ts';
import { createWriter } from '#observe/store/writer.ts';
import { openReads, projectKey, type ReadsFixture } from '#observe/traces/reads-fixture.ts';
import { openJournalWriter } from '#stores/journal/open.ts';
import { JournalKind, type JournalWriter } from '#stores/journal/port.ts';
import { openJournalReader } from '#stores/journal/reader.ts';
import { planOf } from './plan.ts';
import { readable } from './readable.ts';
import { redriveRoutes } from './redrive.ts';
import { deadLetterRoutes, redriveStoreRoutes } from './routes.ts';

let reads: ReadsFixture;
let journal: JournalWriter;
const folder = mkdtempSync(join(tmpdir(), 'genai-dead-'));
const deletedTraces: string[] = [];
let consumed = 0n;

beforeAll(async () => {
  journal = await openJournalWriter(folder, { payloadLimitBytes: 1 << 30, moneyReserveBytes: 1 << 20 });
  const records = { query: async () => deletedTraces.map((trace_id) => ({ trace_id })) as never };
  reads = await openReads((analytics) => [...deadLetterRoutes(analytics), ...redriveStoreRoutes(analytics, records)]);
});
beforeEach(async () => {
  deletedTraces.length = 0;
  for (const table of ['dead_letters', 'observations', 'traces']) await reads.analytics.command({ text: `TRUNCATE TABLE ${table}`, parameters: {} });
});
afterAll(async () => {
  await journal?.close();
  await reads?.close();
  rmSync(folder, { recursive: true, force: true });
});

const letter = (over: Partial<DeadLetterRow>): DeadLetterRow => ({
  project_id: PROJECT,
  received_at: '2026-11-20T12:00:00.000000Z',
  sequence: '7',
  place: 'ingestion',
  reason: 'the reason',
  content: JSON.stringify(event('e', 'trace-create', 0, { id: 't' })),
  ...over,
});
const put = (...deadLetters: Partial<DeadLetterRow>[]) => reads.write({ deadLetters: deadLetters.map(letter) });
const list = async (query = '') =>
  (await reads.get(`/api/public/dead-letters${query}`)).body.data as unknown as { id: string; reason: string; beginning: string }[];

/** As the front serves it; `ask` is how it reaches the engine. */
async function redrive(body: unknown, principal: Principal = projectKey(PROJECT)): Promise<{ status: number; body: Record<string, unknown> }> {
  const who = async () => principal;
  const app = createApp({
    door: 'observe',
    routes: redriveRoutes({
      ingestion: { journal, mask: (_, bytes) => Buffer.from(bytes.toString('utf8').replaceAll('a@example.com', '[EMAIL]')) },
      ask: async (asker, path, asked) => (await reads.call('POST', path, asked, asker)).body,
    }),
    authenticate: { admin: who, observe: who, console: who },
    fallback: (http) => http.notFound(),
    onRequest: () => {},
  });
  const answer = await app.request('/api/public/dead-letters/redrive', { method: 'POST', body: JSON.stringify(body) });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

/** What was journaled since, folded into the store as the consumer does. */
async function consume(): Promise<number> {
  await journal.flush();
  const reader = openJournalReader(folder);
  const { records, lastSequence } = await reader.read(consumed, { maxBytes: 64 << 20 });
  await reader.close();
  const folding = createFolder({ lookup: new StoredRows(), price: null, retentionClass: () => 0, now: Date.now });
  const rows = await folding.fold(records);
  await createWriter(reads.analytics).write(rows, { firstSequence: consumed, lastSequence });
  consumed = lastSequence;
  return records.length;
}
const stored = async (table: 'observations' | 'traces') =>
  await reads.analytics.query<{ id: string; name: string | null; input: string | null }>({
    text: `SELECT id, name, input FROM ${table} FINAL ORDER BY id`,
    parameters: {},
  });

describe('what could not be stored', () => {
  it('is listed newest first, by reason and place, page by page, for its project alone', async () => {
    await put(
      { sequence: '1', received_at: '2026-11-20T10:00:00.000000Z', reason: 'bad' },
      { sequence: '2', received_at: '2026-11-20T11:00:00.000000Z', reason: 'bad', content: '{"a":1}' },
      { sequence: '3', received_at: '2026-11-20T12:00:00.000000Z', place: 'traces', reason: 'worse', content: '{"project_id":"project-1"}' },
    );
    // Folded once more: the same letter.
    await put({ sequence: '1', received_at: '2026-11-20T10:00:00.000000Z', reason: 'bad' });
    await put({ project_id: 'project-2', sequence: '4' });
    expect((await list()).map(({ reason }) => reason)).toEqual(['worse', 'bad', 'bad']);
    expect(await list('?place=traces')).toHaveLength(1);
    expect(await list('?reason=bad&toTimestamp=2026-11-20T10:30:00Z')).toHaveLength(1);
    const first = await reads.get('/api/public/dead-letters?limit=2');
    const second = await reads.get(`/api/public/dead-letters?limit=2&cursor=${encodeURIComponent(String(first.body.meta.cursor))}`);
    expect([first.body.data.length, second.body.data.length, second.body.meta]).toEqual([2, 1, {}]);
    expect((await reads.get('/api/public/dead-letters/reasons')).body.data).toMatchObject([
      { place: 'ingestion', reason: 'bad', count: 2, firstAt: '2026-11-20T10:00:00.000000Z', lastAt: '2026-11-20T11:00:00.000000Z' },
      { place: 'traces', reason: 'worse', count: 1 },
    ]);
    expect((await reads.get('/api/public/dead-letters', projectKey('project-2'))).body.data).toHaveLength(1);
    for (const bad of ['?cursor=x', '?limit=0', '?fromTimestamp=yesterday']) expect((await reads.get(`/api/public/dead-letters${bad}`)).status).toBe(400);
    expect((await reads.get('/api/public/dead-letters/nothing')).status).toBe(404);
  });

  it('is shown whole, without secrets', async () => {
    await put({ content: JSON.stringify({ type: 'x', body: { authorization: 'open sesame', note: 'uses sk-abcdefghijkl', picture: 'A'.repeat(500) } }) });
    const [{ id, beginning } = { id: '', beginning: '' }] = await list();
    expect(beginning).not.toContain('sk-abcdefghijkl');
    const { body } = await reads.get(`/api/public/dead-letters/${id}`);
    expect(body).toMatchObject({ form: 'json', truncated: false, redrive: { possible: false, problem: expect.stringContaining('still cannot be read') } });
    expect(body.content).toContain('"authorization": "[redacted]"');
    expect(body.content).toContain('uses [redacted]');
    expect(body.content).toContain('[500 characters of base64]');
    expect((await reads.get(`/api/public/dead-letters/${id}`, projectKey('project-2'))).status).toBe(404);
  });

  it('is discarded by id or by reason, and an empty choice is none', async () => {
    await put({ sequence: '1', reason: 'one' }, { sequence: '2', reason: 'two' }, { sequence: '3', reason: 'two' }, { project_id: 'project-2', reason: 'two' });
    const [{ id } = { id: '' }] = await list('?reason=one');
    for (const body of [{}, { ids: [] }, { ids: ['x'] }, { all: false }, { reason: 'two' }])
      expect((await reads.call('POST', '/api/public/dead-letters/discard', body)).status).toBe(400);
    expect(await reads.call('POST', '/api/public/dead-letters/discard', { ids: [id] })).toMatchObject({ status: 200, body: { discarded: 1 } });
    expect(await reads.call('POST', '/api/public/dead-letters/discard', { reason: 'two', all: true })).toMatchObject({ body: { discarded: 2 } });
    expect(await list()).toEqual([]);
    expect((await reads.get('/api/public/dead-letters', projectKey('project-2'))).body.data).toHaveLength(1);
  });
});

describe('sending again', () => {
  it('stores events as they came, masked by the rules of today, and the letter leaves; twice is once', async () => {
    const content = JSON.stringify(event('e1', 'trace-create', 0, { id: 'again', name: 'n', input: 'to a@example.com', timestamp: '2026-11-20T12:00:00Z' }));
    await put(
      { content },
      { sequence: '8', place: 'otlp', content: JSON.stringify(spansRequest([{ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), name: 'span' }])) },
    );
    const ids = (await list()).map(({ id }) => id);
    expect(await redrive({ ids })).toMatchObject({ status: 200, body: { redriven: 2, failed: [], left: 0 } });
    expect(await consume()).toBe(2);
    const traces = await stored('traces');
    expect(traces.find(({ id }) => id === 'again')).toEqual({ id: 'again', name: 'n', input: '"to [EMAIL]"' });
    expect((await stored('observations')).map(({ name }) => name)).toEqual(['span']);
    expect(await list()).toEqual([]);
    // The process died after the journal had it and before the letter left.
    await put({ content });
    await redrive({ all: true });
    await consume();
    expect(await stored('traces')).toEqual(traces);
  });

  it('puts refused rows back, never over a newer version, never into another project or a deleted trace', async () => {
    const row = (id: string, over = {}) => JSON.stringify(observation(id, { row_version: '5', name: 'refused', ...over }));
    await reads.write({ observations: [observation('newer', { row_version: '9', name: 'newer' })] });
    deletedTraces.push('gone');
    await put(
      { sequence: '5', place: 'observations', content: row('kept') },
      { sequence: '5', place: 'observations', content: row('newer') },
      { sequence: '5', place: 'observations', content: row('foreign', { project_id: 'project-2' }) },
      { sequence: '5', place: 'observations', content: row('late', { trace_id: 'gone' }) },
      { sequence: '5', place: 'observations', content: row('bad', { start_time: 'never' }) },
    );
    const { body } = await redrive({ place: 'observations', all: true });
    expect(body).toMatchObject({ redriven: 2, left: 3 });
    expect((body.failed as { problem: string }[]).map(({ problem }) => problem).sort()).toEqual([
      'Its trace was deleted.',
      'The row is not one of this project.',
      expect.stringContaining('The store still refuses it'),
    ]);
    expect((await stored('observations')).map(({ id, name }) => [id, name])).toEqual([
      ['kept', 'refused'],
      ['newer', 'newer'],
    ]);
    expect(await list()).toHaveLength(3);
  });

  it('leaves what it cannot send, with the reason, and takes at most a hundred', async () => {
    await put(
      { sequence: '1', place: 'gateway', content: '{}' },
      { sequence: '2', content: 'not json' },
      { sequence: '3', place: 'fold', content: '{"kind":"trace","id":"x"}' },
      { sequence: '4', place: 'otlp', content: '["a","b"]' },
    );
    const { body } = await redrive({ all: true });
    expect(body).toMatchObject({ redriven: 0, left: 4 });
    expect((body.failed as { problem: string }[]).map(({ problem }) => problem)).toEqual(
      expect.arrayContaining([expect.stringContaining('money'), expect.stringContaining('not JSON'), expect.stringContaining('Only the name')]),
    );
    await reads.call('POST', '/api/public/dead-letters/discard', { all: true });
    await put(
      ...Array.from({ length: 130 }, (_, index) => ({
        sequence: String(index),
        content: JSON.stringify(event(`e${index}`, 'trace-create', 0, { id: `t${index}` })),
      })),
    );
    expect((await redrive({ all: true })).body).toMatchObject({ redriven: 100, left: 30 });
    expect((await redrive({ all: true })).body).toMatchObject({ redriven: 30, left: 0 });
    await consume();
    expect(await stored('traces')).toHaveLength(130);
  });

  it('is told to wait while the journal is full, and loses no letter', async () => {
    await put({});
    const append = journal.append;
    journal.append = () => null;
    expect((await redrive({ all: true })).status).toBe(503);
    journal.append = append;
    expect(await list()).toHaveLength(1);
  });
});

describe('a plan', () => {
  it('is found for every form in which a record or an event is kept', () => {
    const batch = batchRecord(1, [event('e', 'trace-create', 0, { id: 't' })]);
    const spans = otlpRecord(2, spansRequest([{ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), name: 'n' }]));
    const ofRecord = (kind: number, parts: readonly Buffer[]) => planOf(letter0(`fold:${kind}`, Buffer.concat(parts).toString('base64')));
    expect(ofRecord(batch.kind, batch.parts)).toMatchObject({ kind: JournalKind.ingestionBatch, body: batch.parts[1] });
    expect(ofRecord(spans.kind, spans.parts)).toMatchObject({ kind: JournalKind.otlpTraces, header: { contentType: 'application/json' } });
    expect(planOf(letter0('ingestion', String(batch.parts[1])))).toMatchObject({ body: batch.parts[1] });
    expect(planOf(letter0('otlp', String(spans.parts[1])))).toMatchObject({ kind: JournalKind.otlpTraces });
    expect(
      ofRecord(3, [
        encodeHeader({ receivedAtUs: 1, contentType: '', sdk: { name: '', version: '', integration: '' }, refused: [] }),
        Buffer.from('{"batch":[]}'),
      ]),
    ).toEqual({
      problem: 'Nothing in it could be stored.',
    });
  });

  const letter0 = (place: string, content: string) => ({ id: '1-a', received_at: '2026-11-20T12:00:00.000000Z', sequence: '1', place, reason: '', content });

  it('and what is shown end on any content', () => {
    const places = fc.constantFrom(
      'ingestion',
      'otlp',
      'otlp-logs',
      'otlp-metrics',
      'fold',
      'fold:3',
      'fold:4',
      'fold:6',
      'fold:7',
      'gateway',
      'traces',
      'other',
    );
    const contents = fc.oneof(
      fc.string(),
      fc.json(),
      fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('base64')),
      fc.string().map((text) => Buffer.from(`{"receivedAtUs":1}${text}`).toString('base64')),
    );
    fc.assert(
      fc.property(places, contents, (place, content) => {
        const plan = planOf(letter0(place, content));
        expect('table' in plan || 'problem' in plan || plan.body.length > 0).toBe(true);
        expect(readable(content).content.length).toBeLessThanOrEqual(256 * 1024);
      }),
      { numRuns: 300 },
    );
  });
});
