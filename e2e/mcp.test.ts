// Both MCP doors of a started process with the official client: a tool of a server behind the gateway, its row and its trace, and that trace read by the project's own tools.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startMcpServer, type TestMcpServer } from '../server/src/gateway/mcp/mcp-server-fixture.ts';
import { call, generateKey } from './client.ts';
import { eventually, type Platform, startPlatform } from './process.ts';

let upstream: TestMcpServer;
let platform: Platform;
const clients: Client[] = [];
beforeAll(async () => {
  upstream = await startMcpServer();
  platform = await startPlatform({
    config: `
model_list:
  - model_name: demo
    litellm_params: { model: openai/demo, mock_response: "hello" }
mcp_servers:
  tools:
    url: ${upstream.url}
    mcp_info: { mcp_server_cost_info: { default_cost_per_query: 0.25 } }
`,
  });
});
afterAll(async () => {
  for (const client of clients) await client.close();
  await platform?.stop();
  await upstream?.close();
});

async function connected(url: string, authorization: string): Promise<Client> {
  const client = new Client({ name: 'e2e', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: { authorization } } }) as never);
  clients.push(client);
  return client;
}
const textOf = (result: unknown): string => (result as { content: { text: string }[] }).content[0]?.text ?? '';

describe('MCP', () => {
  it('calls a tool through the gateway, and finds it in the log, in the spend and by the tools of the project', async () => {
    const key = await generateKey(platform, { object_permission: { mcp_servers: ['tools'] } });
    const gateway = await connected(`${platform.gatewayUrl}/mcp`, `Bearer ${key}`);
    expect((await gateway.listTools()).tools.map(({ name }) => name)).toContain('tools-echo');
    expect(textOf(await gateway.callTool({ name: 'tools-echo', arguments: { text: 'こんにちは' } }))).toBe('said こんにちは');
    const logged = await eventually('a row of the call', async () => {
      const { body } = await call(`${platform.gatewayUrl}/spend/logs?api_key=${key}`, { key: platform.keys.masterKey });
      return (body as unknown as { call_type: string }[]).find(({ call_type }) => call_type === 'call_mcp_tool');
    });
    expect(logged).toMatchObject({ spend: 0.25, model: 'MCP: tools-echo', status: 'success' });
    const info = await call(`${platform.gatewayUrl}/key/info?key=${key}`, { key: platform.keys.masterKey });
    expect((info.body as unknown as { info: { spend: number } }).info.spend).toBe(0.25);

    const pair = Buffer.from(`${platform.keys.publicKey}:${platform.keys.secretKey}`).toString('base64');
    const project = await connected(`${platform.observeUrl}/api/public/mcp`, `Basic ${pair}`);
    const trace = await eventually('a row of the call', async () => {
      const { data } = JSON.parse(textOf(await project.callTool({ name: 'listTraces', arguments: {} }))) as { data: { id: string; name: string }[] };
      return data.find(({ name }) => name === 'MCP: tools-echo');
    });
    const whole = JSON.parse(textOf(await project.callTool({ name: 'getTrace', arguments: { traceId: trace?.id } }))) as { totalCost: number };
    expect(whole).toMatchObject({
      totalCost: 0.25,
      observations: [{ type: 'TOOL', input: { text: 'こんにちは' }, output: { content: [{ text: 'said こんにちは' }] } }],
    });
    await project.callTool({ name: 'createTextPrompt', arguments: { name: 'greeting', prompt: 'Hello {{name}}', labels: ['production'] } });
    expect(textOf(await project.callTool({ name: 'getPrompt', arguments: { name: 'greeting' } }))).toContain('Hello {{name}}');
    await expect(connected(`${platform.observeUrl}/api/public/mcp`, `Bearer ${platform.keys.publicKey}`)).rejects.toThrow();
  });
});
