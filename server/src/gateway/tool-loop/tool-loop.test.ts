// Chats with tools of MCP servers: a real MCP server behind, a scripted model before, and everything that can happen between the turns.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startMcpServer, type TestMcpServer } from '#gateway/mcp/mcp-server-fixture.ts';
import { minuteWithRoom } from '#gateway/minute-fixture.ts';
import { type ScriptedUpstream, startScriptedUpstream } from '#gateway/providers/upstream-fixture.ts';
import { DEPLOYMENT, startTestGateway, type TestGateway } from '#gateway/test-gateway-fixture.ts';
import { dataOf } from '#http/sse.ts';
import { type Fields, fieldsOf, objectsOf } from '#lib/json.ts';
import { chatAnswer, chatStream, mcpServer } from './tool-loop-fixture.ts';

let upstream: ScriptedUpstream;
let anthropic: ScriptedUpstream;
let server: TestMcpServer;
let test: TestGateway;
const grant = (servers: string[]) => ({ mcp: [{ servers, accessGroups: [], tools: {} }] });
const guard = (modes: ('pre_call' | 'pre_mcp_call' | 'post_call')[]) =>
  ({ modes: new Set(modes), defaultOn: false, failOpen: false, timeoutMs: 5_000, violation: null }) as const;

beforeAll(async () => {
  [upstream, anthropic, server] = await Promise.all([startScriptedUpstream(), startScriptedUpstream(), startMcpServer()]);
  test = await startTestGateway({
    deployments: [
      { ...DEPLOYMENT, apiBase: `${upstream.url}/v1` },
      { ...DEPLOYMENT, id: 'claude', modelName: 'claude', provider: 'anthropic', providerName: 'anthropic', apiBase: anthropic.url },
    ],
    requestTimeoutMs: 30_000,
    mcpServers: [
      mcpServer('tools', server.url, { costPerCall: '0.25', disallowedTools: ['secret'], accessGroups: ['dev'] }),
      mcpServer('other', server.url, { allowedTools: ['echo'] }),
      mcpServer('dead', 'http://127.0.0.1:1/mcp'),
      mcpServer('brief', server.url, { timeoutMs: 2_000 }),
      mcpServer('long.named-server', server.url, { allowedTools: ['echo'] }),
    ],
    guardrails: [
      {
        name: 'no-mail',
        provider: 'x',
        kind: 'personal_data',
        entities: new Map([['EMAIL_ADDRESS', 'MASK']]),
        ...guard(['pre_call', 'pre_mcp_call', 'post_call']),
      },
    ],
  });
  test.key('sk-all', grant(['tools', 'other', 'dead', 'brief', 'long.named-server']));
  test.key('sk-tools', grant(['tools']));
  test.key('sk-none');
  test.key('sk-chats', { ...grant(['tools']), allowedRoutes: ['openai_routes'] });
  test.key('sk-poor', { ...grant(['tools']), maxBudgetPicos: 250_000_000_000n });
  test.key('sk-twice', { ...grant(['tools']), rpmLimit: 2 });
});
afterEach(() => {
  test.written.settled.length = 0;
  test.written.started.length = 0;
  server.ran.length = 0;
});
afterAll(async () => {
  await test?.close();
  await Promise.all([upstream?.close(), anthropic?.close(), server?.close()]);
});

const MCP = { type: 'mcp', server_label: 'litellm', server_url: 'litellm_proxy/mcp/tools', require_approval: 'never' };
const FUNCTION = { type: 'function', function: { name: 'mine', parameters: { type: 'object', properties: {} } } };
const QUESTION = [{ role: 'user', content: 'echo' }];

function ask(body: Fields, key = 'sk-tools', more: { headers?: Record<string, string>; signal?: AbortSignal } = {}): Promise<Response> {
  return fetch(`${test.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...more.headers },
    body: JSON.stringify({ model: 'gpt', messages: QUESTION, tools: [MCP], ...body }),
    ...(more.signal === undefined ? {} : { signal: more.signal }),
  });
}
const answered = async (response: Promise<Response>): Promise<Fields> => fieldsOf(await (await response).json());
const messageOf = (answer: Fields): Fields => fieldsOf(objectsOf(answer.choices)[0]?.message);
const fieldsIn = (answer: Fields): Fields => fieldsOf(messageOf(answer).provider_specific_fields);
const rows = () => test.written.settled.map(({ record }) => record);
const chunksOf = (text: string): Fields[] =>
  text
    .split('\n\n')
    .map((frame) => dataOf(frame))
    .filter((data) => data !== null && data !== '[DONE]')
    .map((data) => JSON.parse(data as string) as Fields);
const deltasOf = (chunks: Fields[]): Fields[] => chunks.flatMap(({ choices }) => objectsOf(choices).map(({ delta }) => fieldsOf(delta)));

describe('a chat with tools of an MCP server', () => {
  it('runs the tools that the model asks for and gives its answer, with what was done, the sum of the counts and one cost', async () => {
    upstream.script(chatAnswer({ calls: [['c1', 'tools-echo', { text: 'hello' }]] }), chatAnswer({ text: 'it said hello', usage: [20, 3] }));
    const response = await ask({});
    const answer = fieldsOf(await response.json());
    expect(messageOf(answer)).toMatchObject({ content: 'it said hello' });
    expect(answer).toMatchObject({
      system_fingerprint: 'fp',
      usage: { prompt_tokens: 30, completion_tokens: 8, total_tokens: 38, prompt_tokens_details: { cached_tokens: 2 } },
    });
    expect(messageOf(answer).tool_calls).toBeUndefined();
    expect(fieldsIn(answer)).toMatchObject({
      mcp_tool_calls: [{ id: 'c1', function: { name: 'tools-echo' } }],
      mcp_call_results: [{ tool_call_id: 'c1', name: 'tools-echo', result: 'said hello' }],
    });
    expect(objectsOf(fieldsIn(answer).mcp_list_tools).map((tool) => fieldsOf(tool.function).name)).toEqual(
      ['echo', 'fail', 'refuse', 'slow', 'cut', 'big'].map((name) => `tools-${name}`),
    );
    const [first, second] = upstream.seen;
    expect(objectsOf(first?.body.tools)[0]).toEqual({
      type: 'function',
      function: { name: 'tools-echo', description: 'does echo', parameters: { type: 'object', properties: {} } },
    });
    expect(second?.body.messages).toEqual([
      ...QUESTION,
      { role: 'assistant', content: null, tool_calls: [{ id: 'c1', type: 'function', function: { name: 'tools-echo', arguments: '{"text":"hello"}' } }] },
      { role: 'tool', tool_call_id: 'c1', content: 'said hello' },
    ]);
    const [one, tool, two] = rows();
    expect(rows().map(({ endpoint, outcome }) => [endpoint, outcome])).toEqual([
      ['chat', 'success'],
      ['mcp', 'success'],
      ['chat', 'success'],
    ]);
    expect([tool?.cost, response.headers.get('x-litellm-response-cost')]).toEqual(['0.25', '0.250046']);
    expect(one?.parentSpanId).toBeNull();
    expect(response.headers.get('x-litellm-call-id')?.replaceAll('-', '')).toBe(one?.callId);
    for (const row of [tool, two]) expect(row).toMatchObject({ traceId: one?.callId, parentSpanId: one?.spanId });
    expect(test.written.started).toHaveLength(3);
  });

  it('stays in the trace, the session and the tags of its client, tools included', async () => {
    upstream.script(chatAnswer({ calls: [['c1', 'tools-echo', {}]] }), chatAnswer({ text: 'done' }));
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await ask({ user: 'u1', metadata: { session_id: 's1', tags: ['t1'] } }, 'sk-tools', { headers: { traceparent, 'idempotency-key': 'once' } });
    for (const row of rows())
      expect(row).toMatchObject({
        traceId: '0af7651916cd43dd8448eb211c80319c',
        parentSpanId: 'b7ad6b7169203331',
        sessionId: 's1',
        endUser: 'u1',
        tags: ['t1'],
      });
    expect(upstream.seen.map(({ headers }) => headers['idempotency-key'])).toEqual(['once', 'once-2']);
    expect(server.ran[0]?.input).toEqual({});
  });

  it('runs several tools of a turn, and tells the model of those that fail', async () => {
    const calls = [
      ['c1', 'tools-echo', { text: 'a' }],
      ['c2', 'tools-fail', {}],
      ['c3', 'tools-echo', 'no json'],
      ['c4', 'tools-echo', ''],
    ] as const;
    upstream.script(chatAnswer({ calls }), chatAnswer({ calls: [['c5', 'tools-refuse', {}]] }), chatAnswer({ text: 'enough' }));
    const answer = await answered(ask({}));
    expect(messageOf(answer).content).toBe('enough');
    const told = objectsOf(upstream.seen[2]?.body.messages).filter(({ role }) => role === 'tool');
    expect(told.map(({ content }) => content)).toEqual([
      'said a',
      'it did not work',
      'The arguments are no JSON object: the tool was not called.',
      'said undefined',
      expect.stringContaining('no such thing'),
    ]);
    expect(objectsOf(fieldsIn(answer).mcp_call_results)).toHaveLength(5);
  });

  it('names tools in letters that providers take, and finds them again', async () => {
    const tools = [{ ...MCP, server_url: 'litellm_proxy/mcp/long.named-server' }];
    upstream.script(chatAnswer({ text: 'no' }));
    await ask({ tools }, 'sk-all');
    const name = String(fieldsOf(objectsOf(upstream.seen[0]?.body.tools)[0]?.function).name);
    expect(name).toMatch(/^long_named-server-echo_[0-9a-f]{8}$/);
    upstream.script(chatAnswer({ calls: [['c1', name, { text: 'x' }]] }), chatAnswer({ text: 'yes' }));
    expect(fieldsIn(await answered(ask({ tools }, 'sk-all'))).mcp_call_results).toMatchObject([{ result: 'said x' }]);
  });

  it('works with a provider of another language, thinking included', async () => {
    const content = [
      { type: 'thinking', thinking: 'hm', signature: 'sig' },
      { type: 'tool_use', id: 'tu1', name: 'tools-echo', input: { text: 'hi' } },
    ];
    const whole = (more: Fields) => ({
      pieces: [JSON.stringify({ id: 'm', type: 'message', role: 'assistant', model: 'c', usage: { input_tokens: 5, output_tokens: 2 }, ...more })],
    });
    anthropic.script(whole({ content, stop_reason: 'tool_use' }), whole({ content: [{ type: 'text', text: 'hi it is' }], stop_reason: 'end_turn' }));
    expect(messageOf(await answered(ask({ model: 'claude' }))).content).toBe('hi it is');
    const messages = objectsOf(anthropic.seen[1]?.body.messages);
    expect(messages[1]?.content).toEqual(content);
    expect(messages[2]?.content).toMatchObject([{ type: 'tool_result', tool_use_id: 'tu1' }]);
  });
});

describe('which tools there are', () => {
  const offered = () => objectsOf(upstream.seen[0]?.body.tools).map((tool) => fieldsOf(tool.function).name);
  it('is what the key may use of what is named, narrowed by allowed_tools and x-mcp-servers', async () => {
    const seen = async (tool: Fields, key = 'sk-all', headers = {}) => {
      upstream.script(chatAnswer({ text: 'x' }));
      expect((await ask({ tools: [{ ...MCP, ...tool }] }, key, { headers })).status).toBe(200);
      return offered();
    };
    expect(await seen({ allowed_tools: ['tools-echo', 'fail', 'absent'] })).toEqual(['tools-echo', 'tools-fail']);
    expect(await seen({ allowed_tools: { tool_names: ['echo'] }, server_url: 'litellm_proxy' }, 'sk-tools')).toEqual(['tools-echo']);
    expect(await seen({ server_url: 'litellm_proxy/other/mcp' })).toEqual(['other-echo']);
    expect(await seen({ server_url: 'litellm_proxy/mcp' }, 'sk-all', { 'x-mcp-servers': 'other' })).toEqual(['other-echo']);
    expect(await seen({ server_url: 'litellm_proxy/mcp/', headers: { 'X-MCP-Servers': 'other' } })).toEqual(['other-echo']);
    expect(await seen({ server_url: 'litellm_proxy/mcp/dev', allowed_tools: ['echo'] }, 'sk-tools')).toEqual(['tools-echo']);
    expect(await seen({ server_url: 'litellm_proxy/mcp/dead,other' })).toEqual(['other-echo']);
    expect(await seen({ server_url: 'litellm_proxy' }, 'sk-none')).toEqual([]);
  });

  it('is refused where it cannot be: nothing is asked, and a row says why', async () => {
    const refused = async (body: Fields, key = 'sk-tools') => {
      upstream.script(chatAnswer({ text: 'x' }));
      const response = await ask(body, key);
      expect(upstream.seen).toEqual([]);
      return [response.status, fieldsOf(fieldsOf(await response.json()).error).message];
    };
    expect(await refused({ tools: [{ ...MCP, server_url: 'litellm_proxy/mcp/other' }] })).toEqual([
      404,
      expect.stringContaining('no MCP server other for this key'),
    ]);
    expect(await refused({ tools: [{ ...MCP, server_url: 'litellm_proxy/mcp/dead' }] }, 'sk-all')).toEqual([
      424,
      expect.stringContaining('No MCP server of "litellm"'),
    ]);
    expect(await refused({ tools: [{ ...MCP, server_url: 'https://mcp.example.com/mcp' }] })).toEqual([400, expect.stringContaining('register it here')]);
    expect(await refused({ tools: [{ ...MCP, server_url: 'litellm_proxy/../x' }] })).toEqual([400, expect.stringContaining('names no server')]);
    expect(await refused({ n: 2 })).toEqual([400, expect.stringContaining('leave out "n"')]);
    expect(await refused({ tools: [MCP, { type: 'function', function: { name: 'tools-echo' } }] })).toEqual([400, expect.stringContaining('Two tools')]);
    expect(await refused({}, 'sk-chats')).toEqual([403, expect.stringContaining('/mcp')]);
    expect(rows().map(({ outcome, attempts }) => [outcome, attempts.length])).toEqual(Array(7).fill(['failure', 0]));
  });

  it('leaves calls alone whose tools only look like it', async () => {
    upstream.script(chatAnswer({ text: 'x' }));
    const tools = [{ type: 'function', function: { name: 'mcp', description: 'the "mcp"' } }];
    expect(messageOf(await answered(ask({ tools })))).toEqual({ role: 'assistant', content: 'x' });
    expect(upstream.seen[0]?.body.tools).toEqual(tools);
  });

  it('takes credentials for the server along, and never the key of the gateway', async () => {
    upstream.script(chatAnswer({ calls: [['c1', 'tools-echo', {}]] }), chatAnswer({ text: 'done' }));
    const headers = { 'x-mcp-tools-authorization': 'Bearer theirs', 'x-mcp-tools-x-key': 'sk-tools' };
    await ask({ tools: [{ ...MCP, headers }] });
    expect(server.ran[0]?.headers).toMatchObject({ authorization: 'Bearer theirs' });
    expect(JSON.stringify([...server.seen, ...server.ran])).not.toContain('sk-tools');
    expect(JSON.stringify(upstream.seen.map(({ body }) => body))).not.toContain('theirs');
  });
});

describe('a tool that asks its user first', () => {
  it('is called by the client: the model’s call is handed to it, and nothing runs', async () => {
    for (const approval of ['always', undefined]) {
      upstream.script(chatAnswer({ calls: [['c1', 'tools-echo', { text: 'a' }]] }));
      const answer = await answered(ask({ tools: [{ ...MCP, require_approval: approval }] }));
      expect(messageOf(answer).tool_calls).toMatchObject([{ id: 'c1', function: { name: 'tools-echo' } }]);
    }
    expect(server.ran).toEqual([]);
    upstream.script(chatAnswer({ calls: [['c1', 'tools-echo', { text: 'a' }]] }), chatAnswer({ calls: [['c2', 'tools-fail', {}]] }));
    const answer = await answered(ask({ tools: [{ ...MCP, require_approval: { never: { tool_names: ['echo'] } } }] }));
    expect([messageOf(answer).tool_calls, server.ran.map(({ name }) => name)]).toEqual([[expect.objectContaining({ id: 'c2' })], ['echo']]);
  });

  it('is like a tool of the client’s own, which ends the turns; what was done before comes back with the message and stays known', async () => {
    const both = [
      ['c1', 'tools-echo', { text: 'a' }],
      ['c2', 'mine', { n: 1 }],
    ] as const;
    upstream.script(chatAnswer({ calls: both }));
    const message = messageOf(await answered(ask({ tools: [FUNCTION, MCP] })));
    expect(message.tool_calls).toMatchObject([{ id: 'c2', function: { name: 'mine' } }]);
    expect(message.provider_specific_fields).toMatchObject({ mcp_call_results: [{ result: 'said a' }] });
    expect(objectsOf(upstream.seen[0]?.body.tools)[0]).toEqual(FUNCTION);
    upstream.script(chatAnswer({ text: 'both' }));
    await ask({ tools: [FUNCTION, MCP], messages: [...QUESTION, message, { role: 'tool', tool_call_id: 'c2', content: 'one' }] });
    expect(
      objectsOf(upstream.seen[0]?.body.messages).map(({ role, tool_calls, content }) => [
        role,
        tool_calls === undefined ? content : objectsOf(tool_calls).map(({ id }) => id),
      ]),
    ).toEqual([
      ['user', 'echo'],
      ['assistant', ['c1']],
      ['tool', 'said a'],
      ['assistant', ['c2']],
      ['tool', 'one'],
    ]);
  });

  it('is asked for once where it has to be called', async () => {
    upstream.script(chatAnswer({ calls: [['c1', 'tools-echo', {}]] }), chatAnswer({ text: 'done' }));
    await ask({ tool_choice: 'required' });
    expect(upstream.seen.map(({ body }) => body.tool_choice)).toEqual(['required', undefined]);
    upstream.script(chatAnswer({ calls: [['c1', 'tools-echo', {}]] }), chatAnswer({ text: 'done' }));
    await ask({ tool_choice: { type: 'mcp', server_label: 'litellm', name: 'echo' } });
    expect(upstream.seen[0]?.body.tool_choice).toEqual({ type: 'function', function: { name: 'tools-echo' } });
  });
});

describe('a streamed chat with tools', () => {
  it('shows what the model says as it comes, what was done between, and one end', async () => {
    upstream.script(
      chatStream({ text: 'let me see', calls: [['c1', 'tools-echo', { text: 'hello' }]] }, 'one'),
      chatStream({ text: 'hello!', usage: [20, 3] }, 'two'),
    );
    const response = await ask({ stream: true, stream_options: { include_usage: true } });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const text = await response.text();
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
    expect(text.match(/\[DONE\]/g)).toHaveLength(1);
    const chunks = chunksOf(text);
    expect(new Set(chunks.map(({ id }) => id))).toEqual(new Set(['one']));
    const deltas = deltasOf(chunks);
    expect(deltas.map(({ content }) => content ?? '').join('')).toBe('let me seehello!');
    expect(deltas.some(({ tool_calls }) => tool_calls !== undefined)).toBe(false);
    expect(deltas.filter(({ role }) => role !== undefined)).toHaveLength(1);
    expect(objectsOf(fieldsOf(deltas[0]?.provider_specific_fields).mcp_list_tools)).toHaveLength(6);
    expect(deltas.find((delta) => fieldsOf(delta.provider_specific_fields).mcp_tool_calls !== undefined)).toEqual({
      provider_specific_fields: {
        mcp_tool_calls: [{ type: 'function', id: 'c1', function: { name: 'tools-echo', arguments: '{"text":"hello"}' } }],
        mcp_call_results: [{ tool_call_id: 'c1', name: 'tools-echo', result: 'said hello' }],
      },
    });
    const finishes = chunks.flatMap(({ choices }) => objectsOf(choices).map(({ finish_reason }) => finish_reason)).filter((reason) => reason !== null);
    expect(finishes).toEqual(['stop']);
    expect(chunks.filter(({ usage }) => usage !== undefined && usage !== null)).toEqual([
      expect.objectContaining({ choices: [], usage: { prompt_tokens: 30, completion_tokens: 8, total_tokens: 38 } }),
    ]);
    expect(rows().map(({ endpoint, stream }) => [endpoint, stream])).toEqual([
      ['chat', true],
      ['mcp', false],
      ['chat', true],
    ]);
  });

  it('tells no usage that was not asked for, and streams the client’s own calls with places of their own', async () => {
    const both = [
      ['c1', 'tools-echo', { text: 'a' }],
      ['c2', 'mine', { n: 1 }],
    ] as const;
    upstream.script(chatStream({ calls: both }));
    const text = await (await ask({ stream: true, tools: [MCP, FUNCTION] })).text();
    const pieces = deltasOf(chunksOf(text)).flatMap(({ tool_calls }) => objectsOf(tool_calls));
    expect(pieces.map(({ index }) => index)).toEqual(pieces.map(() => 0));
    expect(pieces.map((piece) => fieldsOf(piece.function).arguments).join('')).toBe('{"n":1}');
    expect(pieces[0]).toMatchObject({ id: 'c2', function: { name: 'mine' } });
    expect(text).toContain('"finish_reason":"tool_calls"');
    expect(text).toContain('said a');
    expect(text).not.toContain('"usage":{');
  });

  it('brings thinking back as it came', async () => {
    const event = (type: string, fields: Fields) => `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
    const stream = (blocks: Fields[][], reason: string) => ({
      headers: { 'content-type': 'text/event-stream' },
      pieces: [
        event('message_start', { message: { id: 'm', model: 'c', usage: { input_tokens: 5, output_tokens: 1 } } }),
        ...blocks.flatMap(([start, ...deltas], index) => [
          event('content_block_start', { index, content_block: start }),
          ...deltas.map((delta) => event('content_block_delta', { index, delta })),
          event('content_block_stop', { index }),
        ]),
        event('message_delta', { delta: { stop_reason: reason }, usage: { output_tokens: 3 } }),
        event('message_stop', {}),
      ],
    });
    const thinking = [
      { type: 'thinking', thinking: '' },
      { type: 'thinking_delta', thinking: 'h' },
      { type: 'thinking_delta', thinking: 'm' },
      { type: 'signature_delta', signature: 'sig' },
    ];
    const use = [
      { type: 'tool_use', id: 'tu1', name: 'tools-echo', input: {} },
      { type: 'input_json_delta', partial_json: '{"text":"hi"}' },
    ];
    anthropic.script(
      stream([thinking, use], 'tool_use'),
      stream(
        [
          [
            { type: 'text', text: '' },
            { type: 'text_delta', text: 'done' },
          ],
        ],
        'end_turn',
      ),
    );
    const text = await (await ask({ model: 'claude', stream: true })).text();
    expect(
      deltasOf(chunksOf(text))
        .map(({ content }) => content ?? '')
        .join(''),
    ).toBe('done');
    expect(objectsOf(anthropic.seen[1]?.body.messages)[1]?.content).toEqual([
      { type: 'thinking', thinking: 'hm', signature: 'sig' },
      { type: 'tool_use', id: 'tu1', name: 'tools-echo', input: { text: 'hi' } },
    ]);
  });

  it('ends with an error, and without an end, where a later turn fails or is cut', async () => {
    const turn = chatStream({ text: 'a', calls: [['c1', 'tools-echo', {}]] });
    const busy = { status: 429, pieces: ['{"error":{"message":"slow down","type":"rate"}}'] };
    for (const next of [busy, { ...chatStream({ text: 'never whole' }), pieces: chatStream({ text: 'abc' }).pieces.slice(0, 3) }]) {
      upstream.script(turn, next);
      const text = await (await ask({ stream: true, num_retries: 0 })).text();
      const last = chunksOf(text).at(-1);
      expect([fieldsOf(last?.error).message !== undefined, text.includes('[DONE]')]).toEqual([true, false]);
    }
  });
});

describe('what bounds the turns', () => {
  it('is a number: then the model has to answer, and a model that does not ends with an error', async () => {
    upstream.script(chatAnswer({ calls: [['c1', 'tools-echo', {}]] }));
    const response = await ask({});
    expect([response.status, fieldsOf(fieldsOf(await response.json()).error).message]).toEqual([400, expect.stringContaining('asked for tools 10 times')]);
    expect(upstream.seen).toHaveLength(11);
    expect(upstream.seen.map(({ body }) => body.tool_choice)).toEqual([...Array(10).fill(undefined), 'none']);
    expect(rows().filter(({ endpoint }) => endpoint === 'chat')).toHaveLength(11);
  });

  it('is the time of a call: a tool that does not come back is waited for no longer', async () => {
    upstream.script(chatAnswer({ calls: [['c1', 'brief-slow', {}]] }), chatAnswer({ text: 'too slow' }));
    const answer = await answered(ask({ tools: [{ ...MCP, server_url: 'litellm_proxy/mcp/brief' }] }, 'sk-all'));
    expect([messageOf(answer).content, objectsOf(fieldsIn(answer).mcp_call_results)[0]?.result]).toEqual(['too slow', expect.stringContaining('brief')]);
    const short = await startTestGateway({
      deployments: [{ ...DEPLOYMENT, apiBase: `${upstream.url}/v1` }],
      requestTimeoutMs: 3_000,
      mcpServers: [mcpServer('tools', server.url, { allowAllKeys: true, timeoutMs: 60_000 })],
    });
    short.key('sk-tools');
    upstream.script(chatAnswer({ calls: [['c1', 'tools-slow', {}]] }), chatAnswer({ text: 'never' }));
    const body = JSON.stringify({ model: 'gpt', messages: QUESTION, tools: [MCP] });
    const late = await fetch(`${short.url}/v1/chat/completions`, { method: 'POST', headers: { authorization: 'Bearer sk-tools' }, body });
    expect([late.status, upstream.seen.length]).toEqual([408, 1]);
    expect(short.written.settled.map(({ record }) => [record.endpoint, record.outcome])).toEqual([
      ['chat', 'success'],
      ['mcp', 'cancelled'],
    ]);
    await short.close();
  });

  it('are limits and budgets of the key, also in the middle', async () => {
    await minuteWithRoom();
    upstream.script(chatAnswer({ calls: [['c1', 'tools-echo', {}]] }), chatAnswer({ text: 'never' }));
    const limited = await ask({}, 'sk-twice');
    expect([limited.status, limited.headers.get('retry-after') !== null, upstream.seen.length]).toEqual([429, true, 1]);
    upstream.script(chatAnswer({ calls: [['c1', 'tools-echo', {}]], usage: [10, 5] }), chatAnswer({ text: 'never' }));
    const poor = await ask({ max_tokens: 20 }, 'sk-poor');
    expect([poor.status, fieldsOf(fieldsOf(await poor.json()).error).type, upstream.seen.length]).toEqual([400, 'budget_exceeded', 1]);
  });

  it('is the client: when it leaves, the tool and the model are let go', async () => {
    const leaving = new AbortController();
    upstream.script(chatAnswer({ calls: [['c1', 'tools-slow', {}]] }), chatAnswer({ text: 'never' }));
    const left = ask({}, 'sk-tools', { signal: leaving.signal }).catch((error: unknown) => error);
    while (server.ran.length === 0) await new Promise((resolve) => setImmediate(resolve));
    leaving.abort();
    expect(await left).toBeInstanceOf(Error);
    while (test.gateway.state().callsInFlight > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(rows().map(({ endpoint, outcome }) => [endpoint, outcome])).toEqual([
      ['chat', 'success'],
      ['mcp', 'cancelled'],
    ]);
    expect(upstream.seen).toHaveLength(1);
    expect(test.gateway.state().bytesInFlight).toBe(0);
  });
});

describe('guards', () => {
  it('see what goes to a tool and what comes from it, as they see what is said', async () => {
    upstream.script(chatAnswer({ calls: [['c1', 'tools-echo', { text: 'x' }]] }), chatAnswer({ text: 'done' }));
    const answer = await answered(ask({ guardrails: ['no-mail'], messages: [{ role: 'user', content: 'me@example.com' }] }));
    expect(messageOf(answer).content).toBe('done');
    expect(JSON.stringify(upstream.seen.map(({ body }) => body))).not.toContain('me@example.com');
    upstream.script(chatAnswer({ calls: [['c1', 'tools-echo', { text: 'you@example.com' }]] }), chatAnswer({ text: 'done' }));
    await ask({ guardrails: ['no-mail'] });
    expect(server.ran.at(-1)?.input.text).not.toContain('@example.com');
    expect(JSON.stringify(test.written.settled)).not.toContain('@example.com');
  });
});

describe('what else the gateway does for a call', () => {
  const CACHE = { type: 'local', ttlMs: 60_000, namespace: '', endpoints: ['chat'], byDefault: true, shared: false } as const;
  it('it does for its turns: comments hold a silent stream, turns that were asked before come from the cache, tools are run anew', async () => {
    const other = await startTestGateway({
      deployments: [{ ...DEPLOYMENT, apiBase: `${upstream.url}/v1` }],
      pingMs: 50,
      cache: CACHE,
      mcpServers: [mcpServer('tools', server.url, { allowAllKeys: true }), mcpServer('brief', server.url, { allowAllKeys: true, timeoutMs: 2_000 })],
    });
    const key = other.key('sk-tools');
    const post = async (body: Fields) =>
      await (
        await fetch(`${other.url}/v1/chat/completions`, {
          method: 'POST',
          headers: { authorization: `Bearer ${key}` },
          body: JSON.stringify({ model: 'gpt', messages: QUESTION, tools: [{ ...MCP, server_url: 'litellm_proxy' }], ...body }),
        })
      ).text();
    upstream.script(chatStream({ calls: [['c1', 'brief-slow', {}]] }), chatStream({ text: 'slow' }));
    const text = await post({ stream: true });
    expect(text).toContain(': ping\n\n');
    expect(
      deltasOf(chunksOf(text))
        .map(({ content }) => content ?? '')
        .join(''),
    ).toBe('slow');
    upstream.script(chatAnswer({ calls: [['c1', 'tools-echo', { text: 'a' }]] }), chatAnswer({ text: 'done' }));
    server.ran.length = 0;
    expect(messageOf(JSON.parse(await post({}))).content).toBe('done');
    expect(messageOf(JSON.parse(await post({}))).content).toBe('done');
    expect([upstream.seen.length, server.ran.length]).toEqual([2, 2]);
    await other.close();
  });
});
