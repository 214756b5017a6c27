// What a rule finds is judged once, with its cause when it is not; limits of cost hold; nothing is judged twice, and no judge is judged.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '#lib/errors.ts';
import { JUDGE_ENVIRONMENT } from '#observe/llm-connections/chat.ts';
import { PROJECT } from '#observe/store/rows-fixture.ts';
import { sql } from '#stores/records/sql.ts';
import { type EvaluationFixture, openEvaluationFixture, QUALITY, REPLY } from './evaluation-fixture.ts';

let fixture: EvaluationFixture;
beforeAll(async () => {
  fixture = await openEvaluationFixture();
});
afterAll(() => fixture?.close());
beforeEach(async () => {
  await fixture.rest();
  await fixture.routes.records.query(sql`DELETE FROM evaluation_rules`);
  await fixture.routes.records.query(sql`DELETE FROM evaluators`);
  fixture.stored.length = 0;
  fixture.asked.length = 0;
  fixture.written.length = 0;
  fixture.answer = () => REPLY;
});

const BASE = '/api/public/unstable';
const call = (method: string, path: string, body?: unknown) => fixture.routes.call(method, `${BASE}${path}`, body);

async function makeRule(over: Record<string, unknown> = {}): Promise<string> {
  expect((await call('POST', '/evaluators', QUALITY)).status).toBe(200);
  const rule = await call('POST', '/evaluation-rules', {
    name: 'all answers',
    evaluator: { name: 'quality' },
    mapping: [
      { variable: 'input', source: 'input' },
      { variable: 'output', source: 'output' },
    ],
    target: 'observation',
    enabled: true,
    delaySeconds: 0,
    ...over,
  });
  expect(rule.status, JSON.stringify(rule.body)).toBe(200);
  return String(rule.body.id);
}

async function until<Value>(what: string, probe: () => Promise<Value | null | undefined | false>): Promise<Value> {
  for (let tries = 0; tries < 400; tries++) {
    const value = await probe();
    if (value) return value;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`never: ${what}; queue ${JSON.stringify((await call('GET', '/evaluation-jobs')).body.data)}`);
}

const jobs = async () => (await call('GET', '/evaluation-jobs')).body.data as unknown as Record<string, unknown>[];
const ended = (count: number) =>
  until(`${count} judgements to end`, async () => {
    const rows = await jobs();
    return rows.length >= count && rows.every(({ state }) => !['pending', 'running'].includes(String(state))) && rows;
  });

describe('judging what comes in', () => {
  it('writes a score that leads to the call of its judge, once a target', async () => {
    const ruleId = await makeRule();
    const runner = await fixture.start();
    fixture.store({ id: 'o1', input: 'なぜ？', output: 'だから' });
    fixture.store({ id: 'judged', environment: JUDGE_ENVIRONMENT });
    runner.storedMore();
    const [job] = await ended(1);
    expect(job).toMatchObject({ state: 'done', targetId: 'o1', traceId: 't-o1', judgeTraceId: REPLY.traceId, attempts: 1, cause: null });
    expect(Number(job?.cost)).toBe(0.001);
    expect(fixture.asked).toHaveLength(1);
    expect(fixture.asked[0]).toMatchObject({ model: 'm-1', trace: { environment: JUDGE_ENVIRONMENT, name: 'judge: quality' } });
    expect(fixture.asked[0]?.messages[1]?.content).toBe('Q: なぜ？ A: だから');
    const [score] = fixture.written.flatMap(({ body }) => body);
    expect(score).toMatchObject({
      type: 'score-create',
      body: {
        name: 'quality',
        source: 'EVAL',
        value: 0.8,
        comment: 'fine',
        traceId: 't-o1',
        observationId: 'o1',
        metadata: { ruleId, judgeTraceId: REPLY.traceId, evaluatorVersion: 1 },
      },
    });
    expect(score?.body.id).toBe(job?.scoreId);
    runner.storedMore();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(fixture.asked).toHaveLength(1);
    await runner.close();
  });

  it('takes the share that was asked for, the same each time', async () => {
    await makeRule({ sampling: 0.3 });
    for (let index = 0; index < 200; index++) fixture.store({ id: `s${index}` });
    const runner = await fixture.start();
    runner.storedMore();
    const rows = await until('some jobs', async () => {
      const [row] = await fixture.routes.records.query<{ count: string }>(sql`SELECT count(*) AS count FROM evaluation_jobs`);
      return Number(row?.count) > 0 && Number(row?.count);
    });
    expect(rows).toBeGreaterThan(30);
    expect(rows).toBeLessThan(90);
    await runner.close();
  });

  it('waits for an observation that has not ended, without counting it', async () => {
    await makeRule();
    fixture.store({ id: 'open', endTime: null });
    const runner = await fixture.start();
    runner.storedMore();
    const waiting = await until('the observation to be waited for', async () => (await jobs()).find(({ cause }) => cause === 'not ended yet'));
    expect(waiting).toMatchObject({ state: 'pending', attempts: 0 });
    await runner.close();
  });

  it('tries again what may succeed later, and keeps the cause of what did not', async () => {
    await makeRule();
    const replies = [new AppError('m answered 429: slow down', { status: 503, code: 'upstream_429' }), { ...REPLY, text: 'no JSON at all' }, REPLY];
    fixture.answer = () => {
      const next = replies.shift();
      if (next instanceof Error) throw next;
      return next ?? REPLY;
    };
    fixture.store({ id: 'again' });
    const runner = await fixture.start();
    runner.storedMore();
    const [job] = await ended(1);
    expect(job).toMatchObject({ state: 'done', attempts: 3 });
    // The unreadable answer cost too.
    expect(Number(job?.cost)).toBeCloseTo(0.002, 9);

    fixture.answer = () => {
      throw new AppError('m answered 400: too long', { status: 422, code: 'upstream_400' });
    };
    fixture.store({ id: 'never' });
    runner.storedMore();
    const rows = await ended(2);
    expect(rows.find(({ targetId }) => targetId === 'never')).toMatchObject({ state: 'failed', cause: 'm answered 400: too long', attempts: 1 });

    fixture.answer = () => REPLY;
    expect((await call('POST', '/evaluation-jobs/retry')).body).toEqual({ jobs: 1 });
    await until('the failed one to be judged', async () => (await jobs()).every(({ state }) => state === 'done'));
    await runner.close();
  });

  it('pauses a rule whose every judgement would fail, and goes on when it is mended', async () => {
    const ruleId = await makeRule();
    fixture.answer = () => {
      throw new AppError('genai-gateway answered 401: no such key', { status: 422, code: 'upstream_401' });
    };
    for (const id of ['p1', 'p2', 'p3']) fixture.store({ id });
    const runner = await fixture.start({ slots: 1 });
    runner.storedMore();
    await until('the rule to be paused', async () => (await call('GET', `/evaluation-rules/${ruleId}`)).body.status === ('paused' as never));
    expect((await call('GET', `/evaluation-rules/${ruleId}`)).body).toMatchObject({ pausedReason: 'upstream_401', enabled: true });
    expect(fixture.asked).toHaveLength(1);
    fixture.answer = () => REPLY;
    expect((await call('PATCH', `/evaluation-rules/${ruleId}`, { enabled: true })).body).toMatchObject({ status: 'active', pausedReason: null });
    expect(await ended(3)).toMatchObject([{ state: 'done' }, { state: 'done' }, { state: 'done' }]);
    await runner.close();
  });

  it('keeps the call of a judge that the gateway did not record', async () => {
    await makeRule();
    fixture.answer = () => ({ ...REPLY, traceId: null, cost: null });
    fixture.store({ id: 'direct' });
    const runner = await fixture.start({ priceOf: () => '0.5' });
    runner.storedMore();
    const [job] = await ended(1);
    expect(Number(job?.cost)).toBe(0.5);
    const events = fixture.written.flatMap(({ body }) => body);
    expect(events.map(({ type }) => type)).toEqual(['trace-create', 'generation-create', 'score-create']);
    expect(events[1]?.body).toMatchObject({ traceId: job?.judgeTraceId, environment: JUDGE_ENVIRONMENT, model: 'm-1', usageDetails: { input: 10, output: 5 } });
    expect(events[2]?.body).toMatchObject({ metadata: { judgeTraceId: job?.judgeTraceId } });
    await runner.close();
  });

  it('gives what it had begun back when the process ends, and another takes what a dead one left', async () => {
    await makeRule();
    fixture.answer = ({ signal }) =>
      new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new AppError('left', { status: 502, code: 'x' }))));
    fixture.store({ id: 'cut' });
    const runner = await fixture.start();
    runner.storedMore();
    await until('the call to begin', async () => fixture.asked.length === 1);
    await runner.close();
    expect(await jobs()).toMatchObject([{ state: 'pending', attempts: 0 }]);
    await fixture.routes.records.query(sql`UPDATE evaluation_jobs SET state = 'running', locked_until = now() - interval '1 second'`);
    fixture.answer = () => REPLY;
    const other = await fixture.start();
    expect(await ended(1)).toMatchObject([{ state: 'done' }]);
    await other.close();
  });
});

describe('a backfill', () => {
  const range = () => ({ fromTimestamp: new Date(Date.now() - 3_600_000).toISOString(), toTimestamp: new Date(Date.now() + 60_000).toISOString() });

  it('says first what it would judge and cost, then judges what was not judged, also for a rule that is off', async () => {
    const ruleId = await makeRule({ enabled: false });
    for (const id of ['b1', 'b2', 'b3']) fixture.store({ id });
    const path = `/evaluation-rules/${ruleId}/backfills`;
    expect((await call('POST', path, { ...range(), dryRun: true })).body).toMatchObject({ dryRun: true, targets: 3, jobs: 3, estimatedCost: null });
    expect(await jobs()).toEqual([]);
    const runner = await fixture.start();
    expect((await call('POST', path, range())).body).toMatchObject({ dryRun: false, jobs: 3 });
    await ended(3);
    const dry = await call('POST', path, { ...range(), dryRun: true });
    expect(Number(dry.body.estimatedCost)).toBeCloseTo(0.003, 9);
    expect((await call('POST', path, range())).body).toMatchObject({ jobs: 0 });
    expect((await call('GET', path)).body.data).toMatchObject([{ jobs: 0 }, { state: 'done', jobs: 3, done: 3, failed: 0 }]);
    await runner.close();
  });

  it('stops when its limit is spent, and when nobody knows what a call cost', async () => {
    const ruleId = await makeRule({ enabled: false });
    for (let index = 0; index < 20; index++) fixture.store({ id: `c${index}` });
    const path = `/evaluation-rules/${ruleId}/backfills`;
    const runner = await fixture.start({ slots: 2 });
    await call('POST', path, { ...range(), maxCost: 0.005 });
    const rows = await ended(20);
    const spent = rows.reduce((sum, { cost }) => sum + Number(cost ?? 0), 0);
    // At most one call more than the limit for each that was on its way.
    expect(spent).toBeGreaterThanOrEqual(0.005);
    expect(spent).toBeLessThanOrEqual(0.0071);
    expect(rows.filter(({ state }) => state === 'cancelled').length).toBeGreaterThan(10);
    expect((await call('GET', path)).body.data[0]).toMatchObject({ state: 'stopped', cause: expect.stringContaining('is spent') });

    fixture.answer = () => ({ ...REPLY, cost: null });
    await fixture.routes.records.query(sql`DELETE FROM evaluation_jobs`);
    await call('POST', path, { ...range(), maxCost: 5 });
    await ended(20);
    expect((await call('GET', path)).body.data[0]).toMatchObject({ state: 'stopped', cause: expect.stringContaining('unknown') });
    await runner.close();
  });

  it('is stopped by hand, and a waiting judgement is taken out', async () => {
    const ruleId = await makeRule({ enabled: false });
    for (const id of ['x1', 'x2']) fixture.store({ id });
    const path = `/evaluation-rules/${ruleId}/backfills`;
    const { id } = (await call('POST', path, range())).body;
    const [first] = await jobs();
    expect((await call('POST', `/evaluation-jobs/${first?.id}/cancel`)).status).toBe(200);
    expect((await call('POST', `/evaluation-jobs/${first?.id}/cancel`)).status).toBe(404);
    expect((await call('POST', `${path}/${id}/stop`)).body).toMatchObject({ state: 'stopped' });
    expect((await jobs()).map(({ state }) => state)).toEqual(['cancelled', 'cancelled']);
  });
});

describe('a limit of cost in 24 hours', () => {
  it('cancels what comes beyond it', async () => {
    await makeRule({ maxCostPerDay: 0.003 });
    for (let index = 0; index < 10; index++) fixture.store({ id: `d${index}` });
    const runner = await fixture.start({ slots: 1 });
    runner.storedMore();
    const rows = await ended(10);
    expect(rows.filter(({ state }) => state === 'done')).toHaveLength(3);
    expect(rows.find(({ state }) => state === 'cancelled')).toMatchObject({ cause: "the rule's limit of 0.003 in 24 hours is spent" });
    expect(fixture.written.every(({ projectId }) => projectId === PROJECT)).toBe(true);
    await runner.close();
  });
});
