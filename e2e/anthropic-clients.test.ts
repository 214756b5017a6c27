// The official Anthropic client against a started process, for a model of another provider: answers, streams, tools, counts, refusals, the row in the request log and the trace.
import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, generateKey, observe } from './client.ts';
import { type FakeProvider, startFakeProvider } from './fake-provider/fake-provider.ts';
import { gatewayConfig } from './gateway-config.ts';
import { eventually, type Platform, startPlatform } from './process.ts';

let upstream: FakeProvider;
let platform: Platform;
let key: string;
beforeAll(async () => {
  upstream = await startFakeProvider();
  platform = await startPlatform({ config: gatewayConfig(upstream.url) });
  key = await generateKey(platform, { key_alias: 'anthropic-tests' });
});
afterAll(async () => {
  await platform?.stop();
  await upstream?.close();
});

const client = () => new Anthropic({ baseURL: platform.gatewayUrl, apiKey: key, maxRetries: 0 });
const ask = { model: 'priced', max_tokens: 100, messages: [{ role: 'user' as const, content: 'こんにちは' }] };

describe('the Anthropic client', () => {
  it('gets answers and streams from a model of another provider', async () => {
    const answer = await client().messages.create(ask);
    expect(answer).toMatchObject({ type: 'message', stop_reason: 'end_turn', usage: { input_tokens: 9, output_tokens: 12 } });
    upstream.script('sse;text=ja;split=3');
    const streamed = client().messages.stream({ ...ask, system: [{ type: 'text', text: 'Be kind.', cache_control: { type: 'ephemeral' } }] });
    expect(await streamed.finalText()).toBe('こんにちは！これはテストの応答です。🎌');
    const seen = JSON.parse(String(upstream.requests.at(-1)?.body));
    expect(seen).toMatchObject({ stream_options: { include_usage: true }, messages: [{ role: 'system' }, { role: 'user', content: 'こんにちは' }] });
    expect(String(upstream.requests.at(-1)?.body)).not.toContain('cache_control');
  });
  it('counts tokens, with a key or a bearer token', async () => {
    expect((await client().messages.countTokens({ model: 'priced', messages: ask.messages })).input_tokens).toBeGreaterThan(0);
    const bearer = new Anthropic({ baseURL: platform.gatewayUrl, authToken: key, apiKey: null, maxRetries: 0 });
    expect((await bearer.messages.countTokens({ model: 'priced', messages: ask.messages })).input_tokens).toBeGreaterThan(0);
  });
  it('sees refusals as its own classes', async () => {
    upstream.script('rate-limit;form=seconds;value=7');
    await expect(client().messages.create(ask)).rejects.toBeInstanceOf(Anthropic.RateLimitError);
    const stranger = new Anthropic({ baseURL: platform.gatewayUrl, apiKey: 'sk-nobody', maxRetries: 0 });
    await expect(stranger.messages.create(ask)).rejects.toBeInstanceOf(Anthropic.AuthenticationError);
  });
  it('leaves a row with its cost and a trace with what was sent and received', async () => {
    const { response } = await client()
      .messages.create(ask, { headers: { 'x-litellm-session-id': 'anthropic-session' } })
      .withResponse();
    const callId = response.headers.get('x-litellm-call-id') as string;
    const rows = await eventually('the row in /spend/logs', async () => {
      const found = (await call(`${platform.gatewayUrl}/spend/logs?request_id=${callId}`, { key: platform.keys.masterKey })).body as unknown as Record<
        string,
        unknown
      >[];
      return found.length > 0 ? found : null;
    });
    expect(rows[0]).toMatchObject({ call_type: 'anthropic_messages', prompt_tokens: 9, completion_tokens: 12 });
    const trace = await eventually('the trace', async () => {
      const found = await observe(platform, `/api/public/traces/${callId.replaceAll('-', '')}`);
      return found.status === 200 ? (found.body as Record<string, unknown>) : null;
    });
    const [generation] = trace.observations as Record<string, unknown>[];
    expect(generation).toMatchObject({ name: 'messages', type: 'GENERATION', output: { role: 'assistant', content: [{ type: 'text' }] } });
    expect(JSON.stringify(generation?.input)).toContain('こんにちは');
  });
});
