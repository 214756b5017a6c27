// The ledger against the traces, over real stores: equal to the last decimal when they say the same, and the call named when one side lacks it.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { observation, PROJECT } from '#observe/store/rows-fixture.ts';
import { openReads, type ReadsFixture } from '#observe/traces/reads-fixture.ts';
import { sql } from '#stores/records/sql.ts';
import { startTestRecords, type TestRecords } from '#stores/records/test-records.ts';
import { reconciliationRoutes } from './routes.ts';

let database: TestRecords;
let reads: ReadsFixture;
beforeAll(async () => {
  database = await startTestRecords();
  reads = await openReads((analytics) => reconciliationRoutes(analytics, database.records));
});
afterAll(async () => {
  await reads?.close();
  await database?.stop();
});

async function billed(call: string, attempt: { index: number; final: boolean; cost: string | null; outcome?: string }, project = PROJECT): Promise<void> {
  await database.records.query(sql`
    INSERT INTO ledger (call_id, attempt, final, organization_id, key_id, project_id, model, call_started_at, deployment_id, provider, upstream_model, started_at, outcome, input_tokens, output_tokens, cost, currency)
    VALUES (${call}, ${attempt.index}, ${attempt.final}, 'o', 'k', ${project}, 'asked', '2026-11-20T12:00:00.123456Z', 'd', 'p', 'gpt-x', '2026-11-20T12:00:00Z',
      ${attempt.outcome ?? 'success'}, 10, 5, ${attempt.cost}, 'USD')`);
}
const traced = (call: string, cost: string) =>
  observation(call, {
    trace_id: call,
    call_id: call,
    provided_model_name: 'gpt-x',
    total_cost: cost,
    cost_source: 'gateway',
    usage_details: { input: '10', output: '5', total: '15' },
  });
const report = async () =>
  (await reads.get('/api/public/reconciliation?fromTimestamp=2026-11-19T00:00:00Z&toTimestamp=2026-11-22T00:00:00Z')).body as unknown as {
    equal: boolean;
    data: Record<string, unknown>[];
  };

it('says equal when both say the same, attempts that failed before included', async () => {
  await billed('one', { index: 0, final: true, cost: '0.000000000001' });
  await billed('two', { index: 0, final: false, cost: '0.1', outcome: 'failure' });
  await billed('two', { index: 1, final: true, cost: '0.2' });
  await billed('theirs', { index: 0, final: true, cost: '9' }, 'other');
  await reads.write({ observations: [traced('one', '0.000000000001'), traced('two', '0.3'), observation('span', { total_cost: '7' })] });
  expect(await report()).toMatchObject({
    equal: true,
    data: [
      {
        day: '2026-11-20',
        model: 'gpt-x',
        ledger: { calls: 2, cost: '0.300000000001', inputTokens: 20, outputTokens: 10, unknownCalls: 0 },
        observations: { calls: 2, cost: '0.300000000001', inputTokens: 20, outputTokens: 10 },
        equal: true,
      },
    ],
  });
});

it('names the calls that one side lacks', async () => {
  await billed('lost', { index: 0, final: true, cost: '1', outcome: 'unknown' });
  await reads.write({ observations: [traced('ghost', '2')] });
  const { equal, data } = await report();
  expect(equal).toBe(false);
  expect(data[0]).toMatchObject({
    equal: false,
    ledger: { calls: 3, unknownCalls: 1 },
    observations: { calls: 3 },
    onlyInLedger: ['lost'],
    onlyInObservations: ['ghost'],
  });
});

it('refuses a range that is none or too long', async () => {
  for (const range of [
    'fromTimestamp=2026-11-22T00:00:00Z&toTimestamp=2026-11-19T00:00:00Z',
    'fromTimestamp=2026-01-01T00:00:00Z&toTimestamp=2026-11-19T00:00:00Z',
  ])
    expect((await reads.get(`/api/public/reconciliation?${range}`)).status).toBe(400);
});
