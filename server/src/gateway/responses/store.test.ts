// Responses in the records and in memory: one conformance, and the records' sweeping.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sql } from '#stores/records/sql.ts';
import { startTestRecords, type TestRecords } from '#stores/records/test-records.ts';
import { createLog } from '#telemetry/log.ts';
import { describeResponseStore } from './conformance.ts';
import { memoryResponses } from './memory-fixture.ts';
import { createResponseStore, type RecordedResponses } from './store.ts';

let test: TestRecords;
let store: RecordedResponses;
beforeAll(async () => {
  test = await startTestRecords();
  store = createResponseStore({ records: test.records, log: createLog({ level: 'error' }) });
});
afterAll(async () => {
  store.close();
  await test.stop();
});

describeResponseStore('the records', () => store);
describeResponseStore('the memory of tests', () => memoryResponses());

describe('sweeping', () => {
  it('removes rows whose time is over for good, in any number, and leaves the others', async () => {
    await test.records.query(sql`
      INSERT INTO stored_responses (id, owner, deployment_id, expires_at) SELECT 'old' || n, 'team:a', 'dep', now() - interval '1 second' FROM generate_series(1, 1200) n`);
    await store.keep({ id: 'young', owner: 'team:a', previousId: null, deploymentId: 'dep', content: null, expiresAtMs: Date.now() + 60_000 });
    expect(await store.sweep()).toBeGreaterThanOrEqual(1200);
    const [left] = await test.records.query<{ old: string; young: string }>(sql`
      SELECT count(*) FILTER (WHERE id LIKE 'old%') AS old, count(*) FILTER (WHERE id = 'young') AS young FROM stored_responses`);
    expect(left).toEqual({ old: '0', young: '1' });
  });
});
