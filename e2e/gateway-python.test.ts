// The Python clients of OpenAI, Anthropic, LangChain and LiteLLM, unmodified, against a started process.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, generateKey } from './client.ts';
import { type FakeProvider, startFakeProvider } from './fake-provider/fake-provider.ts';
import { gatewayConfig } from './gateway-config.ts';
import { need } from './needs.ts';
import { type Platform, startPlatform } from './process.ts';

const python = need('python-gateway');
const CLIENTS = ['openai', 'anthropic', 'langchain-openai', 'langchain-anthropic', 'litellm'] as const;

describe.skipIf(python === null)('Python clients of the gateway', () => {
  let upstream: FakeProvider;
  let platform: Platform;
  let key: string;
  let said: Record<string, { whole: string; tokens: number; streamed: string }>;
  beforeAll(async () => {
    upstream = await startFakeProvider();
    platform = await startPlatform({ config: gatewayConfig(upstream.url) });
    key = await generateKey(platform, { key_alias: 'python-clients' });
    const { stdout } = await promisify(execFile)(
      python as string,
      [join(import.meta.dirname, 'python/gateway_clients.py'), platform.gatewayUrl, 'priced'],
      // The copy of the prices that LiteLLM carries: it would ask the network otherwise.
      { timeout: 170_000, env: { PATH: process.env.PATH, HOME: process.env.HOME, GENAI_KEY: key, LITELLM_LOCAL_MODEL_COST_MAP: 'True' } },
    );
    said = JSON.parse(stdout.trim().split('\n').at(-1) as string) as typeof said;
  });
  afterAll(async () => {
    await platform?.stop();
    await upstream?.close();
  });
  for (const client of CLIENTS) {
    it(`${client} gets an answer with its usage, and the same text as a stream`, () => {
      const { whole, tokens, streamed } = said[client] as (typeof said)[string];
      expect(whole).not.toBe('');
      expect(tokens).toBe(21);
      expect(streamed).toBe(whole);
    });
  }
  it('leave one row with a cost each', async () => {
    const rows = (await call(`${platform.gatewayUrl}/spend/logs?api_key=${key}`, { key: platform.keys.masterKey })).body as unknown as { spend: number }[];
    expect(rows.length).toBe(CLIENTS.length * 2);
    for (const { spend } of rows) expect(spend).toBeGreaterThan(0);
  });
});
