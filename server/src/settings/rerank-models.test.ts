// Which deployments rerank, and what a search of theirs costs: as stated, as listed, else unknown.
import { describe, expect, it } from 'vitest';
import { ListedPrices } from '#prices/listed.ts';
import { readPriceFile } from '#prices/litellm-list.ts';
import { createPrices } from '#prices/model-prices.ts';
import { readLiteLlmConfig } from './litellm-config.ts';
import { Notes } from './notes.ts';

const read = (text: string) => readLiteLlmConfig({ text, path: 'config.yaml', environment: {}, notes: new Notes() }).gatewayConfig;

describe('a model that reranks', () => {
  const { deployments } = read(`
model_list:
  - { model_name: a, litellm_params: { model: cohere/rerank-v3.5, api_key: k } }
  - { model_name: b, litellm_params: { model: hosted_vllm/BAAI/bge-reranker-v2-m3, api_base: "http://vllm.example/v1", input_cost_per_query: 0.001 } }
  - { model_name: c, litellm_params: { model: hosted_vllm/mine, api_base: "http://vllm.example/v1", input_cost_per_token: 0.5 }, model_info: { mode: rerank } }
  - { model_name: d, litellm_params: { model: cohere/command-r, api_key: k, input_cost_per_query: 1 } }
`);
  const usage = { input: 2, output: 0, total: 2, searches: 3 };
  const costs = (prices: ReturnType<typeof createPrices>) =>
    deployments.slice(0, 3).map((deployment) => {
      const row = prices.ofDeployment(deployment);
      return row === null ? null : prices.cost(row, usage);
    });

  it('is told by its mode or its name, and costs its searches or its tokens', () => {
    expect(deployments.map(({ mode }) => mode)).toEqual(['rerank', 'rerank', 'rerank', null]);
    expect(costs(createPrices(Date.now))).toEqual([null, 3_000_000_000n, 1_000_000_000_000n]);
    // What only a search costs says nothing of a chat.
    expect(createPrices(Date.now).ofDeployment(deployments[3] as never)?.searchPicos).toBeUndefined();
  });
  it('has the listed price of a search; a list from before searches had one does not make it free', () => {
    const file = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`m${index}`, { input_cost_per_token: 1e-6, output_cost_per_token: 1e-6 }]));
    const entry = { litellm_provider: 'cohere', mode: 'rerank', input_cost_per_query: 0.002, input_cost_per_token: 0, output_cost_per_token: 0 };
    const listed = readPriceFile({ ...file, 'rerank-v3.5': entry }).models.map((one) => ({ ...one, validFromMs: 0, validToMs: null }));
    expect(costs(createPrices(Date.now, () => new ListedPrices(listed)))[0]).toBe(6_000_000_000n);
    const older = listed.map(({ price: { search: _, ...price }, ...one }) => ({ ...one, price }));
    expect(costs(createPrices(Date.now, () => new ListedPrices(older)))[0]).toBeNull();
  });
});
