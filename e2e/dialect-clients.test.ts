// Google's official client and OpenAI's Responses against a started process, for a model of another provider: answers, streams, the row in the request log and the trace.
import { GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';
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
  key = await generateKey(platform, { key_alias: 'dialect-tests' });
});
afterAll(async () => {
  await platform?.stop();
  await upstream?.close();
});

async function rowAndTrace(model: string, type: string): Promise<Record<string, unknown>> {
  const row = await eventually(`the ${type} row of ${model}`, async () => {
    const rows = (await call(`${platform.gatewayUrl}/spend/logs`, { key: platform.keys.masterKey })).body as unknown as Record<string, unknown>[];
    return (Array.isArray(rows) ? rows : []).find((found) => found.call_type === type) ?? null;
  });
  const trace = await eventually('the trace', async () => {
    const found = await observe(platform, `/api/public/traces/${String(row.request_id).replaceAll('-', '')}`);
    return found.status === 200 ? (found.body as unknown as { observations: Record<string, unknown>[] }) : null;
  });
  return trace.observations[0] as Record<string, unknown>;
}

describe('Google’s client', () => {
  it('gets answers, streams and counts from a model of another provider, and leaves its row and trace', async () => {
    const { models } = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: platform.gatewayUrl } });
    const answer = await models.generateContent({ model: 'groq-llama', contents: 'こんにちは' });
    expect(answer.text).toContain('fake provider');
    expect(answer.usageMetadata).toMatchObject({ promptTokenCount: 9, candidatesTokenCount: 12 });
    upstream.script('sse;text=ja;split=3');
    let text = '';
    for await (const piece of await models.generateContentStream({ model: 'groq-llama', contents: 'こんにちは' })) text += piece.text ?? '';
    expect(text).toBe('こんにちは！これはテストの応答です。🎌');
    expect((await models.countTokens({ model: 'groq-llama', contents: 'こんにちは' })).totalTokens).toBeGreaterThan(0);
    const generation = await rowAndTrace('groq-llama', 'agenerate_content');
    expect(generation).toMatchObject({ name: 'generate-content', output: { role: 'model' } });
    expect(JSON.stringify(generation.input)).toContain('こんにちは');
  });
});

describe('OpenAI’s client with Responses', () => {
  it('gets answers and streams from a model that has chats only, and leaves its row and trace', async () => {
    const openai = new OpenAI({ baseURL: `${platform.gatewayUrl}/v1`, apiKey: key, maxRetries: 0 });
    const answer = await openai.responses.create({ model: 'groq-llama', input: 'こんにちは' });
    expect([answer.status, answer.output_text.includes('fake provider'), answer.usage?.output_tokens]).toEqual(['completed', true, 12]);
    upstream.script('sse;text=ja;split=3');
    const streamed = await openai.responses.stream({ model: 'groq-llama', input: 'こんにちは' }).finalResponse();
    expect(streamed.output_text).toBe('こんにちは！これはテストの応答です。🎌');
    const generation = await rowAndTrace('groq-llama', 'aresponses');
    expect(generation.name).toBe('responses');
    expect(JSON.stringify(generation.input)).toContain('こんにちは');
    expect(JSON.stringify(generation.output)).toContain('output_text');
  });
});
