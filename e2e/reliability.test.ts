// The reliability table (docs/reliability-table.md), first half: what happens between a request and the first byte of its answer, against a started platform.
import { request as httpRequest } from 'node:http';
import { createServer } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { generateKey } from './client.ts';
import { eventually, freePort } from './process.ts';
import { callIdOf, type ReliabilityRig, startRig } from './reliability-upstream.ts';

let rig: ReliabilityRig;
/** Takes connections and says nothing, so that no TLS handshake ends. */
const deaf = createServer((socket) => socket.on('error', () => {}));
beforeAll(async () => {
  const deafPort = await freePort();
  await new Promise<void>((resolve) => deaf.listen(deafPort, '127.0.0.1', resolve));
  const closedPort = await freePort();
  rig = await startRig({
    models: (base) => `
  - model_name: deaf
    litellm_params: { model: openai/fixed, api_base: "https://127.0.0.1:${deafPort}/v1", api_key: sk-upstream, max_retries: 0 }
  - model_name: closed
    litellm_params: { model: openai/fixed, api_base: "http://127.0.0.1:${closedPort}/v1", api_key: sk-upstream, max_retries: 1 }
  - model_name: patient
    litellm_params: { model: openai/fixed, api_base: "${base}", api_key: sk-upstream, max_retries: 8 }
general_settings: { max_request_size_mb: 1 }`,
    settings: 'litellm_settings: { request_timeout: 4 }\n',
  });
});
afterAll(async () => {
  await rig?.close();
  deaf.close();
});
beforeEach(() => {
  rig.upstream.reset();
  rig.other.reset();
});

const served = () => rig.upstream.requests.length;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('Retryable', () => {
  it.each([408, 429, 500, 502, 503, 504, 529])('%i before the first byte is tried again', async (code) => {
    const answer = await rig.chat('retrying', { script: [`status;code=${code}`, 'fixed'] });
    expect([answer.status, served()]).toEqual([200, 2]);
    expect(answer.headers.get('x-litellm-attempted-retries')).toBe('1');
  });
  it.each([400, 401, 403, 404, 413, 422, 501])('%i is not: the same request would fail again', async (code) => {
    const answer = await rig.chat('retrying', { script: [`status;code=${code}`, 'fixed'] });
    expect([answer.status >= 400, served()]).toEqual([true, 1]);
  });
  it('a connection that is refused, or ends without an answer, is tried again', async () => {
    expect((await rig.chat('retrying', { script: ['disappear', 'fixed'] })).status).toBe(200);
    const closed = await rig.chat('closed');
    expect([closed.status, closed.headers.get('x-litellm-attempted-retries')]).toEqual([500, '1']);
    expect(closed.text).toContain('APIConnectionError');
  });
});

describe('Back-off', () => {
  // The distribution itself (full jitter, cap) is a property test: server/src/gateway/decisions.test.ts.
  it('ends at the total deadline of the call, with the last failure', async () => {
    const startedAt = Date.now();
    const answer = await rig.chat('patient', { script: Array.from({ length: 9 }, () => 'status;code=503') });
    expect(answer.status).toBe(503);
    expect(Date.now() - startedAt).toBeLessThan(15_000);
    expect((await rig.row(callIdOf(answer))).spend).toBe(0);
  });
});

describe('Retry-After', () => {
  it.each(['none', 'seconds;value=0', 'seconds;value=0.01', 'date;value=0', 'date;value=-3600', 'ms', 'x-ms', 'google', 'garbage', 'negative', 'huge'])(
    '%s: the next try comes in time',
    async (form) => {
      const answer = await rig.chat('retrying', { script: [`rate-limit;form=${form}`, 'fixed'] });
      expect([form, answer.status, served()]).toEqual([form, 200, 2]);
    },
  );
  it.each([
    ['seconds;value=1', 950],
    ['date;value=2', 900],
    ['ms;value=900', 850],
    ['x-ms;value=900', 850],
    ['google;value=0.9s', 850],
  ])('%s is waited for, never less', async (form, atLeastMs) => {
    expect((await rig.chat('retrying', { script: [`rate-limit;form=${form}`, 'fixed'] })).status).toBe(200);
    const [first, second] = rig.upstream.requests;
    expect((second?.receivedAtMs ?? 0) - (first?.receivedAtMs ?? 0)).toBeGreaterThanOrEqual(atLeastMs);
  });
  it('longer than a call may wait is handed to the client', async () => {
    const answer = await rig.chat('retrying', { script: ['rate-limit;form=seconds;value=60', 'fixed'] });
    expect([answer.status, answer.headers.get('retry-after'), served()]).toEqual([429, '60', 1]);
  });
});

describe('Sleep must be abortable', () => {
  it('a client that leaves during a back-off causes no further try', async () => {
    rig.upstream.script('rate-limit;form=seconds;value=2', 'fixed');
    const controller = new AbortController();
    const pending = rig.stream('retrying', { signal: controller.signal }).catch(() => null);
    await eventually('the first try', async () => served() === 1);
    await pause(100);
    controller.abort();
    await pending;
    await pause(2_300);
    expect(served()).toBe(1);
  });
});

describe('Timeouts', () => {
  it('connect: an upstream that never ends its handshake is given up', async () => {
    const startedAt = Date.now();
    const answer = await rig.chat('deaf');
    expect([answer.status, answer.text.includes('Timeout')]).toEqual([408, true]);
    expect(Date.now() - startedAt).toBeLessThan(3_500);
  });
  it.each([
    ['total of a try', 'quick', false, 'stall;at=accept'],
    ['total of a try, after the headers', 'quick', false, 'stall;at=headers'],
    ['first token', 'quick-stream', true, 'stall;at=accept'],
    ['first token, after the headers', 'quick-stream', true, 'stall;at=headers'],
    ['total of a call', 'once', false, 'stall;at=accept'],
  ])('%s: 408, one row, no bill, and the upstream is let go', async (_name, model, stream, mode) => {
    const answer = await rig.chat(model, { body: { stream }, script: [mode] });
    expect(answer.status).toBe(408);
    expect(answer.body).toMatchObject({ error: { code: '408', message: expect.stringContaining('litellm.Timeout') } });
    await eventually('the upstream to see the abort', async () => rig.upstream.requests[0]?.abortedAtMs);
    expect(await rig.row(callIdOf(answer))).toMatchObject({ spend: 0, metadata: { outcome: 'failure' } });
  });
  it('idle: silence in the middle of a stream ends it in an error event', async () => {
    const answer = await rig.chat('once', { body: { stream: true }, script: ['sse;stall=4'] });
    expect(answer.text).toContain('litellm.Timeout');
    expect(answer.text).not.toContain('[DONE]');
  });
  it('total: a stream that never falls silent ends as well', async () => {
    const answer = await rig.chat('quick', { body: { stream: true }, script: ['sse;deltas=1000;pace=40'] });
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('longer than a call may take');
    expect(answer.text).not.toContain('[DONE]');
  });
});

describe('Breaker / cooldown', () => {
  const pair = async () => (await rig.chat('pair')).headers.get('x-litellm-model-id');
  it('a 429 cools its deployment for as long as it asks; afterwards one call probes it while the others stay away', async () => {
    for (let attempt = 0; rig.upstream.requests.length === 0 && attempt < 30; attempt++) {
      rig.upstream.script('rate-limit;form=seconds;value=1');
      const answer = await rig.chat('pair');
      if (rig.upstream.requests.length > 0) expect(answer.status).toBe(429);
      if (rig.upstream.requests.length === 0) rig.upstream.reset();
    }
    rig.upstream.reset();
    for (let index = 0; index < 8; index++) expect(await pair()).toBe('pair-b');
    expect(served()).toBe(0);
    await pause(1_100);
    // The probe is slow: everybody else is served by the other one meanwhile.
    rig.upstream.script('fixed;delay=800');
    const answers = [];
    for (let index = 0; index < 40; index++) {
      answers.push(rig.chat('pair'));
      await pause(10);
    }
    const ids = (await Promise.all(answers)).map((answer) => answer.headers.get('x-litellm-model-id'));
    expect(ids.filter((id) => id === 'pair-a')).toHaveLength(1);
    expect(served()).toBe(1);
    // It answered: both take calls again.
    await eventually('calls on both', async () => (await pair()) === 'pair-a');
  });
  it('all bad: one is tried all the same, and the answer is the upstream’s own', async () => {
    const bad = Array.from({ length: 12 }, () => 'status;code=500');
    rig.upstream.script(...bad);
    rig.other.script(...bad);
    for (let index = 0; index < 12; index++) expect((await rig.chat('pair')).text).toContain('fake failure 500');
    rig.upstream.reset();
    rig.other.reset();
    expect((await rig.chat('pair')).status).toBe(200);
    expect(served() + rig.other.requests.length).toBe(1);
  });
  it('bad requests and clients that leave never count', async () => {
    await eventually('a pair that is well', async () => (await Promise.all([pair(), pair(), pair(), pair(), pair(), pair()])).includes('pair-a'));
    for (let index = 0; index < 10; index++) {
      rig.upstream.script('status;code=400');
      rig.other.script('status;code=400');
      await rig.chat('pair');
    }
    rig.upstream.reset();
    rig.other.reset();
    const ids = new Set<string | null>();
    await eventually('calls on both', async () => ids.add(await pair()).size === 2);
  });
});

describe('Replay buffer and size limits', () => {
  const MEGABYTE = 1024 * 1024;
  /** A chat body of exactly so many bytes. */
  const bodyOf = (bytes: number) => {
    const head = '{"model":"retrying","messages":[{"role":"user","content":"';
    const tail = '"}]}';
    return head + 'x'.repeat(bytes - head.length - tail.length) + tail;
  };
  const send = (body: string, chunked: boolean) =>
    new Promise<{ status: number; text: string }>((resolve, reject) => {
      const headers = { authorization: `Bearer ${rig.platform.keys.masterKey}`, 'content-type': 'application/json' };
      const framing = chunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': Buffer.byteLength(body) };
      const request = httpRequest(`${rig.platform.gatewayUrl}/v1/chat/completions`, { method: 'POST', headers: { ...headers, ...framing } }, (response) => {
        let text = '';
        response.on('data', (chunk) => (text += chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      });
      request.on('error', reject);
      if (chunked) for (let at = 0; at < body.length; at += 100_000) request.write(body.slice(at, at + 100_000));
      request.end(chunked ? undefined : body);
    });

  it.each([false, true])('a body of exactly the limit is sent, and sent whole again (chunked: %s)', async (chunked) => {
    rig.upstream.script('status;code=503', 'fixed');
    const body = bodyOf(MEGABYTE);
    expect((await send(body, chunked)).status).toBe(200);
    const [first, second] = rig.upstream.requests.map((request) => request.body);
    expect(first?.equals(second as Buffer)).toBe(true);
    const sent = JSON.parse(body) as { messages: unknown };
    expect((JSON.parse(second?.toString() ?? '') as { messages: unknown }).messages).toEqual(sent.messages);
  });
  it.each([false, true])('one byte more is 413, and nothing reaches an upstream (chunked: %s)', async (chunked) => {
    const answer = await send(bodyOf(MEGABYTE + 1), chunked);
    expect([answer.status, answer.text.includes('larger than')]).toEqual([413, true]);
    expect(served()).toBe(0);
  });
});

describe('Idempotency', () => {
  it('the client’s key goes to the upstream, the same at every try; ids of the request come back', async () => {
    const headers = { 'idempotency-key': 'order-7', 'x-client-request-id': 'client-9', 'x-request-id': 'mine-1' };
    const answer = await rig.chat('retrying', { script: ['status;code=500', 'status;code=500', 'fixed'], headers });
    expect(answer.status).toBe(200);
    expect(rig.upstream.requests.map((request) => [request.headers['idempotency-key'], request.headers['x-client-request-id']])).toEqual(
      Array.from({ length: 3 }, () => ['order-7', 'client-9']),
    );
    expect([answer.headers.get('x-request-id'), answer.headers.get('llm_provider-x-request-id')]).toEqual(['mine-1', 'req_fake']);
    const plain = await rig.chat('once');
    expect(plain.headers.get('x-request-id')).toBe(callIdOf(plain));
    expect(rig.upstream.requests.at(-1)?.headers['idempotency-key']).toBeUndefined();
  });
});

describe('Budgets', () => {
  it('50 calls at once against room for one: about one is admitted, and the sum stands', async () => {
    const key = await generateKey(rig.platform, { max_budget: 0.00001 });
    const answers = await Promise.all(Array.from({ length: 50 }, () => rig.chat('mode/fixed;delay=300', { key, body: { max_tokens: 12 } })));
    const admitted = answers.filter((answer) => answer.status === 200);
    expect(admitted.length).toBeGreaterThanOrEqual(1);
    expect(admitted.length).toBeLessThanOrEqual(2);
    for (const answer of answers) if (answer.status !== 200) expect(answer.body).toMatchObject({ error: { type: 'budget_exceeded' } });
  });
});
