// Embeddings on Bedrock, driven by OpenAI's client: Titan a text a request, Cohere 96 a request, put together in order; one failed request fails the call and lets the others go.
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ScriptedUpstream, startScriptedUpstream } from '#gateway/providers/upstream-fixture.ts';
import { DEPLOYMENT, startTestGateway, type TestGateway } from '#gateway/test-gateway-fixture.ts';

let upstream: ScriptedUpstream;
let test: TestGateway;
let openai: OpenAI;
beforeAll(async () => {
  upstream = await startScriptedUpstream();
  const keys = { aws_access_key_id: 'AKIDEXAMPLE', aws_secret_access_key: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', aws_region_name: 'us-east-1' };
  const deployment = (modelName: string, upstreamModel: string) => ({
    ...DEPLOYMENT,
    id: modelName,
    modelName,
    upstreamModel,
    provider: 'bedrock' as const,
    providerName: 'bedrock',
    apiKey: null,
    cloud: { ...keys, aws_bedrock_runtime_endpoint: upstream.url },
  });
  test = await startTestGateway({
    deployments: [
      deployment('titan', 'amazon.titan-embed-text-v2:0'),
      deployment('titan-1', 'amazon.titan-embed-text-v1'),
      deployment('cohere', 'cohere.embed-multilingual-v3'),
      deployment('cohere-4', 'us.cohere.embed-v4:0'),
      deployment('claude', 'anthropic.claude-sonnet-4-5-20250929-v1:0'),
    ],
  });
  test.key('sk-user');
  openai = new OpenAI({ apiKey: 'sk-user', baseURL: `${test.url}/v1`, maxRetries: 0 });
});
afterAll(async () => {
  await test.close();
  await upstream.close();
});
const settled = () => test.written.settled.at(-1)?.record;
const titan = (first: number, tokens: number) => ({ pieces: [JSON.stringify({ embedding: [first, 0.5], inputTextTokenCount: tokens })] });

describe('Titan', () => {
  it('is asked once a text, signed each time, and answers one list with all its tokens and their price', async () => {
    // The first request is answered last.
    upstream.script(...[0.25, 0.75, 1.25].map((first) => titan(first, 4)));
    const input = Array.from({ length: 12 }, (_, index) => `text ${index}`);
    const answer = await openai.embeddings.create({ model: 'titan', input, dimensions: 256, encoding_format: 'float' });
    expect(answer.data.map(({ index }) => index)).toEqual(input.map((_, index) => index));
    expect(upstream.seen.map(({ body }) => body.inputText).sort()).toEqual([...input].sort());
    expect(upstream.seen[0]).toMatchObject({ path: '/model/amazon.titan-embed-text-v2%3A0/invoke', body: { dimensions: 256 } });
    expect(new Set(upstream.seen.map(({ headers }) => headers.authorization)).size).toBe(12);
    expect(upstream.seen[0]?.headers.authorization).toMatch(/^AWS4-HMAC-SHA256 /);
    expect(answer.usage).toEqual({ prompt_tokens: 48, total_tokens: 48 });
    expect(settled()).toMatchObject({ endpoint: 'embeddings', usage: { input: 48, output: 0 }, usageEstimated: false, cost: '0.000048', attempts: [{}] });
  });
  it('keeps each vector with its text', async () => {
    upstream.script(titan(0.25, 1));
    const one = await openai.embeddings.create({ model: 'titan', input: 'a' });
    // The client asked for base64 by itself, and has decoded it.
    expect(one.data).toEqual([{ object: 'embedding', index: 0, embedding: [0.25, 0.5] }]);
  });
  it('fails as a whole with the upstream’s words when one request fails', async () => {
    upstream.script(titan(1, 1), { status: 429, pieces: ['{"message":"Too many requests"}'] });
    await expect(openai.embeddings.create({ model: 'titan', input: Array.from({ length: 40 }, String) })).rejects.toMatchObject({
      status: 429,
      message: expect.stringContaining('Too many requests'),
    });
    expect(upstream.seen.length).toBeLessThan(40);
    expect(settled()).toMatchObject({ outcome: 'failure', cost: '0' });
  });
  it('that makes no sense is an error of the upstream’s', async () => {
    for (const pieces of [['{"embedding":"x"}'], ['no json'], ['[1]'], ['']]) {
      upstream.script({ pieces });
      await expect(openai.embeddings.create({ model: 'titan', input: 'a' })).rejects.toMatchObject({ status: 502 });
    }
    upstream.script({ pieces: ['{"embe'], after: 'cut' });
    await expect(openai.embeddings.create({ model: 'titan', input: 'a' })).rejects.toMatchObject({ status: 500 });
  });
  it('of the first version has dimensions of its own', async () => {
    upstream.script(titan(1, 1));
    await expect(openai.embeddings.create({ model: 'titan-1', input: 'a', dimensions: 8 })).rejects.toMatchObject({ status: 400, param: 'dimensions' });
    await openai.embeddings.create({ model: 'titan-1', input: 'a' });
    expect(upstream.seen[0]?.body).toEqual({ inputText: 'a' });
  });
});

describe('Cohere', () => {
  it('takes 96 texts a request and says its tokens in a header', async () => {
    const part = (count: number, tokens: string) => ({
      headers: { 'x-amzn-bedrock-input-token-count': tokens },
      pieces: [JSON.stringify({ embeddings: Array.from({ length: count }, () => [1, 2]), response_type: 'embeddings_floats' })],
    });
    upstream.script(part(96, '200'), part(4, '8'));
    const input = Array.from({ length: 100 }, String);
    const answer = await openai.embeddings.create({ model: 'cohere', input, input_type: 'search_query' } as never);
    expect(answer.data.length).toBe(100);
    expect(answer.usage.prompt_tokens).toBe(208);
    expect(upstream.seen.map(({ body }) => (body.texts as string[]).length)).toEqual([96, 4]);
    expect(upstream.seen[0]?.body).toMatchObject({ input_type: 'search_query' });
  });
  it('of version 4 takes dimensions and names its kind of vectors; without a count it is estimated', async () => {
    upstream.script({ pieces: [JSON.stringify({ embeddings: { float: [[1, 2]] }, response_type: 'embeddings_by_type' })] });
    const answer = await openai.embeddings.create({ model: 'cohere-4', input: ['a'], dimensions: 512, encoding_format: 'float' });
    expect(answer.data[0]?.embedding).toEqual([1, 2]);
    expect(upstream.seen[0]?.body).toEqual({ texts: ['a'], input_type: 'search_document', embedding_types: ['float'], output_dimension: 512 });
    expect(settled()).toMatchObject({ usageEstimated: true });
  });
});

describe('what has no embeddings here', () => {
  it('is refused by name: models, tokens, empty lists', async () => {
    const ask = (body: object) => openai.embeddings.create({ model: 'titan', input: 'a', ...body } as never);
    await expect(ask({ model: 'claude' })).rejects.toMatchObject({ status: 501, param: 'model' });
    for (const input of [[[1, 2]], [], '', [''], 7, { a: 1 }]) await expect(ask({ input })).rejects.toMatchObject({ status: 400, param: 'input' });
    await expect(ask({ dimensions: 1.5 })).rejects.toMatchObject({ status: 400, param: 'dimensions' });
  });
});
