// Responses in the background that are streamed, on real records: the events are a view that may break off and be taken up again; what runs is counted once, whoever watches.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import OpenAI from 'openai';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CallSettled } from '#call-record.ts';
import type { GatewayDeps } from '#gateway/deps.ts';
import type { JobRunner } from '#gateway/jobs/runner.ts';
import { entriesOfSettled } from '#gateway/money/ledger-row.ts';
import { applyGroup, takeBackUnknown } from '#gateway/money/ledger-sql.ts';
import { DEPLOYMENT, startTestGateway, type TestGateway } from '#gateway/test-gateway-fixture.ts';
import { parsePicos } from '#lib/money.ts';
import type { GatewayConfig } from '#settings/settings.ts';
import { sql } from '#stores/records/sql.ts';
import { startTestRecords, type TestRecords } from '#stores/records/test-records.ts';
import { startBackground } from './runner.ts';
import { createBackgroundStore } from './store.ts';

let records: TestRecords;
let test: TestGateway;
const written: CallSettled[] = [];
const running: JobRunner[] = [];
const gateways: TestGateway[] = [];

const journal: GatewayDeps['journal'] = {
  started: () => {},
  settled(record, _request, _answer, done) {
    written.push(record);
    const apply = records.records.transaction(async (session) => {
      await takeBackUnknown(session, [record.callId]);
      await applyGroup(session, entriesOfSettled(record), { name: 'test', position: 0n });
    });
    apply.then(
      () => done(null),
      (error: Error) => done(error),
    );
  },
};

interface Asked {
  method: string;
  path: string;
  response: ServerResponse;
}
/** What OpenAI does: a creation or a look is answered by `answer`, which a test sets. */
const asked: Asked[] = [];
let answer: (asked: Asked) => void = () => {};
const upstream = createServer((request: IncomingMessage, response) => {
  request.resume();
  const one = { method: request.method ?? '', path: request.url ?? '', response };
  asked.push(one);
  answer(one);
});

async function gatewayWith(config: Partial<GatewayConfig> = {}): Promise<TestGateway> {
  const apiBase = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/v1`;
  const gateway = await startTestGateway({ deployments: [{ ...DEPLOYMENT, apiBase }], ...config });
  Object.assign(gateway.deps, { background: createBackgroundStore(records.records), journal });
  gateway.key('sk-a', { teamId: 'a' });
  gateway.key('sk-b', { teamId: 'b' });
  gateways.push(gateway);
  return gateway;
}
const client = (key = 'sk-a', at = test) => new OpenAI({ apiKey: key, baseURL: `${at.url}/v1`, maxRetries: 0 });

beforeAll(async () => {
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  records = await startTestRecords();
  test = await gatewayWith();
});
beforeEach(async () => {
  written.length = 0;
  asked.length = 0;
  await records.records.query(sql`DELETE FROM background_responses`);
});
afterEach(async () => {
  for (const runner of running.splice(0)) await runner.close();
});
afterAll(async () => {
  for (const gateway of gateways) await gateway.close();
  upstream.close();
  upstream.closeAllConnections();
  await records.stop();
});

const USAGE = { input_tokens: 10, output_tokens: 4, total_tokens: 14 };
const COST = 10n * parsePicos('0.000001') + 4n * parsePicos('0.000002');
const BODY = { model: 'gpt', input: 'take your time', background: true, max_output_tokens: 100 } as const;
let count = 0;
const told = (id: string, status: string, more: object = {}) => ({
  id,
  object: 'response',
  background: true,
  status,
  model: 'gpt-5',
  output: [],
  usage: null,
  error: null,
  ...more,
});
const frame = (sequence: number, type: string, more: object) => `event: ${type}\ndata: ${JSON.stringify({ type, ...more, sequence_number: sequence })}\n\n`;
const eventsOf = (id: string) => [
  frame(0, 'response.created', { response: told(id, 'queued') }),
  frame(1, 'response.in_progress', { response: told(id, 'in_progress') }),
  frame(2, 'response.output_text.delta', { item_id: 'm', output_index: 0, content_index: 0, delta: 'done ' }),
  frame(3, 'response.output_text.delta', { item_id: 'm', output_index: 0, content_index: 0, delta: 'at last' }),
  frame(4, 'response.completed', { response: told(id, 'completed', { usage: USAGE }) }),
];
const sse = (response: ServerResponse, events: readonly string[]) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(events.join(''));
  return response;
};
const json = (response: ServerResponse, body: object, status = 200) =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

/** Creates as OpenAI does, sends as many events as asked and then does `after`; whoever looks finds it completed, or as `look` says. */
function plays(
  id: string,
  events: number,
  after: (response: ServerResponse) => void,
  look: () => object = () => told(id, 'completed', { usage: USAGE }),
): void {
  answer = ({ method, path, response }) => {
    if (method === 'POST' && path.endsWith('/responses')) after(sse(response, eventsOf(id).slice(0, events)));
    else json(response, look());
  };
}
interface Kept {
  id: string;
  response_id: string | null;
  settled_at: Date | null;
}
const kept = () => records.records.query<Kept>(sql`SELECT id, response_id, settled_at FROM background_responses`);
const ledger = async (callId: string): Promise<[bigint, string][]> => {
  const rows = await records.records.query<{ cost: string | null; call_outcome: string }>(sql`SELECT cost, call_outcome FROM ledger WHERE call_id = ${callId}`);
  return rows.map(({ cost, call_outcome }) => [parsePicos(cost ?? '0'), call_outcome]);
};
/** Nobody looks by itself for an hour. */
const later = () => records.records.query(sql`UPDATE background_responses SET next_at = now() + interval '1 hour'`);
const due = () => records.records.query(sql`UPDATE background_responses SET next_at = now(), locked_until = NULL WHERE settled_at IS NULL`);
async function look(): Promise<void> {
  running.push(await startBackground({ deps: test.deps, withSnapshot: test.gateway.withSnapshot, retryMs: 5 }));
}
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 20));
}
const allSettled = async () => (await kept()).every((row) => row.settled_at !== null);
const isHurried = async () => (await records.records.query(sql`SELECT 1 AS due FROM background_responses WHERE next_at <= now()`)).length > 0;
async function countedOnce(callId: string): Promise<void> {
  await due();
  await look();
  await until(allSettled);
  expect(await ledger(callId)).toEqual([[COST, 'success']]);
  expect(written.map((record) => record.callId)).toEqual([callId]);
}

describe('a streamed response in the background', () => {
  it('is written down and bound to its owner before its first event leaves, shown whole, and counted once, soon after its end', async () => {
    const id = `resp_${++count}`;
    let go: () => void = () => {};
    plays(id, 1, (response) => {
      go = () => void response.end(eventsOf(id).slice(1).join(''));
    });
    const types: string[] = [];
    let callId = '';
    for await (const event of await client().responses.create({ ...BODY, stream: true })) {
      types.push(event.type);
      if (event.type !== 'response.created') continue;
      const [row] = await kept();
      callId = row?.id ?? '';
      expect(row?.response_id).toBe(id);
      expect((await ledger(callId))[0]?.[1]).toBe('unknown');
      await expect(client('sk-b').responses.retrieve(id)).rejects.toMatchObject({ status: 404 });
      await later();
      go();
    }
    expect(types).toEqual(['response.created', 'response.in_progress', 'response.output_text.delta', 'response.output_text.delta', 'response.completed']);
    // Its end was seen on its way: nobody has to wait for the next look.
    await until(isHurried);
    expect(written).toEqual([]);
    await countedOnce(callId);
    expect(written[0]).toMatchObject({ stream: true, outcome: 'success', usage: { input: 10, output: 4 }, usageEstimated: false });
  });

  it('runs on without its client, whose upstream connection is let go, and is counted once', async () => {
    const id = `resp_${++count}`;
    let aborted: () => void = () => {};
    const letGo = new Promise<void>((resolve) => (aborted = resolve));
    plays(id, 3, (response) => void response.on('close', () => aborted()));
    const stream = await client().responses.create({ ...BODY, stream: true });
    for await (const event of stream) if (event.type === 'response.output_text.delta') break;
    stream.controller.abort();
    await letGo;
    const [row] = await kept();
    expect([row?.response_id, row?.settled_at, written.length]).toEqual([id, null, 0]);
    await countedOnce(row?.id ?? '');
  });

  it('that its upstream breaks off says so, how to go on, and is counted once', async () => {
    const id = `resp_${++count}`;
    let breakOff: () => void = () => {};
    plays(id, 3, (response) => {
      breakOff = () => void response.destroy();
    });
    const seen: string[] = [];
    const reading = (async () => {
      for await (const event of await client().responses.create({ ...BODY, stream: true })) {
        seen.push(event.type);
        if (event.type === 'response.output_text.delta') breakOff();
      }
    })();
    await expect(reading).rejects.toThrow(/starting_after/);
    expect(seen.slice(0, 3)).toEqual(['response.created', 'response.in_progress', 'response.output_text.delta']);
    await countedOnce((await kept())[0]?.id ?? '');
  });

  it('that an upstream answers in the foreground is billed and answered as any stream', async () => {
    const id = `resp_${++count}`;
    answer = ({ response }) =>
      void sse(
        response,
        eventsOf(id).map((event) => event.replace('"background":true', '"background":false')),
      ).end();
    const types: string[] = [];
    for await (const event of await client().responses.create({ ...BODY, stream: true })) types.push(event.type);
    expect(types.at(-1)).toBe('response.completed');
    await until(async () => written.length > 0);
    expect([await kept(), written[0]?.cost, written[0]?.outcome]).toEqual([[], '0.000018', 'success']);
  });

  it('is cancelled when it cannot be bound to its owner, and counted all the same', async () => {
    const id = `resp_${++count}`;
    plays(
      id,
      2,
      () => {},
      () => told(id, 'cancelled', { usage: USAGE }),
    );
    const { keep } = test.deps.responses;
    test.deps.responses.keep = () => Promise.reject(new Error('the records are away'));
    try {
      await expect(client().responses.create({ ...BODY, stream: true })).rejects.toMatchObject({ status: 503 });
    } finally {
      test.deps.responses.keep = keep;
    }
    expect(asked.map(({ path }) => path)).toContain(`/v1/responses/${id}/cancel`);
    const [row] = await kept();
    await due();
    await look();
    await until(allSettled);
    expect(await ledger(row?.id ?? '')).toEqual([[COST, 'cancelled']]);
  });

  it('does not pile up for a client that does not read, and lets its upstream go when that leaves', async () => {
    const id = `resp_${++count}`;
    const long = frame(2, 'response.output_text.delta', { item_id: 'm', output_index: 0, content_index: 0, delta: 'x'.repeat(60_000) });
    let stalled: () => void = () => {};
    let closed: () => void = () => {};
    const [isStalled, isClosed] = [new Promise<void>((resolve) => (stalled = resolve)), new Promise<void>((resolve) => (closed = resolve))];
    plays(id, 1, (response) => {
      // Written until nobody takes any more for a while.
      const fill = (): void => {
        while (response.write(long));
        const timer = setTimeout(stalled, 300);
        response.once('drain', () => {
          clearTimeout(timer);
          fill();
        });
      };
      response.on('close', () => closed());
      fill();
    });
    const leaving = new AbortController();
    const headers = { authorization: 'Bearer sk-a', 'content-type': 'application/json' };
    const response = await fetch(`${test.url}/v1/responses`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ ...BODY, stream: true }),
      signal: leaving.signal,
    });
    expect(response.status).toBe(200);
    await isStalled;
    leaving.abort();
    await isClosed;
    await countedOnce((await kept())[0]?.id ?? '');
  });
});

describe('a response in the background that is taken up again', () => {
  /** One that runs, and was asked for without a stream. */
  async function begun(at = test): Promise<{ id: string; callId: string }> {
    const id = `resp_${++count}`;
    answer = ({ response }) => json(response, told(id, 'queued'));
    await client('sk-a', at).responses.create(BODY);
    const [row] = await records.records.query<{ id: string }>(sql`SELECT id FROM background_responses WHERE response_id = ${id}`);
    await later();
    asked.length = 0;
    return { id, callId: row?.id ?? '' };
  }

  it('streams from where its client stopped, for its owner alone, and its end is counted once, soon', async () => {
    const { id, callId } = await begun();
    await expect(client('sk-b').responses.retrieve(id, { stream: true, starting_after: 2 })).rejects.toMatchObject({ status: 404 });
    expect(asked).toEqual([]);
    answer = ({ response }) => void sse(response, eventsOf(id).slice(3)).end();
    const types: string[] = [];
    const parts = [id, { stream: true, starting_after: 2, include: ['reasoning.encrypted_content'] }] as const;
    for await (const event of await client().responses.retrieve(parts[0], { ...parts[1], include: [...parts[1].include] })) types.push(event.type);
    expect(types).toEqual(['response.output_text.delta', 'response.completed']);
    const path = new URL(`http://x${asked[0]?.path}`);
    expect([path.pathname, path.searchParams.get('stream'), path.searchParams.get('starting_after')]).toEqual([`/v1/responses/${id}`, 'true', '2']);
    await until(isHurried);
    expect(written).toEqual([]);
    answer = ({ response }) => json(response, told(id, 'completed', { usage: USAGE }));
    await countedOnce(callId);
  });

  it('passes on what its upstream refuses, says when the stream breaks, and lets the upstream go with the client', async () => {
    const { id } = await begun();
    const again = async (first: () => void = () => {}) => {
      for await (const _ of await client().responses.retrieve(id, { stream: true, starting_after: 2 })) first();
    };
    answer = ({ response }) => json(response, { error: { message: 'was not created with stream', code: 'bad' } }, 400);
    await expect(again()).rejects.toMatchObject({ status: 400, message: expect.stringContaining('was not created with stream') });
    answer = ({ response }) => json(response, told(id, 'in_progress'));
    await expect(again()).rejects.toMatchObject({ status: 400, param: 'stream' });
    answer = ({ response }) => void sse(response, eventsOf(id).slice(3, 4)).end();
    await expect(again()).rejects.toThrow(/starting_after/);
    answer = ({ response }) => void sse(response, eventsOf(id).slice(3, 4));
    await expect(again(() => asked.at(-1)?.response.destroy())).rejects.toThrow(/starting_after/);
    let closed: () => void = () => {};
    const isClosed = new Promise<void>((resolve) => (closed = resolve));
    answer = ({ response }) => void sse(response, eventsOf(id).slice(3, 4)).on('close', () => closed());
    const stream = await client().responses.retrieve(id, { stream: true });
    for await (const _ of stream) break;
    stream.controller.abort();
    await isClosed;
    expect((await kept())[0]?.settled_at).toBeNull();
  });

  it('is read whole where guards of the reading key look at answers, and nothing else is streamed', async () => {
    const personal = {
      ...{ name: 'personal', kind: 'personal_data', provider: 'presidio', defaultOn: true, failOpen: false, timeoutMs: 1000 },
      ...{ violation: null, entities: new Map([['EMAIL_ADDRESS', 'MASK']]), modes: new Set(['post_call']) },
    };
    const guarded = await gatewayWith({ guardrails: [personal] as unknown as GatewayConfig['guardrails'] });
    const { id } = await begun();
    Object.assign(guarded.deps, { responses: test.deps.responses });
    await expect(client('sk-a', guarded).responses.retrieve(id, { stream: true })).rejects.toMatchObject({ status: 400, param: 'stream' });
    const get = async (query: string, method = 'GET') =>
      (await fetch(`${test.url}/v1/responses/${id}${query}`, { method, headers: { authorization: 'Bearer sk-a' } })).status;
    expect(await get('?stream=true&starting_after=x')).toBe(400);
    expect(await get('/input_items?stream=true')).toBe(400);
    expect(await get('/cancel?stream=true', 'POST')).toBe(400);
    expect(asked).toEqual([]);
  });
});
