// Batches on real records and a scripted upstream: who looks after them, that each is counted once whatever dies in between, and what is kept of them.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CallSettled } from '#call-record.ts';
import { systemClock } from '#gateway/deps.ts';
import type { JobRunner } from '#gateway/jobs/runner.ts';
import { createBudgets } from '#gateway/money/budgets.ts';
import { entriesOfSettled } from '#gateway/money/ledger-row.ts';
import { applyGroup, takeBackUnknown } from '#gateway/money/ledger-sql.ts';
import { Snapshot } from '#gateway/snapshot.ts';
import { CONFIG, DEPLOYMENT } from '#gateway/test-gateway-fixture.ts';
import { windowOf } from '#lib/calendar.ts';
import { newCallId } from '#lib/id.ts';
import { formatPicos, parsePicos } from '#lib/money.ts';
import { createPrices } from '#prices/model-prices.ts';
import { MemoryCoordination } from '#stores/coordination/memory.ts';
import { sql } from '#stores/records/sql.ts';
import { startTestRecords, type TestRecords } from '#stores/records/test-records.ts';
import { createLog } from '#telemetry/log.ts';
import { type FakeProvider, startFakeProvider } from '../../../../e2e/fake-provider/fake-provider.ts';
import type { BatchStore, NewBatch } from './port.ts';
import { type RunnerParts, startBatches } from './runner.ts';
import { OUR_KEY } from './shown.ts';
import { createBatchStore } from './store.ts';

let test: TestRecords;
let upstream: FakeProvider;
let snapshot: Snapshot;
let store: BatchStore;
const running: JobRunner[] = [];
const written: CallSettled[] = [];
beforeAll(async () => {
  test = await startTestRecords();
  upstream = await startFakeProvider();
  store = createBatchStore(test.records);
  snapshot = new Snapshot(
    { ...CONFIG, deployments: [{ ...DEPLOYMENT, apiBase: `${upstream.url}/v1` }] },
    {
      network: { httpsProxy: null, httpProxy: null, noProxy: [], extraCaFile: null },
    },
  );
});
afterAll(async () => {
  await snapshot.retire();
  await upstream.close();
  await test.stop();
});
beforeEach(async () => {
  written.length = 0;
  upstream.batches.endsAs = 'completed';
  upstream.batches.held = false;
  await test.records.query(sql`DELETE FROM batches`);
});
afterEach(async () => {
  for (const runner of running.splice(0)) await runner.close();
});

const coordination = new MemoryCoordination();
const budgets = createBudgets({
  accounts: coordination.accounts,
  globalBudget: () => null,
  windowOf: (duration, nowMs) => windowOf(duration, 'Asia/Tokyo', nowMs),
});

/** Applies as the ledger does, at once; `dies` leaves the record written and tells nobody. */
function journalThat(dies: boolean): RunnerParts['deps']['journal'] {
  return {
    started: () => {},
    settled(record, _request, _answer, done) {
      written.push(record);
      const apply = test.records.transaction(async (session) => {
        await takeBackUnknown(session, [record.callId]);
        await applyGroup(session, entriesOfSettled(record), { name: 'test', position: 0n });
      });
      apply.then(
        () => (dies ? undefined : done(null)),
        (error: Error) => done(error),
      );
    },
  };
}

async function run(more: { dies?: boolean } = {}): Promise<JobRunner> {
  const deps = {
    batches: store,
    journal: journalThat(more.dies === true),
    budgets,
    prices: createPrices(),
    clock: systemClock,
    log: createLog({ level: 'error' }),
  };
  const runner = await startBatches({ deps, withSnapshot: (work) => work(snapshot), retryMs: 20 });
  if (more.dies !== true) running.push(runner);
  return runner;
}

/** A batch of three lines that the upstream has; its id here. */
async function begun(fields: Partial<NewBatch> = {}, known = true): Promise<string> {
  const callId = newCallId();
  const id = `batch_${callId}`;
  const line = JSON.stringify({ custom_id: 'a', method: 'POST', url: '/v1/chat/completions', body: { model: 'fixed', messages: [] } });
  const form = new FormData();
  form.set('purpose', 'batch');
  form.set('file', new Blob([`${line}\n`.repeat(3)]), 'lines.jsonl');
  const file = (await (await fetch(`${upstream.url}/v1/files`, { method: 'POST', body: form })).json()) as { id: string };
  const body = { input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h', metadata: { [OUR_KEY]: id } };
  const told = (await (
    await fetch(`${upstream.url}/v1/batches`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  ).json()) as { id: string };
  const path = {
    organizationId: 'org',
    costCentre: null,
    teamId: 'team-b',
    teamAlias: null,
    keyId: `key-${callId}`,
    keyAlias: null,
    keyUserId: null,
    projectId: 'p',
  };
  const started = {
    ...{ callId, attempt: 0, startedAtUs: systemClock.nowUs(), model: 'gpt', deploymentId: 'dep-1', provider: 'openai', upstreamModel: 'fixed' },
    ...{ reserved: '0.5', currency: 'USD', priceId: null, path },
  };
  const context = {
    ...{ traceId: callId, spanId: callId.slice(16), parentSpanId: null, clientAddress: null, endUser: null, sessionId: null, traceName: null },
    ...{ tags: [], environment: null, release: null, version: null, metadata: null },
  };
  await store.begin({
    ...{ id, owner: 'team:team-b', deploymentId: 'dep-1', model: 'gpt', inputFileId: 'file-x', call: { started, context, apiBase: null } },
    ...{
      reservedPicos: parsePicos('0.5'),
      accounts: [`key:${path.keyId}`],
      told: { metadata: { [OUR_KEY]: id } },
      status: 'validating',
      nextAtMs: Date.now(),
      ...fields,
    },
  });
  if (known) await store.note(id, { upstreamId: told.id, told, status: 'validating', outputFileId: null, errorFileId: null, nextAtMs: Date.now() });
  return id;
}

async function rowsOf(id: string): Promise<{ cost: string | null; call_outcome: string }[]> {
  return await test.records.query(sql`SELECT cost, call_outcome FROM ledger WHERE call_id = ${id.slice(6)}`);
}

async function settled(id: string): Promise<void> {
  for (;;) {
    const batch = await store.find(id, null);
    if (batch === null || batch.settled) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Three lines of 10 and 4 tokens at half of 0.000001 and 0.000002. */
const COST = (3n * (10n * parsePicos('0.000001') + 4n * parsePicos('0.000002'))) / 2n;

describe('a batch that nobody asks about', () => {
  it('counts at its reservation until it ends, then at what its lines used, in the accounts too', async () => {
    const id = await begun();
    const account = `key:key-${id.slice(6)}`;
    budgets.adopt(account, parsePicos('0.5'));
    expect(await rowsOf(id)).toEqual([{ cost: '0.500000000000', call_outcome: 'unknown' }]);
    await run();
    await settled(id);
    expect((await rowsOf(id)).map(({ cost, call_outcome }) => [parsePicos(cost ?? '0'), call_outcome])).toEqual([[COST, 'success']]);
    expect(budgets.spentPicos(account)).toBe(COST);
    expect(written[0]).toMatchObject({ endpoint: 'batch', content: 'off', usage: { input: 30, output: 12, total: 42 }, cost: formatPicos(COST) });
    const batch = await store.find(id, 'team:team-b');
    const file = await store.findFile(batch?.outputFileId ?? '', 'team:team-b');
    expect(file).toMatchObject({ purpose: 'batch_output', owner: 'team:team-b', deploymentId: 'dep-1' });
  });

  it('is counted once by two who look side by side', async () => {
    const ids = await Promise.all(Array.from({ length: 6 }, () => begun()));
    await Promise.all([run(), run()]);
    await Promise.all(ids.map(settled));
    expect(written.map(({ callId }) => `batch_${callId}`).sort()).toEqual([...ids].sort());
    for (const id of ids) expect((await rowsOf(id)).map(({ cost }) => parsePicos(cost ?? '0'))).toEqual([COST]);
  });

  it('is counted once when its process dies between the record and the closing of the row', async () => {
    const id = await begun();
    const account = `key:key-${id.slice(6)}`;
    // What a start reads from the ledger after the crash.
    budgets.adopt(account, COST);
    await run({ dies: true });
    while (written.length === 0 || (await rowsOf(id))[0]?.call_outcome !== 'success') await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await store.find(id, null))?.settled).toBe(false);
    // The dead process's lock ends by itself.
    await test.records.query(sql`UPDATE batches SET locked_until = NULL, next_at = now() WHERE id = ${id}`);
    await run();
    await settled(id);
    expect(written).toHaveLength(1);
    expect(budgets.spentPicos(account)).toBe(COST);
    expect((await rowsOf(id)).map(({ cost }) => parsePicos(cost ?? '0'))).toEqual([COST]);
  });

  it('whose creation was not answered is found at its upstream; one that is not there costs nothing', async () => {
    const found = await begun({}, false);
    const never = await begun({}, false);
    for (const [id, batch] of upstream.batches.batches)
      if ((batch.asked.metadata as Record<string, string>)[OUR_KEY] === never) upstream.batches.batches.delete(id);
    await run();
    await Promise.all([settled(found), settled(never)]);
    expect((await rowsOf(found)).map(({ cost }) => parsePicos(cost ?? '0'))).toEqual([COST]);
    expect(await rowsOf(never)).toEqual([{ cost: '0.000000000000', call_outcome: 'failure' }]);
  });

  it('is looked for again while its upstream is away, and stays counted at its reservation', async () => {
    const id = await begun({ deploymentId: 'dep-gone' });
    await run();
    for (;;) {
      const batch = await store.find(id, null);
      if ((batch?.failures ?? 0) >= 2) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(await rowsOf(id)).toEqual([{ cost: '0.500000000000', call_outcome: 'unknown' }]);
  });

  it('whose answers are gone is counted at what was held', async () => {
    const id = await begun();
    upstream.batches.held = true;
    const batch = [...upstream.batches.batches.values()].at(-1);
    if (batch !== undefined) Object.assign(batch, { status: 'completed', outputFileId: 'file-gone' });
    await run();
    await settled(id);
    expect(await rowsOf(id)).toEqual([{ cost: '0.500000000000', call_outcome: 'success' }]);
  });
});

describe('a batch that its upstream refused', () => {
  it('is withdrawn with all that it held; one that the upstream has is not', async () => {
    const refused = await begun({}, false);
    const kept = await begun();
    await store.withdraw(refused);
    await store.withdraw(kept);
    expect([await store.find(refused, null), await rowsOf(refused)]).toEqual([null, []]);
    expect(await rowsOf(kept)).toHaveLength(1);
  });
});

describe('what is over', () => {
  it('is removed: files whose time has passed, batches long after they were counted', async () => {
    const id = await begun();
    const file = { owner: 'key:a', deploymentId: 'dep-1', model: 'gpt', purpose: 'batch' as const, filename: 'a', sizeBytes: 1, counted: null };
    await store.keepFile({ ...file, id: 'file-old', upstreamId: 'up-old', expiresAtMs: Date.now() - 1 });
    await store.keepFile({ ...file, id: 'file-new', upstreamId: 'up-new', expiresAtMs: null });
    await test.records.query(sql`UPDATE batches SET settled_at = now() - interval '91 days' WHERE id = ${id}`);
    await store.sweep();
    expect(await store.find(id, null)).toBeNull();
    const page = { owner: 'key:a', after: null, limit: 10, purpose: null };
    expect((await store.listFiles(page)).map((one) => one.id)).toEqual(['file-new']);
    expect(await store.listFiles({ ...page, purpose: 'batch_output' })).toEqual([]);
  });
});
