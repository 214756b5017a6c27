// Re-pricing over real stores: only costs that nobody said change, by the price that was valid then; a dry run says the same and writes nothing; a broken-off job goes on; a second run finds nothing.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createFolder } from '#observe/fold/folder.ts';
import type { PriceUsage } from '#observe/fold/port.ts';
import { batchRecord, event } from '#observe/fold/records-fixture.ts';
import { observationRoutes } from '#observe/observations/routes.ts';
import { reconciliationRoutes } from '#observe/reconciliation/routes.ts';
import type { ObservationRow } from '#observe/rows.ts';
import { createLookup } from '#observe/store/lookup.ts';
import { observation, PROJECT } from '#observe/store/rows-fixture.ts';
import { createWriter } from '#observe/store/writer.ts';
import { openReads, projectKey, type ReadsFixture } from '#observe/traces/reads-fixture.ts';
import { sql } from '#stores/records/sql.ts';
import { startTestRecords, type TestRecords } from '#stores/records/test-records.ts';
import { repriceBatch } from './batch.ts';
import { createJob, jobById, type RepricingJob, type RepricingWish, saveJob } from './jobs.ts';
import { repricingRoutes } from './routes.ts';
import { startRepricing } from './runner.ts';

let database: TestRecords;
let reads: ReadsFixture;
beforeAll(async () => {
  database = await startTestRecords();
  reads = await openReads((analytics) => [
    ...repricingRoutes(database.records),
    ...observationRoutes(analytics),
    ...reconciliationRoutes(analytics, database.records),
  ]);
});
afterAll(async () => {
  await reads?.close();
  await database?.stop();
});

/** Per token in picos; from December on another row is valid. */
let perToken = 2_000_000n;
const price: PriceUsage = (model, usage, at) => {
  if (model === 'unknown') return null;
  const december = at >= new Date('2026-12-01T00:00:00Z');
  const total = ((usage.input ?? 0) + (usage.output ?? 0)) * Number(december ? 7_000_000n : perToken);
  const totalCost = (total / 1e12).toFixed(12).replace(/\.?0+$/, '');
  return { costDetails: { total: totalCost }, totalCost, currency: 'USD', priceId: december ? 'december' : `row-${perToken}`, modelId: 'm' };
};

const priced = (id: string, over: Partial<ObservationRow> = {}) =>
  observation(id, {
    provided_model_name: 'gpt-x',
    usage_details: { input: '10', output: '5', total: '15' },
    provided_usage_details: { prompt_tokens: '10', completion_tokens: '5' },
    cost_details: { total: '0.000015' },
    total_cost: '0.000015',
    price_id: 'row-1000000',
    cost_source: 'computed',
    start_time: '2026-11-20T12:00:00.000000Z',
    ...over,
  });

beforeEach(async () => {
  perToken = 2_000_000n;
  await reads.analytics.command({ text: 'TRUNCATE TABLE observations', parameters: {} });
  await database.records.query(sql`DELETE FROM instance_settings WHERE key LIKE 'repricing/%'`);
});

const WISH: RepricingWish = {
  projectId: PROJECT,
  fromTimestamp: '2026-11-01T00:00:00.000Z',
  toTimestamp: '2027-01-01T00:00:00.000Z',
  model: null,
  dryRun: false,
  createdBy: null,
};
const batchOf = (job: RepricingJob, rowsABatch = 2) =>
  repriceBatch({ analytics: reads.analytics, price, writer: createWriter(reads.analytics), rowsABatch }, job);

/** A job to its end, in batches of two. */
async function run(over: Partial<RepricingWish> = {}): Promise<RepricingJob> {
  let job = (await createJob(database.records, { ...WISH, ...over })) as RepricingJob;
  for (let batches = 0; job.state === 'running'; batches += 1) {
    expect(batches).toBeLessThan(200);
    const before = job.percent;
    job = await batchOf(job);
    expect(job.percent).toBeGreaterThanOrEqual(before);
    expect(await saveJob(database.records, job)).toBe(true);
  }
  return job;
}

/** Costs as a read by identity and a read by time give them, before any merge. */
async function costs(): Promise<Record<string, string | null>> {
  const byTime = await reads.analytics.query<{ id: string; total_cost: string | null }>({
    text: 'SELECT id, total_cost FROM observations FINAL ORDER BY id',
    parameters: {},
  });
  for (const { id, total_cost: cost } of byTime) {
    const { body } = await reads.get(`/api/public/observations/${id}`, id === 'theirs' ? projectKey('project-2') : projectKey(PROJECT));
    expect([id, body.calculatedTotalCost ?? null]).toEqual([id, cost === null ? null : Number(cost)]);
  }
  return Object.fromEntries(byTime.map(({ id, total_cost: cost }) => [id, cost]));
}

const ROWS = [
  priced('a'),
  priced('b', { start_time: '2026-11-20T12:00:00.000000Z', trace_id: 'another' }),
  priced('c', { start_time: '2026-11-22T23:59:59.999999Z', input: 'x'.repeat(100) }),
  priced('later', { start_time: '2026-12-02T00:00:00.000000Z' }),
  priced('without', { total_cost: null, cost_details: {}, cost_source: '', price_id: null }),
  priced('other-model', { provided_model_name: 'gpt-y' }),
  priced('unpriced', { provided_model_name: 'unknown' }),
  priced('client', { cost_source: 'client', provided_cost_details: { total: '9' }, total_cost: '9' }),
  priced('gateway', { cost_source: 'gateway', call_id: 'call', total_cost: '8' }),
  priced('elsewhere', { cost_source: 'elsewhere', total_cost: null }),
  priced('early', { start_time: '2026-10-31T23:59:59.000000Z' }),
  priced('theirs', { project_id: 'project-2' }),
];

describe('re-pricing', () => {
  it('changes what nobody said, by the row that was valid then, and nothing else', async () => {
    await reads.write({ observations: ROWS });
    const before = await costs();
    const dry = await run({ dryRun: true });
    expect(await costs()).toEqual(before);
    const job = await run();
    expect({ ...dry, id: '', dryRun: false, createdAt: '', finishedAt: '' }).toEqual({ ...job, id: '', createdAt: '', finishedAt: '' });
    expect(job).toMatchObject({ state: 'done', percent: 100, looked: 7, changed: 6, unpriced: 1, costBefore: '0.000075', costAfter: '0.000255' });
    expect(await costs()).toEqual({
      ...before,
      a: '0.00003',
      b: '0.00003',
      c: '0.00003',
      later: '0.000105',
      without: '0.00003',
      'other-model': '0.00003',
    });
    const [row] = await reads.analytics.query<ObservationRow>({ text: "SELECT * FROM observations FINAL WHERE id = 'c'", parameters: {} });
    expect(row).toMatchObject({
      price_id: 'row-2000000',
      cost_source: 'computed',
      input: 'x'.repeat(100),
      provided_usage_details: { prompt_tokens: '10', completion_tokens: '5' },
    });
    expect(await run()).toMatchObject({ looked: 7, changed: 0, costBefore: '0', costAfter: '0' });
  });

  it('keeps to a model and a range', async () => {
    await reads.write({ observations: ROWS });
    expect(await run({ model: 'gpt-y' })).toMatchObject({ looked: 1, changed: 1 });
    expect(await run({ fromTimestamp: '2026-12-01T00:00:00.000Z' })).toMatchObject({ looked: 1, changed: 1 });
    expect((await costs()).a).toBe('0.000015');
  });

  it('holds against an event that comes afterwards, and against merges', async () => {
    await reads.write({ observations: [priced('a', { trace_id: 't', row_version: '5' })] });
    await run();
    await reads.analytics.command({ text: 'OPTIMIZE TABLE observations FINAL', parameters: {} });
    expect((await costs()).a).toBe('0.00003');
    const folding = createFolder({ lookup: createLookup(reads.analytics), price, retentionClass: () => 0, now: Date.now });
    const rows = await folding.fold([batchRecord(9, [event('e', 'generation-update', 0, { id: 'a', traceId: 't', name: 'renamed' })])]);
    await createWriter(reads.analytics).write(rows, { firstSequence: 9n, lastSequence: 9n });
    expect((await reads.get('/api/public/observations/a')).body).toMatchObject({ name: 'renamed', calculatedTotalCost: 0.00003 });
  });

  it('ends every job of many rows with one instant, whatever the batch', async () => {
    await reads.write({ observations: Array.from({ length: 25 }, (_, index) => priced(`o${index}`, { trace_id: `t${index % 3}` })) });
    expect(await run()).toMatchObject({ looked: 25, changed: 25 });
  });
});

describe('a job', () => {
  const runner = (over: { exclusively?: (work: () => Promise<unknown>) => Promise<unknown>; rowsABatch?: number } = {}) =>
    startRepricing({
      analytics: reads.analytics,
      records: database.records,
      price,
      rowsABatch: over.rowsABatch ?? 2,
      storing: () => ({
        consumer: { exclusively: (over.exclusively ?? ((work: () => Promise<unknown>) => work())) as never },
        writer: createWriter(reads.analytics),
      }),
      onError: () => {},
      lookEveryMs: null,
    });
  const ended = async (id: string) => {
    for (let look = 0; look < 400; look += 1) {
      const { body } = await reads.get(`/api/public/repricings/${id}`);
      if (String(body.state) !== 'running') return body as unknown as RepricingJob;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error('the job does not end');
  };
  const ask = async (body: object) => (await reads.call('POST', '/api/public/repricings', body)) as { status: number; body: RepricingJob };
  const { fromTimestamp, toTimestamp } = WISH;

  it('is asked for, followed and found in the reconciliation; a second one waits', async () => {
    await reads.write({ observations: ROWS });
    const asked = await ask({ fromTimestamp, toTimestamp });
    expect(asked).toMatchObject({ status: 201, body: { state: 'running', percent: 0 } });
    expect((await ask({ fromTimestamp, toTimestamp })).status).toBe(409);
    const running = await runner();
    expect(await ended(asked.body.id)).toMatchObject({ state: 'done', changed: 6 });
    await running.stop();
    const { body } = await reads.get('/api/public/reconciliation?fromTimestamp=2026-11-19T00:00:00Z&toTimestamp=2026-11-22T00:00:00Z');
    expect(body.repricings).toEqual([expect.objectContaining({ id: asked.body.id, changed: 6, costBefore: '0.000075', costAfter: '0.000255' })]);
    expect((await reads.get('/api/public/repricings')).body.data).toHaveLength(1);
    expect((await reads.get('/api/public/repricings', projectKey('project-2'))).body.data).toEqual([]);
    expect((await reads.get(`/api/public/repricings/${asked.body.id}`, projectKey('project-2'))).status).toBe(404);
    for (const bad of [{ fromTimestamp }, { fromTimestamp: toTimestamp, toTimestamp: fromTimestamp }, { fromTimestamp, toTimestamp, more: 1 }])
      expect((await ask(bad)).status).toBe(400);
  });

  it('goes on where it was when its process ended', async () => {
    await reads.write({ observations: ROWS });
    const job = (await createJob(database.records, WISH)) as RepricingJob;
    let batches = 0;
    const first = await runner({
      async exclusively(work) {
        batches += 1;
        if (batches > 3) throw new Error('the process ends');
        return await work();
      },
    });
    for (let look = 0; look < 200 && batches <= 3; look += 1) await new Promise((resolve) => setTimeout(resolve, 10));
    await first.stop();
    expect(await jobById(database.records, job)).toMatchObject({ state: 'running', looked: expect.any(Number) });
    const second = await runner();
    expect(await ended(job.id)).toMatchObject({ state: 'done', looked: 7, changed: 6, costAfter: '0.000255' });
    await second.stop();
  });

  it('is called off between two batches', async () => {
    await reads.write({ observations: ROWS });
    const { body } = await ask({ fromTimestamp, toTimestamp });
    const running = await runner({
      async exclusively(work) {
        const done = await work();
        await reads.call('DELETE', `/api/public/repricings/${body.id}`);
        return done;
      },
    });
    expect(await ended(body.id)).toMatchObject({ state: 'cancelled', finishedAt: expect.any(String) });
    await running.stop();
    expect((await ask({ fromTimestamp, toTimestamp })).status).toBe(201);
  });
});
