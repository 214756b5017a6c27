// The official clients of OpenAI and Anthropic against a started process, for models on Bedrock, Vertex AI, Databricks and Snowflake: embeddings, Messages as they are, streams, counts, and the rows that they leave.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { invokeChunk } from '../server/src/gateway/providers/bedrock/event-stream-fixture.ts';
import { type ScriptedUpstream, startScriptedUpstream } from '../server/src/gateway/providers/upstream-fixture.ts';
import { call, generateKey } from './client.ts';
import { eventually, type Platform, startPlatform } from './process.ts';

const folder = mkdtempSync(join(tmpdir(), 'cloud-clients-'));
let upstream: ScriptedUpstream;
let platform: Platform;
let openai: OpenAI;
let anthropic: Anthropic;
beforeAll(async () => {
  upstream = await startScriptedUpstream();
  writeFileSync(join(folder, 'token'), 'subject-token');
  const google = JSON.stringify({
    type: 'external_account',
    audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q',
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    token_url: `${upstream.url}/token`,
    credential_source: { file: join(folder, 'token') },
  });
  const bedrock = `aws_region_name: us-east-1, aws_access_key_id: AKIDEXAMPLE, aws_secret_access_key: secretexample, aws_bedrock_runtime_endpoint: "${upstream.url}"`;
  const vertex = `vertex_project: p, vertex_location: global, api_base: "${upstream.url}", vertex_credentials: '${google}'`;
  platform = await startPlatform({
    config: `
model_list:
  - { model_name: titan, litellm_params: { model: "bedrock/amazon.titan-embed-text-v2:0", ${bedrock} } }
  - { model_name: bedrock-claude, litellm_params: { model: "bedrock/anthropic.claude-sonnet-4-5-20250929-v1:0", ${bedrock} } }
  - { model_name: vertex-claude, litellm_params: { model: vertex_ai/claude-sonnet-4-5, ${vertex} } }
  - { model_name: databricks, litellm_params: { model: databricks/databricks-claude-sonnet-4, api_base: "${upstream.url}", api_key: dapi-example } }
  - { model_name: cortex, litellm_params: { model: snowflake/mistral-large2, api_base: "${upstream.url}", api_key: pat/example } }
  - { model_name: moderator, litellm_params: { model: openai/omni-moderation-latest, api_base: "${upstream.url}/v1", api_key: sk-example } }
  - { model_name: reranker, litellm_params: { model: cohere/rerank-v3.5, api_base: "${upstream.url}/compatibility/v1", api_key: co-example, input_cost_per_query: 0.002 } }
  - { model_name: vertex-embedding, litellm_params: { model: vertex_ai/text-embedding-005, ${vertex} } }
`,
  });
  const key = await generateKey(platform);
  openai = new OpenAI({ baseURL: `${platform.gatewayUrl}/v1`, apiKey: key, maxRetries: 0 });
  anthropic = new Anthropic({ baseURL: platform.gatewayUrl, apiKey: key, maxRetries: 0 });
});
afterAll(async () => {
  await platform?.stop();
  await upstream?.close();
  rmSync(folder, { recursive: true });
});

const TOKEN = { pieces: ['{"access_token":"google-token","issued_token_type":"x","token_type":"Bearer","expires_in":3600}'] };
const EVENTS = [
  {
    type: 'message_start',
    message: { id: 'm', type: 'message', role: 'assistant', model: 'claude', content: [], usage: { input_tokens: 9, output_tokens: 1 } },
  },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'こんにちは' } },
  { type: 'content_block_stop', index: 0 },
  { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 5 } },
  { type: 'message_stop' },
];
const ASK = { max_tokens: 50, messages: [{ role: 'user' as const, content: 'Hello' }] };

async function rowOf(model: string): Promise<Record<string, unknown>> {
  return await eventually(`the row of ${model}`, async () => {
    const rows = (await call(`${platform.gatewayUrl}/spend/logs`, { key: platform.keys.masterKey })).body as unknown as Record<string, unknown>[];
    return (Array.isArray(rows) ? rows : []).find((row) => row.model_group === model) ?? null;
  });
}

describe('embeddings', () => {
  it('of Titan and of Vertex AI come as OpenAI’s, with their tokens on the row', async () => {
    upstream.script({ pieces: ['{"embedding":[0.5,0.25],"inputTextTokenCount":4}'] });
    const titan = await openai.embeddings.create({ model: 'titan', input: ['one', 'two', 'three'] });
    expect([titan.data.map(({ embedding }) => embedding), titan.usage.prompt_tokens]).toEqual([[0, 1, 2].map(() => [0.5, 0.25]), 12]);
    expect(await rowOf('titan')).toMatchObject({ call_type: 'aembedding', prompt_tokens: 12 });
    upstream.script(TOKEN, { pieces: ['{"predictions":[{"embeddings":{"values":[1,2],"statistics":{"token_count":3}}}]}'] });
    const google = await openai.embeddings.create({ model: 'vertex-embedding', input: 'one', encoding_format: 'float' });
    expect([google.data[0]?.embedding, google.usage.prompt_tokens]).toEqual([[1, 2], 3]);
  });
});

describe('Messages to Claude', () => {
  it('on Bedrock pass as they are, stream out of AWS’s events, and are counted', async () => {
    upstream.script({ headers: { 'content-type': 'application/vnd.amazon.eventstream' }, pieces: EVENTS.map(invokeChunk) });
    const message = await anthropic.messages.stream({ model: 'bedrock-claude', ...ASK }).finalMessage();
    expect(message.content).toMatchObject([{ text: 'こんにちは' }]);
    expect(upstream.seen[0]?.body).toEqual({ ...ASK, anthropic_version: 'bedrock-2023-05-31' });
    expect(await rowOf('bedrock-claude')).toMatchObject({ call_type: 'anthropic_messages', prompt_tokens: 9, completion_tokens: 5 });
    upstream.script({ pieces: ['{"inputTokens":17}'] });
    expect((await anthropic.messages.countTokens({ model: 'bedrock-claude', messages: ASK.messages })).input_tokens).toBe(17);
  });
  it('on Vertex AI pass as they are, stream, and are counted', async () => {
    const frames = EVENTS.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
    upstream.script(TOKEN, { headers: { 'content-type': 'text/event-stream' }, pieces: frames });
    const message = await anthropic.messages.stream({ model: 'vertex-claude', ...ASK }).finalMessage();
    expect(message.content).toMatchObject([{ text: 'こんにちは' }]);
    expect(upstream.seen.at(-1)?.body).toEqual({ ...ASK, stream: true, anthropic_version: 'vertex-2023-10-16' });
    expect(await rowOf('vertex-claude')).toMatchObject({ prompt_tokens: 9, completion_tokens: 5 });
    upstream.script({ pieces: ['{"input_tokens":14}'] });
    expect((await anthropic.messages.countTokens({ model: 'vertex-claude', messages: ASK.messages })).input_tokens).toBe(14);
  });
});

describe('a moderation', () => {
  it('is asked for without a model, as OpenAI’s client does, and leaves its row', async () => {
    upstream.script({
      headers: { 'content-type': 'application/json' },
      pieces: ['{"id":"modr-1","model":"omni-moderation-latest","results":[{"flagged":true}]}'],
    });
    expect((await openai.moderations.create({ input: 'a' })).results[0]?.flagged).toBe(true);
    expect(upstream.seen[0]).toMatchObject({ path: '/v1/moderations', body: { input: 'a', model: 'omni-moderation-latest' } });
    expect(await rowOf('moderator')).toMatchObject({ call_type: 'amoderation', spend: 0 });
  });
});

describe('a rerank', () => {
  it('is asked for by OpenAI’s client as a path of its own, and leaves its row with the price of its searches', async () => {
    const answer = { id: 'r-1', results: [{ index: 1, relevance_score: 0.9 }], meta: { billed_units: { search_units: 2 } } };
    upstream.script({ headers: { 'content-type': 'application/json' }, pieces: [JSON.stringify(answer)] });
    const body = { query: '首都', documents: ['大阪', '東京'], top_n: 1 };
    for (const path of ['/rerank', `${platform.gatewayUrl}/rerank`, `${platform.gatewayUrl}/v2/rerank`])
      expect(await openai.post(path, { body: { model: 'reranker', ...body } })).toEqual(answer);
    expect(upstream.seen.at(-1)).toMatchObject({
      path: '/v2/rerank',
      body: { model: 'rerank-v3.5', ...body },
      headers: { authorization: 'Bearer co-example' },
    });
    expect(await rowOf('reranker')).toMatchObject({ call_type: 'arerank', spend: 0.004 });
  });
});

describe('a chat', () => {
  const messages = [{ role: 'user' as const, content: 'Hello' }];
  const text = async (model: string) => {
    let said = '';
    for await (const chunk of await openai.chat.completions.create({ model, messages, stream: true })) said += chunk.choices[0]?.delta.content ?? '';
    return said;
  };
  it('with Databricks streams its text apart from its reasoning, with the counts on the row', async () => {
    const frame = (delta: object, more: object = {}) =>
      `data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, delta, finish_reason: null, ...more }], usage: { prompt_tokens: 9, completion_tokens: 5, total_tokens: 14 } })}\n\n`;
    const reasoning = [{ type: 'reasoning', summary: [{ type: 'summary_text', text: 'hm' }] }];
    upstream.script({
      headers: { 'content-type': 'text/event-stream' },
      pieces: [frame({ content: reasoning }), frame({ content: 'こんにちは' }), frame({}, { finish_reason: 'stop' }), 'data: [DONE]\n\n'],
    });
    expect(await text('databricks')).toBe('こんにちは');
    expect(upstream.seen[0]).toMatchObject({ path: '/serving-endpoints/chat/completions', headers: { authorization: 'Bearer dapi-example' } });
    expect(await rowOf('databricks')).toMatchObject({ prompt_tokens: 9, completion_tokens: 5 });
  });
  it('with Snowflake streams out of Cortex’s events, with the counts on the row', async () => {
    const frame = (content: string, usage: object) => `data: ${JSON.stringify({ choices: [{ delta: { type: 'text', content } }], usage })}\n\n`;
    upstream.script({
      headers: { 'content-type': 'text/event-stream' },
      pieces: [frame('こん', {}), frame('にちは', { prompt_tokens: 9, completion_tokens: 5 })],
    });
    expect(await text('cortex')).toBe('こんにちは');
    expect(upstream.seen[0]).toMatchObject({
      path: '/api/v2/cortex/inference:complete',
      headers: { authorization: 'Bearer example', 'x-snowflake-authorization-token-type': 'PROGRAMMATIC_ACCESS_TOKEN' },
    });
    expect(await rowOf('cortex')).toMatchObject({ prompt_tokens: 9, completion_tokens: 5 });
  });
});
