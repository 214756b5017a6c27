import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Deployment } from '#settings/settings.ts';
import { ListedPrices } from './listed.ts';
import { readPriceFile } from './litellm-list.ts';
import { createPrices } from './model-prices.ts';

const filler = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`filler-${index}`, { input_cost_per_token: 1e-6, output_cost_per_token: 2e-6 }]));
const FILE = {
  ...{ sample_spec: { input_cost_per_token: 'text' }, ...filler },
  'gpt-4o-mini': { litellm_provider: 'openai', mode: 'chat', input_cost_per_token: 9e-8, output_cost_per_token: 3e-7, max_input_tokens: 4242 },
  'azure/gpt-4o-mini': { litellm_provider: 'azure', input_cost_per_token: 1.65e-7, output_cost_per_token: 6.6e-7, cache_read_input_token_cost: 8.3e-8 },
  'brand-new': {
    litellm_provider: 'vertex_ai-language-models',
    input_cost_per_token: 1e-6,
    output_cost_per_token: 1e-5,
    input_cost_per_token_above_200k_tokens: 2e-6,
  },
  embed: { litellm_provider: 'openai', mode: 'embedding', input_cost_per_token: 2e-8 },
  pages: { litellm_provider: 'mistral', mode: 'ocr', ocr_cost_per_page: 0.001 },
  picture: { litellm_provider: 'openai', mode: 'image_generation', output_cost_per_image: 0.04 },
  slip: { input_cost_per_token: 3, output_cost_per_token: 1e-6 },
  broken: null,
};
const at = Date.UTC(2026, 5, 1);
const listOf = (file: unknown, validFromMs = 0) => new ListedPrices(readPriceFile(file).models.map((model) => ({ ...model, validFromMs, validToMs: null })));
const deployment = (fields: Partial<Deployment>): Deployment => ({
  ...({
    id: 'd',
    modelName: 'm',
    providerName: 'openai',
    upstreamModel: 'gpt-4o-mini',
    baseModel: null,
    mode: null,
    info: {},
    inputCostPerToken: null,
    outputCostPerToken: null,
    cacheReadInputTokenCost: null,
  } as unknown as Deployment),
  ...fields,
});

describe("LiteLLM's price file", () => {
  it('is read entry by entry: prices, tiers, what has no token price, and faults by name', () => {
    const { models, withoutTokenPrice, faults } = readPriceFile(FILE);
    expect(models).toHaveLength(65);
    expect(models.find(({ model }) => model === 'picture')?.price).toMatchObject({ input: '0', output: '0', image: '40000000000' });
    expect(withoutTokenPrice).toBe(1);
    expect(faults.map(({ model }) => model)).toEqual(['slip', 'broken']);
    expect(models.find(({ model }) => model === 'brand-new')?.price).toMatchObject({
      input: '1000000',
      output: '10000000',
      tiers: [{ above: 200_000, input: '2000000', output: '10000000' }],
    });
    expect(models.find(({ model }) => model === 'embed')?.price.output).toBe('0');
  });
  it('that is something else is refused', () => {
    for (const file of [null, [], 'x', {}, { a: { input_cost_per_token: 1e-6, output_cost_per_token: 1e-6 } }])
      expect(() => readPriceFile(file)).toThrow(RangeError);
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.anything()), (file) => {
        const read = readPriceFile({ ...filler, ...file });
        expect(read.models.every(({ price }) => BigInt(price.input) >= 0n)).toBe(true);
      }),
    );
  });
});

describe('prices that were brought', () => {
  const prices = createPrices(
    () => at,
    () => listOf(FILE, Date.UTC(2026, 0, 1)),
  );
  it('stand over the bundled table, by provider, and the configuration over both', () => {
    expect(prices.ofDeployment(deployment({}))).toMatchObject({ id: 'litellm-prices:gpt-4o-mini@2026-01-01T00:00:00.000Z', inputPicos: 90_000n });
    expect(prices.ofDeployment(deployment({ providerName: 'azure' }))).toMatchObject({ inputPicos: 165_000n, cachedInputPicos: 83_000n });
    expect(prices.ofDeployment(deployment({ providerName: 'vertex_ai', upstreamModel: 'brand-new' }))?.inputPicos).toBe(1_000_000n);
    expect(prices.ofDeployment(deployment({ inputCostPerToken: '0.000001', outputCostPerToken: '0.000002' }))?.id).toMatch(/^config:/);
    expect(prices.limitsOf(deployment({})).maxInputTokens).toBe(4242);
  });
  it('hold in their time only, and leave what they do not list to the table', () => {
    expect(prices.ofModel('openai/gpt-4o-mini', new Date(at))?.inputPicos).toBe(90_000n);
    expect(prices.ofModel('gpt-4o-mini', new Date('2025-06-01T00:00:00Z'))?.id).toContain('genai-prices:');
    expect(prices.ofModel('claude-sonnet-4-5', new Date(at))?.id).toContain('genai-prices:');
  });
  it('name no price for a private host that only calls its model alike', () => {
    expect(prices.ofDeployment(deployment({ providerName: 'hosted_vllm' }))).toBeNull();
    expect(prices.ofDeployment(deployment({ providerName: 'groq' }))?.id ?? '').not.toContain('litellm-prices');
  });
  it('are seen at once when they are replaced', () => {
    let list = listOf(FILE);
    const changing = createPrices(
      () => at,
      () => list,
    );
    const own = deployment({});
    expect(changing.ofDeployment(own)?.inputPicos).toBe(90_000n);
    list = listOf({ ...FILE, 'gpt-4o-mini': { litellm_provider: 'openai', input_cost_per_token: 5e-8, output_cost_per_token: 1e-7 } });
    changing.changed();
    expect(changing.ofDeployment(own)?.inputPicos).toBe(50_000n);
  });
});
