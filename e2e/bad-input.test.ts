// Bad input at both doors of a started process: each gets its documented error or is stored as stated; never a 5xx, nothing else in the batch is lost.
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, chat, generateKey, observe } from './client.ts';
import { eventually, type Platform, startPlatform } from './process.ts';

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(async () => {
  expect((await call(`${platform.gatewayUrl}/health/liveliness`)).status).toBe(200);
  await platform?.stop();
});

const post = (body: string | Uint8Array, key = platform.keys.virtualKey) =>
  call(`${platform.gatewayUrl}/v1/chat/completions`, { key, body, headers: { 'content-type': 'application/json' } });

describe('the gateway door', () => {
  it('answers broken bodies with 400 in the OpenAI envelope', async () => {
    const bodies: (string | Uint8Array)[] = [
      '{',
      '',
      '[]',
      'null',
      '{"model":"demo","messages":[],"model":"gpt-4o-mini"}',
      '{"model":"demo","messages":[],"mod\\u0065l":"gpt-4o-mini"}',
      new Uint8Array([0x7b, 0x22, 0x6d, 0xff, 0xfe, 0x22, 0x7d]),
      '{"model":7,"messages":[]}',
      '{"messages":[]}',
      '{"model":"demo","messages":[]} trailing',
    ];
    for (const body of bodies) {
      const answer = await post(body);
      expect(answer.status, String(body).slice(0, 40)).toBe(400);
      expect(answer.body).toMatchObject({ error: { message: expect.any(String), code: '400' } });
    }
  });
  it('names an unknown model as LiteLLM does', async () => {
    const answer = await chat(platform, platform.keys.virtualKey, 'nope');
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('Invalid model name passed in model=nope');
  });
  it('answers a missing, wrong, malformed or huge key with 401 and never repeats it', async () => {
    expect((await call(`${platform.gatewayUrl}/v1/chat/completions`, { body: { model: 'demo', messages: [] } })).status).toBe(401);
    for (const key of ['sk-wrong-key-1234567890', "sk-' OR 1=1 --", `sk-${'x'.repeat(9000)}`, 'not-a-key', 'sk-日本'.replace(/[^\x20-\x7e]/g, '?')]) {
      const answer = await chat(platform, key, 'demo');
      expect(answer.status).toBe(401);
      expect(answer.text).not.toContain(key);
    }
  });
  it('refuses a 50 MB body with 413 early, and a header bomb with 431', async () => {
    const status = await new Promise<number>((resolve, reject) => {
      const sent = httpRequest(
        `${platform.gatewayUrl}/v1/chat/completions`,
        { method: 'POST', headers: { authorization: `Bearer ${platform.keys.virtualKey}`, 'content-type': 'application/json', 'content-length': 50 << 20 } },
        (response) => {
          resolve(response.statusCode ?? 0);
          sent.destroy();
        },
      );
      sent.on('error', reject);
      sent.write('{');
    });
    expect(status).toBe(413);
    const { port } = new URL(platform.gatewayUrl);
    const reply = await new Promise<string>((resolve) => {
      const socket = connect(Number(port), '127.0.0.1', () =>
        socket.write(`GET /health/liveliness HTTP/1.1\r\nHost: x\r\n${'X-Bomb: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n'.repeat(2000)}\r\n`),
      );
      let text = '';
      socket.on('data', (chunk) => (text += chunk));
      socket.on('error', () => resolve(text));
      socket.on('close', () => resolve(text));
    });
    expect(reply).toContain('431');
  });
  it('refuses a negative limit on a key', async () => {
    for (const body of [{ max_budget: -1 }, { rpm_limit: -1 }, { max_parallel_requests: -3 }, { duration: 'soon' }]) {
      const answer = await call(`${platform.gatewayUrl}/key/generate`, { key: platform.keys.masterKey, body });
      expect(answer.status, JSON.stringify(body)).toBe(400);
      expect(answer.body).toMatchObject({ error: { code: '400' } });
    }
  });
  it('does not let a body choose the upstream', async () => {
    const answer = await chat(platform, platform.keys.virtualKey, 'demo', { body: { api_base: 'http://169.254.169.254/', api_key: 'x' } });
    expect([200, 400]).toContain(answer.status);
  });
  it('gives 401 or 404 to everybody without a credential on every admin path', async () => {
    for (const path of ['/key/info', '/key/list', '/spend/logs', '/model/info', '/api/console/overview', '/api/console/requests'])
      expect((await call(`${platform.gatewayUrl}${path}`)).status, path).toBe(401);
    const limited = await generateKey(platform, {});
    for (const path of ['/key/list', '/spend/logs']) expect([401, 403], path).toContain((await call(`${platform.gatewayUrl}${path}`, { key: limited })).status);
  });
});

describe('the observe door', () => {
  const ingest = (body: unknown) => call(`${platform.observeUrl}/api/public/ingestion`, { basic: [platform.keys.publicKey, platform.keys.secretKey], body });
  const now = () => new Date().toISOString();
  const good = (id: string) => ({ id: `good-${id}`, type: 'trace-create', timestamp: now(), body: { id: `good-trace-${id}`, name: 'good' } });
  const exists = (id: string) => eventually(`trace ${id}`, async () => (await observe(platform, `/api/public/traces/${id}`)).status === 200);

  it('answers a batch that is none with 400', async () => {
    for (const body of ['{', {}, { batch: 'x' }, '[]']) expect((await ingest(body)).status).toBe(400);
  });
  it('refuses only the bad events of a batch', async () => {
    const answer = await ingest({
      batch: [
        { type: 'trace-create', timestamp: now(), body: {} },
        good('a'),
        { id: 'bad-type', type: 'nonsense', timestamp: now(), body: {} },
        { id: 'bad-time', type: 'trace-create', timestamp: 'yesterday', body: {} },
        good('b'),
      ],
    });
    expect(answer.status).toBe(207);
    expect(answer.body).toMatchObject({ successes: [{ id: 'good-a' }, { id: 'good-b' }] });
    expect(answer.body.errors).toHaveLength(3);
    await exists('good-trace-a');
    await exists('good-trace-b');
  });
  it('stores extreme times clamped, extreme numbers exactly or not at all, and odd text', async () => {
    const span = (id: string, body: Record<string, unknown>) => ({
      id: `e-${id}`,
      type: 'generation-create',
      timestamp: now(),
      body: { id: `odd-${id}`, traceId: 'odd-trace', name: id, ...body },
    });
    const answer = await ingest({
      batch: [
        span('year1', { startTime: '0001-01-01T00:00:00.000Z' }),
        span('year9999', { startTime: '9999-12-31T23:59:59.999Z' }),
        span('cost', { startTime: now(), costDetails: { total: 10_000_000 } }),
        span('usage', { startTime: now(), usageDetails: { input: -1, output: 1.5, total: 3 } }),
        span('text', { startTime: now(), input: 'nul \u0000 and a lone surrogate \ud800 here', output: '日本語' }),
        good('odd'),
      ],
    });
    expect(answer.status).toBe(207);
    await exists('good-trace-odd');
    const read = async (id: string) =>
      eventually(`observation ${id}`, async () => {
        const found = await observe(platform, `/api/public/observations/odd-${id}`);
        return found.status === 200 ? (found.body as Record<string, unknown>) : null;
      });
    expect((await read('cost')).calculatedTotalCost).toBe(10_000_000);
    expect((await read('usage')).usageDetails).toEqual({ total: 3 });
    expect((await read('text')).output).toBe('日本語');
    for (const id of ['year1', 'year9999']) {
      const year = new Date(String((await read(id)).startTime)).getUTCFullYear();
      expect(Math.abs(year - new Date().getUTCFullYear())).toBeLessThanOrEqual(5);
    }
  });
  it('stores events of 150 different weeks in one batch', async () => {
    const batch = Array.from({ length: 150 }, (_, week) => ({
      id: `w-${week}`,
      type: 'trace-create',
      timestamp: now(),
      body: { id: `week-${week}`, name: 'weeks', timestamp: new Date(Date.now() - week * 7 * 86_400_000).toISOString() },
    }));
    expect((await ingest({ batch })).status).toBe(207);
    await eventually(
      '150 traces',
      async () =>
        ((await observe(platform, '/api/public/traces?name=weeks&limit=1')).body as unknown as { meta?: { totalItems: number } }).meta?.totalItems === 150,
      30_000,
    );
  });
  it('refuses only the span without a trace id, by partialSuccess, and stores a 10 MB span', async () => {
    const otlp = (spans: unknown[]) =>
      call(`${platform.observeUrl}/api/public/otel/v1/traces`, {
        basic: [platform.keys.publicKey, platform.keys.secretKey],
        body: { resourceSpans: [{ scopeSpans: [{ spans }] }] },
      });
    const nano = String(BigInt(Date.now()) * 1_000_000n);
    const refused = await otlp([{ spanId: '00f067aa0ba902b7', name: 'x', startTimeUnixNano: nano }]);
    expect(refused.status).toBe(200);
    expect(refused.body).toMatchObject({ partialSuccess: { errorMessage: expect.stringContaining('trace') } });
    expect(Number((refused.body.partialSuccess as unknown as { rejectedSpans: string }).rejectedSpans)).toBe(1);
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const big = await otlp([
      {
        traceId,
        spanId: '00f067aa0ba902b7',
        name: 'big',
        startTimeUnixNano: nano,
        endTimeUnixNano: nano,
        attributes: [{ key: 'langfuse.observation.input', value: { stringValue: 'x'.repeat(10 << 20) } }],
      },
    ]);
    expect(big.status).toBe(200);
    await exists(traceId);
  });
  it('answers unknown paths and methods in its own dialect', async () => {
    expect((await observe(platform, '/api/public/nothing-here')).status).toBe(404);
    expect(
      (await call(`${platform.observeUrl}/api/public/ingestion`, { method: 'DELETE', basic: [platform.keys.publicKey, platform.keys.secretKey] })).status,
    ).toBe(405);
    expect((await observe(platform, '/api/public/traces?page=0')).status).toBe(400);
    expect((await observe(platform, '/api/public/traces?filter=nonsense')).status).toBe(400);
  });
});
