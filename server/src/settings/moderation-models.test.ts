// Which deployments moderate, and that they are free unless a price is stated.
import { describe, expect, it } from 'vitest';
import { readLiteLlmConfig } from './litellm-config.ts';
import { Notes } from './notes.ts';

const read = (text: string) => readLiteLlmConfig({ text, path: 'config.yaml', environment: {}, notes: new Notes() }).gatewayConfig;

describe('a model that moderates', () => {
  it('is told by its mode or its name, and is free', () => {
    const { deployments } = read(`
model_list:
  - { model_name: a, litellm_params: { model: openai/omni-moderation-latest, api_key: k } }
  - { model_name: b, litellm_params: { model: openai/mine, api_key: k, input_cost_per_token: 0.001 }, model_info: { mode: moderation } }
  - { model_name: c, litellm_params: { model: openai/gpt-4o, api_key: k } }
`);
    expect(deployments.map(({ mode, inputCostPerToken, outputCostPerToken }) => [mode, inputCostPerToken, outputCostPerToken])).toEqual([
      ['moderation', '0', '0'],
      ['moderation', '0.001', '0'],
      [null, null, null],
    ]);
  });
});
