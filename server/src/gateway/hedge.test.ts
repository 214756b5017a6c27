// Hedging: a stream that is slow to begin is asked for at a second deployment; who begins first answers, the other is let go, and what both cost is billed once, shown, and held in every budget.
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parsePicos } from '#lib/money.ts';
import { readLiteLlmConfig } from '#settings/litellm-config.ts';
import { Notes } from '#settings/notes.ts';
import { hedgeAfterMs } from './hedge.ts';
import { startedCall } from './money/call-fixture.ts';
import { entriesOfUnknown } from './money/ledger-row.ts';
import { readRequest } from './request.ts';
import { DEPLOYMENT, ROUTING, startTestGateway, type TestGateway } from './test-gateway-fixture.ts';

interface Heard {
  name: string;
  response: ServerResponse;
  /** Resolves when its connection was closed before it had answered. */
  letGo: Promise<void>;
}
const heard: Heard[] = [];
let answers: (one: Heard) => void = () => {};
/** Two deployments: who is asked says so in the path. */
const upstream = createServer((request, response) => {
  request.resume();
  const letGo = new Promise<void>((resolve) => response.on('close', () => void (response.writableFinished || resolve())));
  const one = { name: (request.url ?? '').split('/')[1] ?? '', response, letGo };
  heard.push(one);
  answers(one);
});
const AFTER_MS = 30;
const gateways: TestGateway[] = [];
async function gatewayWith(more: Parameters<typeof startTestGateway>[0] = {}): Promise<TestGateway> {
  const base = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  const at = (name: string, order: number) => ({ ...DEPLOYMENT, id: name, apiBase: `${base}/${name}/v1`, order });
  const routing = { ...ROUTING, hedgeAfterMs: { gpt: AFTER_MS } };
  const gateway = await startTestGateway({ deployments: [at('first', 1), at('second', 2)], routing, ...more });
  gateway.key('sk-user', { maxBudgetPicos: parsePicos('1') });
  gateways.push(gateway);
  return gateway;
}
let test: TestGateway;
beforeAll(async () => {
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  test = await gatewayWith();
});
beforeEach(() => {
  heard.length = 0;
  test.written.settled.length = 0;
  test.written.started.length = 0;
});
afterAll(async () => {
  for (const gateway of gateways) await gateway.close();
  upstream.close();
  upstream.closeAllConnections();
});

const chunk = (text: string, more: object = {}) => `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: text } }], ...more })}\n\n`;
const USAGE = { usage: { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 }, choices: [] };
function speak({ response, name }: Heard): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.end(`${chunk(name)}${chunk('', { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}${chunk('', USAGE)}data: [DONE]\n\n`);
}
function fail({ response }: Heard, status = 500): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end('{"error":{"message":"it broke"}}');
}
const BODY = { model: 'gpt', stream: true, messages: [{ role: 'user', content: 'hello there' }] };
async function ask(body: object = BODY, { path = '/v1/chat/completions', at = test, signal }: { path?: string; at?: TestGateway; signal?: AbortSignal } = {}) {
  const headers = { authorization: 'Bearer sk-user' };
  const response = await fetch(`${at.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body), ...(signal === undefined ? {} : { signal }) });
  return { status: response.status, text: await response.text() };
}
const names = () => heard.map(({ name }) => name).sort();
/** What the two do once both have been asked, whoever was heard first. */
function once(act: (first: Heard, second: Heard) => void): void {
  answers = () => {
    const [first, second] = ['first', 'second'].map((wanted) => heard.find(({ name }) => name === wanted));
    if (first !== undefined && second !== undefined) act(first, second);
  };
}
const letGo = (name: string) => heard.find((one) => one.name === name)?.letGo;
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}
const last = (at = test) => at.written.settled.at(-1)?.record;
const tries = (at = test) => last(at)?.attempts.map(({ index, deploymentId, outcome, cost }) => [index, deploymentId, outcome, cost !== '0']);
const WON = parsePicos('0.000014');
/** What all tries cost is what the call costs, in its row and in its budget. */
function billsAll(at = test): void {
  const sum = (last(at)?.attempts ?? []).reduce((total, { cost }) => total + parsePicos(cost ?? '0'), 0n);
  expect(parsePicos(last(at)?.cost ?? '')).toBe(sum);
}

describe('a stream that is slow to begin', () => {
  it('is answered by the second deployment; the first is let go, billed for its input and shown', async () => {
    once((_first, second) => speak(second));
    const before = test.deps.budgets.spentPicos(keyAccount());
    const { text } = await ask();
    expect(text).toContain('"second"');
    expect(names()).toEqual(['first', 'second']);
    await letGo('first');
    expect(tries()).toEqual([
      [0, 'first', 'cancelled', true],
      [1, 'second', 'success', true],
    ]);
    expect(last()?.attempts[0]).toMatchObject({ usageEstimated: true, usage: { output: 0 }, errorMessage: 'Another deployment began to answer first.' });
    expect(last()?.attempts[1]).toMatchObject({
      choice: { by: 'hedge', passedOver: [{ deploymentId: 'first', why: 'tried' }] },
      usage: { input: 10, output: 2 },
    });
    expect(last()).toMatchObject({ outcome: 'success', usage: { input: 10, output: 2 } });
    billsAll();
    await until(() => test.logLines.some((line) => line.includes(`"cost":"${last()?.cost}"`)));
    expect(test.deps.budgets.spentPicos(keyAccount()) - before).toBe(parsePicos(last()?.cost ?? ''));
    expect(test.written.started.map(({ attempt, beside }) => [attempt, beside])).toEqual([
      [0, undefined],
      [1, true],
    ]);
    // One that was let go has done nothing wrong.
    expect(test.gateway.state().deployments.every((one) => !JSON.stringify(one).includes('"resting":true'))).toBe(true);
  });
  it('is answered by the first all the same when that begins first; then the second is let go', async () => {
    once((first) => speak(first));
    expect((await ask()).text).toContain('"first"');
    await letGo('second');
    expect(tries()).toEqual([
      [1, 'second', 'cancelled', true],
      [0, 'first', 'success', true],
    ]);
    expect(last()?.attempts[1]?.cost).toBe('0.000014');
    billsAll();
  });
  it('goes on with the one that has not failed, whichever it is', async () => {
    once((first, second) => {
      fail(second);
      second.response.on('close', () => setTimeout(() => speak(first), 20));
    });
    expect((await ask()).text).toContain('"first"');
    expect(tries()).toEqual([
      [1, 'second', 'failure', false],
      [0, 'first', 'success', true],
    ]);
    expect(last()?.cost).toBe('0.000014');
    heard.length = 0;
    once((first, second) => {
      fail(first);
      first.response.on('close', () => setTimeout(() => speak(second), 20));
    });
    expect((await ask()).text).toContain('"second"');
    expect(tries()).toEqual([
      [0, 'first', 'failure', false],
      [1, 'second', 'success', true],
    ]);
  });
  it('fails when both fail, and costs nothing', async () => {
    const at = await gatewayWith({ retries: 0, routing: { ...ROUTING, hedgeAfterMs: { '*': AFTER_MS } } });
    once((first, second) => {
      fail(first, 400);
      fail(second, 400);
    });
    expect((await ask(BODY, { at })).status).toBe(400);
    expect(last(at)).toMatchObject({ outcome: 'failure', cost: '0', attempts: [{ outcome: 'failure' }, { outcome: 'failure' }] });
    expect(at.deps.budgets.spentPicos(keyAccount())).toBe(0n);
  });
  it('lets both go with its client, and bills what both had read', async () => {
    answers = () => {};
    const leaving = new AbortController();
    const asking = ask(BODY, { signal: leaving.signal }).catch(() => null);
    await until(() => heard.length === 2);
    leaving.abort();
    await asking;
    await Promise.all(heard.map(({ letGo }) => letGo));
    await until(() => test.written.settled.length > 0);
    expect(last()?.outcome).toBe('cancelled');
    expect(tries()?.map(([, , outcome, costs]) => [outcome, costs])).toEqual([
      ['cancelled', true],
      ['cancelled', true],
    ]);
    billsAll();
  });
  it('is not asked for twice without room for both in the budget', async () => {
    const at = await gatewayWith({ budgetMode: 'strict' });
    // Strict: 40 tokens out and the bytes of the body in. One fits, two do not.
    const held = 40n * parsePicos('0.000002') + BigInt(JSON.stringify({ ...BODY, max_tokens: 40 }).length) * parsePicos('0.000001');
    at.key('sk-user', { maxBudgetPicos: held + held / 2n });
    answers = (one) => void setTimeout(() => speak(one), AFTER_MS * 4);
    expect((await ask({ ...BODY, max_tokens: 40 }, { at })).text).toContain('"first"');
    expect(names()).toEqual(['first']);
    expect(tries(at)).toEqual([[0, 'first', 'success', true]]);
    expect(last(at)?.cost).toBe('0.000014');
  });
});

describe('a call that is not hedged', () => {
  it('has begun in time', async () => {
    const at = await gatewayWith({ routing: { ...ROUTING, hedgeAfterMs: { gpt: 60_000 } } });
    answers = speak;
    expect((await ask(BODY, { at })).text).toContain('"first"');
    expect([names(), last(at)?.cost]).toEqual([['first'], '0.000014']);
    expect(parsePicos(last(at)?.cost ?? '')).toBe(WON);
  });
  it('is no stream, could do something twice, or has nobody else to go to', async () => {
    answers = (one) => void setTimeout(() => speak(one), AFTER_MS * 4);
    const kept = { model: 'gpt', stream: true, input: 'x' };
    for (const [body, path] of [
      [{ ...BODY, stream: false }, '/v1/chat/completions'],
      [{ ...BODY, store: true }, '/v1/chat/completions'],
      [{ ...BODY, tools: [{ type: 'web_search' }] }, '/v1/chat/completions'],
      [{ ...BODY, web_search_options: {} }, '/v1/chat/completions'],
      [kept, '/v1/responses'],
    ] as const) {
      heard.length = 0;
      await ask(body, { path });
      expect([path, JSON.stringify(body), names()]).toEqual([path, JSON.stringify(body), ['first']]);
    }
    const alone = await gatewayWith({ deployments: [{ ...DEPLOYMENT, apiBase: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/first/v1` }] });
    heard.length = 0;
    expect((await ask(BODY, { at: alone })).text).toContain('"first"');
    expect(names()).toEqual(['first']);
  });
  it('is known by its body, whatever that is', () => {
    const call = { endpoint: 'chat', turn: null, pinnedTo: null, group: { name: 'gpt' }, snapshot: { config: { routing: { hedgeAfterMs: { gpt: 5 } } } } };
    const judged = (body: object) =>
      hedgeAfterMs({ ...call, asked: readRequest(Buffer.from(JSON.stringify({ ...BODY, ...body })), null, 'chat') } as never, { tried: new Set() });
    const tool = fc.oneof(fc.jsonValue(), fc.record({ type: fc.jsonValue() }), fc.constant({ type: 'function', function: { name: 'f' } }));
    fc.assert(fc.property(fc.array(tool), (tools) => void expect([5, null]).toContain(judged({ tools }))));
    for (const tools of [[{ type: 'function', function: {} }], [{ name: 'f', input_schema: {} }], [{ functionDeclarations: [] }], []])
      expect(judged({ tools })).toBe(5);
    for (const tools of [[{ type: 'mcp' }], [{ googleSearch: {} }], [{ type: 'function' }, { type: 'web_search_20250305', name: 'web_search' }]])
      expect(judged({ tools })).toBeNull();
  });
});

describe('what is said and written of it', () => {
  it('is read from router_settings', () => {
    const notes = new Notes();
    const read = (text: string) => readLiteLlmConfig({ text, path: 'config.yaml', environment: {}, notes }).gatewayConfig.routing.hedgeAfterMs;
    expect(read('router_settings: { hedge_after_seconds: { gpt-4o: 1.5, "*": 3 } }')).toEqual({ 'gpt-4o': 1500, '*': 3000 });
    expect(notes.list().filter((note) => JSON.stringify(note).includes('hedge'))).toEqual([]);
    expect(read('router_settings: {}')).toBeUndefined();
  });
  it('is billed at both reservations when the process dies between; tries that had failed before are not', () => {
    const at = (attempt: number, more: object = {}) => startedCall({ attempt, reserved: '0.5', deploymentId: `d${attempt}`, ...more });
    const billed = (...attempts: ReturnType<typeof at>[]) => entriesOfUnknown(attempts).map(({ attempt, final }) => [attempt.cost, final]);
    const [nothing] = billed(at(0), at(1));
    expect(billed(at(0), at(1, { beside: true }))).toEqual([
      ['0.5', false],
      ['0.5', true],
    ]);
    expect(billed(at(0), at(1, { beside: true }), at(2))).toEqual([nothing, nothing, ['0.5', true]]);
  });
});

function keyAccount(): string {
  const claim = test.written.started.at(-1)?.path.keyId ?? '';
  return `key:${claim}`;
}
