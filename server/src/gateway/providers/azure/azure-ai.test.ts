// Azure AI Foundry through the conformance suite, and what only it has: addresses by host, Claude behind /anthropic, rerankers, applications of Entra ID that ask for their tokens.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeProvider } from '#gateway/providers/conformance.ts';
import { OPENAI_SPEAKER } from '#gateway/providers/openai/speaker-fixture.ts';
import { providerOf } from '#gateway/providers/registry.ts';
import { type ScriptedUpstream, startScriptedUpstream } from '#gateway/providers/upstream-fixture.ts';
import { DEPLOYMENT, MASTER_KEY, startTestGateway } from '#gateway/test-gateway-fixture.ts';
import type { Deployment } from '#settings/settings.ts';

const AZURE_AI: Partial<Deployment> = { provider: 'azure-ai', providerName: 'azure_ai', upstreamModel: 'DeepSeek-V3', apiKey: 'azure-ai-secret' };
const deployment = (more: Partial<Deployment>): Deployment => ({ ...DEPLOYMENT, ...AZURE_AI, ...more });
const made = (apiBase: string, more: Partial<Deployment> = {}, dropParams = false) => {
  const stated = deployment({ apiBase, ...more });
  return providerOf(stated).upstream(stated, dropParams);
};
const headersOf = (flat: readonly string[]) => Object.fromEntries(flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1]]] : [])));

describeProvider({ name: 'azure_ai', deployment: (url) => ({ ...AZURE_AI, apiBase: url }), ...OPENAI_SPEAKER });

const FOUNDRY = 'https://r.services.ai.azure.com';
const VERSION = 'api-version=2024-05-01-preview';

describe('an address of Azure AI', () => {
  it.each([
    [FOUNDRY, {}, `/models/chat/completions?${VERSION}`],
    [`${FOUNDRY}/models`, {}, `/models/chat/completions?${VERSION}`],
    [`${FOUNDRY}/models/chat/completions?api-version=2025-04-01`, {}, '/models/chat/completions?api-version=2025-04-01'],
    [FOUNDRY, { apiVersion: '2025-05-01' }, '/models/chat/completions?api-version=2025-05-01'],
    [`${FOUNDRY}/openai/v1`, {}, '/openai/v1/chat/completions'],
    ['https://m.eastus2.models.ai.azure.com', {}, '/chat/completions'],
    ['https://m.eastus2.models.ai.azure.com/v1/chat/completions', {}, '/v1/chat/completions'],
    [`${FOUNDRY}/anthropic`, {}, '/anthropic/v1/messages'],
    [`${FOUNDRY}/anthropic/v1/messages`, {}, '/anthropic/v1/messages'],
    [FOUNDRY, { upstreamModel: 'claude-sonnet-4-5' }, '/anthropic/v1/messages'],
    [`${FOUNDRY}/models`, { upstreamModel: 'mine', baseModel: 'azure_ai/claude-opus-4-1' }, '/anthropic/v1/messages'],
  ] as [string, Partial<Deployment>, string][])('%s with %j asks at %s', (base, more, path) => {
    expect(made(base, more).path('chat', 'm')).toBe(path);
  });

  it.each([
    [FOUNDRY, '/v1/rerank'],
    [`${FOUNDRY}/models`, '/v1/rerank'],
    [`${FOUNDRY}/openai/v1`, '/v1/rerank'],
    [`${FOUNDRY}/providers/cohere/v2`, '/providers/cohere/v2/rerank'],
    [`${FOUNDRY}/providers/cohere/v2/rerank`, '/providers/cohere/v2/rerank'],
    ['https://rerank.eastus2.models.ai.azure.com/v2', '/v2/rerank'],
  ])('%s reranks at %s', (base, path) => {
    expect(made(base).path('rerank', 'm')).toBe(path);
  });

  it('takes its key under the name that the host knows', () => {
    expect(headersOf(made(FOUNDRY).headers)).toMatchObject({ 'api-key': 'azure-ai-secret', 'extra-parameters': 'pass-through' });
    expect(headersOf(made('https://m.eastus2.models.ai.azure.com').headers)).toMatchObject({ authorization: 'Bearer azure-ai-secret' });
    expect(headersOf(made(`${FOUNDRY}/anthropic`).headers)).toMatchObject({ 'x-api-key': 'azure-ai-secret', 'anthropic-version': '2023-06-01' });
    expect(headersOf(made(FOUNDRY).endpointHeaders?.rerank ?? [])).toMatchObject({ authorization: 'Bearer azure-ai-secret' });
    expect(headersOf(made(`${FOUNDRY}/openai/v1`).headers)).not.toHaveProperty('extra-parameters');
    // A host that only looks like Azure's gets the key as a bearer, as every other server.
    expect(headersOf(made('https://services.ai.azure.com.example.org').headers)).toHaveProperty('authorization');
  });

  it('renames the longest answer for models that are not OpenAI’s', () => {
    expect([...made(FOUNDRY).rename]).toEqual([['max_completion_tokens', 'max_tokens']]);
    expect([...made(FOUNDRY, { upstreamModel: 'gpt-5-mini' }).rename]).toEqual([['max_tokens', 'max_completion_tokens']]);
    expect(made(FOUNDRY, { upstreamModel: 'gpt-4o' }).rename.size).toBe(0);
    expect(made(FOUNDRY, { upstreamModel: 'grok-4' }, true).drop.has('stop')).toBe(true);
  });

  it('names what a deployment lacks', () => {
    const bare = (more: Partial<Deployment>) => () => made(FOUNDRY, { apiKey: null, ...more });
    expect(bare({})).toThrow('AZURE_AI_API_KEY');
    expect(bare({ cloud: { tenant_id: 't', client_id: 'c' } })).toThrow('client_secret');
    expect(() => providerOf(deployment({})).upstream(deployment({ apiBase: null }), false)).toThrow('AZURE_AI_API_BASE');
  });
});

describe('calls through Azure AI', () => {
  let upstream: ScriptedUpstream;
  beforeAll(async () => {
    upstream = await startScriptedUpstream();
  });
  afterAll(() => upstream.close());
  const json = (text: string) => ({ headers: { 'content-type': 'application/json' }, pieces: [text] });
  const CHAT =
    '{"id":"c","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"hi"}}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}';

  it('answers Messages from Claude with the client’s own bytes and a chat by translation', async () => {
    const test = await startTestGateway({
      deployments: [deployment({ modelName: 'claude', upstreamModel: 'claude-sonnet-4-5', apiBase: `${upstream.url}/anthropic` })],
    });
    const message = {
      id: 'msg',
      type: 'message',
      role: 'assistant',
      model: 'c',
      content: [{ type: 'text', text: 'hi' }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 3, output_tokens: 2 },
    };
    upstream.script(json(JSON.stringify(message)));
    const anthropic = new Anthropic({ apiKey: MASTER_KEY, baseURL: test.url, maxRetries: 0 });
    const answer = await anthropic.messages.create({ model: 'claude', max_tokens: 9, messages: [{ role: 'user', content: 'hello' }] });
    expect(answer.content).toEqual([{ type: 'text', text: 'hi' }]);
    const openai = new OpenAI({ apiKey: MASTER_KEY, baseURL: `${test.url}/v1`, maxRetries: 0 });
    const chat = await openai.chat.completions.create({ model: 'claude', messages: [{ role: 'user', content: 'hello' }] });
    expect(chat.choices[0]?.message.content).toBe('hi');
    expect(upstream.seen.map(({ path, headers }) => [path, headers['x-api-key'], headers.authorization])).toEqual([
      ['/anthropic/v1/messages', 'azure-ai-secret', undefined],
      ['/anthropic/v1/messages', 'azure-ai-secret', undefined],
    ]);
    await test.close();
  });

  it('makes embeddings, reranks, and passes paths on to the resource', async () => {
    const open = { passThrough: true, apiBase: `${upstream.url}/models` };
    const test = await startTestGateway({
      deployments: [deployment({ modelName: 'embed', mode: 'embedding', ...open }), deployment({ modelName: 'rank', mode: 'rerank', ...open })],
    });
    const openai = new OpenAI({ apiKey: MASTER_KEY, baseURL: `${test.url}/v1`, maxRetries: 0 });
    upstream.script(
      json('{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5,1]}],"model":"e","usage":{"prompt_tokens":2,"total_tokens":2}}'),
    );
    const embedded = await openai.embeddings.create({ model: 'embed', input: 'hello', encoding_format: 'float' });
    expect(embedded.data[0]?.embedding).toEqual([0.5, 1]);
    expect(upstream.seen[0]?.path).toBe('/models/embeddings');
    const send = (path: string, body: string) =>
      fetch(test.url + path, { method: 'POST', headers: { authorization: `Bearer ${MASTER_KEY}`, 'content-type': 'application/json' }, body });
    upstream.script(json('{"results":[{"index":0,"relevance_score":0.5}],"meta":{"billed_units":{"search_units":1}}}'));
    expect((await send('/v1/rerank', '{"model":"rank","query":"q","documents":["d"]}')).status).toBe(200);
    expect(upstream.seen[0]).toMatchObject({ path: '/v1/rerank', headers: { authorization: 'Bearer azure-ai-secret' } });
    upstream.script(json(CHAT));
    expect(await (await send('/azure_ai/models/chat/completions', '{"model":"DeepSeek-V3","messages":[]}')).json()).toMatchObject({ id: 'c' });
    expect(upstream.seen[0]?.path).toBe(`/models/chat/completions?${VERSION}`);
    expect(upstream.seen[0]?.headers.authorization).toBe('Bearer azure-ai-secret');
    await test.close();
  });

  describe('as an application of Entra ID', () => {
    const TOKEN = '{"token_type":"Bearer","access_token":"entra-token","expires_in":3599}';
    const entra = (more: Record<string, string>) => ({
      apiKey: null,
      cloud: { tenant_id: 'my tenant', client_id: 'app', azure_authority_host: upstream.url, ...more },
    });
    const ask = (url: string, path = '/v1/chat/completions') =>
      fetch(url + path, {
        method: 'POST',
        headers: { authorization: `Bearer ${MASTER_KEY}`, 'content-type': 'application/json' },
        body: '{"model":"m","messages":[]}',
      });

    it.each(['azure', 'azure-ai'] as const)('%s asks once for a token with the application’s secret, also for pass-through', async (provider) => {
      const stated = { modelName: 'm', provider, providerName: provider.replace('-', '_'), passThrough: true, apiBase: upstream.url };
      const test = await startTestGateway({
        deployments: [deployment({ ...stated, ...entra({ client_id: provider, client_secret: 's&cret', azure_scope: 'https://x/.default' }) })],
      });
      upstream.script(json(TOKEN), json(CHAT));
      expect([(await ask(test.url)).status, (await ask(test.url)).status]).toEqual([200, 200]);
      expect((await ask(test.url, `/${stated.providerName}/models/chat/completions`)).status).toBe(200);
      const [token, ...calls] = upstream.seen;
      expect(token).toMatchObject({ method: 'POST', path: '/my%20tenant/oauth2/v2.0/token' });
      expect(Object.fromEntries(new URLSearchParams(token?.raw))).toEqual({
        grant_type: 'client_credentials',
        client_id: provider,
        client_secret: 's&cret',
        scope: 'https://x/.default',
      });
      expect(calls).toHaveLength(3);
      for (const { headers } of calls) expect([headers.authorization, headers['api-key']]).toEqual(['Bearer entra-token', undefined]);
      await test.close();
    });

    it('reads the token of a federated workload anew each time it asks', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'entra-'));
      const file = join(folder, 'token');
      writeFileSync(file, 'first\n');
      const test = await startTestGateway({
        deployments: [deployment({ modelName: 'm', apiBase: upstream.url, ...entra({ azure_federated_token_file: file }) })],
      });
      upstream.script({ status: 401, pieces: ['{"error":"invalid_client","error_description":"assertion first is bad"}'] });
      const refused = await ask(test.url);
      expect(refused.status).toBe(401);
      const told = await refused.text();
      expect(told).toContain('AZURE_FEDERATED_TOKEN_FILE');
      expect(told).not.toContain('assertion first');
      const assertionOf = (raw = '') => new URLSearchParams(raw).get('client_assertion');
      expect(assertionOf(upstream.seen[0]?.raw)).toBe('first');
      writeFileSync(file, 'second');
      upstream.script(json(TOKEN), json(CHAT));
      expect((await ask(test.url)).status).toBe(200);
      expect(assertionOf(upstream.seen[0]?.raw)).toBe('second');
      await test.close();
      rmSync(folder, { recursive: true });
    });
  });

  describe('as the managed identity of a machine', () => {
    const managed = (more: Record<string, string>) =>
      deployment({ modelName: 'm', apiBase: upstream.url, apiKey: null, cloud: { azure_credential: 'ManagedIdentityCredential', ...more } });
    const ask = (url: string) =>
      fetch(`${url}/v1/chat/completions`, { method: 'POST', headers: { authorization: `Bearer ${MASTER_KEY}` }, body: '{"model":"m","messages":[]}' });
    const queryOf = (path = '') => Object.fromEntries(new URL(path, upstream.url).searchParams);

    it('asks the service of a virtual machine once, whose seconds are text', async () => {
      const test = await startTestGateway({ deployments: [managed({ azure_pod_identity_authority_host: upstream.url })] });
      upstream.script(json('{"access_token":"machine-token","expires_in":"86399","expires_on":"1","token_type":"Bearer"}'), json(CHAT));
      expect([(await ask(test.url)).status, (await ask(test.url)).status]).toEqual([200, 200]);
      const [token, ...calls] = upstream.seen;
      expect(token).toMatchObject({ method: 'GET', headers: { metadata: 'true' } });
      expect(token?.path).toMatch(/^\/metadata\/identity\/oauth2\/token\?/);
      expect(queryOf(token?.path)).toEqual({ 'api-version': '2018-02-01', resource: 'https://cognitiveservices.azure.com' });
      expect(calls.map(({ headers }) => headers.authorization)).toEqual(['Bearer machine-token', 'Bearer machine-token']);
      await test.close();
    });

    it('asks the service of App Service and Container Apps as its variables say, and again after the instant that it tells', async () => {
      const service = {
        identity_endpoint: `${upstream.url}/msi/token`,
        identity_header: 'local secret',
        client_id: 'one of several',
        azure_scope: 'https://x/.default',
      };
      const test = await startTestGateway({ deployments: [managed(service)] });
      upstream.script({ status: 400, pieces: ['{"error":"invalid_request","error_description":"no such identity: local secret"}'] });
      const refused = await ask(test.url);
      const told = await refused.text();
      expect([refused.status, told.includes('managed identity'), told.includes('local secret')]).toEqual([401, true, false]);
      const inADay = Math.floor(Date.now() / 1000) + 86_400;
      upstream.script(json(`{"access_token":"service-token","expires_on":"${inADay}","resource":"https://x"}`), json(CHAT));
      expect((await ask(test.url)).status).toBe(200);
      const [token, call] = upstream.seen;
      expect(token).toMatchObject({ method: 'GET', headers: { 'x-identity-header': 'local secret' } });
      expect(queryOf(token?.path)).toEqual({ 'api-version': '2019-08-01', resource: 'https://x', client_id: 'one of several' });
      expect(call?.headers.authorization).toBe('Bearer service-token');
      await test.close();
    });
  });
});
