// Responses in the background on real records and a scripted upstream: who looks after them, that each is counted once whatever dies in between, and whose they are.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CallSettled } from '#call-record.ts';
import type { GatewayDeps } from '#gateway/deps.ts';
import type { JobRunner } from '#gateway/jobs/runner.ts';
import { entriesOfSettled } from '#gateway/money/ledger-row.ts';
import { applyGroup, takeBackUnknown } from '#gateway/money/ledger-sql.ts';
import { maskedCallJournal } from '#gateway/money/masked-call-journal.ts';
import { type ScriptedUpstream, startScriptedUpstream } from '#gateway/providers/upstream-fixture.ts';
import { DEPLOYMENT, startTestGateway, type TestGateway } from '#gateway/test-gateway-fixture.ts';
import { parsePicos } from '#lib/money.ts';
import type { GatewayConfig } from '#settings/settings.ts';
import { sql } from '#stores/records/sql.ts';
import { startTestRecords, type TestRecords } from '#stores/records/test-records.ts';
import { startBackground } from './runner.ts';
import { createBackgroundStore } from './store.ts';

type Guardrails = GatewayConfig['guardrails'];
interface Written {
  record: CallSettled;
  request: string | null;
  answer: string;
}

let records: TestRecords;
let upstream: ScriptedUpstream;
let test: TestGateway;
let dies = false;
const written: Written[] = [];
const running: JobRunner[] = [];
const gateways: TestGateway[] = [];

/** Applies as the ledger does, at once; one that dies leaves the record written and tells nobody. */
const journal: GatewayDeps['journal'] = {
  started: () => {},
  settled(record, request, answer, done) {
    written.push({ record, request: request === null ? null : Buffer.from(request).toString(), answer: Buffer.concat(answer as Uint8Array[]).toString() });
    const dead = dies;
    const apply = records.records.transaction(async (session) => {
      await takeBackUnknown(session, [record.callId]);
      await applyGroup(session, entriesOfSettled(record), { name: 'test', position: 0n });
    });
    apply.then(
      () => (dead ? undefined : done(null)),
      (error: Error) => done(error),
    );
  },
};

async function gatewayWith(config: Partial<GatewayConfig> = {}): Promise<TestGateway> {
  const gateway = await startTestGateway({
    deployments: [
      { ...DEPLOYMENT, apiBase: `${upstream.url}/v1` },
      { ...DEPLOYMENT, id: 'chats', modelName: 'llama', provider: 'openai-compatible', providerName: 'groq', apiBase: `${upstream.url}/v1` },
    ],
    ...config,
  });
  Object.assign(gateway.deps, { background: createBackgroundStore(records.records), journal });
  gateway.key('sk-a', { teamId: 'a', maxBudgetPicos: parsePicos('1') });
  gateway.key('sk-b', { teamId: 'b' });
  gateways.push(gateway);
  return gateway;
}

beforeAll(async () => {
  [records, upstream] = [await startTestRecords(), await startScriptedUpstream()];
  test = await gatewayWith();
});
beforeEach(async () => {
  dies = false;
  written.length = 0;
  await records.records.query(sql`DELETE FROM background_responses`);
});
afterEach(async () => {
  for (const runner of running.splice(0)) await runner.close();
});
afterAll(async () => {
  for (const gateway of gateways) await gateway.close();
  await upstream.close();
  await records.stop();
});

let count = 0;
const told = (status: string, more: object = {}) => ({
  pieces: [
    JSON.stringify({ id: `resp_${++count}`, object: 'response', background: true, status, model: 'gpt-5', output: [], usage: null, error: null, ...more }),
  ],
});
const USAGE = { input_tokens: 10, output_tokens: 4, total_tokens: 14 };
const COST = 10n * parsePicos('0.000001') + 4n * parsePicos('0.000002');
const SAID = [{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'done at last' }] }];
const completed = () => told('completed', { usage: USAGE, output: SAID });

interface Answered {
  status: number;
  body: Record<string, unknown> & { id: string; error?: { message: string; param: string | null } };
}
async function ask(method: string, path: string, body?: object, { key = 'sk-a', at = test }: { key?: string; at?: TestGateway } = {}): Promise<Answered> {
  const answer = await fetch(`${at.url}/v1/responses${path}`, {
    method,
    headers: { authorization: `Bearer ${key}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as Answered['body'] };
}
const BODY = { model: 'gpt', input: 'take your time', background: true, max_output_tokens: 100 };

interface Kept {
  id: string;
  settled_at: Date | null;
  failures: number;
  request: Buffer | null;
}
async function kept(): Promise<Kept[]> {
  return await records.records.query<Kept>(sql`SELECT id, settled_at, failures, request FROM background_responses ORDER BY id`);
}
async function ledger(callId: string): Promise<[bigint, string][]> {
  const rows = await records.records.query<{ cost: string | null; call_outcome: string }>(sql`SELECT cost, call_outcome FROM ledger WHERE call_id = ${callId}`);
  return rows.map(({ cost, call_outcome }) => [parsePicos(cost ?? '0'), call_outcome]);
}

/** One that its upstream has begun; its own id and the call's. */
async function begun(first = told('queued')): Promise<{ id: string; callId: string }> {
  upstream.script(first);
  const { status, body } = await ask('POST', '', BODY);
  expect([status, body.status]).toEqual([200, 'queued']);
  const [row] = await records.records.query<{ id: string }>(sql`SELECT id FROM background_responses WHERE response_id = ${body.id}`);
  return { id: body.id, callId: row?.id ?? '' };
}
async function look(at = test): Promise<void> {
  running.push(await startBackground({ deps: at.deps, withSnapshot: at.gateway.withSnapshot, retryMs: 5 }));
}
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 20));
}
const allSettled = async () => (await kept()).every((row) => row.settled_at !== null);
const due = () => records.records.query(sql`UPDATE background_responses SET next_at = now(), locked_until = NULL WHERE settled_at IS NULL`);
const spent = () => test.deps.budgets.spentPicos(`key:${keyId}`);
let keyId = '';

describe('a response in the background that nobody asks about', () => {
  it('counts at its reservation until it ends, then at what it used, written down as a call that was waited for', async () => {
    const { callId } = await begun();
    expect(upstream.seen[0]?.body).toMatchObject({ background: true, model: 'fixed' });
    const [[held, outcome] = [0n, '']] = await ledger(callId);
    expect([held >= 100n * parsePicos('0.000002'), outcome]).toEqual([true, 'unknown']);
    const [account = ''] = (await records.records.query<{ accounts: string[] }>(sql`SELECT accounts FROM background_responses`))[0]?.accounts ?? [];
    keyId = account.slice('key:'.length);
    expect(spent()).toBe(held);
    expect(written).toEqual([]);
    upstream.script(completed());
    await look();
    await until(allSettled);
    expect(await ledger(callId)).toEqual([[COST, 'success']]);
    await until(async () => spent() === COST);
    expect(written).toHaveLength(1);
    const { record, request, answer } = written[0] as Written;
    expect(record).toMatchObject({ callId, endpoint: 'responses', outcome: 'success', httpStatus: 200, content: 'full', answerFormat: 'json' });
    expect(record).toMatchObject({ usage: { input: 10, output: 4, total: 14 }, usageEstimated: false, attempts: [{ outcome: 'success' }] });
    expect(JSON.parse(request ?? '')).toEqual(BODY);
    expect(answer).toContain('done at last');
    // Nothing of its content stays behind.
    expect((await kept())[0]?.request).toBeNull();
  });

  it('is counted once by two who look side by side', async () => {
    const callIds: string[] = [];
    for (let index = 0; index < 6; index++) callIds.push((await begun()).callId);
    upstream.script(completed());
    await Promise.all([look(), look()]);
    await until(allSettled);
    expect(written.map(({ record }) => record.callId).sort()).toEqual([...callIds].sort());
    for (const callId of callIds) expect(await ledger(callId)).toEqual([[COST, 'success']]);
  });

  it('is counted once when its process dies between the record and the closing of the row', async () => {
    const { callId } = await begun();
    upstream.script(completed());
    dies = true;
    // Its look hangs for good, and must not hold the gateway of the others.
    await startBackground({ deps: test.deps, withSnapshot: async (work) => await work(await test.gateway.withSnapshot(async (snapshot) => snapshot)) });
    await until(async () => (await ledger(callId))[0]?.[1] === 'success');
    expect(await allSettled()).toBe(false);
    dies = false;
    await due();
    await look();
    await until(allSettled);
    expect(written).toHaveLength(1);
    expect(await ledger(callId)).toEqual([[COST, 'success']]);
  });

  it('that fails or ends incomplete costs what its upstream counts, and what it probably was where nobody counts', async () => {
    for (const [end, outcome, cost] of [
      [told('failed', { usage: USAGE, error: { code: 'server_error', message: 'it broke' } }), 'failure', COST],
      [told('incomplete', { usage: USAGE, incomplete_details: { reason: 'max_output_tokens' } }), 'success', COST],
      [told('cancelled'), 'cancelled', null],
    ] as const) {
      const { callId } = await begun();
      upstream.script(end);
      await look();
      await due();
      await until(allSettled);
      const { record } = written.at(-1) as Written;
      expect([record.callId, record.outcome, record.usageEstimated]).toEqual([callId, outcome, cost === null]);
      if (outcome === 'failure') expect(record.errorMessage).toBe('it broke');
      if (cost === null) expect(record.usage?.input).toBeGreaterThan(0);
      expect((await ledger(callId))[0]?.[0]).toBe(cost ?? parsePicos(record.cost ?? ''));
    }
  });

  it('stays counted at its reservation when its upstream has forgotten it, never ends, or never said its name', async () => {
    const forgotten = await begun();
    const held = await ledger(forgotten.callId);
    upstream.script({ status: 404, pieces: ['{"error":{"message":"no such response"}}'] });
    await look();
    await due();
    await until(allSettled);
    expect((await kept())[0]?.failures).toBe(3);
    for (const change of [sql`created_at = now() - interval '25 hours'`, sql`response_id = NULL`]) {
      const { callId } = await begun();
      upstream.script(told('in_progress'));
      await records.records.query(sql`UPDATE background_responses SET next_at = now(), ${change} WHERE id = ${callId}`);
      await due();
      await look();
      await until(allSettled);
      expect(await ledger(callId)).toEqual(held);
      if (upstream.seen.length > 0) expect(upstream.seen.at(-1)).toMatchObject({ method: 'POST', path: expect.stringMatching(/\/cancel$/) });
    }
    expect(written).toEqual([]);
    expect(test.logLines.join('\n')).toContain('stays counted at its reservation');
  });

  it('is looked for again while its upstream is away', async () => {
    const { callId } = await begun();
    upstream.script({ status: 503, pieces: ['{"error":{"message":"away"}}'] });
    await due();
    await look();
    await until(async () => ((await kept())[0]?.failures ?? 0) >= 2);
    expect((await ledger(callId))[0]?.[1]).toBe('unknown');
    upstream.script(completed());
    await until(allSettled);
    expect(await ledger(callId)).toEqual([[COST, 'success']]);
  });
});

describe('the owner of a response in the background', () => {
  it('asks for it, and what is told of its end wakes whoever counts it; for anybody else it does not exist', async () => {
    const { id, callId } = await begun();
    for (const [method, path] of [
      ['GET', ''],
      ['POST', '/cancel'],
      ['DELETE', ''],
    ] as const)
      expect((await ask(method, `/${id}${path}`, undefined, { key: 'sk-b' })).status).toBe(404);
    expect(upstream.seen).toHaveLength(1);
    await records.records.query(sql`UPDATE background_responses SET next_at = now() + interval '1 hour'`);
    await look();
    upstream.script(told('in_progress'));
    expect((await ask('GET', `/${id}`)).body.status).toBe('in_progress');
    expect(await allSettled()).toBe(false);
    upstream.script(completed());
    expect((await ask('GET', `/${id}`)).body).toMatchObject({ status: 'completed', output: SAID });
    await until(allSettled);
    expect(await ledger(callId)).toEqual([[COST, 'success']]);
  });

  it('cancels it at its upstream', async () => {
    const { id, callId } = await begun();
    await records.records.query(sql`UPDATE background_responses SET next_at = now() + interval '1 hour'`);
    await look();
    upstream.script(told('cancelled', { usage: USAGE }));
    expect((await ask('POST', `/${id}/cancel`)).body.status).toBe('cancelled');
    expect(upstream.seen[0]).toMatchObject({ method: 'POST', path: `/v1/responses/${id}/cancel` });
    await until(allSettled);
    expect(await ledger(callId)).toEqual([[COST, 'cancelled']]);
  });

  it('deletes it while it runs: it is ended and counted before its upstream forgets it', async () => {
    const { id, callId } = await begun();
    upstream.script(told('in_progress'), told('cancelled', { usage: USAGE }), { pieces: [JSON.stringify({ id, object: 'response', deleted: true })] });
    expect((await ask('DELETE', `/${id}`)).body).toEqual({ id, object: 'response', deleted: true });
    expect(upstream.seen.map(({ method, path }) => `${method} ${path.split(id)[1]}`)).toEqual(['GET ', 'POST /cancel', 'DELETE ']);
    expect(await ledger(callId)).toEqual([[COST, 'cancelled']]);
    expect((await ask('GET', `/${id}`)).status).toBe(404);
  });
});

describe('a response that cannot run in the background', () => {
  it('is refused before its upstream hears of it', async () => {
    upstream.script(told('queued'));
    for (const [body, status, param] of [
      [{ ...BODY, model: 'llama' }, 501, 'background'],
      [{ ...BODY, model: 'llama', stream: true }, 501, 'background'],
      [{ ...BODY, store: false }, 400, 'background'],
    ] as const) {
      const answer = await ask('POST', '', body);
      expect([answer.status, answer.body.error?.param]).toEqual([status, param]);
    }
    expect([upstream.seen.length, await kept()]).toEqual([0, []]);
  });

  it('is refused with a guard that looks at answers, or by one that looks beside a call; what guards mask is masked for the upstream and in what is kept', async () => {
    const personal = {
      ...{ name: 'personal', kind: 'personal_data', provider: 'presidio', defaultOn: true, failOpen: false, timeoutMs: 1000 },
      ...{ violation: null, entities: new Map([['EMAIL_ADDRESS', 'MASK']]) },
    };
    const guarded = (mode: string, more: object = {}) =>
      gatewayWith({ guardrails: [{ ...personal, modes: new Set([mode]), ...more }] as unknown as Guardrails });
    const answers = await guarded('post_call');
    upstream.script(told('queued'));
    const refused = await ask('POST', '', BODY, { at: answers });
    expect([refused.status, refused.body.error?.message, upstream.seen.length]).toEqual([400, expect.stringContaining('looks at answers'), 0]);
    const beside = await guarded('during_call', { entities: new Map([['EMAIL_ADDRESS', 'BLOCK']]) });
    expect((await ask('POST', '', { ...BODY, input: 'write to taro@example.com' }, { at: beside })).status).toBe(400);
    expect([upstream.seen.length, await kept()]).toEqual([0, []]);
    const requests = await guarded('pre_call');
    expect((await ask('POST', '', { ...BODY, input: 'write to taro@example.com' }, { at: requests })).status).toBe(200);
    const [row] = await kept();
    for (const text of [upstream.seen[0]?.raw, row?.request?.toString()]) expect(text).toMatch(/write to <EMAIL_ADDRESS>/);
  });

  it('is kept as its project masks what is written down', async () => {
    const at = await gatewayWith();
    const hide = (text: string) => text.replaceAll('a secret', '<hidden>');
    const mask = { text: hide, body: (bytes: Uint8Array) => Buffer.from(hide(Buffer.from(bytes).toString())) };
    Object.assign(at.deps, { journal: maskedCallJournal(journal, () => mask) });
    upstream.script(told('queued'));
    await ask('POST', '', { ...BODY, input: 'a secret', metadata: { note: 'a secret' } }, { at });
    expect(upstream.seen[0]?.body.input).toBe('a secret');
    const [row] = await records.records.query<{ call: object; request: Buffer }>(sql`SELECT call, request FROM background_responses`);
    expect([row?.request.toString(), JSON.stringify(row?.call)].join()).not.toContain('a secret');
    expect(row?.request.toString()).toContain('<hidden>');
  });

  it('holds nothing when its upstream refuses it, or has answered it at once', async () => {
    const before = spent();
    upstream.script({ status: 400, pieces: ['{"error":{"message":"not this model"}}'] });
    expect((await ask('POST', '', BODY)).body.error?.message).toContain('not this model');
    expect([await kept(), spent(), written[0]?.record]).toEqual([[], before, expect.objectContaining({ outcome: 'failure', cost: '0' })]);
    upstream.script(completed());
    expect((await ask('POST', '', BODY)).body.status).toBe('completed');
    expect([await kept(), spent() - before]).toEqual([[], COST]);
    const { callId } = (written[1] as Written).record;
    expect(await ledger(callId)).toEqual([[COST, 'success']]);
  });

  it('is cancelled when it cannot be bound to its owner, and counted all the same', async () => {
    const { keep } = test.deps.responses;
    test.deps.responses.keep = () => Promise.reject(new Error('the records are away'));
    upstream.script(told('queued'), told('cancelled', { usage: USAGE }));
    try {
      expect((await ask('POST', '', BODY)).status).toBe(503);
    } finally {
      test.deps.responses.keep = keep;
    }
    expect(upstream.seen.at(-1)?.path).toMatch(/\/cancel$/);
    await due();
    await look();
    await until(allSettled);
    expect(await ledger((await kept())[0]?.id ?? '')).toEqual([[COST, 'cancelled']]);
  });

  it('does not end with a client that leaves while it begins', async () => {
    let answer: () => void = () => {};
    const asked = new Promise<void>((heard) => {
      slow.on('request', (_request, response) => {
        answer = () => void response.setHeader('content-type', 'application/json').end(told('queued').pieces[0]);
        heard();
      });
    });
    await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve));
    const at = await gatewayWith({ deployments: [{ ...DEPLOYMENT, apiBase: `http://127.0.0.1:${(slow.address() as AddressInfo).port}/v1` }] });
    const leaving = new AbortController();
    const headers = { authorization: 'Bearer sk-a' };
    const gone = fetch(`${at.url}/v1/responses`, { method: 'POST', headers, body: JSON.stringify(BODY), signal: leaving.signal }).catch(() => null);
    await asked;
    leaving.abort();
    await gone;
    await new Promise((resolve) => setTimeout(resolve, 50));
    answer();
    await until(async () => {
      const [row] = await records.records.query<{ response_id: string | null }>(sql`SELECT response_id FROM background_responses`);
      return row?.response_id != null;
    });
    slow.close();
    slow.closeAllConnections();
    expect(written).toEqual([]);
  });
  const slow = createServer();
});
