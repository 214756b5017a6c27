// Vertex AI: addresses, tokens by Google's own library, and Claude's language under Google's addresses. Gemini's words are tested beside Gemini.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { providerOf } from '#gateway/providers/registry.ts';
import { type ScriptedUpstream, startScriptedUpstream } from '#gateway/providers/upstream-fixture.ts';
import { DEPLOYMENT, MASTER_KEY, startTestGateway, type TestGateway } from '#gateway/test-gateway-fixture.ts';
import type { Deployment } from '#settings/settings.ts';

const deployment = (more: Partial<Deployment> = {}): Deployment => ({
  ...DEPLOYMENT,
  provider: 'vertex',
  providerName: 'vertex_ai',
  upstreamModel: 'gemini-2.5-flash',
  cloud: { vertex_project: 'my-project', vertex_location: 'asia-northeast1' },
  ...more,
});
const upstream = (more: Partial<Deployment> = {}) => providerOf(deployment(more)).upstream(deployment(more), false);

describe('Vertex AI', () => {
  it('is addressed by project, location, publisher and model', () => {
    expect(upstream().origin).toBe('https://asia-northeast1-aiplatform.googleapis.com');
    expect(upstream().path('chat', 'gemini-2.5-flash', true)).toBe(
      '/v1/projects/my-project/locations/asia-northeast1/publishers/google/models/gemini-2.5-flash:streamGenerateContent?alt=sse',
    );
    expect(upstream({ cloud: { vertex_project: 'p', vertex_location: 'global' } }).origin).toBe('https://aiplatform.googleapis.com');
    const claude = upstream({ upstreamModel: 'claude-sonnet-4-5@20250929' });
    expect(claude.path('chat', 'claude-sonnet-4-5@20250929')).toBe(
      '/v1/projects/my-project/locations/asia-northeast1/publishers/anthropic/models/claude-sonnet-4-5%4020250929:rawPredict',
    );
    expect(claude.path('chat', 'c', true)).toMatch(/:streamRawPredict$/);
    expect(upstream({ cloud: { vertex_credentials: '{"project_id": "from-key"}' } }).path('chat', 'm')).toContain('/projects/from-key/');
    expect(() => upstream({ cloud: {} })).toThrow('VERTEXAI_PROJECT');
    expect(() => upstream({ cloud: { vertex_project: 'p', vertex_location: 'evil.example/' } })).toThrow('vertex_location');
  });
});

describe('a call to Vertex AI', () => {
  let server: ScriptedUpstream;
  let test: TestGateway;
  const folder = mkdtempSync(join(tmpdir(), 'vertex-'));
  const post = (model: string, path = '/v1/chat/completions') =>
    fetch(`${test.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${MASTER_KEY}` },
      body: JSON.stringify({ model, max_tokens: 5, messages: [{ role: 'user', content: 'Hi' }] }),
    });
  beforeAll(async () => {
    server = await startScriptedUpstream();
    writeFileSync(join(folder, 'token'), 'subject-token');
    const credentials = {
      type: 'external_account',
      audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: `${server.url}/token`,
      credential_source: { file: join(folder, 'token') },
    };
    const cloud = { vertex_project: 'p', vertex_location: 'global', vertex_credentials: JSON.stringify(credentials) };
    test = await startTestGateway({
      deployments: [
        { ...deployment({ modelName: 'gemini', cloud, apiBase: server.url }) },
        { ...deployment({ modelName: 'claude', cloud, apiBase: server.url, upstreamModel: 'claude-sonnet-4-5' }) },
        { ...deployment({ modelName: 'claude-2', cloud, apiBase: server.url, upstreamModel: 'claude-sonnet-4-5' }) },
        { ...deployment({ modelName: 'embedding', cloud, apiBase: server.url, upstreamModel: 'text-embedding-005' }) },
        { ...deployment({ modelName: 'gemini-embedding', cloud, apiBase: server.url, upstreamModel: 'gemini-embedding-001' }) },
        { ...deployment({ modelName: 'nobody', apiBase: server.url, cloud: { ...cloud, vertex_credentials: join(folder, 'absent.json') } }) },
      ],
    });
  });
  afterAll(async () => {
    await test.close();
    await server.close();
    rmSync(folder, { recursive: true });
  });

  it('carries a token of the federation, got once', async () => {
    const token = { pieces: ['{"access_token":"google-token","issued_token_type":"x","token_type":"Bearer","expires_in":3600}'] };
    const answer = {
      pieces: ['{"candidates":[{"content":{"parts":[{"text":"hi"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":1}}'],
    };
    server.script(token, answer, answer);
    expect((await post('gemini')).status).toBe(200);
    expect((await post('gemini', '/v1/messages')).status).toBe(200);
    expect(server.seen.map(({ path }) => path)).toEqual([
      '/token',
      '/v1/projects/p/locations/global/publishers/google/models/gemini-2.5-flash:generateContent',
      '/v1/projects/p/locations/global/publishers/google/models/gemini-2.5-flash:generateContent',
    ]);
    expect(server.seen[1]?.headers.authorization).toBe('Bearer google-token');
  });
  it('speaks Claude’s language with the version in the body and the model in the address', async () => {
    const token = { pieces: ['{"access_token":"google-token","issued_token_type":"x","token_type":"Bearer","expires_in":3600}'] };
    server.script(token, {
      pieces: [
        '{"type":"message","role":"assistant","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn","usage":{"input_tokens":3,"output_tokens":1}}',
      ],
    });
    expect(await (await post('claude')).json()).toMatchObject({ choices: [{ message: { content: 'hi' } }] });
    expect(server.seen[1]?.body).toEqual({
      anthropic_version: 'vertex-2023-10-16',
      max_tokens: 5,
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }],
    });
  });
  it('passes Claude’s own bytes to a client of Messages, whole and streamed, and counts there', async () => {
    const token = { pieces: ['{"access_token":"google-token","issued_token_type":"x","token_type":"Bearer","expires_in":3600}'] };
    const whole = '{"type":"message", "content":[{"type":"text","text":"hi"}],"new_thing":1,"usage":{"input_tokens":3,"output_tokens":1}}';
    const ask = (body: string, path = '/v1/messages') =>
      fetch(`${test.url}${path}`, { method: 'POST', headers: { authorization: `Bearer ${MASTER_KEY}`, 'anthropic-beta': 'context-1m' }, body });
    server.script(token, { pieces: [whole] });
    expect(await (await ask('{"model":"claude-2","max_tokens":5,"messages":[],"context_management":{}}')).text()).toBe(whole);
    expect(server.seen.at(-1)).toMatchObject({
      path: '/v1/projects/p/locations/global/publishers/anthropic/models/claude-sonnet-4-5:rawPredict',
      raw: '{"max_tokens":5,"messages":[],"context_management":{},"anthropic_version":"vertex-2023-10-16"}',
      headers: { 'anthropic-beta': 'context-1m', authorization: 'Bearer google-token' },
    });
    const events = [
      'event: message_start\ndata: {"type":"message_start","message":{"model":"claude","usage":{"input_tokens":3,"output_tokens":1}}}\n\n',
      'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}}\n\n',
      'event: message_stop\ndata: {"type":"message_stop"}\n\n',
    ];
    server.script({ headers: { 'content-type': 'text/event-stream' }, pieces: events });
    expect(await (await ask('{"model":"claude-2","max_tokens":5,"messages":[],"stream":true}')).text()).toBe(events.join(''));
    expect(server.seen[0]?.path).toMatch(/claude-sonnet-4-5:streamRawPredict$/);
    expect(test.written.settled.at(-1)?.record).toMatchObject({ endpoint: 'messages', usage: { input: 3, output: 2 }, usageEstimated: false });
    server.script({ pieces: ['{"input_tokens":14}'] });
    expect(await (await ask('{"model":"claude-2","messages":[]}', '/v1/messages/count_tokens')).text()).toBe('{"input_tokens":14}');
    expect(server.seen[0]).toMatchObject({
      path: '/v1/projects/p/locations/global/publishers/anthropic/models/count-tokens:rawPredict',
      body: { model: 'claude-sonnet-4-5', messages: [], anthropic_version: 'vertex-2023-10-16' },
    });
  });
  it('embeds texts by predict, one a request with Gemini’s models, and sums their tokens', async () => {
    const token = { pieces: ['{"access_token":"google-token","issued_token_type":"x","token_type":"Bearer","expires_in":3600}'] };
    const vectors = (...values: number[][]) => ({
      pieces: [JSON.stringify({ predictions: values.map((list) => ({ embeddings: { values: list, statistics: { token_count: 3, truncated: false } } })) })],
    });
    const embed = async (model: string, more: object = {}) => {
      const body = JSON.stringify({ model, input: ['a', 'b'], ...more });
      const answer = await fetch(`${test.url}/v1/embeddings`, { method: 'POST', headers: { authorization: `Bearer ${MASTER_KEY}` }, body });
      return (await answer.json()) as { data: { embedding: unknown }[]; usage: object; error: { message: string } };
    };
    server.script(token, vectors([1], [2]));
    expect(await embed('embedding', { dimensions: 8, task_type: 'RETRIEVAL_QUERY', autoTruncate: false })).toMatchObject({
      data: [{ embedding: [1] }, { embedding: [2] }],
      usage: { prompt_tokens: 6 },
    });
    expect(server.seen.at(-1)).toMatchObject({
      path: '/v1/projects/p/locations/global/publishers/google/models/text-embedding-005:predict',
      body: {
        instances: [
          { content: 'a', task_type: 'RETRIEVAL_QUERY' },
          { content: 'b', task_type: 'RETRIEVAL_QUERY' },
        ],
        parameters: { outputDimensionality: 8, autoTruncate: false },
      },
    });
    server.script(token, vectors([1]));
    expect((await embed('gemini-embedding')).data).toHaveLength(2);
    expect(server.seen.filter(({ path }) => path.endsWith(':predict')).map(({ body }) => JSON.stringify(body.instances))).toHaveLength(2);
    server.script(vectors([1]));
    expect((await embed('embedding')).error.message).toContain('one vector a text');
  });
  it('without a token is an authentication error that says where to look, and nothing is sent', async () => {
    server.script({ pieces: ['{}'] });
    const answer = await post('nobody');
    expect([answer.status, await answer.text()]).toEqual([401, expect.stringContaining('vertex_credentials')]);
    expect(server.seen).toEqual([]);
  });
});
