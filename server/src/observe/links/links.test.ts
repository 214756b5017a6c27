// A gateway call whose caller's span lies in another project, over real stores: a link both ways, and the cost once, in whatever order they come, after a restart too, and never across organisations.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createFolder } from '#observe/fold/folder.ts';
import type { Folder } from '#observe/fold/port.ts';
import { createProjectLinks } from '#observe/fold/project-links.ts';
import { callRecord, NOW_US, nanos, otlpRecord, settledCall, spansRequest } from '#observe/fold/records-fixture.ts';
import { createLookup } from '#observe/store/lookup.ts';
import { createWriter } from '#observe/store/writer.ts';
import { openReads, projectKey, type ReadsFixture } from '#observe/traces/reads-fixture.ts';
import type { JournalRecord } from '#stores/journal/port.ts';
import { sql } from '#stores/records/sql.ts';
import { startTestRecords, type TestRecords } from '#stores/records/test-records.ts';
import { linkRoutes } from './routes.ts';

let database: TestRecords;
let reads: ReadsFixture;
beforeAll(async () => {
  database = await startTestRecords();
  reads = await openReads((analytics) => linkRoutes(analytics, database.records));
  await database.records.query(sql`INSERT INTO organizations (id, name) VALUES ('o', 'O'), ('other', 'Other')`);
  await database.records.query(
    sql`INSERT INTO projects (id, organization_id, name) VALUES ('app', 'o', 'The app'), ('gate', 'o', 'The gate'), ('stranger', 'other', 'Somebody else')`,
  );
});
beforeEach(() => reads.analytics.command({ text: 'TRUNCATE TABLE observations', parameters: {} }));
afterAll(async () => {
  await reads?.close();
  await database?.stop();
});

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const CALL = '019ab0d2c4007abc8def0123456789ab';
const attributes = { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'gpt-4o', 'gen_ai.usage.input_tokens': 100, 'gen_ai.usage.output_tokens': 20 };
const span = (sequence: number, project = 'app'): JournalRecord => ({
  ...otlpRecord(sequence, spansRequest([{ traceId: TRACE, spanId: SPAN, name: 'ask', startTimeUnixNano: nanos(0), endTimeUnixNano: nanos(900), attributes }])),
  project,
});
const call = (sequence: number, project = 'gate'): JournalRecord => ({
  ...callRecord(sequence, settledCall({ callId: CALL, traceId: TRACE, parentSpanId: SPAN, cost: '0.5' })),
  project,
});

/** A consumer of its own: what it remembers ends with it. */
function consumer(): { take(...records: JournalRecord[]): Promise<void> } {
  const lookup = createLookup(reads.analytics);
  const links = createProjectLinks({
    lookup,
    now: () => NOW_US / 1000,
    organizationOf: async (id) => (await database.records.query<{ o: string }>(sql`SELECT organization_id AS o FROM projects WHERE id = ${id}`))[0]?.o ?? null,
  });
  const price = () => ({ costDetails: { total: '0.4' }, totalCost: '0.4', currency: 'USD', priceId: 'p', modelId: 'm' });
  const folder: Folder = createFolder({ lookup, price, retentionClass: () => 0, now: () => NOW_US / 1000, links });
  return {
    async take(...records) {
      const rows = await folder.fold(records);
      const [first, last] = [records[0]?.sequence ?? 0n, records.at(-1)?.sequence ?? 0n];
      await createWriter(reads.analytics).write(rows, { firstSequence: first, lastSequence: last });
      folder.committed();
    },
  };
}
const costs = async () => {
  const rows = await reads.analytics.query<{ project_id: string; cost_source: string; total_cost: string | null }>({
    text: 'SELECT project_id, cost_source, total_cost FROM observations FINAL WHERE is_deleted = 0 ORDER BY project_id',
    parameters: {},
  });
  return rows.map((row) => [row.project_id, row.cost_source, row.total_cost]);
};
const ONCE = [
  ['app', 'elsewhere', null],
  ['gate', 'gateway', '0.5'],
];
const linksOf = async (project: string) => (await reads.get(`/api/public/traces/${TRACE}/links`, projectKey(project))).body.data;

describe('a call under a span of another project', () => {
  it.each([
    [
      'the call first',
      async () => {
        const one = consumer();
        await one.take(call(1));
        await one.take(span(2));
      },
    ],
    [
      'the span first',
      async () => {
        const one = consumer();
        await one.take(span(1));
        await one.take(call(2));
      },
    ],
    ['both at once', () => consumer().take(span(1), call(2))],
    [
      'a restart between call and span',
      async () => {
        await consumer().take(call(1));
        await consumer().take(span(2));
      },
    ],
    [
      'a restart between span and call',
      async () => {
        await consumer().take(span(1));
        await consumer().take(call(2));
      },
    ],
    [
      'everything twice',
      async () => {
        const one = consumer();
        for (const record of [span(1), call(2), call(3), span(4)]) await one.take(record);
      },
    ],
  ])('costs once: %s', async (_, arrive) => {
    await arrive();
    expect(await costs()).toEqual(ONCE);
  });

  it('is linked both ways', async () => {
    await consumer().take(span(1), call(2));
    expect(await linksOf('app')).toEqual([
      { direction: 'calls', observationId: SPAN, project: { id: 'gate', name: 'The gate' }, traceId: TRACE, linkedObservationId: CALL.slice(16) },
    ]);
    expect(await linksOf('gate')).toEqual([
      { direction: 'calledBy', observationId: CALL.slice(16), project: { id: 'app', name: 'The app' }, traceId: TRACE, linkedObservationId: SPAN },
    ]);
    expect(await linksOf('stranger')).toEqual([]);
  });

  it('takes nothing from, and tells nothing to, another organisation', async () => {
    const one = consumer();
    await one.take(span(1, 'stranger'));
    await one.take(call(2));
    await one.take(span(3, 'stranger'));
    expect(await costs()).toEqual([
      ['gate', 'gateway', '0.5'],
      ['stranger', 'computed', '0.4'],
    ]);
    expect([await linksOf('gate'), await linksOf('stranger')]).toEqual([[], []]);
  });

  it('is no link when both lie in one project', async () => {
    await consumer().take(span(1, 'gate'), call(2));
    expect(new Set(await costs())).toEqual(
      new Set([
        ['gate', 'gateway', '0.5'],
        ['gate', 'elsewhere', null],
      ]),
    );
    expect(await linksOf('gate')).toEqual([]);
  });
});
