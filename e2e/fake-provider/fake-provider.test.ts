// The scripted upstream itself: what it answers and what it records.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FakeProvider } from './fake-provider.ts';
import { startFakeProvider } from './fake-provider.ts';
import { RETRY_AFTER_FORMS } from './modes.ts';

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
afterAll(() => provider.close());

const post = (body: object, path = '/v1/chat/completions', headers: Record<string, string> = {}) =>
  fetch(provider.url + path, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } });

describe('fake provider', () => {
  it('answers a fixed completion with usage and records the request', async () => {
    const answer = (await (await post({ model: 'gpt', messages: [] })).json()) as { usage: object };
    expect(answer.usage).toMatchObject({ prompt_tokens: 9, completion_tokens: 12 });
    expect(provider.requests.at(-1)?.body.toString()).toContain('"model":"gpt"');
  });

  it('streams frames, a usage frame when asked, and [DONE]', async () => {
    const text = await (await post({ model: 'sse;deltas=3', stream: true, stream_options: { include_usage: true } })).text();
    expect(text.match(/^data: /gm)).toHaveLength(1 + 3 + 1 + 1 + 1);
    expect(text).toContain('"choices":[],"usage":{');
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
  });

  it('keeps the same bytes when frames are split inside UTF-8', async () => {
    const whole = await (await post({ model: 'sse;text=ja', stream: true })).text();
    const split = await (await post({ model: 'sse;text=ja;split=1', stream: true })).text();
    expect(split).toBe(whole);
  });

  it('sends every Retry-After form and takes scripted modes first', async () => {
    for (const form of Object.keys(RETRY_AFTER_FORMS)) {
      provider.script(`rate-limit;form=${form}`);
      const response = await post({ model: 'fixed' });
      expect(response.status).toBe(429);
      await response.arrayBuffer();
    }
    expect((await post({ model: 'fixed' })).status).toBe(200);
  });

  it('answers the Azure paths with content-filter fields', async () => {
    const response = await post({ messages: [] }, '/openai/deployments/fixed/chat/completions?api-version=2024-10-21');
    expect(await response.json()).toHaveProperty('prompt_filter_results');
    provider.script('content-filter');
    expect((await post({}, '/openai/v1/chat/completions')).status).toBe(400);
  });
});
