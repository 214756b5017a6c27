import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { FoldedRows } from '#observe/rows.ts';
import type { JournalRecord } from '#stores/journal/port.ts';
import { createFolder } from './folder.ts';
import { batchRecord, callRecord, event, NOW_US, nanos, otlpRecord, settledCall, spansRequest } from './records-fixture.ts';
import { StoredRows } from './stored-rows-fixture.ts';

const CALL_ID = '019ab0d2c4007abc8def0123456789ab';
const TRACES = ['trace-a', 'trace-b', CALL_ID, 'ab'.repeat(16)] as const;
const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined, freq: 2 });

const traceEvent = fc
  .record({
    id: fc.constantFrom(...TRACES),
    name: maybe(fc.constantFrom('one', 'two')),
    timestamp: maybe(fc.constantFrom('2026-11-23T11:00:00Z', '2026-11-23T11:05:00Z')),
    metadata: maybe(fc.constantFrom<unknown>({ a: { b: 1 } }, { a: { c: 'x' } }, 'text', { a: null })),
    tags: maybe(fc.subarray(['x', 'y'])),
    output: maybe(fc.constantFrom<unknown>('out', 0, '', { deep: [1] })),
  })
  .map((body) => ({ type: 'trace-create', body }));
const observationEvent = fc
  .record({
    type: fc.constantFrom('span-create', 'span-update', 'generation-create', 'generation-update', 'event-create'),
    id: fc.constantFrom('o1', 'o2'),
    traceId: maybe(fc.constantFrom(...TRACES)),
    name: maybe(fc.constantFrom('one', 'two')),
    startTime: maybe(fc.constantFrom('2026-11-23T11:00:00Z', '2026-11-23T11:30:00.5Z', '0001-01-01T00:00:00Z')),
    endTime: maybe(fc.constantFrom('2026-11-23T11:10:00Z', '2026-11-23T10:00:00Z')),
    usage: maybe(fc.constantFrom({ input: 1, output: 2 }, { promptTokens: 5 })),
    input: maybe(fc.constantFrom<unknown>('in', null, false)),
  })
  .map(({ type, ...body }) => ({ type, body }));
const scoreEvent = fc
  .record({
    id: fc.constantFrom('s1', 's2'),
    traceId: fc.constantFrom('trace-a', 'trace-b'),
    value: fc.constantFrom<number | string>(1, 0.5, 'good'),
    comment: maybe(fc.constantFrom('c', null)),
  })
  .map((body) => ({ type: 'score-create', body: { ...body, name: 'quality' } }));

/** Unique event ids: one id is one content. */
const events = fc
  .array(fc.record({ what: fc.oneof(traceEvent, observationEvent, scoreEvent), at: fc.integer({ min: 0, max: 4 }) }), { minLength: 1, maxLength: 14 })
  .map((list) => list.map(({ what, at }, index) => event(`event-${index}`, what.type, at, what.body)));

const wholes: ((sequence: number) => JournalRecord)[] = [
  (sequence) => callRecord(sequence, settledCall({ callId: CALL_ID }), '{"messages":[]}', '{"id":"chatcmpl-1","choices":[{"message":{"content":"hi"}}]}'),
  (sequence) => callRecord(sequence, settledCall({ callId: '019ab0d2c5007abc8def0123456789ac', traceId: 'ab'.repeat(16), parentSpanId: '00000000000000aa' })),
  (sequence) =>
    otlpRecord(
      sequence,
      spansRequest([{ traceId: 'ab'.repeat(16), spanId: '00000000000000aa', name: 'outer', startTimeUnixNano: nanos(0), endTimeUnixNano: nanos(9) }]),
    ),
];

async function foldAll(groups: JournalRecord[][], options: { cacheBytes?: number; abandon?: boolean } = {}): Promise<StoredRows> {
  const store = new StoredRows();
  const folder = createFolder({
    lookup: store,
    price: null,
    retentionClass: (_, environment) => (environment === 'default' ? 0 : 1),
    now: () => NOW_US / 1000,
    ...options,
  });
  for (const group of groups) {
    if (options.abandon === true) {
      await folder.fold(group);
      folder.abandoned();
    }
    const rows: FoldedRows = await folder.fold(group);
    expect(rows.deadLetters).toEqual([]);
    store.write(rows);
    folder.committed();
  }
  return store;
}

function facts(store: StoredRows, ignore: readonly string[] = []): unknown {
  return [store.observationRows, store.traceRows, store.scoreRows].map((rows) =>
    rows.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => !['stamps', ...ignore].includes(name)))),
  );
}

const recordsOf = (batch: unknown[], withWhole: boolean): JournalRecord[] => {
  const records = batch.map((one) => (sequence: number) => batchRecord(sequence, [one]));
  const all = withWhole ? [...records, ...wholes] : records;
  return all.map((make, index) => make(index + 1));
};

it('gives the same rows however the records are cut into folds, abandoned or evicted on the way', async () => {
  await fc.assert(
    fc.asyncProperty(events, fc.integer({ min: 1, max: 4 }), fc.boolean(), async (batch, size, abandon) => {
      const records = recordsOf(batch, true);
      const cut: JournalRecord[][] = [];
      for (let index = 0; index < records.length; index += size) cut.push(records.slice(index, index + size));
      const whole = facts(await foldAll([records]), ['row_version', 'updated_at', 'received_at']);
      expect(facts(await foldAll(cut, { abandon }), ['row_version', 'updated_at', 'received_at'])).toEqual(whole);
      // Without a cache only what the store holds is known: a caller's span that comes after its gateway call is not recognised.
      const evicted = ['row_version', 'updated_at', 'received_at', 'cost_source'];
      expect(facts(await foldAll(cut, { cacheBytes: 1 }), evicted)).toEqual(facts(await foldAll([records]), evicted));
    }),
    { numRuns: 150 },
  );
});

it('gives the same rows in any order and with any repetition', async () => {
  await fc.assert(
    fc.asyncProperty(events, fc.array(fc.nat(), { minLength: 30, maxLength: 30 }), async (batch, keys) => {
      const shuffled = [...batch, ...batch.slice(0, 3)].map((one, index) => ({ one, key: keys[index % keys.length] as number })).sort((a, b) => a.key - b.key);
      const ignore = ['row_version', 'updated_at', 'received_at'];
      const straight = facts(await foldAll([recordsOf(batch, false)]), ignore);
      const other = recordsOf(
        shuffled.map(({ one }) => one),
        false,
      );
      expect(facts(await foldAll(other.map((record) => [record])), ignore)).toEqual(straight);
    }),
    { numRuns: 150 },
  );
});

it('writes nothing new when a stretch of the journal is folded again into the store that has it', async () => {
  await fc.assert(
    fc.asyncProperty(events, async (batch) => {
      const records = recordsOf(batch, true);
      const store = await foldAll([records]);
      const before = facts(store);
      const again = createFolder({
        lookup: store,
        price: null,
        retentionClass: (_, environment) => (environment === 'default' ? 0 : 1),
        now: () => NOW_US / 1000 + 60_000,
      });
      store.write(await again.fold(records));
      expect(facts(store)).toEqual(before);
    }),
    { numRuns: 100 },
  );
});
