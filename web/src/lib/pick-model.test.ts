// The first call names a model that answers.
import { describe, expect, it } from 'vitest';
import { pickModel } from './pick-model.ts';

const model = (name: string, ready: boolean, mode = 'chat') => ({
  name,
  deployments: [
    {
      id: name,
      provider: 'azure',
      upstreamModel: name,
      apiBase: null,
      mode,
      ready,
      problem: null,
      inputCostPerMillion: null,
      outputCostPerMillion: null,
      priceId: null,
    },
  ],
});

describe('pickModel', () => {
  it('takes demo, else a ready chat model', () => {
    expect(pickModel([model('gpt-4o', true), model('demo', true)], [])).toBe('demo');
    expect(pickModel([model('embed', true, 'embedding'), model('gpt-4o', false), model('mini', true)], [])).toBe('mini');
  });

  it('stays within what the key may call', () => {
    expect(pickModel([model('demo', true), model('mini', true)], ['mini'])).toBe('mini');
    expect(pickModel([model('demo', true)], ['openai/*', 'gpt-4o'])).toBe('gpt-4o');
  });

  it('names demo when nothing is known yet', () => {
    expect(pickModel([], [])).toBe('demo');
  });
});
