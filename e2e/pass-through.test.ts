// The official clients of OpenAI, Anthropic and Google on the providers' own routes, and a stated endpoint, against a started process: what they get, what they may, what is written down.
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import OpenAI, { AuthenticationError, NotFoundError, toFile } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ScriptedUpstream, startScriptedUpstream } from '../server/src/gateway/providers/upstream-fixture.ts';
import { call, generateKey, observe } from './client.ts';
import { eventually, type Platform, startPlatform } from './process.ts';

let upstream: ScriptedUpstream;
let platform: Platform;
let key: string;
beforeAll(async () => {
  upstream = await startScriptedUpstream();
  const at = `api_base: "${upstream.url}", api_key: provider-secret, use_in_pass_through: true`;
  platform = await startPlatform({
    config: `
model_list:
  - { model_name: gpt, litellm_params: { model: openai/gpt-4o-mini, ${at} } }
  - { model_name: claude, litellm_params: { model: anthropic/claude-sonnet-4-5, ${at} } }
  - { model_name: gemini, litellm_params: { model: gemini/gemini-2.5-flash, ${at} } }
  - { model_name: closed, litellm_params: { model: mistral/mistral-small, api_key: k } }
general_settings:
  pass_through_endpoints:
    - { path: /v1/rerank, target: "${upstream.url}/v2/rerank", headers: { authorization: bearer stated-secret }, cost_per_request: 0.002 }
`,
  });
  key = await generateKey(platform);
});
afterAll(async () => {
  await platform?.stop();
  await upstream?.close();
});

const openai = (apiKey = key) => new OpenAI({ baseURL: `${platform.gatewayUrl}/openai/v1`, apiKey, maxRetries: 0 });
const json = (body: object) => ({ headers: { 'content-type': 'application/json' }, pieces: [JSON.stringify(body)] });
async function rowOf(model: string): Promise<Record<string, unknown>> {
  return await eventually(`the row of ${model}`, async () => {
    const rows = (await call(`${platform.gatewayUrl}/spend/logs`, { key: platform.keys.masterKey })).body as unknown as Record<string, unknown>[];
    return (Array.isArray(rows) ? rows : []).find((row) => row.model_group === model) ?? null;
  });
}

describe('OpenAI’s client on /openai', () => {
  it('uploads, lists and deletes files, and gets the provider’s own errors', async () => {
    upstream.script(json({ id: 'file-1', object: 'file' }));
    expect((await openai().files.create({ file: await toFile(Buffer.from('{}'), 'a.jsonl'), purpose: 'batch' })).id).toBe('file-1');
    expect(upstream.seen[0]).toMatchObject({ method: 'POST', path: '/v1/files', headers: { authorization: 'Bearer provider-secret' } });
    expect(upstream.seen[0]?.raw).toContain('a.jsonl');
    upstream.script(json({ object: 'list', data: [{ id: 'file-1' }], has_more: false }));
    expect((await openai().files.list({ limit: 2 })).data).toMatchObject([{ id: 'file-1' }]);
    expect((await openai().files.delete('file-1')) as object).toBeDefined();
    upstream.script({ status: 404, ...json({ error: { message: 'No such File object: file-9', type: 'invalid_request_error', param: 'id', code: null } }) });
    await expect(openai().files.retrieve('file-9')).rejects.toBeInstanceOf(NotFoundError);
  });
  it('streams a chat, with its counts and its price on the row and its content in the trace', async () => {
    const chunk = (fields: object) => `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'gpt-4o-mini', ...fields })}\n\n`;
    const pieces = [
      chunk({ choices: [{ index: 0, delta: { role: 'assistant', content: 'こんにちは' }, finish_reason: 'stop' }] }),
      chunk({ choices: [], usage: { prompt_tokens: 1000, completion_tokens: 500, total_tokens: 1500 } }),
      'data: [DONE]\n\n',
    ];
    upstream.script({ headers: { 'content-type': 'text/event-stream' }, pieces });
    let said = '';
    const stream = await openai().chat.completions.create({
      model: 'gpt-4o-mini',
      messages: [{ role: 'user', content: 'passed' }],
      stream: true,
      stream_options: { include_usage: true },
    });
    for await (const { choices } of stream) said += choices[0]?.delta.content ?? '';
    expect(said).toBe('こんにちは');
    const row = await rowOf('openai/gpt-4o-mini');
    expect(row).toMatchObject({ prompt_tokens: 1000, completion_tokens: 500, spend: 0.00045 });
    const trace = await eventually('the trace', async () => {
      const found = await observe(platform, `/api/public/traces/${String(row.request_id).replaceAll('-', '')}`);
      return found.status === 200 ? JSON.stringify(found.body) : null;
    });
    expect(trace).toContain('passed');
    expect(trace).toContain('こんにちは');
  });
  it('is refused by the rules of its key', async () => {
    const one = openai(await generateKey(platform, { models: ['gpt-4o-mini'] }));
    await expect(one.files.list()).rejects.toBeInstanceOf(AuthenticationError);
    await expect(openai('sk-nobody').files.list()).rejects.toBeInstanceOf(AuthenticationError);
    const poor = openai(await generateKey(platform, { max_budget: 0 }));
    await expect(poor.chat.completions.create({ model: 'gpt-4o-mini', messages: [] })).rejects.toThrow('Budget has been exceeded');
    const closed = await call(`${platform.gatewayUrl}/mistral/v1/models`, { key });
    expect([closed.status, closed.text]).toEqual([404, expect.stringContaining('use_in_pass_through')]);
  });
});

describe('other clients on their providers’ routes', () => {
  it('Anthropic’s', async () => {
    upstream.script(
      json({
        id: 'm',
        type: 'message',
        role: 'assistant',
        model: 'claude-sonnet-4-5',
        content: [{ type: 'text', text: 'hi' }],
        usage: { input_tokens: 3, output_tokens: 1 },
      }),
    );
    const anthropic = new Anthropic({ baseURL: `${platform.gatewayUrl}/anthropic`, apiKey: key, maxRetries: 0 });
    const message = await anthropic.messages.create({ model: 'claude-sonnet-4-5', max_tokens: 5, messages: [{ role: 'user', content: 'Hi' }] });
    expect(message.content).toMatchObject([{ text: 'hi' }]);
    expect(upstream.seen[0]).toMatchObject({ path: '/v1/messages', headers: { 'x-api-key': 'provider-secret', 'anthropic-version': '2023-06-01' } });
    expect(await rowOf('anthropic/claude-sonnet-4-5')).toMatchObject({ call_type: 'anthropic_messages', prompt_tokens: 3, completion_tokens: 1 });
  });
  it('Google’s', async () => {
    upstream.script(json({ candidates: [{ content: { parts: [{ text: 'hi' }] } }], usageMetadata: { promptTokenCount: 4, candidatesTokenCount: 2 } }));
    const { models } = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: `${platform.gatewayUrl}/gemini` } });
    expect((await models.generateContent({ model: 'gemini-2.5-flash', contents: 'Hi' })).text).toBe('hi');
    expect(upstream.seen[0]).toMatchObject({
      path: expect.stringMatching(/^\/v1(beta)?\/models\/gemini-2.5-flash:generateContent$/),
      headers: { 'x-goog-api-key': 'provider-secret' },
    });
    expect(await rowOf('gemini/gemini-2.5-flash')).toMatchObject({ prompt_tokens: 4, completion_tokens: 2 });
  });
});

describe('a stated endpoint', () => {
  it('answers with its own server’s words, at its price', async () => {
    upstream.script(json({ results: [{ index: 0, relevance_score: 0.9 }] }));
    const answer = await call(`${platform.gatewayUrl}/v1/rerank`, { key, body: { query: 'q', documents: ['d'] } });
    expect([answer.status, answer.body]).toEqual([200, { results: [{ index: 0, relevance_score: 0.9 }] }]);
    expect(upstream.seen[0]).toMatchObject({ path: '/v2/rerank', headers: { authorization: 'bearer stated-secret' } });
    expect(await rowOf('/v1/rerank')).toMatchObject({ call_type: 'pass_through_endpoint', spend: 0.002 });
    expect((await call(`${platform.gatewayUrl}/v1/rerank`, { body: {} })).status).toBe(401);
  });
});
