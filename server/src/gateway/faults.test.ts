// Streams, faults and departures: each has one outcome for the client, one record and one bill.
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FakeProvider, startFakeProvider } from '../../../e2e/fake-provider/fake-provider.ts';
import { DEPLOYMENT, startTestGateway, type TestGateway } from './test-gateway-fixture.ts';

let provider: FakeProvider;
let test: TestGateway;
beforeAll(async () => {
  provider = await startFakeProvider();
  const base = `${provider.url}/v1`;
  test = await startTestGateway({
    deployments: [
      { ...DEPLOYMENT, apiBase: base },
      { ...DEPLOYMENT, id: 'quick', modelName: 'quick', apiBase: base, timeoutMs: 150 },
      { ...DEPLOYMENT, id: 'retry', modelName: 'retry', apiBase: base, maxRetries: 2 },
      { ...DEPLOYMENT, id: 'two-a', modelName: 'two', apiBase: base, maxRetries: 1 },
      { ...DEPLOYMENT, id: 'two-b', modelName: 'two', apiBase: base, maxRetries: 1 },
      { ...DEPLOYMENT, id: 'dead', modelName: 'dead', apiBase: 'http://127.0.0.1:9/v1' },
      { ...DEPLOYMENT, id: 'keyless', modelName: 'keyless', apiKey: null },
    ],
    fallbacks: { dead: ['gpt'], keyless: ['nowhere'] },
    idleTimeoutMs: 300,
  });
  test.key('sk-user');
});
afterAll(async () => {
  await test.close();
  await provider.close();
});
beforeEach(() => {
  test.written.started.length = 0;
  test.written.settled.length = 0;
  provider.reset();
});

const MESSAGES = [{ role: 'user', content: 'hello' }];
const post = (body: object, signal?: AbortSignal) =>
  fetch(`${test.url}/v1/chat/completions`, {
    method: 'POST',
    body: JSON.stringify({ messages: MESSAGES, ...body }),
    headers: { authorization: 'Bearer sk-user' },
    ...(signal === undefined ? {} : { signal }),
  });
const last = () => {
  const settled = test.written.settled.at(-1);
  if (settled === undefined) throw new Error('nothing was settled');
  return settled;
};
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
type ErrorBody = { error: { message: string; type: string | null; code: string } };

describe('a stream', () => {
  it('asks for usage itself, takes the frame out, and bills by it', async () => {
    const text = await (await post({ model: 'gpt', stream: true })).text();
    expect(JSON.parse(provider.requests[0]?.body.toString() ?? '')).toMatchObject({ stream_options: { include_usage: true } });
    expect(text).not.toContain('"choices":[]');
    expect(text.endsWith('"usage":null}\n\ndata: [DONE]\n\n')).toBe(true);
    expect(last().record).toMatchObject({ stream: true, outcome: 'success', usage: { input: 9, output: 12 }, usageEstimated: false, answerFormat: 'sse' });
    expect(last().record.firstTokenAtUs).toBeGreaterThan(last().record.startedAtUs);
    expect(last().answer).toBe(text);
  });

  it('leaves the usage frame to a client that asks for it, keeping its other stream options', async () => {
    const text = await (await post({ model: 'gpt', stream: true, stream_options: { include_usage: true, x: 1 } })).text();
    expect(text).toContain('"choices":[],"usage":{');
    expect(provider.requests[0]?.body.toString()).toContain('"stream_options":{"include_usage":true,"x":1}');
  });

  it('is the same whatever the chunks, inside UTF-8 too', async () => {
    provider.script('sse;text=ja', 'sse;text=ja;split=1', 'sse;text=ja;split=7', 'sse;text=ja;pace=0');
    const texts = [];
    for (let index = 0; index < 4; index++) texts.push(await (await post({ model: 'gpt', stream: true })).text());
    expect(new Set(texts).size).toBe(1);
  });

  it('carries a 10 MB frame', async () => {
    provider.script('sse;big=10000000');
    const text = await (await post({ model: 'gpt', stream: true })).text();
    expect(text.length).toBeGreaterThan(10_000_000);
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
    expect(last().record.outcome).toBe('success');
  });

  it.each([
    ['cut after frames', 'sse;cut=4'],
    ['ended without [DONE] and finish reason', 'sse;done=0;finish=0;usage=never'],
    ['malformed', 'sse;malformed=1'],
    ['silent mid-stream', 'sse;stall=4'],
  ])('that is %s ends in an error event, without [DONE], billed by what was delivered', async (_name, mode) => {
    provider.script(mode);
    const text = await (await post({ model: 'gpt', stream: true })).text();
    const error = JSON.parse(/data: (\{"error".*)\n\n$/.exec(text)?.[1] ?? 'null') as ErrorBody;
    expect(error.error.message).toMatch(/^litellm\./);
    expect(text).not.toContain('[DONE]');
    expect(last().record).toMatchObject({ outcome: 'failure', usageEstimated: true, attempts: [{ outcome: 'failure' }] });
    expect(last().record.usage?.output).toBeGreaterThan(1);
    expect(Number(last().record.cost)).toBeGreaterThan(0);
  });

  it('without [DONE] but with a finish reason is whole', async () => {
    provider.script('sse;done=0');
    expect((await (await post({ model: 'gpt', stream: true })).text()).endsWith('data: [DONE]\n\n')).toBe(true);
    expect(last().record.outcome).toBe('success');
  });

  it('whose first frame is an error is a failed try with a real status, and is retried', async () => {
    provider.script('error-frame;code=503');
    const failed = await post({ model: 'gpt', stream: true });
    expect(failed.headers.get('content-type')).toBe('application/json');
    expect(failed.status).toBe(500);
    await failed.arrayBuffer();
    provider.script('error-frame', 'sse');
    const retried = await post({ model: 'retry', stream: true });
    expect(retried.status).toBe(200);
    expect(await retried.text()).toContain('[DONE]');
    expect(last().record.attempts.map((attempt) => attempt.outcome)).toEqual(['failure', 'success']);
  });
});

describe('a client that leaves', () => {
  it('mid-stream: the upstream is cancelled at once, the delivered part is billed', async () => {
    provider.script('sse;deltas=1000;pace=10');
    const controller = new AbortController();
    const response = await post({ model: 'gpt', stream: true }, controller.signal);
    const reader = response.body?.getReader();
    for (let index = 0; index < 5; index++) await reader?.read();
    controller.abort();
    await until(() => provider.requests[0]?.abortedAtMs !== null && test.written.settled.length > 0);
    expect(last().record).toMatchObject({ outcome: 'cancelled', httpStatus: 499, usageEstimated: true });
    expect(last().record.usage?.output).toBeGreaterThanOrEqual(4);
    expect(last().record.usage?.output).toBeLessThan(100);
    expect(Number(last().record.cost)).toBeGreaterThan(0);
  });

  it('before the first byte: the upstream is cancelled, the input is billed', async () => {
    provider.script('stall;at=accept');
    const controller = new AbortController();
    const pending = post({ model: 'gpt' }, controller.signal).catch(() => null);
    await until(() => provider.requests.length === 1);
    controller.abort();
    await pending;
    await until(() => provider.requests[0]?.abortedAtMs !== null && test.written.settled.length > 0);
    expect(last().record).toMatchObject({ outcome: 'cancelled', usage: { output: 0 }, usageEstimated: true });
    expect(Number(last().record.cost)).toBeGreaterThan(0);
  });

  it('during a back-off: no further try', async () => {
    provider.script('rate-limit;form=seconds;value=5', 'fixed');
    const controller = new AbortController();
    const pending = post({ model: 'retry' }, controller.signal).catch(() => null);
    await until(() => provider.requests.length === 1 && test.written.started.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    controller.abort();
    await pending;
    await until(() => test.gateway.state().callsInFlight === 0);
    expect(provider.requests).toHaveLength(1);
    expect(last().record.outcome).toBe('cancelled');
  });

  it('that reads slowly pauses the upstream instead of filling memory', async () => {
    provider.script('sse;deltas=3;big=60000000');
    const before = test.gateway.state().bytesInFlight;
    const response = await post({ model: 'gpt', stream: true });
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(provider.requests.at(-1)?.finished).toBe(false);
    expect(test.gateway.state().bytesInFlight - before).toBeLessThan(32 << 20);
    expect((await response.text()).endsWith('[DONE]\n\n')).toBe(true);
  });
});

describe('a failing upstream', () => {
  it.each([
    ['500', 'status;code=500', 500, 'InternalServerError'],
    ['502', 'status;code=502', 502, 'BadGatewayError'],
    ['503', 'status;code=503', 503, 'ServiceUnavailableError'],
    ['504', 'status;code=504', 504, 'Timeout'],
    ['400', 'status;code=400', 400, 'BadRequestError'],
    ['404', 'status;code=404', 404, 'NotFoundError'],
    ['429', 'rate-limit;form=ms', 429, 'RateLimitError'],
    ['truncated JSON', 'truncated-json', 502, 'APIError'],
    ['a JSON answer that is cut', 'cut-json', 500, 'APIConnectionError'],
    ['HTML instead of JSON', 'not-json', 502, 'APIError'],
    ['an HTML error', 'not-json;code=502', 502, 'BadGatewayError'],
    ['a socket that disappears', 'disappear', 500, 'APIConnectionError'],
    ['headers and then silence', 'stall;at=headers', 408, 'Timeout'],
  ])('%s: one error, one record, no bill', async (_name, mode, status, errorClass) => {
    provider.script(mode);
    const response = await post({ model: 'gpt' });
    const { error } = (await response.json()) as ErrorBody;
    expect([response.status, error.code]).toEqual([status, String(status)]);
    expect(error.message).toMatch(new RegExp(`^litellm\\.${errorClass}: OpenAIException - `));
    expect(test.written.settled).toHaveLength(1);
    expect(last().record).toMatchObject({ outcome: 'failure', httpStatus: status, errorClass, cost: '0', attempts: [{ outcome: 'failure', cost: '0' }] });
  });

  it('that is silent is given up after the deployment’s time-out', async () => {
    provider.script('stall;at=accept');
    const response = await post({ model: 'quick' });
    expect(response.status).toBe(408);
    await until(() => provider.requests[0]?.abortedAtMs !== null);
  });

  it('never gives a key away', async () => {
    provider.script('status;code=401;echo=1');
    const text = await (await post({ model: 'gpt' })).text();
    expect(text).toContain('Incorrect API key provided');
    for (const place of [text, JSON.stringify(test.written), test.logLines.join('')]) expect(place).not.toMatch(/sk-proj-abcdef|sk-upstream-secret|sk-user/);
  });

  it.each(['none', 'seconds;value=0', 'date;value=0', 'ms', 'x-ms', 'garbage', 'negative'])('429 with Retry-After %s is retried', async (form) => {
    provider.script(`rate-limit;form=${form}`, 'fixed');
    expect((await post({ model: 'retry' })).status).toBe(200);
    expect(last().record.attempts.map((attempt) => attempt.httpStatus)).toEqual([429, 200]);
  });

  it('is replaced by another deployment at once, and rests while others can answer', async () => {
    provider.script('rate-limit;form=seconds;value=30', 'fixed');
    const response = await post({ model: 'two' });
    expect(response.status).toBe(200);
    expect(response.headers.get('x-litellm-attempted-retries')).toBe('1');
    const [first, second] = last().record.attempts;
    expect(first?.deploymentId).not.toBe(second?.deploymentId);
    for (let index = 0; index < 5; index++) await post({ model: 'two' });
    expect(new Set(test.written.settled.slice(1).map((entry) => entry.record.attempts[0]?.deploymentId))).toEqual(new Set([second?.deploymentId]));
    provider.script('status;code=500', 'status;code=500');
    expect((await post({ model: 'two' })).status).toBe(500);
    expect((await post({ model: 'two' })).status).toBe(200);
  });

  it('falls back to the next model, in one call with every try recorded', async () => {
    const response = await post({ model: 'dead' });
    expect(response.status).toBe(200);
    expect(response.headers.get('x-litellm-attempted-fallbacks')).toBe('1');
    expect(last().record).toMatchObject({
      model: 'dead',
      attempts: [
        { deploymentId: 'dead', outcome: 'failure', cost: '0' },
        { deploymentId: 'dep-1', outcome: 'success' },
      ],
    });
    expect(test.written.started.map((record) => record.attempt)).toEqual([0, 1]);
    test.key('sk-dead-only', { models: ['dead'] });
    const denied = await fetch(`${test.url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ model: 'dead', messages: MESSAGES }),
      headers: { authorization: 'Bearer sk-dead-only' },
    });
    expect(denied.status).toBe(500);
  });

  it('without a key says which variable to set', async () => {
    const { error } = (await (await post({ model: 'keyless' })).json()) as ErrorBody;
    expect(error).toMatchObject({ code: '401', message: expect.stringContaining('OPENAI_API_KEY') });
  });
});

describe('bad input', () => {
  const raw = (body: string | Buffer, headers: Record<string, string> = {}) =>
    fetch(`${test.url}/v1/chat/completions`, { method: 'POST', body: body as string, headers: { authorization: 'Bearer sk-user', ...headers } });

  it.each([
    ['broken JSON', '{"model":'],
    ['no object', '[1]'],
    ['an empty body', ''],
    ['no model', '{"messages":[]}'],
    ['a model that is no string', '{"model":["a","b"]}'],
    ['an unknown model', '{"model":"nope"}'],
    ['a model of the prototype', '{"model":"__proto__"}'],
    ['two models', '{"model":"gpt","model":"two"}'],
    ['an escaped second model', '{"model":"gpt","mod\\u0065l":"two"}'],
    ['api_base', '{"model":"gpt","api_base":"http://evil.example"}'],
    ['base_url', '{"model":"gpt","base_url":"http://evil.example"}'],
    ['api_key', '{"model":"gpt","api_key":"sk-canary-123456789"}'],
  ])('%s gets a 400 that quotes nothing secret', async (_name, body) => {
    const response = await raw(body);
    const text = await response.text();
    expect(response.status).toBe(400);
    expect((JSON.parse(text) as ErrorBody).error.code).toBe('400');
    expect(text).not.toContain('canary');
    expect(provider.requests).toHaveLength(0);
  });

  it('refuses bodies that are not UTF-8, compressed, or too large, early and late', async () => {
    expect((await raw(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]))).status).toBe(400);
    expect((await raw('{}', { 'content-encoding': 'gzip' })).status).toBe(415);
    expect((await raw(Buffer.alloc(11 << 20, 0x20))).status).toBe(413);
    const chunked = await new Promise<number>((resolve, reject) => {
      const request = httpRequest(`${test.url}/v1/chat/completions`, { method: 'POST', headers: { authorization: 'Bearer sk-user' } }, (response) =>
        resolve(response.resume().statusCode ?? 0),
      );
      request.on('error', reject);
      for (let index = 0; index < 11; index++) request.write(Buffer.alloc(1 << 20, 0x20));
      request.end();
    });
    expect(chunked).toBe(413);
    expect(test.gateway.state().bytesInFlight).toBe(0);
  });

  it('answers 50 MB with 413', async () => {
    const response = await raw(Buffer.alloc(50 << 20, 0x20)).catch((error: unknown) => error);
    // The connection is cut once far more than allowed was sent; a client that still writes may see only that.
    if (response instanceof Response) expect(response.status).toBe(413);
  });

  it('refuses a header bomb with 431 and ambiguous framing with 400', async () => {
    const { port } = test.door;
    const talk = (text: string) =>
      new Promise<string>((resolve) => {
        let answer = '';
        const socket = connect(port, '127.0.0.1', () => socket.write(text));
        socket.on('data', (chunk) => {
          answer += chunk.toString();
        });
        socket.on('close', () => resolve(answer));
        socket.on('error', () => {});
      });
    const head = 'POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n';
    expect(await talk(`${head}x-bomb: ${'a'.repeat(40_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /);
    for (const framing of [
      'content-length: 2\r\ntransfer-encoding: chunked\r\n',
      'content-length: 2\r\ncontent-length: 3\r\n',
      'transfer-encoding: chunked, identity\r\n',
      'content-length : 2\r\n',
    ]) {
      expect([framing, (await talk(`${head}${framing}\r\n{}`)).slice(0, 12)]).toEqual([framing, 'HTTP/1.1 400']);
    }
  });

  it('does not take paths that only look like its own', async () => {
    for (const path of [
      '/v1/../v1/chat/completions/',
      '/v1//chat/completions',
      '/V1/chat/completions',
      '/v1/chat/completions/extra',
      '/openai/deployments//chat/completions',
    ]) {
      const response = await new Promise<number>((resolve) => {
        httpRequest({ port: test.door.port, host: '127.0.0.1', path, method: 'POST' }, (answer) => resolve(answer.resume().statusCode ?? 0)).end('{}');
      });
      expect([path, response]).toEqual([path, 404]);
    }
    expect((await fetch(`${test.url}/v1/chat/completions`)).status).toBe(405);
  });

  it('refuses when the pool of bytes is full', async () => {
    const small = await startTestGateway({ deployments: [{ ...DEPLOYMENT, apiBase: `${provider.url}/v1` }] }, { inFlightBytes: 1000 });
    small.key('sk-user');
    const response = await fetch(`${small.url}/v1/chat/completions`, { method: 'POST', body: ' '.repeat(2000), headers: { authorization: 'Bearer sk-user' } });
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '1']);
    await small.close();
  });

  it('leaves nothing in flight', async () => {
    await until(() => test.gateway.state().callsInFlight === 0);
    expect(test.gateway.state().bytesInFlight).toBe(0);
  });
});
