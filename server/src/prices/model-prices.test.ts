import { readFileSync } from 'node:fs';
import { findProvider } from '@pydantic/genai-prices';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CallUsage } from '#call-record.ts';
import { formatPicos } from '#lib/money.ts';
import type { Deployment } from '#settings/settings.ts';
import { CATALOG_VERSION } from './catalog.ts';
import { createPrices } from './model-prices.ts';
import type { PriceRow } from './port.ts';

function deployment(fields: Partial<Deployment>): Deployment {
  return {
    id: 'd1',
    modelName: 'm',
    provider: 'openai',
    providerName: 'openai',
    upstreamModel: 'gpt-4o-mini',
    mode: null,
    apiBase: null,
    apiKey: null,
    apiVersion: null,
    organization: null,
    azureAdToken: null,
    extraHeaders: {},
    defaultParameters: {},
    baseModel: null,
    inputCostPerToken: null,
    outputCostPerToken: null,
    cacheReadInputTokenCost: null,
    mockResponse: null,
    timeoutMs: null,
    streamTimeoutMs: null,
    maxRetries: null,
    weight: null,
    rpm: null,
    tpm: null,
    order: null,
    tags: [],
    sslVerify: true,
    info: {},
    ...fields,
  };
}

const usage = (input: number, output: number, more: Partial<CallUsage> = {}): CallUsage => ({ input, output, total: input + output, ...more });
const prices = createPrices();

function costText(row: PriceRow | null, used: CallUsage): string | null {
  return row === null ? null : formatPicos(prices.cost(row, used));
}

describe('prices of deployments', () => {
  it('costs 3.75e-5 for 9 and 12 tokens of gpt-3.5-turbo-0301, from overrides and from the table', () => {
    const overridden = deployment({ upstreamModel: 'fake', inputCostPerToken: '1.5e-6', outputCostPerToken: '0.000002' });
    expect(costText(prices.ofDeployment(overridden), usage(9, 12))).toBe('0.0000375');
    expect(costText(prices.ofDeployment(deployment({ upstreamModel: 'gpt-3.5-turbo-0301' })), usage(9, 12))).toBe('0.0000375');
  });

  it('knows gpt-4o-mini of OpenAI and of Azure, dated names included', () => {
    for (const fields of [
      { providerName: 'openai' },
      { providerName: 'azure' },
      { providerName: 'azure', upstreamModel: 'gpt-4o-mini-2024-07-18' },
      { providerName: 'azure', upstreamModel: 'chat-prod', baseModel: 'azure/gpt-4o-mini' },
      { providerName: 'azure', upstreamModel: 'chat-prod', baseModel: 'gpt-4o-mini' },
    ]) {
      const row = prices.ofDeployment(deployment(fields));
      expect(row?.inputPicos, JSON.stringify(fields)).toBe(150_000n);
      expect(row?.outputPicos).toBe(600_000n);
      expect(row?.cachedInputPicos).toBe(75_000n);
      expect(row?.id).toBe(`genai-prices:${fields.providerName}/gpt-4o-mini@${CATALOG_VERSION}`);
    }
  });

  it('takes the model that Azure answered with when the deployment name says nothing', () => {
    const azure = deployment({ provider: 'azure', providerName: 'azure', upstreamModel: 'team-chat' });
    expect(prices.ofDeployment(azure)).toBeNull();
    expect(prices.ofDeployment(azure, 'gpt-4o-mini-2024-07-18')?.inputPicos).toBe(150_000n);
    expect(prices.ofDeployment(azure, 'something-private')).toBeNull();
    expect(prices.ofDeployment(deployment({ providerName: 'azure', upstreamModel: 'gpt-35-turbo' }))).not.toBeNull();
  });

  it('gives a private host no list price, whatever it calls its models, unless the configuration does', () => {
    const host = deployment({ provider: 'openai-compatible', providerName: 'hosted_vllm', upstreamModel: 'gpt-4o-mini' });
    expect(prices.ofDeployment(host, 'gpt-4o-mini')).toBeNull();
    expect(prices.ofDeployment({ ...host, baseModel: 'openai/gpt-4o-mini' })?.inputPicos).toBe(150_000n);
    expect(prices.ofDeployment({ ...host, inputCostPerToken: '0', outputCostPerToken: '0' })?.inputPicos).toBe(0n);
  });

  it('keeps the price unknown when only one direction is given and the other is listed nowhere', () => {
    const half = { providerName: 'hosted_vllm', upstreamModel: 'x', inputCostPerToken: '1e-6' };
    expect(prices.ofDeployment(deployment(half))).toBeNull();
    expect(prices.ofDeployment(deployment({ ...half, mode: 'embedding' }))?.outputPicos).toBe(0n);
    expect(prices.ofDeployment(deployment({ inputCostPerToken: '1e-6' }))?.outputPicos).toBe(600_000n);
  });

  it('reads overrides that stand in model_info and ignores what is not a price', () => {
    const row = prices.ofDeployment(deployment({ upstreamModel: 'x', info: { input_cost_per_token: 1e-7, output_cost_per_token: '2e-7' } }));
    expect(row).toMatchObject({ inputPicos: 100_000n, outputPicos: 200_000n, currency: 'USD' });
    expect(row?.id).toMatch(/^config:d1@[0-9a-f]{8}$/);
    expect(prices.ofDeployment(deployment({ inputCostPerToken: 'free', outputCostPerToken: '-1' }))?.inputPicos).toBe(150_000n);
  });

  it('says what a model can take, and the configuration says it better', () => {
    expect(prices.limitsOf(deployment({}))).toEqual({ maxInputTokens: 128_000, maxOutputTokens: null });
    expect(prices.limitsOf(deployment({ info: { max_tokens: 4096, max_input_tokens: '8000' } }))).toEqual({ maxInputTokens: 8000, maxOutputTokens: 4096 });
  });
});

describe('prices of reported model names', () => {
  const now = new Date();
  it('understands the ways SDKs write a model', () => {
    for (const name of ['gpt-4o-mini', 'openai/gpt-4o-mini', 'azure/gpt-4o-mini', 'azure/eu/gpt-4o-mini', 'gpt-4o-mini-2024-07-18', ' GPT-4o-mini ']) {
      expect(prices.ofModel(name, now)?.inputPicos, name).toBe(150_000n);
    }
    for (const name of ['claude-sonnet-4-5', 'anthropic/claude-sonnet-4-5', 'gemini/gemini-2.5-pro', 'models/gemini-2.5-pro', 'text-embedding-3-small']) {
      expect(prices.ofModel(name, now), name).not.toBeNull();
    }
    expect(prices.ofModel('bedrock/us-east-1/anthropic.claude-3-haiku-20240307-v1:0', now)?.id).toContain('genai-prices:aws/');
  });

  it('answers unknown, never zero, for what it does not know', () => {
    for (const name of ['', '/', 'my-model', 'openai/', 'acme/llama', '..', 'constructor', '__proto__']) expect(prices.ofModel(name, now), name).toBeNull();
  });

  it('chooses a price by its instant where the table has several', () => {
    const noon = prices.ofModel('deepseek-chat', new Date('2025-03-01T12:00:00Z'));
    const night = prices.ofModel('deepseek-chat', new Date('2025-03-01T20:00:00Z'));
    expect([noon?.inputPicos, night?.inputPicos]).toEqual([270_000n, 135_000n]);
    expect(noon?.id).not.toBe(night?.id);
    expect(prices.ofModel('deepseek-chat', new Date(Number.NaN))).toBeNull();
  });

  it('survives any text as a model name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (name) => {
        const row = prices.ofModel(name, now);
        return row === null || row.inputPicos >= 0n;
      }),
      { numRuns: 300 },
    );
  });

  it('can price every model of the table', () => {
    for (const provider of ['openai', 'azure', 'anthropic', 'aws', 'google', 'mistral', 'groq', 'deepseek', 'x-ai', 'openrouter', 'cohere']) {
      for (const model of findProvider({ providerId: provider })?.models ?? []) expect(() => prices.ofModel(`${provider}/${model.id}`, now)).not.toThrow();
    }
  });

  it('names the version of the table that is pinned', () => {
    const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { dependencies: Record<string, string> };
    expect(manifest.dependencies['@pydantic/genai-prices']).toBe(CATALOG_VERSION);
  });
});

describe('cost', () => {
  const row: PriceRow = { id: 'r', currency: 'USD', inputPicos: 10n, outputPicos: 20n, cachedInputPicos: 5n, cacheCreationInputPicos: 12n };
  it('charges each class of tokens at its own rate and a class without one as ordinary tokens', () => {
    expect(prices.cost(row, usage(100, 10, { cachedInput: 50, cacheCreationInput: 4 }))).toBe(1000n + 200n + 250n + 48n);
    expect(prices.cost({ ...row, cachedInputPicos: null }, usage(0, 0, { cachedInput: 50 }))).toBe(500n);
    expect(prices.cost(row, usage(0, 10, { reasoningOutput: 4 }))).toBe(200n);
    expect(prices.cost({ ...row, reasoningOutputPicos: 30n }, usage(0, 10, { reasoningOutput: 4 }))).toBe(240n);
    expect(prices.cost({ ...row, audioInputPicos: 100n, audioOutputPicos: 200n }, usage(10, 10, { audioInput: 3, audioOutput: 2 }))).toBe(
      70n + 300n + 160n + 400n,
    );
  });

  it('moves a whole call to the higher rates once its input is longer than the tier', () => {
    const tiered = prices.ofModel('gemini-2.5-pro', new Date()) as PriceRow;
    expect(prices.cost(tiered, usage(200_000, 1))).toBe(200_000n * 1_250_000n + 10_000_000n);
    expect(prices.cost(tiered, usage(150_001, 1, { cachedInput: 50_000 }))).toBe(150_001n * 2_500_000n + 50_000n * 250_000n + 15_000_000n);
  });

  it('is additive over calls below the tiers and never negative', () => {
    const tokens = fc.nat({ max: 10_000_000 });
    fc.assert(
      fc.property(tokens, tokens, tokens, tokens, (input, output, cachedInput, reasoningOutput) => {
        const whole = prices.cost(row, usage(input * 2, output * 2, { cachedInput: cachedInput * 2, reasoningOutput }));
        const half = prices.cost(row, usage(input, output, { cachedInput, reasoningOutput }));
        return whole === 2n * half && half >= 0n;
      }),
    );
  });
});
