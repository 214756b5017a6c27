// The fold over the real tables: what it reads back from chDB joins as if it had never been stored.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createLookup } from '#observe/store/lookup.ts';
import { temporaryAnalytics } from '#observe/store/rows-fixture.ts';
import { createWriter } from '#observe/store/writer.ts';
import type { JournalRecord } from '#stores/journal/port.ts';
import { createFolder } from './folder.ts';
import { observationRow, observationState } from './observation-row.ts';
import { at, batchRecord, callRecord, event, NOW_US, PROJECT, settledCall } from './records-fixture.ts';
import { scoreRow, scoreState } from './score-row.ts';
import { StoredRows } from './stored-rows-fixture.ts';
import { traceRow, traceState } from './trace-row.ts';

let store: Awaited<ReturnType<typeof temporaryAnalytics>>;
beforeAll(async () => {
  store = await temporaryAnalytics();
});
afterAll(async () => {
  await store.close();
});

const CALL_ID = '019ab0d2c4007abc8def0123456789ab';
const bodies: [string, number, Record<string, unknown>][] = [
  ['generation-update', 3, { id: 'g', output: 'late', costDetails: { input: 10_000_000, output: 1e-12 }, endTime: at(-1) }],
  ['trace-create', 1, { id: 't', name: 'ひとつ', metadata: { a: { b: 1 }, s: 'text' }, tags: ['x'], input: { q: 1 }, timestamp: '0001-01-01T00:00:00Z' }],
  [
    'generation-create',
    0,
    {
      id: 'g',
      traceId: 't',
      startTime: at(-90_000),
      model: 'm',
      usage: { input: 5 },
      metadata: { a: { c: 'x' } },
      environment: 'prod',
      promptName: 'p',
      promptVersion: 2,
    },
  ],
  ['trace-create', 2, { id: 't', metadata: { a: { d: null } }, tags: ['y'], public: true }],
  ['score-create', 4, { id: 's', traceId: 't', name: 'q', value: 0.1, comment: 'c' }],
  ['score-create', 5, { id: 's', traceId: 't', name: 'q', value: 'good', comment: null }],
  ['trace-create', 6, { id: CALL_ID, name: 'ticket' }],
  ['generation-update', 7, { id: 'g', metadata: { a: { b: 2 } } }],
];

it('gives the same rows as the fold in memory', async () => {
  const lookup = createLookup(store.analytics);
  const writer = createWriter(store.analytics);
  const memory = new StoredRows();
  const shared = { price: null, retentionClass: () => 0, now: () => NOW_US / 1000 };
  const inStore = createFolder({ lookup, cacheBytes: 1, ...shared });
  const inMemory = createFolder({ lookup: memory, ...shared });
  const batches = bodies.map(
    ([type, ms, body], index) =>
      (sequence: number) =>
        batchRecord(sequence, [event(`e${index}`, type, ms, body)]),
  );
  const makers: ((sequence: number) => JournalRecord)[] = [
    (sequence) => callRecord(sequence, settledCall(), '{"messages":[]}', '{"id":"c","choices":[{"message":{"content":"a"}}]}'),
    ...batches,
  ];
  for (const [index, make] of makers.entries()) {
    const records = [make(index + 1)];
    const rows = await inStore.fold(records);
    expect((await writer.write(rows, { firstSequence: BigInt(index + 1), lastSequence: BigInt(index + 1) })).deadLetters).toBe(0);
    inStore.committed();
    memory.write(await inMemory.fold(records));
    inMemory.committed();
  }
  const key = (id: string) => [{ projectId: PROJECT, id }];
  // Both through their state, so that only what was said counts and not how each store writes an instant.
  const facts = { retentionClass: () => 0, price: null };
  const shown = (row: { stamps: string; row_version: string; received_at: string; updated_at: string }) => ({
    ...row,
    stamps: '',
    row_version: '',
    received_at: '',
    updated_at: '',
  });
  for (const id of ['g', CALL_ID.slice(16)]) {
    const [stored] = await lookup.observations(key(id));
    const [expected] = await memory.observations(key(id));
    expect(stored?.is_trace).toBe(0);
    expect(shown(observationRow(observationState(stored!), false, facts))).toEqual(shown(observationRow(observationState(expected!), false, facts)));
  }
  for (const id of ['t', CALL_ID]) {
    const [stored] = await lookup.traces(key(id));
    const [expected] = await memory.traces(key(id));
    expect(shown(traceRow(traceState(stored!), facts))).toEqual(shown(traceRow(traceState(expected!), facts)));
  }
  const [score] = await lookup.scores(key('s'));
  const [expected] = await memory.scores(key('s'));
  expect(shown(scoreRow(scoreState(score!), facts))).toEqual(shown(scoreRow(scoreState(expected!), facts)));
  expect(score).toMatchObject({ string_value: 'good', value: null, comment: null });
});
