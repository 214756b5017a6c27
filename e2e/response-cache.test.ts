// OpenAI's official client with the exact cache against a started process: the same answer without a call, the row that says so, whose it is, and how it is forgotten.
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, generateKey } from './client.ts';
import { type FakeProvider, startFakeProvider } from './fake-provider/fake-provider.ts';
import { gatewayConfig } from './gateway-config.ts';
import { eventually, type Platform, startPlatform } from './process.ts';

let upstream: FakeProvider;
let platform: Platform;
beforeAll(async () => {
  upstream = await startFakeProvider();
  platform = await startPlatform({
    config: gatewayConfig(upstream.url).replace('litellm_settings:\n', 'litellm_settings:\n  cache: true\n  cache_params: { type: local, ttl: 600 }\n'),
  });
});
afterAll(async () => {
  await platform?.stop();
  await upstream?.close();
});
const client = async () => new OpenAI({ baseURL: `${platform.gatewayUrl}/v1`, apiKey: await generateKey(platform), maxRetries: 0 });
const ASK = { model: 'priced', messages: [{ role: 'user' as const, content: 'こんにちは' }] };

describe('the exact cache', () => {
  it('answers the same call once more without the upstream, at no cost, and says so on its row', async () => {
    const openai = await client();
    const first = await openai.chat.completions.create(ASK);
    const sent = upstream.requests.length;
    const { data, response } = await openai.chat.completions.create(ASK).withResponse();
    expect([data, upstream.requests.length]).toEqual([first, sent]);
    const cacheKey = response.headers.get('x-litellm-cache-key') ?? '';
    expect([cacheKey.length, response.headers.get('x-litellm-response-cost')]).toEqual([64, '0']);
    const rows = await eventually('both rows', async () => {
      const found = (await call(`${platform.gatewayUrl}/spend/logs`, { key: platform.keys.masterKey })).body as unknown as Record<string, unknown>[];
      return Array.isArray(found) && found.length === 2 ? found : null;
    });
    expect(rows.find((row) => row.cache_hit === 'True')).toMatchObject({
      spend: 0,
      cache_key: cacheKey,
      prompt_tokens: 9,
      completion_tokens: 12,
      custom_llm_provider: 'openai',
    });
    expect(rows.find((row) => row.cache_hit === 'False')).toMatchObject({ cache_key: '' });
    await (await client()).chat.completions.create(ASK);
    expect(upstream.requests.length).toBe(sent + 1);
    const forget = await call(`${platform.gatewayUrl}/cache/delete`, { key: platform.keys.masterKey, body: { keys: [cacheKey, 'f'.repeat(64)] } });
    expect(forget.body).toEqual({ status: 'success', deleted: 1 });
    await openai.chat.completions.create(ASK);
    expect(upstream.requests.length).toBe(sent + 2);
  });
  it('streams again what it streamed, and follows the call’s own wishes', async () => {
    const openai = await client();
    const stream = async (more: object = {}) => {
      let said = '';
      for await (const { choices } of await openai.chat.completions.create({ ...ASK, stream: true, ...more })) said += choices[0]?.delta.content ?? '';
      return said;
    };
    const said = await stream();
    const sent = upstream.requests.length;
    expect([await stream(), upstream.requests.length]).toEqual([said, sent]);
    await stream({ cache: { 'no-cache': true } });
    expect(upstream.requests.length).toBe(sent + 1);
  });
  it('is asked how it is by administrators alone', async () => {
    const ping = await call(`${platform.gatewayUrl}/cache/ping`, { key: platform.keys.masterKey });
    expect([ping.status, ping.body]).toMatchObject([200, { status: 'healthy', cache_type: 'local', ping_response: true, set_cache_response: 'success' }]);
    const key = await generateKey(platform);
    expect([401, 403]).toContain((await call(`${platform.gatewayUrl}/cache/ping`, { key })).status);
    expect((await call(`${platform.gatewayUrl}/cache/delete`, { key: platform.keys.masterKey, body: { keys: ['x'] } })).status).toBe(400);
    const flush = async () => (await call(`${platform.gatewayUrl}/cache/flushall`, { key: platform.keys.masterKey, body: {} })).body;
    const { deleted } = (await flush()) as unknown as { deleted: number };
    expect(deleted).toBeGreaterThan(1);
    expect(await flush()).toEqual({ status: 'success', deleted: 0 });
  });
});
