// The reliability table, second half: streams that are cut, late, in error or left, what they are billed, and what holds them open. Against a started platform.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from './process.ts';
import { callIdOf, type ReliabilityRig, startRig } from './reliability-upstream.ts';

let rig: ReliabilityRig;
beforeAll(async () => {
  rig = await startRig({
    settings: 'litellm_settings: { sse_keepalive_ping_interval_seconds: 0.4, fallbacks: [{ doomed: [once] }] }\n',
    models: (base, otherBase) => `
  - model_name: doomed
    litellm_params: { model: "openai/error-frame;code=503", api_base: "${otherBase}", api_key: sk-upstream, max_retries: 0 }
  - model_name: slow
    litellm_params: { model: "openai/sse;deltas=4;pace=100;comment=40", api_base: "${base}", api_key: sk-upstream, max_retries: 0 }`,
  });
});
afterAll(async () => rig?.close());
beforeEach(() => {
  rig.upstream.reset();
  rig.other.reset();
});

/** Frames of the scripted stream: role, ten words, finish, usage (asked for by the gateway), [DONE]. */
const FRAMES = 14;
/** A stream that ends before its finish reason is cut; with it, it is whole. */
const FINISHED_AT = 12;
const events = (text: string) => text.split('\n\n').filter((event) => event.startsWith('data: '));
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('Truncation and mid-stream failure', () => {
  const ways = ['cut', 'end'] as const;
  const cases = ways.flatMap((way) => Array.from({ length: FRAMES }, (_, at) => [way, at] as const));
  it.each(cases)('%s after %i frames: never a success unless it was whole', async (way, at) => {
    const answer = await rig.chat('once', { body: { stream: true }, script: [`sse;${way}=${at}`] });
    const row = await rig.row(callIdOf(answer));
    if (at === 0) {
      // Nothing was delivered: a real status, and no bill.
      expect([answer.status >= 500, row.spend, row.metadata.outcome]).toEqual([true, 0, 'failure']);
      return;
    }
    expect(answer.status).toBe(200);
    const whole = at >= FINISHED_AT && way === 'end';
    expect([answer.text.includes('[DONE]'), row.metadata.outcome]).toEqual(whole ? [true, 'success'] : [false, 'failure']);
    if (!whole)
      expect(JSON.parse(events(answer.text).at(-1)?.slice(6) ?? '{}')).toMatchObject({
        error: { message: expect.stringMatching(/^litellm\./), code: expect.any(String) },
      });
    expect(row.spend).toBeGreaterThan(0);
  });
  it('after the first byte there is no fallback: the failed stream is said to have failed', async () => {
    const answer = await rig.chat('retrying', { body: { stream: true }, script: ['sse;cut=5', 'sse'] });
    expect(rig.upstream.requests).toHaveLength(1);
    expect(answer.text).toContain('"error"');
    expect(answer.headers.get('x-litellm-attempted-fallbacks')).toBe('0');
  });
  it('a malformed event is not passed on', async () => {
    const answer = await rig.chat('once', { body: { stream: true }, script: ['sse;malformed'] });
    expect(answer.text).not.toContain('"choices":[{"delta":\n');
    expect([answer.text.includes('[DONE]'), (await rig.row(callIdOf(answer))).metadata.outcome]).toEqual([false, 'failure']);
  });
});

describe('First-chunk errors', () => {
  it('HTTP 200 with an error as its first event is a failed try: tried again, or fallen back from, or a real status', async () => {
    const again = await rig.chat('retrying', { body: { stream: true }, script: ['error-frame;code=503', 'sse'] });
    expect([again.status, again.text.includes('[DONE]'), again.headers.get('x-litellm-attempted-retries')]).toEqual([200, true, '1']);
    const other = await rig.chat('doomed', { body: { stream: true } });
    expect([other.status, other.text.includes('[DONE]'), other.headers.get('x-litellm-attempted-fallbacks')]).toEqual([200, true, '1']);
    const failed = await rig.chat('once', { body: { stream: true }, script: ['error-frame;code=503'] });
    expect([failed.status, failed.headers.get('content-type')]).toEqual([500, 'application/json']);
    expect((await rig.row(callIdOf(failed))).spend).toBe(0);
  });
});

describe('Client disconnect', () => {
  it('at 0 frames: the upstream is let go at once, and the input is billed', async () => {
    rig.upstream.script('stall;at=accept');
    const controller = new AbortController();
    const id = `left-${Date.now()}`;
    const pending = rig.stream('once', { signal: controller.signal, headers: { 'x-litellm-end-user-id': id } }).catch(() => null);
    await eventually('the request upstream', async () => rig.upstream.requests.length === 1);
    const leftAtMs = Date.now();
    controller.abort();
    await pending;
    const abortedAtMs = await eventually('the abort upstream', async () => rig.upstream.requests[0]?.abortedAtMs);
    expect(abortedAtMs - leftAtMs).toBeLessThan(1_000);
    const row = await rowOfEndUser(id);
    expect([row.metadata.outcome, row.completion_tokens, (row.spend ?? 0) > 0]).toEqual(['cancelled', 0, true]);
  });
  it('at n frames: the upstream is let go at once, and what was delivered is billed', async () => {
    rig.upstream.script('sse;deltas=400;pace=25');
    const controller = new AbortController();
    const response = await rig.stream('once', { signal: controller.signal });
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    for (let index = 0; index < 6; index++) await reader.read();
    const leftAtMs = Date.now();
    controller.abort();
    const abortedAtMs = await eventually('the abort upstream', async () => rig.upstream.requests[0]?.abortedAtMs);
    expect(abortedAtMs - leftAtMs).toBeLessThan(1_000);
    const row = await rig.row(callIdOf(response));
    expect([row.metadata.outcome, row.metadata.usage_estimated]).toEqual(['cancelled', true]);
    expect(row.completion_tokens).toBeGreaterThanOrEqual(4);
    expect(row.completion_tokens).toBeLessThan(100);
    expect(row.spend).toBeGreaterThan(0);
  });

  async function rowOfEndUser(endUser: string) {
    const { call } = await import('./client.ts');
    return eventually(`the row of ${endUser}`, async () => {
      const answer = await call(`${rig.platform.gatewayUrl}/spend/logs/v2?end_user=${endUser}`, { key: rig.platform.keys.masterKey });
      return (answer.body as unknown as { data: Awaited<ReturnType<typeof rig.row>>[] }).data[0];
    });
  }
});

describe('Usage rules', () => {
  it.each([
    ['an explicit zero is zero', 'fixed;in=0;out=0', false, { spend: 0, completion_tokens: 0, metadata: { usage_estimated: false } }],
    ['stated usage is the bill', 'fixed;in=1000;out=100', false, { spend: 0.0017, completion_tokens: 100, metadata: { usage_estimated: false } }],
    ['missing usage is estimated and says so', 'fixed;usage=never', false, { spend: expect.any(Number), metadata: { usage_estimated: true } }],
    ['broken usage is estimated and says so', 'fixed;usage=broken', false, { spend: expect.any(Number), metadata: { usage_estimated: true } }],
    ['a stream without usage is estimated', 'sse;usage=never', true, { spend: expect.any(Number), metadata: { usage_estimated: true } }],
    ['a stream’s own usage counts', 'sse;in=1000;out=100', true, { spend: 0.0017, metadata: { usage_estimated: false } }],
    ['a failed upstream costs nothing', 'status;code=500', false, { spend: 0, metadata: { outcome: 'failure' } }],
    ['a refused prompt costs nothing', 'content-filter', false, { spend: 0, metadata: { outcome: 'failure' } }],
  ] as const)('%s', async (_name, mode, stream, expected) => {
    const row = await rig.row(callIdOf(await rig.chat('once', { body: { stream }, script: [mode] })));
    expect(row).toMatchObject(expected);
    if (row.metadata.usage_estimated === true) expect(row.spend).toBeGreaterThan(0);
  });
});

describe('SSE keep-alive', () => {
  it('comments of the upstream pass untouched and count as a sign of life', async () => {
    // 40 comments, 100 ms apart, last longer than the 1.5 s of silence that are allowed.
    const answer = await rig.chat('slow', { body: { stream: true } });
    expect(answer.text.split(': keep-alive\n\n')).toHaveLength(41);
    expect(answer.text.endsWith('data: [DONE]\n\n')).toBe(true);
  });
  it('a silent stream is held open by comments, also before its first event, and clients see none of them', async () => {
    const answer = await rig.chat('once', { body: { stream: true }, script: ['sse;delay=1300'] });
    expect(answer.text.startsWith(': ping\n\n: ping\n\n')).toBe(true);
    expect(events(answer.text)).toHaveLength(FRAMES - 1);
    expect(answer.headers.get('content-type')).toMatch(/^text\/event-stream/);
    const { default: OpenAI } = await import('openai');
    const client = new OpenAI({ apiKey: rig.platform.keys.masterKey, baseURL: `${rig.platform.gatewayUrl}/v1`, maxRetries: 0 });
    rig.upstream.script('sse;delay=900');
    let said = '';
    for await (const chunk of await client.chat.completions.create({ model: 'once', stream: true, messages: [{ role: 'user', content: 'x' }] })) {
      said += chunk.choices[0]?.delta.content ?? '';
    }
    expect(said).toBe('Hello from the fake provider. Nice to meet you');
  });
  it('a failure after the first comment is an event of the stream, and its row tells the truth', async () => {
    const answer = await rig.chat('once', { body: { stream: true }, script: ['status;code=500;delay=900'] });
    expect([answer.status, answer.text.startsWith(': ping\n\n'), answer.text.includes('[DONE]')]).toEqual([200, true, false]);
    expect(JSON.parse(events(answer.text)[0]?.slice(6) ?? '{}')).toMatchObject({ error: { code: '500' } });
    expect(await rig.row(callIdOf(answer))).toMatchObject({ spend: 0, metadata: { outcome: 'failure', error_information: { error_code: '500' } } });
  });
  it('fast streams and whole answers carry none', async () => {
    expect((await rig.chat('once', { body: { stream: true }, script: ['sse'] })).text).not.toContain(': ping');
    expect((await rig.chat('once', { script: ['fixed;delay=900'] })).body).toMatchObject({ object: 'chat.completion' });
  });
});

describe('Backpressure', () => {
  it('200 readers that do not read pause their upstreams; memory stays bounded, and nobody else waits', async () => {
    const { port } = new URL(rig.platform.gatewayUrl);
    const body = JSON.stringify({ model: 'mode/sse;deltas=2;big=4000000', stream: true, messages: [{ role: 'user', content: 'x' }] });
    const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${rig.platform.keys.masterKey}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
    const before = residentBytes(rig.platform.pid);
    const readers = await Promise.all(
      Array.from(
        { length: 200 },
        () =>
          new Promise<ReturnType<typeof connect>>((resolve, reject) => {
            const socket = connect({ port: Number(port), host: '127.0.0.1' }, () => socket.write(head + body, () => resolve(socket)));
            socket.pause();
            socket.on('error', reject);
          }),
      ),
    );
    await eventually('200 streams upstream', async () => rig.upstream.requests.length >= 200, 60_000);
    await pause(1_000);
    // 200 × 4 MB lie upstream; held here may be what the sockets and the pool of bytes hold.
    expect(residentBytes(rig.platform.pid) - before).toBeLessThan(500 << 20);
    const startedAt = Date.now();
    expect((await rig.chat('once')).status).toBe(200);
    expect(Date.now() - startedAt).toBeLessThan(5_000);
    for (const socket of readers) socket.destroy();
    await eventually(
      'every upstream to be let go',
      async () => rig.upstream.requests.every((request) => request.finished || request.abortedAtMs !== null),
      60_000,
    );
  });
});

/** Resident memory of the front (Linux). */
function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}
