// Responses with tools of MCP servers: OpenAI's items and events, whole and streamed, kept and gone on from, with upstreams that have Responses of their own and with those that have none.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startMcpServer, type TestMcpServer } from '#gateway/mcp/mcp-server-fixture.ts';
import { type ScriptedUpstream, startScriptedUpstream } from '#gateway/providers/upstream-fixture.ts';
import { DEPLOYMENT, startTestGateway, type TestGateway } from '#gateway/test-gateway-fixture.ts';
import { dataOf } from '#http/sse.ts';
import { type Fields, fieldsOf, objectsOf } from '#lib/json.ts';
import { chatAnswer, chatStream, mcpServer, responsesAnswer, responsesStream } from './tool-loop-fixture.ts';

let upstream: ScriptedUpstream;
let bridged: ScriptedUpstream;
let server: TestMcpServer;
let test: TestGateway;

beforeAll(async () => {
  [upstream, bridged, server] = await Promise.all([startScriptedUpstream(), startScriptedUpstream(), startMcpServer()]);
  const url = `${upstream.url}/v1`;
  test = await startTestGateway({
    deployments: [
      { ...DEPLOYMENT, apiBase: url },
      { ...DEPLOYMENT, id: 'two-1', modelName: 'two', apiBase: url },
      { ...DEPLOYMENT, id: 'two-2', modelName: 'two', apiBase: url },
      { ...DEPLOYMENT, id: 'vllm', modelName: 'vllm', provider: 'openai-compatible', providerName: 'hosted_vllm', apiBase: `${bridged.url}/v1` },
    ],
    mcpServers: [mcpServer('tools', server.url, { costPerCall: '0.25' }), mcpServer('dead', 'http://127.0.0.1:1/mcp')],
  });
  test.key('sk-tools', { mcp: [{ servers: ['tools', 'dead'], accessGroups: [], tools: {} }] });
  test.key('sk-quiet', { mcp: [{ servers: ['tools'], accessGroups: [], tools: {} }], keepContent: false });
});
afterEach(() => {
  test.written.settled.length = 0;
  server.ran.length = 0;
});
afterAll(async () => {
  await test?.close();
  await Promise.all([upstream?.close(), bridged?.close(), server?.close()]);
});

const MCP = { type: 'mcp', server_label: 'litellm', server_url: 'litellm_proxy/mcp/tools', require_approval: 'never', allowed_tools: ['echo', 'fail'] };
const MINE = { type: 'function', name: 'mine', parameters: { type: 'object', properties: {} } };
const ECHO = { calls: [['c1', 'tools-echo', { text: 'hello' }]] } as const;

const at = (path: string, key = 'sk-tools', init: RequestInit = {}) =>
  fetch(`${test.url}/v1/responses${path}`, { headers: { authorization: `Bearer ${key}` }, ...init });
const ask = (body: Fields, key = 'sk-tools') =>
  at('', key, {
    method: 'POST',
    body: JSON.stringify({ model: 'gpt', input: 'echo', tools: [MCP], ...body }),
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
  });
const answered = async (body: Fields, key?: string): Promise<Fields> => fieldsOf(await (await ask(body, key)).json());
const eventsOf = (text: string): Fields[] =>
  text
    .split('\n\n')
    .map((frame) => dataOf(frame))
    .filter((data) => data !== null)
    .map((data) => JSON.parse(data as string) as Fields);
const typesOf = ({ output }: Fields) => objectsOf(output).map(({ type }) => type);
const inputOf = (index: number, of = upstream) => of.seen[index]?.body.input;

describe('a response with tools', () => {
  it('shows the list of tools, each call with its output, and the answer; counts are sums, ids are one', async () => {
    upstream.script(responsesAnswer(ECHO), responsesAnswer({ text: 'hello', usage: [20, 3] }));
    const response = await ask({ tools: [{ ...MCP, headers: { 'x-mcp-tools-authorization': 'secret' } }], metadata: { a: 'b' } });
    const answer = fieldsOf(await response.json());
    const callId = response.headers.get('x-litellm-call-id')?.replaceAll('-', '');
    expect(answer).toMatchObject({ id: `resp_${callId}`, status: 'completed', store: true, previous_response_id: null, tools: [MCP] });
    expect(answer.usage).toMatchObject({ input_tokens: 30, output_tokens: 8, total_tokens: 38 });
    expect(JSON.stringify(answer)).not.toContain('secret');
    expect(answer.output).toMatchObject([
      { type: 'mcp_list_tools', server_label: 'litellm', tools: [{ name: 'tools-echo', input_schema: { type: 'object' } }, { name: 'tools-fail' }] },
      { type: 'mcp_call', status: 'completed', name: 'tools-echo', server_label: 'litellm', arguments: '{"text":"hello"}', output: 'said hello', error: null },
      { type: 'message', content: [{ text: 'hello' }] },
    ]);
    expect(upstream.seen[0]?.body).toMatchObject({ store: false, tools: [{ type: 'function', name: 'tools-echo', strict: false }, { name: 'tools-fail' }] });
    expect(inputOf(1)).toEqual([
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'echo' }] },
      { type: 'function_call', call_id: 'c1', name: 'tools-echo', arguments: '{"text":"hello"}' },
      { type: 'function_call_output', call_id: 'c1', output: 'said hello' },
    ]);
    expect(test.written.settled.map(({ record }) => record.endpoint)).toEqual(['responses', 'mcp', 'responses']);
  });

  it('streams the same as OpenAI does: one response, numbered through', async () => {
    for (const isBridged of [false, true]) {
      if (isBridged) bridged.script(chatStream(ECHO), chatStream({ text: 'hi', usage: [20, 3] }));
      else upstream.script(responsesStream(ECHO, 'resp_1'), responsesStream({ text: 'hi', usage: [20, 3] }, 'resp_2'));
      const response = await ask({ stream: true, model: isBridged ? 'vllm' : 'gpt' });
      const events = eventsOf(await response.text());
      expect(events.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_, index) => index));
      expect(events.map(({ type }) => String(type).replace('response.', '')).filter((type) => !/content_part|output_text/.test(type))).toEqual([
        ...['created', 'in_progress', 'output_item.added', 'mcp_list_tools.in_progress', 'mcp_list_tools.completed', 'output_item.done'],
        ...[
          'output_item.added',
          'mcp_call.in_progress',
          ...events.filter(({ type }) => type === 'response.mcp_call_arguments.delta').map(() => 'mcp_call_arguments.delta'),
        ],
        ...['mcp_call_arguments.done', 'mcp_call.completed', 'output_item.done', 'output_item.added', 'output_item.done', 'completed'],
      ]);
      const last = fieldsOf(events.at(-1)?.response);
      expect(typesOf(last)).toEqual(['mcp_list_tools', 'mcp_call', 'message']);
      expect(objectsOf(last.output)[1]).toMatchObject({ arguments: '{"text":"hello"}', output: 'said hello' });
      expect(last.usage).toMatchObject({ input_tokens: 30, output_tokens: 8 });
      const ids = events.flatMap(({ response: of }) => (of === undefined ? [] : [fieldsOf(of).id]));
      expect(new Set(ids)).toEqual(new Set([`resp_${response.headers.get('x-litellm-call-id')?.replaceAll('-', '')}`]));
      const done = events.filter(({ type }) => type === 'response.output_item.done');
      expect(done.map(({ output_index: index, item }) => [index, fieldsOf(item).id])).toEqual(objectsOf(last.output).map(({ id }, index) => [index, id]));
      expect((await at(`/${ids[0]}`)).status).toBe(200);
    }
  });

  it('keeps calls of the client’s own beside those of the gateway, streamed and not', async () => {
    const both = {
      text: 'let me',
      calls: [
        ['c1', 'mine', { n: 1 }],
        ['c2', 'tools-fail', {}],
      ],
    } as const;
    upstream.script(responsesAnswer(both));
    const whole = await answered({ tools: [MINE, MCP] });
    upstream.script(responsesStream(both));
    const streamed = fieldsOf(eventsOf(await (await ask({ tools: [MINE, MCP], stream: true })).text()).at(-1)?.response);
    for (const answer of [whole, streamed]) {
      expect(typesOf(answer)).toEqual(['mcp_list_tools', 'message', 'function_call', 'mcp_call']);
      expect(objectsOf(answer.output)[3]).toMatchObject({ status: 'failed', output: null, error: 'it did not work' });
      upstream.script(responsesAnswer({ text: 'done' }));
      await ask({ tools: [MINE, MCP], previous_response_id: answer.id, input: [{ type: 'function_call_output', call_id: 'c1', output: 'one' }] });
      expect(objectsOf(inputOf(0)).map(({ type, call_id }) => [type, call_id])).toEqual([
        ['message', undefined],
        ['message', undefined],
        ['function_call', 'c1'],
        ['function_call', 'c2'],
        ['function_call_output', 'c2'],
        ['function_call_output', 'c1'],
      ]);
    }
  });
});

describe('a response that was kept', () => {
  it('is read, gone on from with any model, and deleted, as any other', async () => {
    upstream.script(responsesAnswer(ECHO), responsesAnswer({ text: 'hello' }));
    const first = await answered({});
    expect(await (await at(`/${first.id}`)).json()).toEqual(first);
    expect(fieldsOf(await (await at(`/${first.id}/input_items`)).json()).data).toMatchObject([{ role: 'user', content: [{ text: 'echo' }] }]);
    expect((await at('/resp_up')).status).toBe(404);
    bridged.script(chatAnswer({ text: 'again' }));
    const next = await answered({ model: 'vllm', previous_response_id: first.id, tools: [], input: 'and?' });
    expect(objectsOf(bridged.seen[0]?.body.messages).map(({ role, content }) => [role, content])).toEqual([
      ['user', [{ type: 'text', text: 'echo' }]],
      ['assistant', null],
      ['tool', 'said hello'],
      ['assistant', [{ type: 'text', text: 'hello' }]],
      ['user', [{ type: 'text', text: 'and?' }]],
    ]);
    expect(next.previous_response_id).toBe(first.id);
    expect((await at(`/${first.id}`, 'sk-tools', { method: 'DELETE' })).status).toBe(200);
    expect((await at(`/${first.id}`)).status).toBe(404);
  });

  it('goes on from what an upstream keeps, and is gone on from there', async () => {
    upstream.script({ pieces: [String(responsesAnswer({ text: 'I am' }, 'resp_kept').pieces[0]).replace('"store":false', '"store":true')] });
    const kept = await answered({ model: 'two', tools: [], input: 'who are you?' });
    const keeper = test.written.settled.at(-1)?.record.attempts[0]?.deploymentId;
    upstream.script(responsesAnswer(ECHO), responsesAnswer({ text: 'hello' }));
    const second = await answered({ model: 'two', previous_response_id: kept.id });
    expect(upstream.seen.map(({ body }) => body.previous_response_id)).toEqual(['resp_kept', 'resp_kept']);
    upstream.script(responsesAnswer({ text: 'third' }));
    await answered({ model: 'two', previous_response_id: second.id, tools: [], input: 'and?' });
    expect(upstream.seen[0]?.body.previous_response_id).toBe('resp_kept');
    expect(objectsOf(inputOf(0)).map(({ type }) => type)).toEqual(['message', 'function_call', 'function_call_output', 'message', 'message']);
    const used = test.written.settled.filter(({ record }) => record.endpoint === 'responses').map(({ record }) => record.attempts[0]?.deploymentId);
    expect(new Set(used)).toEqual(new Set([keeper]));
  });

  it('is none where nothing may be kept, and says so', async () => {
    for (const [body, key] of [
      [{ store: false }, 'sk-tools'],
      [{}, 'sk-quiet'],
    ] as const) {
      upstream.script(responsesAnswer(ECHO), responsesAnswer({ text: 'hello' }));
      const answer = await answered(body, key);
      expect([answer.store, (await at(`/${answer.id}`, key)).status]).toEqual([false, 404]);
    }
  });

  it('may be brought back by a client that keeps the conversation itself', async () => {
    upstream.script(responsesAnswer(ECHO), responsesAnswer({ text: 'hello' }));
    const { output } = await answered({});
    const input = [{ role: 'user', content: 'echo' }, ...objectsOf(output), { role: 'user', content: 'and?' }];
    upstream.script(responsesAnswer({ text: 'x' }));
    await ask({ input });
    expect(objectsOf(inputOf(0)).map(({ type, role }) => type ?? role)).toEqual(['user', 'function_call', 'function_call_output', 'message', 'user']);
    bridged.script(chatAnswer({ text: 'x' }));
    expect((await ask({ input, model: 'vllm', tools: [] })).status).toBe(200);
  });
});

describe('reasoning between turns', () => {
  it('goes back sealed, to the deployment that can read it', async () => {
    const more = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'sealed' };
    for (let time = 0; time < 4; time++) {
      upstream.script(responsesAnswer({ ...ECHO, more }), responsesAnswer(ECHO), responsesAnswer({ text: 'hello' }));
      await answered({ model: 'two', reasoning: { effort: 'low' } });
      expect(upstream.seen[0]?.body.include).toEqual(['reasoning.encrypted_content']);
      expect(objectsOf(inputOf(2))[1]).toEqual(more);
    }
    const used = test.written.settled.filter(({ record }) => record.endpoint === 'responses').map(({ record }) => record.attempts[0]?.deploymentId);
    for (let call = 0; call < 4; call++) expect(new Set(used.slice(call * 3, call * 3 + 3)).size).toBe(1);
  });

  it('is left out where its writer has kept it for itself', async () => {
    upstream.script(responsesAnswer({ ...ECHO, more: { type: 'reasoning', id: 'rs_1', summary: [] } }), responsesAnswer({ text: 'hello' }));
    expect(typesOf(await answered({}))).toEqual(['mcp_list_tools', 'reasoning', 'mcp_call', 'message']);
    expect(objectsOf(inputOf(1)).map(({ type }) => type)).toEqual(['message', 'function_call', 'function_call_output']);
  });
});

describe('MCP servers elsewhere', () => {
  const there = { type: 'mcp', server_label: 'there', server_url: 'https://mcp.example.com/mcp', require_approval: 'never' };
  it('are for an upstream that goes there itself, also beside those of the gateway', async () => {
    upstream.script(responsesAnswer({ text: 'x' }));
    await ask({ tools: [there] });
    expect(upstream.seen[0]?.body.tools).toEqual([there]);
    upstream.script(responsesAnswer({ ...ECHO, more: { type: 'mcp_call', id: 'mcp_theirs', name: 'x', output: 'y' } }), responsesAnswer({ text: 'x' }));
    expect(typesOf(await answered({ tools: [there, MCP] }))).toEqual(['mcp_list_tools', 'mcp_call', 'mcp_call', 'message']);
    expect(upstream.seen[0]?.body.tools).toMatchObject([there, { name: 'tools-echo' }, { name: 'tools-fail' }]);
    expect(objectsOf(inputOf(1))[1]).toMatchObject({ type: 'mcp_call', id: 'mcp_theirs' });
  });

  it('are refused where nobody can go there', async () => {
    const response = await ask({ tools: [there], model: 'vllm' });
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('register it here')]);
  });
});

describe('what goes wrong', () => {
  it('is told in the stream, once it has begun', async () => {
    const busy = { status: 429, pieces: ['{"error":{"message":"slow down","type":"rate"}}'] };
    upstream.script(responsesStream(ECHO), busy);
    const events = eventsOf(await (await ask({ stream: true })).text());
    expect(events.at(-1)).toMatchObject({ type: 'error', message: expect.stringContaining('slow down') });
    expect(events.some(({ type }) => type === 'response.completed')).toBe(false);
    upstream.script(busy);
    const response = await ask({ stream: true });
    expect([response.status, fieldsOf(fieldsOf(await response.json()).error).message]).toEqual([429, expect.stringContaining('slow down')]);
  });

  it('is refused before anything is asked: a background, a server that is away', async () => {
    upstream.script(responsesAnswer({ text: 'x' }));
    expect((await ask({ background: true })).status).toBe(400);
    expect((await ask({ tools: [{ ...MCP, server_url: 'litellm_proxy/mcp/dead' }] })).status).toBe(424);
    expect(upstream.seen).toEqual([]);
    const response = await answered({ tools: [{ ...MCP, server_url: 'litellm_proxy' }] });
    expect(objectsOf(response.output)[0]).toMatchObject({
      type: 'mcp_list_tools',
      tools: [{ name: 'tools-echo' }, { name: 'tools-fail' }],
      error: expect.stringContaining('dead'),
    });
  });

  it('obeys max_tool_calls', async () => {
    upstream.script(
      responsesAnswer({
        calls: [
          ['c1', 'tools-echo', {}],
          ['c2', 'tools-echo', {}],
        ],
      }),
      responsesAnswer({ text: 'x' }),
    );
    expect(objectsOf((await answered({ max_tool_calls: 1 })).output).map(({ status }) => status)).toEqual([undefined, 'completed', 'failed', 'completed']);
    expect(server.ran).toHaveLength(1);
  });
});
