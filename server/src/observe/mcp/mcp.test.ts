// The project's MCP server, driven by the official client over real records and a real analytics store: tools, schemas, bounds, projects apart.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Principal } from '#identity/principal.ts';
import { AppError } from '#lib/errors.ts';
import { OTHER_PROJECT, openRoutes, type RoutesFixture } from '#observe/api/routes-fixture.ts';
import { readRoutes } from '#observe/read-routes.ts';
import { observation, PROJECT, score, trace } from '#observe/store/rows-fixture.ts';
import { openReads, projectKey, type ReadsFixture } from '#observe/traces/reads-fixture.ts';
import { mcpRoutes } from './routes.ts';
import { shorten } from './shorten.ts';

let routes: RoutesFixture;
let reads: ReadsFixture;
const clients: Client[] = [];

async function clientOf(principal: Principal): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL('http://door/api/public/mcp'), { fetch: routes.fetchAs(principal) }) as never);
  clients.push(client);
  return client;
}

const never = async (): Promise<never> => {
  throw new Error('not in this test');
};

beforeAll(async () => {
  routes = await openRoutes((records) => mcpRoutes({ records, version: '0.0.1', ask }));
  reads = await openReads((analytics) =>
    readRoutes({ analytics, records: routes.records, tail: null, deletions: { traces: never, score: never }, teamNames: async () => new Map() }),
  );
  await reads.write({
    traces: [trace('mine', { timestamp: '2026-11-20T12:00:00.123456Z' }), trace('theirs', { project_id: OTHER_PROJECT })],
    observations: [
      observation('long', { trace_id: 'mine', input: JSON.stringify('長'.repeat(300_000)), type: 'GENERATION', total_cost: '0.25' }),
      observation('short', { trace_id: 'mine' }),
    ],
    scores: [score('s1', { trace_id: 'mine' })],
  });
});
afterAll(async () => {
  for (const client of clients) await client.close();
  await reads?.close();
  await routes?.close();
});

/** As the front asks the engine. */
async function ask(principal: Principal, path: string): Promise<unknown> {
  const { status, body } = await reads.get(path, principal);
  if (status === 404) return null;
  if (status !== 200) throw new AppError(String(body.message), { status, code: 'InvalidRequestError' });
  return body;
}

interface Result {
  isError?: boolean;
  content: { type: string; text: string }[];
}
async function use(client: Client, name: string, input: Record<string, unknown> = {}): Promise<{ failed: boolean; text: string; note: string; value: never }> {
  const { isError, content } = (await client.callTool({ name, arguments: input })) as Result;
  const text = content[0]?.text ?? '';
  return { failed: isError === true, text, note: content[1]?.text ?? '', value: (isError === true ? null : parsed(text)) as never };
}
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

describe('the MCP server of a project', () => {
  it('says what there is: strict schemas, and which tools only read', async () => {
    const client = await clientOf(projectKey(PROJECT));
    const { tools } = await client.listTools();
    expect(client.getServerVersion()).toEqual({ name: 'genai-platform', version: '0.0.1' });
    expect(tools.map(({ name, annotations }) => `${name} ${annotations?.readOnlyHint}`)).toEqual([
      'listPrompts true',
      'getPrompt true',
      'getPromptUnresolved true',
      'createTextPrompt false',
      'createChatPrompt false',
      'updatePromptLabels false',
      ...['listTraces', 'getTrace', 'listObservations', 'getObservation', 'listScores', 'getScore', 'listSessions', 'getSession', 'queryMetrics'].map(
        (name) => `${name} true`,
      ),
    ]);
    for (const { inputSchema } of tools) expect(inputSchema).toMatchObject({ type: 'object', additionalProperties: false });
  });

  it('creates, composes, labels and lists prompts', async () => {
    const client = await clientOf(projectKey(PROJECT));
    await use(client, 'createTextPrompt', { name: 'part', prompt: 'Be kind.', labels: ['production'] });
    const made = await use(client, 'createChatPrompt', {
      name: 'team/answer',
      prompt: [
        { role: 'system', content: '@@@langfusePrompt:name=part|label=production@@@' },
        { type: 'placeholder', name: 'history' },
      ],
      config: { model: 'm' },
      commitMessage: 'first',
    });
    expect(made.value).toMatchObject({ version: 1, type: 'chat', createdBy: 'API', config: { model: 'm' } });
    expect((await use(client, 'updatePromptLabels', { name: 'team/answer', version: 1, newLabels: ['production'] })).value).toMatchObject({
      labels: ['latest', 'production'],
    });
    expect((await use(client, 'getPrompt', { name: 'team/answer' })).text).toContain('Be kind.');
    expect((await use(client, 'getPromptUnresolved', { name: 'team/answer' })).text).toContain('@@@langfusePrompt');
    expect((await use(client, 'listPrompts', { label: 'production', limit: 1 })).value).toMatchObject({ data: [{}], meta: { totalItems: 2, totalPages: 2 } });
  });

  it('reads traces, observations, scores and metrics', async () => {
    const client = await clientOf(projectKey(PROJECT));
    expect((await use(client, 'listTraces', { tags: ['nobody'] })).value).toMatchObject({ data: [] });
    expect((await use(client, 'listTraces')).value).toMatchObject({ data: [{ id: 'mine' }], meta: { limit: 20 } });
    expect((await use(client, 'listObservations', { type: ['GENERATION'], limit: 5 })).value).toMatchObject({ data: [{ id: 'long' }] });
    expect((await use(client, 'getObservation', { observationId: 'short' })).value).toMatchObject({ id: 'short', traceId: 'mine' });
    expect((await use(client, 'listScores', { filter: [{ type: 'string', column: 'name', operator: '=', value: 'absent' }] })).value).toMatchObject({
      data: [],
    });
    expect((await use(client, 'getScore', { scoreId: 's1' })).value).toMatchObject({ id: 's1' });
    const measured = await use(client, 'queryMetrics', {
      view: 'observations',
      dimensions: [{ field: 'type' }],
      metrics: [{ measure: 'totalCost', aggregation: 'sum' }],
      fromTimestamp: '2020-01-01T00:00:00Z',
      toTimestamp: '2027-01-01T00:00:00Z',
    });
    expect((measured.value as { data: unknown[] }).data).toContainEqual({ type: 'GENERATION', sum_totalCost: 0.25 });
  });

  it('shortens what is long and says so', async () => {
    const whole = await use(await clientOf(projectKey(PROJECT)), 'getTrace', { traceId: 'mine' });
    expect(whole.text.length).toBeLessThanOrEqual(100_000);
    expect(whole.value).toMatchObject({ id: 'mine', scores: [{ id: 's1' }] });
    expect(whole.text).toContain('characters left out');
    expect(whole.note).toContain('shortened');
  });

  it('never shows one project what is of another', async () => {
    const client = await clientOf(projectKey(OTHER_PROJECT));
    expect((await use(client, 'listTraces')).value).toMatchObject({ data: [{ id: 'theirs' }] });
    for (const [name, input] of [
      ['getTrace', { traceId: 'mine' }],
      ['getObservation', { observationId: 'short' }],
      ['getScore', { scoreId: 's1' }],
      ['getPrompt', { name: 'part' }],
      ['updatePromptLabels', { name: 'part', version: 1, newLabels: ['x'] }],
    ] as const)
      expect(await use(client, name, input), name).toMatchObject({ failed: true });
    expect((await use(client, 'listPrompts')).value).toMatchObject({ data: [] });
  });

  it('refuses unknown members, wrong types and unknown tools in words that can be followed', async () => {
    const client = await clientOf(projectKey(PROJECT));
    expect(await use(client, 'getTrace', { traceId: 'mine', projectId: OTHER_PROJECT })).toMatchObject({
      failed: true,
      text: expect.stringContaining('projectId'),
    });
    expect(await use(client, 'listTraces', { limit: 1_000 })).toMatchObject({ failed: true, text: expect.stringContaining('limit') });
    expect(await use(client, 'createTextPrompt', { name: 'a|b', prompt: 'x' })).toMatchObject({ failed: true, text: expect.stringContaining("'|'") });
    expect(await use(client, 'getTrace', { traceId: '../../../api/public/projects' })).toMatchObject({ failed: true });
    await expect(client.callTool({ name: 'dropEverything', arguments: {} })).rejects.toThrow('no tool named dropEverything');
  });

  it('keeps no session: GET is 405, broken JSON and a long batch are 400', async () => {
    const fetchAs = routes.fetchAs(projectKey(PROJECT));
    const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
    expect((await fetchAs('/api/public/mcp')).status).toBe(405);
    expect((await fetchAs('/api/public/mcp', { method: 'POST', headers, body: '{' })).status).toBe(400);
    const batch = JSON.stringify(Array.from({ length: 21 }, (_, id) => ({ jsonrpc: '2.0', id, method: 'tools/list' })));
    expect((await fetchAs('/api/public/mcp', { method: 'POST', headers, body: batch })).status).toBe(400);
    const answer = await fetchAs('/api/public/mcp', { method: 'POST', headers, body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}' });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('mcp-session-id')).toBeNull();
    expect((await fetchAs('/api/public/mcp', { method: 'POST', headers, body: '[]' })).status).toBeLessThan(500);
  });
});

describe('shorten', () => {
  it('never gives more than it may, and gives what fits as it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.integer({ min: 1, max: 400 }), (value, max) => {
        const whole = JSON.stringify(value);
        const { text, shortened } = shorten(value, max);
        expect(text.length).toBeLessThanOrEqual(max);
        expect(shortened).toBe(whole.length > max);
        if (!shortened) expect(text).toBe(whole);
      }),
    );
  });
});
