// Tail sampling through journal, folder, consumer, analytics and PostgreSQL as they are: what is kept is what a pure function over the traces says, whatever comes late, twice, or in the middle of a crash.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDeletedTraces, type DeletedTraces, withoutDeleted } from '#observe/deletion/deleted-traces.ts';
import { createFolder } from '#observe/fold/folder.ts';
import { otelReadRoutes } from '#observe/otel/routes.ts';
import { type Consumer, startConsumer } from '#observe/store/consumer.ts';
import { createLookup } from '#observe/store/lookup.ts';
import { createPositions } from '#observe/store/positions.ts';
import { PROJECT } from '#observe/store/rows-fixture.ts';
import { createWriter } from '#observe/store/writer.ts';
import { openReads, type ReadsFixture } from '#observe/traces/reads-fixture.ts';
import { traceRoutes } from '#observe/traces/routes.ts';
import { openFilesystemBlobs } from '#stores/blobs/filesystem.ts';
import type { Blobs } from '#stores/blobs/port.ts';
import { openJournalWriter } from '#stores/journal/open.ts';
import { JournalKind, type JournalWriter } from '#stores/journal/port.ts';
import { openJournalReader } from '#stores/journal/reader.ts';
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import { startTestRecords, type TestRecords } from '#stores/records/test-records.ts';
import { leftOutDays } from './left-out.ts';
import { isInShare, type SamplingRule, samplingRule, verdictOn } from './rule.ts';
import { openSampler, type Sampler } from './runner.ts';
import { type SettleDependencies, settleBatch } from './settle.ts';

const at = Date.UTC(2026, 10, 20, 12);
const iso = (ms: number): string => new Date(at + ms).toISOString();
type Event = [type: string, body: Record<string, unknown>];

let database: TestRecords;
beforeAll(async () => {
  database = await startTestRecords();
  await database.records.query(sql`INSERT INTO organizations (id, name) VALUES ('o', 'O')`);
  await database.records.query(sql`INSERT INTO projects (id, organization_id, name) VALUES (${PROJECT}, 'o', 'P')`);
});
afterAll(async () => await database?.stop());

describe.each(['chdb', 'http'] as const)('tail sampling over %s', (engine) => {
  const folder = mkdtempSync(join(tmpdir(), 'genai-sampling-'));
  let reads: ReadsFixture;
  let journal: JournalWriter;
  let consumer: Consumer;
  let deleted: DeletedTraces;
  let blobs: Blobs;
  let sampler: Sampler;
  let dependencies: SettleDependencies;
  let run = 0;

  beforeAll(async () => {
    journal = await openJournalWriter(folder, { payloadLimitBytes: 1 << 30, moneyReserveBytes: 1 << 20 });
    blobs = await openFilesystemBlobs(join(folder, 'blobs'));
    reads = await openReads((analytics) => [...traceRoutes(analytics), ...otelReadRoutes(analytics, database.records)], engine);
    dependencies = { analytics: reads.analytics, records: database.records, blobs };
    deleted = createDeletedTraces(database.records);
    sampler = await openSampler({
      ...dependencies,
      onError: (error) => {
        throw error;
      },
    });
    consumer = startConsumer({
      reader: openJournalReader(folder),
      folder: createFolder({ lookup: createLookup(reads.analytics), price: null, retentionClass: () => 0, now: Date.now }),
      writer: withoutDeleted(sampler.noting(createWriter(reads.analytics)), deleted, ({ traces }) => sampler.late(traces.filter((one) => one.sampledOut))),
      positions: createPositions(database.records, `sampling-${engine}`),
      minRoundMs: 5,
      pollMs: 10,
    });
  });
  afterAll(async () => {
    await sampler?.stop();
    await consumer?.stop();
    await journal?.close();
    await reads?.close();
    await blobs?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    run += 1;
  });
  afterEach(async () => await setRule(null));

  /** Sets the rule and waits until it is known. Of its shortest rest nothing is asked here. */
  async function setRule(rule: SamplingRule | null): Promise<void> {
    const stored = rule === null ? null : JSON.stringify(rule);
    await database.records.query(sql`UPDATE projects SET sampling_rule = ${stored}::jsonb WHERE id = ${PROJECT}`);
    // A trace that nobody's share keeps is noted only while there is a rule.
    await database.records.query(sql`DELETE FROM sampling_waiting`);
    for (let known = false; !known; ) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      const seen: string[] = [];
      const probe = sampler.noting({ write: async () => ({ written: 0, deadLetters: 0 }) });
      await probe.write(
        { traces: [{ project_id: PROJECT, id: 'probe' }], observations: [], scores: [], otelLogs: [], otelMetrics: [], deadLetters: [] } as never,
        {
          firstSequence: 0n,
          lastSequence: 0n,
        },
      );
      for (const row of await database.records.query<{ trace_id: string }>(sql`DELETE FROM sampling_waiting WHERE trace_id = 'probe' RETURNING trace_id`))
        seen.push(row.trace_id);
      known = seen.length > 0 === (rule !== null && !isInShare('probe', rule.share));
    }
  }

  async function journalBatch(kind: number, body: unknown): Promise<void> {
    const header = { receivedAtUs: Date.now() * 1000, contentType: 'application/json', sdk: { name: '', version: '', integration: '' }, refused: [] };
    const parts = [header, body].map((part) => Buffer.from(JSON.stringify(part)));
    const sequence = await new Promise<bigint>((resolve, reject) => {
      const given = journal.append('payload', kind as never, PROJECT, parts, (error) => (error ? reject(error) : resolve(given as bigint)));
    });
    expect(await consumer.reached(sequence, 20_000)).toBe(true);
  }

  const ingest = (...events: Event[]) =>
    journalBatch(JournalKind.ingestionBatch, {
      batch: events.map(([type, body], index) => ({ id: `${type}-${String(body.id)}-${index}`, type, timestamp: new Date().toISOString(), body })),
    });

  /** Judges everything that waits. */
  async function settle(rule: SamplingRule, given: SettleDependencies = dependencies): Promise<void> {
    const from = Date.now() + 1;
    while (consumer.state().atEndAtMs < from) await new Promise((resolve) => setTimeout(resolve, 5));
    while ((await settleBatch(given, { consumer, deleted }, { projectId: PROJECT, rule })) !== null);
  }

  const named = (name: string): string => `${engine}-${run}-${name}`;
  const stored = async (): Promise<string[]> => {
    const { body } = await reads.get(`/api/public/traces?limit=100&sessionId=${named('session')}`);
    return body.data.map(({ id }) => String(id)).sort();
  };
  const counted = async (reason: 'share' | 'late') => {
    const days = (await leftOutDays(database.records, PROJECT, 100)).filter((day) => day.reason === reason);
    return days.reduce(
      (sum, day) => ({ traces: sum.traces + day.traces, observations: sum.observations + day.observations, errors: sum.errors + day.errors }),
      { traces: 0, observations: 0, errors: 0 },
    );
  };
  const nothingKept = { ...samplingRule.parse({ share: 0 }), quietSeconds: 0 };
  const whole = (id: string, over: Record<string, unknown> = {}): Event[] => [
    ['trace-create', { id, timestamp: iso(0), name: 'chat', input: 'hello', sessionId: named('session') }],
    ['span-create', { id: `${id}-span`, traceId: id, startTime: iso(0), endTime: iso(100), name: 'span', ...over }],
  ];

  const traceShape = fc.record({
    error: fc.boolean(),
    durationMs: fc.constantFrom(0, 100, 1_000, 5_000),
    cost: fc.constantFrom(0, 0.25, 1, 2),
    environment: fc.constantFrom('default', 'dev', 'prod'),
    tags: fc.uniqueArray(fc.constantFrom('a', 'b', 'vip'), { maxLength: 2 }),
    name: fc.constantFrom('chat', 'search', 'checkout'),
    score: fc.boolean(),
    comment: fc.constantFrom('none', 'none', 'trace', 'observation'),
    withOwnRow: fc.boolean(),
  });
  const ruleShape: fc.Arbitrary<SamplingRule> = fc.record({
    share: fc.constantFrom(0, 0.1, 0.5, 1),
    quietSeconds: fc.constant(0),
    keep: fc.record({
      errors: fc.boolean(),
      scores: fc.boolean(),
      slowerThanMs: fc.constantFrom(500, 1_000, 1_000_000),
      costAbove: fc.constantFrom(0.5, 1, 1_000),
      environments: fc.constantFrom<string[]>([], ['prod']),
      tags: fc.constantFrom<string[]>([], ['vip']),
      names: fc.constantFrom<string[]>([], ['checkout', 'search']),
    }),
  });

  it('keeps exactly what the rule says of each trace, whatever the order and duplication of its events', { timeout: 300_000 }, async () => {
    const shapes = fc.array(traceShape, { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(ruleShape, shapes, fc.infiniteStream(fc.nat()), async (rule, traces, numbers) => {
        run += 1;
        await setRule(rule);
        const before = await counted('share');
        const events: Event[] = [];
        const expected: string[] = [];
        let observations = 0;
        for (const [index, shape] of traces.entries()) {
          const id = named(String(index));
          const { environment, tags, name } = shape;
          const facts = {
            ...{ traceId: id, errors: shape.error ? 1 : 0, open: 0, latencyMs: shape.durationMs, cost: shape.cost, scores: shape.score ? 1 : 0 },
            ...{ environments: [environment], tags, names: [name], inUse: shape.comment !== 'none' },
          };
          if (verdictOn(facts, rule) === 'kept') expected.push(id);
          else observations += 2;
          events.push([
            'trace-create',
            { id, timestamp: iso(0), name, tags, environment, sessionId: named('session'), ...(shape.withOwnRow ? { userId: 'somebody' } : {}) },
          ]);
          events.push(['generation-create', { id: `${id}-g`, traceId: id, startTime: iso(0), environment, model: 'unknown-model' }]);
          events.push(['generation-update', { id: `${id}-g`, traceId: id, endTime: iso(shape.durationMs), costDetails: { total: shape.cost }, environment }]);
          events.push(['event-create', { id: `${id}-e`, traceId: id, startTime: iso(0), level: shape.error ? 'ERROR' : 'DEFAULT', environment }]);
          if (shape.score) events.push(['score-create', { id: `${id}-s`, traceId: id, name: 'quality', value: 1, environment }]);
          if (shape.comment !== 'none')
            await database.records.query(sql`
              INSERT INTO comments (id, project_id, object_type, object_id, content)
              VALUES (${`${id}-c`}, ${PROJECT}, ${shape.comment === 'trace' ? 'TRACE' : 'OBSERVATION'}, ${shape.comment === 'trace' ? id : `${id}-e`}, 'x')`);
        }
        const order = numbers[Symbol.iterator]();
        const next = (below: number): number => (order.next().value as number) % below;
        const delivered = [...events, ...events.filter(() => next(3) === 0)].map((event) => ({ event, place: next(1_000) }));
        delivered.sort((one, other) => one.place - other.place);
        const half = next(delivered.length + 1);
        for (const part of [delivered.slice(0, half), delivered.slice(half)]) if (part.length > 0) await ingest(...part.map(({ event }) => event));
        await settle(rule);
        expect(await stored()).toEqual(expected.sort());
        const after = await counted('share');
        expect([after.traces - before.traces, after.observations - before.observations]).toEqual([traces.length - expected.length, observations]);
        expect(await database.records.query(sql`SELECT 1 FROM sampling_waiting`)).toEqual([]);
      }),
      { numRuns: 6 },
    );
  });

  it('leaves late and repeated events of a trace that was left out where they are, counts them, and says how many were errors', async () => {
    await setRule(nothingKept);
    await ingest(...whole(named('gone')));
    expect(await stored()).toEqual([named('gone')]);
    await settle(nothingKept);
    expect(await stored()).toEqual([]);
    const before = await counted('late');
    await ingest(...whole(named('gone')), ['event-create', { id: 'late', traceId: named('gone'), startTime: iso(5), level: 'ERROR' }]);
    await ingest(['span-update', { id: `${named('gone')}-span`, traceId: named('gone'), output: 'more' }]);
    await settle(nothingKept);
    expect(await stored()).toEqual([]);
    const late = await counted('late');
    expect(late.observations - before.observations).toBeGreaterThanOrEqual(2);
    expect(late.errors - before.errors).toBe(1);
    // Another process, which remembers nothing of its own, decides the same.
    const elsewhere = createDeletedTraces(database.records);
    const rows = { traces: [{ project_id: PROJECT, id: named('gone') }], observations: [], scores: [], otelLogs: [], otelMetrics: [], deadLetters: [] };
    expect((await elsewhere.without(rows as never)).kept.traces).toEqual([]);
  });

  it('is ended by the next process when this one dies while rows are hidden, and counts once', async () => {
    await setRule(nothingKept);
    await ingest(...whole(named('half')), ...whole(named('other')));
    const before = await counted('share');
    const { analytics } = dependencies;
    let inserts = 0;
    const dying = {
      ...dependencies,
      analytics: {
        ...{
          query: analytics.query.bind(analytics),
          stream: analytics.stream.bind(analytics),
          command: analytics.command.bind(analytics),
          writeFile: analytics.writeFile.bind(analytics),
          close: async () => {},
        },
        insert: async (...args: Parameters<typeof analytics.insert>) => {
          inserts += 1;
          if (inserts > 1) throw new Error('killed');
          return await analytics.insert(...args);
        },
      },
    };
    await expect(settle(nothingKept, dying)).rejects.toThrow('killed');
    expect((await stored()).length).toBeGreaterThan(0);
    expect(await database.records.query(sql`SELECT 1 FROM sampling_waiting`)).toEqual([]);
    const next = await openSampler({
      ...dependencies,
      onError: (error) => {
        throw error;
      },
    });
    next.begin(() => ({ consumer, deleted: createDeletedTraces(database.records) }));
    while ((await deleted.unburied(1, 'sampled out')).length > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    await next.stop();
    expect(await stored()).toEqual([]);
    expect((await counted('share')).traces - before.traces).toBe(2);
  });

  it('judges by itself what became quiet, before and after a restart', async () => {
    const rule = { ...nothingKept, quietSeconds: 1 };
    await setRule(rule);
    await ingest(...whole(named('quiet')), ...whole(named('error'), { level: 'ERROR' }));
    expect(await stored()).toEqual([named('error'), named('quiet')]);
    const restarted = await openSampler({
      ...dependencies,
      onError: (error) => {
        throw error;
      },
    });
    restarted.begin(() => ({ consumer, deleted }));
    while ((await stored()).length > 1) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await stored()).toEqual([named('error')]);
    expect(restarted.counts()).toMatchObject({ traces: 1, observations: 1, failures: 0 });
    await restarted.stop();
  });

  it('waits for the end of what has begun, and for the verdict while rows are not stored yet', async () => {
    await setRule(nothingKept);
    await ingest(['span-create', { id: named('open'), traceId: named('t'), startTime: iso(0), name: 'slow' }]);
    await settle(nothingKept);
    expect(await database.records.query(sql`SELECT trace_id FROM sampling_waiting`)).toEqual([{ trace_id: named('t') }]);
    expect(await deleted.unburied(1, 'sampled out')).toEqual([]);
    await ingest(['span-update', { id: named('open'), traceId: named('t'), endTime: iso(9), level: 'ERROR' }]);
    await settle(nothingKept);
    expect(
      (
        await deleted.without({
          observations: [],
          traces: [{ project_id: PROJECT, id: named('t') }],
          scores: [],
          otelLogs: [],
          otelMetrics: [],
          deadLetters: [],
        } as never)
      ).late,
    ).toEqual([]);
    // Nothing is judged as of an instant at which the journal's end was not seen.
    await ingest(...whole(named('behind')));
    const behind = { exclusively: consumer.exclusively.bind(consumer), state: () => ({ ...consumer.state(), atEndAtMs: 0 }) };
    expect(await settleBatch(dependencies, { consumer: behind, deleted }, { projectId: PROJECT, rule: nothingKept })).toBeNull();
    await settle(nothingKept);
  });

  it('takes the log records of a trace along', async () => {
    await setRule(nothingKept);
    const traceId = `0af7651916cd43dd8448eb211c8031${engine === 'chdb' ? '1' : '2'}c`;
    await ingest(...whole(traceId));
    const logRecords = [{ traceId, body: { stringValue: 'line' }, timeUnixNano: String(at * 1e6) }];
    await journalBatch(JournalKind.otlpLogs, { resourceLogs: [{ scopeLogs: [{ logRecords }] }] });
    const lines = async () => (await reads.get('/api/public/otel/logs')).body.data.filter((line) => line.traceId === traceId).length;
    expect(await lines()).toBe(1);
    await settle(nothingKept);
    expect(await lines()).toBe(0);
  });
});

it('asks nothing of the records while no project has a rule', async () => {
  let asked = 0;
  const counting: Records = {
    ...{ transaction: database.records.transaction.bind(database.records), listen: database.records.listen.bind(database.records) },
    ...{ ping: database.records.ping.bind(database.records), close: async () => {} },
    query: async (statement) => {
      asked += 1;
      return await database.records.query(statement);
    },
  };
  const sampler = await openSampler({ analytics: {} as never, records: counting, blobs: {} as never, onError: () => {} });
  sampler.begin(() => null);
  await new Promise((resolve) => setTimeout(resolve, 50));
  asked = 0;
  const writer = sampler.noting({ write: async () => ({ written: 1, deadLetters: 0 }) });
  const rows = { traces: [{ project_id: PROJECT, id: 'x' }], observations: [], scores: [], otelLogs: [], otelMetrics: [], deadLetters: [] };
  for (let round = 0; round < 100; round += 1) await writer.write(rows as never, { firstSequence: 0n, lastSequence: 0n });
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(asked).toBe(0);
  await sampler.stop();
});
