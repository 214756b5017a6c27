// OpenAI's official client with the semantic cache against a started process: another question that means the same is answered with what was kept, and its rows say so.
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { call, generateKey } from './client.ts';
import { type FakeProvider, startFakeProvider } from './fake-provider/fake-provider.ts';
import { gatewayConfig } from './gateway-config.ts';
import { eventually, type Platform, startPlatform } from './process.ts';

let upstream: FakeProvider;
let platform: Platform;
beforeAll(async () => {
  upstream = await startFakeProvider();
  const cache = '{ type: qdrant-semantic, similarity_threshold: 0.95, qdrant_semantic_cache_embedding_model: embed, semantic_cache_embedding_timeout: 30 }';
  platform = await startPlatform({
    config: gatewayConfig(upstream.url).replace('litellm_settings:\n', `litellm_settings:\n  cache: true\n  cache_params: ${cache}\n`),
  });
});
afterAll(async () => {
  await platform?.stop();
  await upstream?.close();
});

it('answers a question that means the same with what was kept, within its owner', async () => {
  const [apiKey, other] = [await generateKey(platform), await generateKey(platform)];
  const openai = new OpenAI({ baseURL: `${platform.gatewayUrl}/v1`, apiKey, maxRetries: 0 });
  const ask = (content: string, key = apiKey) =>
    openai
      .withOptions({ apiKey: key })
      .chat.completions.create({ model: 'priced', messages: [{ role: 'user', content }] })
      .withResponse();
  const rowsOf = (key: string, count: number) =>
    eventually(`${count} rows`, async () => {
      const { body } = await call(`${platform.gatewayUrl}/spend/logs?api_key=${key}`, { key: platform.keys.masterKey });
      const rows = body as unknown as { call_type: string; cache_hit: string; spend: number; metadata: object }[];
      return Array.isArray(rows) && rows.length >= count ? rows : null;
    });
  const first = await ask('日本の首都はどこですか');
  // Its vector is made when the answer has left.
  await rowsOf(apiKey, 2);
  const chats = () => upstream.requests.filter(({ path }) => path.includes('chat')).length;
  const sent = chats();
  // The provider's vectors are all the same: every text means the same to it.
  let tries = 0;
  const again = await eventually('an answer that was kept', async () => {
    // Another text each time: one that was asked before would be found by the exact cache.
    const found = await ask(`日本の首都を教えて${'。'.repeat(tries++)}`);
    return found.response.headers.get('x-litellm-semantic-similarity') === null ? null : found;
  });
  expect([again.data, again.response.headers.get('x-litellm-response-cost')]).toEqual([first.data, '0']);
  expect(Number(again.response.headers.get('x-litellm-semantic-similarity'))).toBeGreaterThan(0.99);
  const rows = await rowsOf(apiKey, 4);
  expect(
    rows.some(({ cache_hit, spend, metadata }) => cache_hit === 'True' && spend === 0 && JSON.stringify(metadata).includes('semantic cache, similarity')),
  ).toBe(true);
  expect(rows.some(({ call_type }) => call_type === 'aembedding')).toBe(true);
  for (const [text, key] of [
    ['日本の首都を教えて', other],
    ['日本の首都を2つ教えて', apiKey],
  ] as const)
    expect((await ask(text, key)).response.headers.get('x-litellm-semantic-similarity')).toBeNull();
  expect(chats()).toBeGreaterThanOrEqual(sent + 2);
});
