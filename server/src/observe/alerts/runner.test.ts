// Alerts from measurement to message, over real records and real connections: once each, in order, across restarts, processes and receivers that are away.
import { createHmac } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '#lib/errors.ts';
import { sql } from '#stores/records/sql.ts';
import { type AlertsFixture, openAlertsFixture } from './alerts-fixture.ts';

const BASE = '/api/public/unstable';
const MINUTE = 60_000;
let fixture: AlertsFixture;
beforeAll(async () => {
  fixture = await openAlertsFixture();
});
beforeEach(async () => {
  await fixture.routes.records.query(sql`DELETE FROM alert_rules`);
  await fixture.routes.records.query(sql`DELETE FROM alert_firings`);
  await fixture.routes.records.query(sql`DELETE FROM alert_receivers`);
  Object.assign(fixture, { value: 0, asked: [], received: [], counted: [], mails: [], lag: 0, answer: () => ({ status: 200 }), recipientAnswer: '250 ok' });
});
afterEach(async () => await fixture.rest());
afterAll(async () => await fixture.close());

const call = (method: string, path: string, body?: unknown) => fixture.routes.call(method, `${BASE}${path}`, body);

async function made(path: string, body: unknown): Promise<string> {
  const { status, body: answer } = await call('POST', path, body);
  expect(status, JSON.stringify(answer)).toBe(200);
  return answer.id as unknown as string;
}
const hook = (name = 'hook', more: object = {}) => made('/alert-receivers', { kind: 'webhook', name, url: `${fixture.hookUrl}/${name}`, ...more });
const COST = { kind: 'threshold', view: 'observations', measure: 'totalCost', aggregation: 'sum', comparison: '>', threshold: 5, windowMinutes: 10 };
const rule = (receiverIds: string[], more: object = {}) => made('/alert-rules', { ...COST, name: 'Cost', receiverIds, ...more });
const state = async (id: string) => (await call('GET', `/alert-rules/${id}`)).body as unknown as Record<string, unknown>;
const history = async () =>
  (await call('GET', '/alert-firings')).body.data as unknown as {
    endReason: string | null;
    deliveries: { id: string; event: string; state: string; lastError: string | null; attempts: number }[];
  }[];
const events = () => fixture.received.map(({ body }) => body.event);

async function until<Value>(what: string, look: () => Promise<Value | false | undefined> | Value | false | undefined): Promise<Value> {
  for (let tries = 0; tries < 400; tries++) {
    const value = await look();
    if (value) return value;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`waited for ${what}: ${JSON.stringify(await history())}`);
}
const evaluations = (count: number) => until(`${count} evaluations`, () => fixture.asked.length >= count);
const sent = (count: number) =>
  until(
    `${count} messages`,
    async () => fixture.received.length >= count && (await history()).every(({ deliveries }) => deliveries.every((one) => one.state === 'sent')),
  );

describe('a rule', () => {
  it('waits until its condition has held, tells its receivers once, and tells them once that it ended', async () => {
    const id = await rule([await hook('one', { secret: 'a-good-secret' }), await hook('two')], { forMinutes: 2, severity: 'critical' });
    fixture.value = 7.5;
    await fixture.start();
    await until('pending', async () => (await state(id)).state === 'pending');
    expect(fixture.received).toEqual([]);
    await fixture.pass(MINUTE);
    await evaluations(2);
    await fixture.pass(MINUTE + 1000);
    await sent(2);
    expect(await state(id)).toMatchObject({ state: 'firing', lastValue: 7.5, evaluationError: null });
    const [first] = fixture.received.filter(({ path }) => path === '/one');
    expect(first?.body).toMatchObject({
      event: 'firing',
      value: 7.5,
      condition: 'sum_totalCost > 5',
      rule: { name: 'Cost', severity: 'critical' },
      project: { name: 'First' },
    });
    const [, time = '', v1] = /^t=(\d+),v1=([0-9a-f]+)$/.exec(String(first?.headers['x-genai-signature'])) ?? [];
    expect(
      createHmac('sha256', 'a-good-secret')
        .update(`${time}.${JSON.stringify(first?.body)}`)
        .digest('hex'),
    ).toBe(v1);
    await fixture.pass(MINUTE);
    await evaluations(4);
    fixture.value = 1;
    await fixture.pass(MINUTE);
    await sent(4);
    expect(events().sort()).toEqual(['firing', 'firing', 'resolved', 'resolved']);
    expect(await state(id)).toMatchObject({ state: 'resolved' });
    expect(await history()).toMatchObject([
      { endReason: 'resolved', deliveries: [{ event: 'firing' }, { event: 'firing' }, { event: 'resolved' }, { event: 'resolved' }] },
    ]);
  });

  it('is evaluated over its window until where the stored events reach, and at most once a minute', async () => {
    await rule([]);
    fixture.lag = 5_000;
    await fixture.start();
    await evaluations(1);
    const [query] = fixture.asked;
    expect(Date.parse(query?.toTimestamp ?? '') - Date.parse(query?.fromTimestamp ?? '')).toBe(10 * MINUTE);
    const age = Date.now() + fixture.aheadMs - Date.parse(query?.toTimestamp ?? '');
    expect(age).toBeGreaterThanOrEqual(5_000);
    expect(age).toBeLessThan(30_000);
    await fixture.pass(MINUTE / 2);
    await fixture.pass(0);
    await fixture.pass(MINUTE / 2 + 100);
    await evaluations(2);
    expect(fixture.asked).toHaveLength(2);
  });

  it('of silence fires when nothing came in, but not while nobody knows what came in', async () => {
    const id = await made('/alert-rules', { kind: 'silence', name: 'Silence', windowMinutes: 5, receiverIds: [await hook()] });
    fixture.lag = null;
    await fixture.start();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(fixture.asked).toEqual([]);
    expect(await state(id)).toMatchObject({ state: 'ok', evaluatedAt: null });
    fixture.lag = 0;
    await fixture.pass(0);
    await sent(1);
    expect(fixture.received[0]?.body).toMatchObject({ event: 'firing', rule: { kind: 'silence' }, value: 0 });
  });

  it('that cannot be evaluated says why, keeps its state and tries again', async () => {
    const id = await rule([await hook()]);
    fixture.value = 9;
    await fixture.start();
    await sent(1);
    fixture.value = new AppError('Stored events cannot be read at the moment.', { status: 503, code: 'x' });
    await fixture.pass(MINUTE);
    await until('the error', async () => (await state(id)).evaluationError === 'Stored events cannot be read at the moment.');
    expect(await state(id)).toMatchObject({ state: 'firing' });
    fixture.value = 9;
    await fixture.pass(MINUTE);
    await until('the end of the error', async () => (await state(id)).evaluationError === null);
    expect(events()).toEqual(['firing']);
  });

  it('that is changed, switched off or deleted while it fires ends, and its receivers are told why', async () => {
    const receivers = [await hook()];
    const id = await rule(receivers);
    fixture.value = 9;
    await fixture.start();
    await sent(1);
    fixture.value = 0;
    expect((await call('PUT', `/alert-rules/${id}`, { ...COST, name: 'Cost', threshold: 100, receiverIds: receivers })).body).toMatchObject({ state: 'ok' });
    await sent(2);
    expect(fixture.received[1]?.body).toMatchObject({ event: 'resolved', endReason: 'changed' });
    fixture.value = 900;
    await fixture.pass(MINUTE);
    await sent(3);
    expect((await call('PATCH', `/alert-rules/${id}`, { enabled: false })).body).toMatchObject({ state: 'off', enabled: false });
    await sent(4);
    expect((await call('PATCH', `/alert-rules/${id}`, { enabled: true })).body).toMatchObject({ state: 'ok' });
    await sent(5);
    expect((await call('DELETE', `/alert-rules/${id}`)).status).toBe(200);
    await sent(6);
    expect(fixture.received.map(({ body }) => (body as unknown as { endReason: string | null }).endReason)).toEqual([
      null,
      'changed',
      null,
      'disabled',
      null,
      'deleted',
    ]);
    expect((await history()).map(({ endReason }) => endReason).sort()).toEqual(['changed', 'deleted', 'disabled']);
  });

  it('that was changed while it was measured throws the measurement away', async () => {
    const receivers = [await hook()];
    const id = await rule(receivers);
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await fixture.start({
      ask: async () => {
        await held;
        return { data: [{ sum_totalCost: 9 }] };
      },
    });
    await until('the evaluation to begin', async () => {
      const [row] = await fixture.routes.records.query<{ locked: boolean }>(sql`SELECT locked_until IS NOT NULL AS locked FROM alert_rules WHERE id = ${id}`);
      return row?.locked;
    });
    await call('PATCH', `/alert-rules/${id}`, { enabled: false });
    release();
    await fixture.rest();
    expect(await state(id)).toMatchObject({ state: 'off', evaluatedAt: null });
    expect(await history()).toEqual([]);
  });
});

describe('messages', () => {
  it('survive a restart: nothing is lost and nothing is said twice', async () => {
    const id = await rule([await hook()]);
    fixture.value = 9;
    fixture.answer = () => ({ status: 503 });
    const first = await fixture.start();
    await until('a failed attempt', async () => (await history())[0]?.deliveries[0]?.lastError);
    await first.close();
    fixture.answer = () => ({ status: 200 });
    const second = await fixture.start();
    await fixture.pass(11_000);
    await sent(1);
    await second.close();
    await fixture.start();
    await fixture.pass(MINUTE);
    await evaluations(2);
    await fixture.pass(0);
    expect(events()).toEqual(['firing']);
    expect(await state(id)).toMatchObject({ state: 'firing' });
    expect(await history()).toMatchObject([{ deliveries: [{ state: 'sent', attempts: 2 }] }]);
  });

  it('are sent and rules evaluated by one process at a time, and taken over from one that died', async () => {
    const receiver = await hook();
    for (let index = 0; index < 6; index++) await rule([receiver], { name: `rule ${index}` });
    fixture.value = 9;
    await Promise.all([fixture.start(), fixture.start(), fixture.start()]);
    await sent(6);
    expect(fixture.asked).toHaveLength(6);
    expect(new Set(fixture.received.map(({ body }) => body.deliveryId)).size).toBe(6);
    await fixture.rest();
    const far = new Date(Date.now() + fixture.aheadMs + 30_000).toISOString();
    await fixture.routes.records.query(sql`UPDATE alert_rules SET next_at = now() - interval '1 hour', locked_until = ${far}::timestamptz`);
    await fixture.start();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(fixture.asked).toHaveLength(6);
    await fixture.pass(31_000);
    await evaluations(12);
    expect(fixture.received).toHaveLength(6);
  });

  it('are tried again, the end never before the beginning, and given up for good with the cause in sight', async () => {
    await rule([await hook()]);
    fixture.value = 9;
    fixture.answer = () => ({ status: 429, headers: { 'retry-after': '40' } });
    await fixture.start();
    const delivery = await until('an attempt', async () => (await history())[0]?.deliveries.find(({ lastError }) => lastError !== null));
    expect(delivery).toMatchObject({ state: 'pending', attempts: 1, lastError: 'answered 429: no room' });
    expect((await call('GET', '/alert-receivers')).body.data).toMatchObject([{ lastError: 'answered 429: no room' }]);
    await fixture.pass(20_000);
    fixture.value = 0;
    await fixture.pass(MINUTE - 25_000);
    fixture.answer = () => ({ status: 200 });
    await fixture.pass(6_000);
    await sent(2);
    expect(events()).toEqual(['firing', 'resolved']);
    expect((await call('GET', '/alert-receivers')).body.data).toMatchObject([{ lastError: null }]);

    fixture.value = 9;
    fixture.answer = () => ({ status: 404 });
    await fixture.pass(MINUTE);
    const failed = await until('a message that is given up', async () =>
      (await history()).flatMap(({ deliveries }) => deliveries).find((one) => one.state === 'failed'),
    );
    expect(failed.lastError).toBe('answered 404: no room');
    expect(['retried', 'sent', 'given_up'].map((what) => fixture.counted.filter((one) => one === what).length)).toEqual([1, 2, 1]);
    fixture.answer = () => ({ status: 200 });
    expect((await call('POST', `/alert-deliveries/${failed.id}/retry`)).status).toBe(200);
    await sent(3);
    expect((await call('POST', `/alert-deliveries/${failed.id}/retry`)).status).toBe(404);
    expect((await call('POST', '/alert-deliveries/x/retry')).status).toBe(404);
  });

  it('reach Slack, Teams and mailboxes in their forms and languages', async () => {
    const receivers = [
      await made('/alert-receivers', { kind: 'slack', name: 'slack', url: `${fixture.hookUrl}/services/T/B/secret` }),
      await made('/alert-receivers', { kind: 'teams', name: 'teams', url: `${fixture.hookUrl}/workflows/secret`, language: 'ja' }),
      await made('/alert-receivers', { kind: 'email', name: 'mail', to: ['one@example.com', 'two@example.com'], language: 'ja' }),
    ];
    await rule(receivers, { name: '費用' });
    fixture.value = 9;
    await fixture.start();
    await until('all three', () => fixture.received.length === 2 && fixture.mails.length === 1);
    const of = (start: string) => fixture.received.find(({ path }) => path.startsWith(start))?.body;
    expect(of('/services')).toMatchObject({ text: '[warning] Firing: 費用' });
    expect(JSON.stringify(of('/workflows'))).toContain('発報: 費用');
    expect(fixture.mails[0]).toMatch(/^To: one@example.com, two@example.com$/m);
    expect(fixture.mails[0]).toMatch(/^Auto-Submitted: auto-generated$/m);
    await until('their ends', async () => (await history())[0]?.deliveries.every((one) => one.state === 'sent'));
  });

  it('to a mail server that refuses for now are tried again, and to one that refuses for good are not', async () => {
    await rule([await made('/alert-receivers', { kind: 'email', name: 'mail', to: ['one@example.com'] })]);
    fixture.value = 9;
    fixture.recipientAnswer = '451 later';
    await fixture.start();
    await until('an attempt', async () => (await history())[0]?.deliveries[0]?.lastError?.includes('451 later'));
    fixture.recipientAnswer = '550 nobody here';
    await fixture.pass(11_000);
    await until('the end', async () => (await history())[0]?.deliveries[0]?.state === 'failed');
    expect((await history())[0]?.deliveries[0]?.lastError).toContain('550 nobody here');
  });
});

describe('without rules', () => {
  it('nothing is asked and no timer runs', async () => {
    let queries = 0;
    const { records } = fixture.routes;
    const counted = {
      ...records,
      listen: records.listen.bind(records),
      transaction: records.transaction.bind(records),
      query: (statement: never) => {
        queries += 1;
        return records.query(statement);
      },
    };
    await rule([], { enabled: false });
    await fixture.start({ records: counted as never });
    await until('the first look', () => queries > 0);
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(queries).toBe(1);
    expect(fixture.asked).toEqual([]);
  });
});
