// Tools of MCP servers inside chats and responses of a started process: OpenAI's client and the Vercel AI SDK unmodified, the rows and the trace of what was done, and a crash between two turns.
import { createOpenAI } from '@ai-sdk/openai';
import { streamText } from 'ai';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startMcpServer, type TestMcpServer } from '../server/src/gateway/mcp/mcp-server-fixture.ts';
import { type ScriptedUpstream, startScriptedUpstream } from '../server/src/gateway/providers/upstream-fixture.ts';
import { chatAnswer, chatStream, responsesAnswer, responsesStream } from '../server/src/gateway/tool-loop/tool-loop-fixture.ts';
import { call, generateKey } from './client.ts';
import { eventually, type Platform, removeFolder, startPlatform, temporaryFolder } from './process.ts';

let upstream: ScriptedUpstream;
let server: TestMcpServer;
let platform: Platform;
let config: string;
let key: string;
let client: OpenAI;
const folder = temporaryFolder();

beforeAll(async () => {
  [upstream, server] = await Promise.all([startScriptedUpstream(), startMcpServer()]);
  config = `
model_list:
  - model_name: demo
    litellm_params: { model: openai/demo, api_base: "${upstream.url}/v1", api_key: x, input_cost_per_token: 0.001, output_cost_per_token: 0.002 }
mcp_servers:
  tools:
    url: ${server.url}
    mcp_info: { mcp_server_cost_info: { default_cost_per_query: 0.25 } }
`;
  platform = await startPlatform({ folder, config });
  key = await generateKey(platform, { object_permission: { mcp_servers: ['tools'] } });
  client = new OpenAI({ apiKey: key, baseURL: `${platform.gatewayUrl}/v1`, maxRetries: 0 });
});
afterAll(async () => {
  await platform?.stop();
  await Promise.all([upstream?.close(), server?.close()]);
  removeFolder(folder);
});

const MCP = { type: 'mcp', server_label: 'litellm', server_url: 'litellm_proxy/mcp/tools', require_approval: 'never', allowed_tools: ['echo'] } as const;
const ECHO = { calls: [['c1', 'tools-echo', { text: 'こんにちは' }]] } as const;
const messages = [{ role: 'user' as const, content: 'echo' }];

interface Row {
  call_type: string;
  spend: number;
  status: string;
  metadata: { outcome?: string };
}
async function rowsOf(of: string, count: number): Promise<Row[]> {
  return await eventually(`${count} rows`, async () => {
    const { body } = await call(`${platform.gatewayUrl}/spend/logs?api_key=${of}`, { key: platform.keys.masterKey });
    const rows = body as unknown as Row[];
    return rows.length >= count ? rows : undefined;
  });
}

describe('OpenAI’s client', () => {
  it('gets the answer of a chat whose tools were run, as three rows', async () => {
    const own = await generateKey(platform, { object_permission: { mcp_servers: ['tools'] } });
    upstream.script(chatAnswer(ECHO), chatAnswer({ text: 'it said こんにちは' }));
    const answer = await client.withOptions({ apiKey: own }).chat.completions.create({ model: 'demo', messages, tools: [MCP as never] });
    expect(answer.choices[0]?.message.content).toBe('it said こんにちは');
    expect(answer.usage?.total_tokens).toBe(30);
    const rows = await rowsOf(own, 3);
    expect(rows.map(({ call_type, spend }) => [call_type, spend]).sort()).toEqual([
      ['acompletion', 0.02],
      ['acompletion', 0.02],
      ['call_mcp_tool', 0.25],
    ]);
    const info = await call(`${platform.gatewayUrl}/key/info?key=${own}`, { key: platform.keys.masterKey });
    expect((info.body as unknown as { info: { spend: number } }).info.spend).toBe(0.29);
  });

  it('streams a chat through the turns', async () => {
    upstream.script(chatStream({ text: 'well, ', ...ECHO }), chatStream({ text: 'done' }));
    const stream = client.chat.completions.stream({ model: 'demo', messages, tools: [MCP as never] });
    const { choices } = await stream.finalChatCompletion();
    expect([choices[0]?.message.content, choices[0]?.finish_reason, choices[0]?.message.tool_calls]).toEqual(['well, done', 'stop', undefined]);
  });

  it('reads a response with its calls, streamed and not, and goes on from it', async () => {
    upstream.script(responsesAnswer(ECHO), responsesAnswer({ text: 'done' }));
    const whole = await client.responses.create({ model: 'demo', input: 'echo', tools: [MCP as never] });
    expect([whole.output_text, whole.output.map(({ type }) => type)]).toEqual(['done', ['mcp_list_tools', 'mcp_call', 'message']]);
    upstream.script(responsesStream(ECHO), responsesStream({ text: 'again' }));
    const stream = client.responses.stream({ model: 'demo', input: 'echo', tools: [MCP as never], previous_response_id: whole.id });
    const seen: string[] = [];
    for await (const { type } of stream) seen.push(type);
    expect(seen).toEqual(expect.arrayContaining(['response.mcp_list_tools.completed', 'response.mcp_call.completed', 'response.completed']));
    const last = await stream.finalResponse();
    expect([last.output_text, last.previous_response_id]).toEqual(['again', whole.id]);
    expect((await client.responses.retrieve(last.id)).output_text).toBe('again');
  });
});

describe('the Vercel AI SDK', () => {
  it('sees text alone: no call that it would have to run', async () => {
    upstream.script(chatStream(ECHO), chatStream({ text: 'done' }));
    // It knows no MCP tools of chats: they are put into the body on its way.
    const withTools: typeof fetch = (url, init) => fetch(url, { ...init, body: JSON.stringify({ ...JSON.parse(String(init?.body)), tools: [MCP] }) });
    const openai = createOpenAI({ baseURL: `${platform.gatewayUrl}/v1`, apiKey: key, fetch: withTools });
    const result = streamText({ model: openai.chat('demo'), prompt: 'echo' });
    expect([await result.text, await result.toolCalls, await result.finishReason]).toEqual(['done', [], 'stop']);
  });
});

describe('a crash between two turns', () => {
  it('leaves the first turn once with its cost, and the tool that ran as unknown at its price', async () => {
    const own = await generateKey(platform, { object_permission: { mcp_servers: ['tools'] } });
    upstream.script(chatAnswer({ calls: [['c1', 'tools-slow', {}]] }), chatAnswer({ text: 'never' }));
    const before = server.ran.length;
    const asked = client
      .withOptions({ apiKey: own })
      .chat.completions.create({ model: 'demo', messages, tools: [{ ...MCP, allowed_tools: ['slow'] } as never] });
    const failed = asked.then(
      () => null,
      (error: unknown) => error,
    );
    await eventually('the tool to run', async () => server.ran.length > before || undefined);
    await platform.crash();
    expect(await failed).toBeInstanceOf(Error);
    platform = await startPlatform({ folder, config });
    const rows = await rowsOf(own, 2);
    expect(rows.map(({ spend, metadata }) => [spend, metadata.outcome]).sort()).toEqual([
      [0.02, 'success'],
      [0.25, 'unknown'],
    ]);
    expect(upstream.seen).toHaveLength(1);
  });
});
