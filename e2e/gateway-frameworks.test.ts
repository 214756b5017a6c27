// Frameworks as clients of the gateway: the Vercel AI SDK's OpenAI and Anthropic providers and LangChain.js, unmodified, against a started process.
import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai';
import { embed, generateText, streamText } from 'ai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateKey } from './client.ts';
import { type FakeProvider, startFakeProvider } from './fake-provider/fake-provider.ts';
import { gatewayConfig } from './gateway-config.ts';
import { type Platform, startPlatform } from './process.ts';

let upstream: FakeProvider;
let platform: Platform;
let apiKey: string;
beforeAll(async () => {
  upstream = await startFakeProvider();
  platform = await startPlatform({ config: gatewayConfig(upstream.url) });
  apiKey = await generateKey(platform, { key_alias: 'framework-tests' });
});
afterAll(async () => {
  await platform?.stop();
  await upstream?.close();
});

const STREAMED = 'こんにちは！これはテストの応答です。🎌';
const baseURL = (): string => `${platform.gatewayUrl}/v1`;

describe('the Vercel AI SDK', () => {
  it('generates, streams and embeds through its OpenAI provider', async () => {
    const openai = createOpenAI({ baseURL: baseURL(), apiKey });
    const whole = await generateText({ model: openai.chat('priced'), prompt: 'こんにちは' });
    expect(whole.text.length).toBeGreaterThan(0);
    expect(whole.usage).toMatchObject({ inputTokens: 9, outputTokens: 12 });
    upstream.script('sse;text=ja;split=3');
    const streamed = streamText({ model: openai.chat('priced'), prompt: 'こんにちは' });
    expect(await streamed.text).toBe(STREAMED);
    const { embedding } = await embed({ model: openai.embedding('embed'), value: 'こんにちは' });
    expect(embedding.length).toBeGreaterThan(0);
  });
  it('generates and streams through its Anthropic provider, for a model of another provider', async () => {
    const anthropic = createAnthropic({ baseURL: baseURL(), apiKey });
    const whole = await generateText({ model: anthropic('priced'), prompt: 'こんにちは', maxOutputTokens: 100 });
    expect(whole.usage).toMatchObject({ inputTokens: 9, outputTokens: 12 });
    upstream.script('sse;text=ja;split=3');
    const streamed = streamText({ model: anthropic('priced'), prompt: 'こんにちは', maxOutputTokens: 100 });
    expect(await streamed.text).toBe(STREAMED);
  });
});

describe('LangChain.js', () => {
  it('invokes, streams and embeds', async () => {
    const model = new ChatOpenAI({ model: 'priced', apiKey, configuration: { baseURL: baseURL() }, maxRetries: 0 });
    const whole = await model.invoke('こんにちは');
    expect(whole.usage_metadata).toMatchObject({ input_tokens: 9, output_tokens: 12 });
    upstream.script('sse;text=ja;split=3');
    let text = '';
    for await (const chunk of await model.stream('こんにちは')) text += chunk.text;
    expect(text).toBe(STREAMED);
    const embeddings = new OpenAIEmbeddings({ model: 'embed', apiKey, configuration: { baseURL: baseURL() }, maxRetries: 0 });
    expect((await embeddings.embedQuery('こんにちは')).length).toBeGreaterThan(0);
  });
  it('sees a refusal with the gateway’s reason', async () => {
    const limited = await generateKey(platform, { models: ['demo'] });
    const model = new ChatOpenAI({ model: 'priced', apiKey: limited, configuration: { baseURL: baseURL() }, maxRetries: 0 });
    await expect(model.invoke('こんにちは')).rejects.toThrow(/not allowed to access model/);
  });
});
