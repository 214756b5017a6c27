// LLM connections over real records: upsert by name, secrets that never come back, addresses that are refused, and one question to each kind of provider.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createEgress } from '#http/egress.ts';
import { createSealer } from '#lib/sealed.ts';
import { OTHER_PROJECT, openRoutes, type RoutesFixture } from '#observe/api/routes-fixture.ts';
import { PROJECT } from '#observe/store/rows-fixture.ts';
import { projectKey } from '#observe/traces/reads-fixture.ts';
import { sql } from '#stores/records/sql.ts';
import { createAskModel, GATEWAY_PROVIDER } from './chat.ts';
import { createConnectionDirectory } from './directory.ts';
import { llmConnectionRoutes } from './routes.ts';

const SECRET = 'sk-very-secret-1234';
const sealer = createSealer(Buffer.alloc(32, 3));
const egress = createEgress({ allow: ['127.0.0.1'] });

let fixture: RoutesFixture;
let upstream: Server;
let url: string;
let answer: { status: number; body: unknown; headers?: Record<string, string> };
let seen: { path: string; headers: IncomingMessage['headers']; body: Record<string, unknown> }[] = [];

beforeAll(async () => {
  upstream = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      seen.push({ path: request.url ?? '', headers: request.headers, body: JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown> });
      response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers }).end(JSON.stringify(answer.body));
    });
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  const askModel = createAskModel({ egress, gateway: { url, egress } });
  fixture = await openRoutes((records) => llmConnectionRoutes({ records, sealer, egress, askModel }));
});
afterAll(async () => {
  upstream?.closeAllConnections();
  upstream?.close();
  await egress.close();
  await fixture?.close();
});
beforeEach(async () => {
  seen = [];
  answer = { status: 200, body: { model: 'm-1', choices: [{ message: { content: 'ready' } }], usage: { prompt_tokens: 5, completion_tokens: 1 } } };
  await fixture.records.query(sql`DELETE FROM llm_connections`);
});

const PATH = '/api/public/llm-connections';
const put = (body: Record<string, unknown>) => fixture.call('PUT', PATH, { provider: 'own', adapter: 'openai', secretKey: SECRET, ...body });

describe('LLM connections', () => {
  it('are upserted by name and never show a secret', async () => {
    const first = await put({ baseURL: url, extraHeaders: { 'x-team': 'hidden-value' }, customModels: ['m-1'], extra: 'stripped' });
    expect(first.status).toBe(200);
    expect(first.body).toMatchObject({
      provider: 'own',
      adapter: 'openai',
      displaySecretKey: '...1234',
      baseURL: url,
      customModels: ['m-1'],
      withDefaultModels: true,
      extraHeaderKeys: ['x-team'],
      config: null,
    });
    const again = await put({ adapter: 'anthropic', withDefaultModels: false });
    expect(again.body).toMatchObject({ id: first.body.id, adapter: 'anthropic', baseURL: null, extraHeaderKeys: [], withDefaultModels: false });
    const listed = await fixture.call('GET', `${PATH}?limit=10`);
    expect(listed.body.meta).toEqual({ page: 1, limit: 10, totalItems: 1, totalPages: 1 });
    const stored = JSON.stringify(await fixture.records.query(sql`SELECT * FROM llm_connections`));
    for (const text of [JSON.stringify(first.body), JSON.stringify(listed.body), stored]) {
      expect(text).not.toContain('very-secret');
      expect(text).not.toContain('hidden-value');
    }
  });

  it('belong to their project, and are deleted once', async () => {
    const made = await put({});
    expect((await fixture.call('GET', PATH, undefined, projectKey(OTHER_PROJECT))).body.data).toEqual([]);
    expect((await fixture.call('DELETE', `${PATH}/${made.body.id}`, undefined, projectKey(OTHER_PROJECT))).status).toBe(404);
    expect((await fixture.call('DELETE', `${PATH}/${made.body.id}`)).status).toBe(200);
    expect((await fixture.call('DELETE', `${PATH}/${made.body.id}`)).body).toEqual({ message: 'LLM connection not found', error: 'LangfuseNotFoundError' });
  });

  it('refuse addresses of the inside, the reserved name, and what an adapter does not take', async () => {
    for (const [body, part] of [
      [{ baseURL: 'http://169.254.169.254/' }, 'not allowed'],
      [{ baseURL: 'https://10.0.0.1/' }, 'not allowed'],
      [{ provider: GATEWAY_PROVIDER }, "platform's own gateway"],
      [{ adapter: 'bedrock' }, 'Invalid request data'],
      [{ adapter: 'azure' }, 'Invalid request data'],
      [{ adapter: 'anthropic', config: { a: 1 } }, 'Invalid request data'],
      [{ provider: 'a:b' }, 'Invalid request data'],
      [{ extraHeaders: { 'bad name': 'x' } }, 'Invalid request data'],
      [{ extraHeaders: { ok: 'a\r\nb' } }, 'Invalid request data'],
    ] as const) {
      const refused = await put(body);
      expect(refused.status, JSON.stringify(body)).toBe(400);
      expect(refused.body.message).toContain(part);
    }
  });

  it('ask each kind of provider in its own language', async () => {
    const cases = [
      [
        { adapter: 'openai', baseURL: `${url}/v1/`, extraHeaders: { 'x-team': 'a' } },
        '/v1/chat/completions',
        { authorization: `Bearer ${SECRET}`, 'x-team': 'a' },
      ],
      [{ adapter: 'azure', baseURL: url }, '/openai/deployments/m-1/chat/completions?api-version=2024-10-21', { 'api-key': SECRET }],
      [{ adapter: 'azure', baseURL: `${url}/openai/deployments` }, '/openai/deployments/m-1/chat/completions?api-version=2024-10-21', { 'api-key': SECRET }],
      [{ adapter: 'google-ai-studio', baseURL: `${url}/g` }, '/g/chat/completions', { authorization: `Bearer ${SECRET}` }],
    ] as const;
    for (const [body, path, headers] of cases) {
      const made = await put(body);
      const tried = await fixture.call('POST', `/api/public/llm-connections/${made.body.id}/test`, { model: 'm-1' });
      expect(tried.body, path).toMatchObject({ model: 'm-1', text: 'ready' });
      expect(seen.at(-1)).toMatchObject({ path, headers, body: { model: 'm-1' } });
    }
    answer.body = { model: 'claude', content: [{ type: 'text', text: 'ready' }], usage: { input_tokens: 3, output_tokens: 2 } };
    const made = await put({ adapter: 'anthropic', baseURL: url });
    const tried = await fixture.call('POST', `/api/public/llm-connections/${made.body.id}/test`, { model: 'claude' });
    expect(tried.body).toMatchObject({ model: 'claude', text: 'ready' });
    expect(seen.at(-1)).toMatchObject({
      path: '/v1/messages',
      headers: { 'x-api-key': SECRET, 'anthropic-version': '2023-06-01' },
      body: { max_tokens: 2048 },
    });
  });

  it("say the provider's words, and whether trying again helps", async () => {
    const made = await put({ baseURL: url });
    const test = () => fixture.call('POST', `/api/public/llm-connections/${made.body.id}/test`, { model: 'm-1' });
    answer = { status: 401, body: { error: { message: 'Incorrect API key' } } };
    expect(await test()).toMatchObject({ status: 422, body: { error: 'upstream_401', message: 'own answered 401: Incorrect API key' } });
    answer = { status: 429, body: {}, headers: { 'retry-after': '7' } };
    const limited = await test();
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([503, '7']);
  });

  it('reach the own gateway with a key made for it, and its call is a trace', async () => {
    const minted: string[] = [];
    const directory = createConnectionDirectory({
      records: fixture.records,
      sealer,
      mintGatewayKey: async ({ id }) => `sk-minted-${minted.push(id)}-0123456789`,
    });
    const project = { id: PROJECT, organizationId: 'o' };
    const connection = await directory.open(project, GATEWAY_PROVIDER);
    expect(await directory.open(project, GATEWAY_PROVIDER)).toEqual(connection);
    expect(minted).toEqual([PROJECT]);
    answer.headers = { 'x-litellm-call-id': '0198f0c2-1111-7222-8333-444455556666', 'x-litellm-response-cost': '0.000012' };
    const reply = await createAskModel({ egress, gateway: { url, egress } })({
      connection,
      model: 'm-1',
      messages: [{ role: 'user', content: 'x' }],
      timeoutMs: 5_000,
      trace: { name: 'judge', environment: 'llm-as-a-judge', metadata: { rule: 'r' } },
    });
    expect(reply).toEqual({ text: 'ready', model: 'm-1', inputTokens: 5, outputTokens: 1, traceId: '0198f0c2111172228333444455556666', cost: '0.000012' });
    expect(seen.at(-1)?.body.metadata).toEqual({ rule: 'r', trace_name: 'judge', environment: 'llm-as-a-judge' });
    await expect(directory.open(project, 'nobody')).rejects.toMatchObject({ status: 422 });
  });
});
