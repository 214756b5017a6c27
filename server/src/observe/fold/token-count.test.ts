// Tokens where a client said no usage: counted with the model's own encoding, priced, and replaced by what a client says later.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFolder } from './folder.ts';
import { at, batchRecord, event, NOW_US } from './records-fixture.ts';
import { StoredRows } from './stored-rows-fixture.ts';
import { encodingOf, TokenCounter } from './token-count.ts';

const price = (_model: string, usage: Readonly<Record<string, number>>) => ({
  costDetails: {},
  totalCost: String(usage.total),
  currency: 'USD',
  priceId: 'p',
  modelId: 'm',
});

function setUp() {
  const store = new StoredRows();
  // Without a cache every batch starts from what is stored.
  const folder = createFolder({ lookup: store, price, tokens: new TokenCounter(), retentionClass: () => 0, now: () => NOW_US / 1000, cacheBytes: 1 });
  let sequence = 0;
  return async (type: string, body: Record<string, unknown>) => {
    sequence += 1;
    store.write(await folder.fold([batchRecord(sequence, [event(`e${sequence}`, type, sequence, { id: 'g', traceId: 't', startTime: at(0), ...body })])]));
    folder.committed();
    return store.observationRows[0];
  };
}

describe('tokens of a call without usage', () => {
  it('are counted from what was said, and priced', async () => {
    const say = setUp();
    const row = await say('generation-create', {
      model: 'gpt-4o',
      input: [{ role: 'user', content: 'hello world' }],
      output: { role: 'assistant', content: 'hello world' },
    });
    // 3 a message, 3 for the reply, role and two words.
    expect(row).toMatchObject({
      usage_details: { input: '9', output: '3', total: '12' },
      provided_usage_details: {},
      cost_source: 'computed',
      total_cost: '12',
    });
  });
  it('grow with the observation, and give way to what a client says', async () => {
    const say = setUp();
    expect((await say('generation-create', { model: 'gpt-4o-mini', input: 'hello world' }))?.usage_details).toEqual({ input: '2', output: '0', total: '2' });
    expect((await say('generation-update', { output: 'hello' }))?.usage_details).toEqual({ input: '2', output: '1', total: '3' });
    expect(await say('generation-update', { usage: { input: 7, output: 5 } })).toMatchObject({
      usage_details: { input: '7', output: '5', total: '12' },
      provided_usage_details: { input: '7', output: '5' },
    });
    expect((await say('generation-update', { metadata: { late: 1 } }))?.usage_details).toEqual({ input: '7', output: '5', total: '12' });
  });
  it.each([
    ['a model whose tokenizer is not public', { model: 'claude-sonnet-4', input: 'hello' }],
    ['a call that failed', { model: 'gpt-4o', input: 'hello', level: 'ERROR' }],
    ['a call whose cost was said', { model: 'gpt-4o', input: 'hello', costDetails: { total: 1 } }],
    ['a text beyond the bound', { model: 'gpt-4o', input: 'x'.repeat(200_001) }],
    ['nothing said at all', { model: 'gpt-4o' }],
  ])('are not guessed for %s', async (_, body) => {
    expect((await setUp()('generation-create', body))?.usage_details).toEqual({});
  });
  it('take special tokens as the text that they are', async () => {
    const row = await setUp()('generation-create', { model: 'gpt-4', input: '<|endoftext|>' });
    expect(Number(row?.usage_details.input)).toBeGreaterThan(3);
  });
});

describe('the encoding of a model', () => {
  it.each([
    ['gpt-4o-mini-2024-07-18', 'o200k_base'],
    ['azure/gpt-4.1', 'o200k_base'],
    ['o3-mini', 'o200k_base'],
    ['ft:gpt-3.5-turbo:org', 'cl100k_base'],
    ['openai/gpt-4-turbo', 'cl100k_base'],
    ['text-embedding-3-small', 'cl100k_base'],
    ['claude-3', null],
    ['my-o1x', null],
    ['gemini-2.5-pro', null],
  ])('of %s is %s', (model, encoding) => expect(encodingOf(model)).toBe(encoding));
});

it('counts whatever stands in input and output without throwing', async () => {
  const counter = new TokenCounter();
  await counter.prepare(['gpt-4o']);
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (input, output) => {
      const usage = counter.usageOf({ type: 'GENERATION', provided_model_name: 'gpt-4o', input: JSON.stringify(input), output: JSON.stringify(output) });
      return usage === null || Number(usage.total) === Number(usage.input) + Number(usage.output);
    }),
  );
});
