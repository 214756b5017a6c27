// Batches cost half unless the list or the configuration says otherwise.
import { describe, expect, it } from 'vitest';
import type { Deployment } from '#settings/settings.ts';
import { ListedPrices } from './listed.ts';
import { readPriceFile } from './litellm-list.ts';
import { createPrices } from './model-prices.ts';

const deployment = (fields: Partial<Deployment>): Deployment =>
  ({
    ...{ id: 'd', modelName: 'm', providerName: 'openai', upstreamModel: 'one', baseModel: null, mode: null, info: {} },
    ...{ inputCostPerToken: null, outputCostPerToken: null, cacheReadInputTokenCost: null, ...fields },
  }) as unknown as Deployment;
const filler = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`filler-${index}`, { input_cost_per_token: 1e-6, output_cost_per_token: 2e-6 }]));
const one = { litellm_provider: 'openai', input_cost_per_token: 2e-6, output_cost_per_token: 8e-6, cache_read_input_token_cost: 5e-7 };
const prices = (entry: object) =>
  createPrices(
    Date.now,
    () => new ListedPrices(readPriceFile({ ...filler, one: entry }).models.map((model) => ({ ...model, validFromMs: 0, validToMs: null }))),
  );
const batchOf = (entry: object, fields: Partial<Deployment> = {}) => {
  const list = prices(entry);
  return list.forBatch(list.ofDeployment(deployment(fields)) as never);
};

describe('the price of a batch', () => {
  it('is half of every rate, cached input as ordinary input, when nothing else is known', () => {
    expect(batchOf(one)).toMatchObject({ inputPicos: 1_000_000n, outputPicos: 4_000_000n, cachedInputPicos: null });
    expect(batchOf(one).id).toMatch(/#batch$/);
    expect(batchOf({ ...one, input_cost_per_token: 0.000000000001, input_cost_per_token_above_200k_tokens: 4e-6 })).toMatchObject({
      inputPicos: 1n,
      tiers: [{ aboveInputTokens: 200_000, inputPicos: 2_000_000n }],
    });
  });
  it('is the list’s own where it has one', () => {
    const listed = { ...one, input_cost_per_token_batches: 1.5e-6, output_cost_per_token_batches: 3e-6 };
    expect(batchOf(listed)).toMatchObject({ inputPicos: 1_500_000n, outputPicos: 3_000_000n });
    // A price of the configuration stands over the list's, for batches too.
    expect(batchOf(listed, { inputCostPerToken: '0.00001', outputCostPerToken: '0.00002' })).toMatchObject({
      inputPicos: 5_000_000n,
      outputPicos: 10_000_000n,
    });
  });
  it('is the configuration’s where it states one', () => {
    const fields = { inputCostPerTokenBatches: '0.0000003', outputCostPerTokenBatches: '0.0000004' };
    expect(batchOf(one, fields)).toMatchObject({ inputPicos: 300_000n, outputPicos: 400_000n });
    expect(batchOf(one, { info: { input_cost_per_token_batches: 3e-7 } })).toMatchObject({ inputPicos: 300_000n, outputPicos: 4_000_000n });
  });
});
