// MCP servers that an administrator registers: served at once, to whom key and team grant them, with a credential that nobody sees again.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sql } from '#stores/records/sql.ts';
import { startMcpServer, type TestMcpServer } from './gateway/mcp/mcp-server-fixture.ts';
import { startTestHouse, type TestHouse } from './house-fixture.ts';

let house: TestHouse;
let upstream: TestMcpServer;
const clients: Client[] = [];
const path = '/v1/mcp/server';

beforeAll(async () => {
  upstream = await startMcpServer();
  house = await startTestHouse({}, ['127.0.0.1']);
});
afterAll(async () => {
  for (const client of clients) await client.close();
  await house?.stop();
  await upstream?.close();
});

async function namesOf(key: string): Promise<string[]> {
  const client = new Client({ name: 'test', version: '1' });
  clients.push(client);
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${house.url}/mcp`), { requestInit: { headers: { authorization: `Bearer ${key}` } } }) as never,
  );
  return (await client.listTools()).tools.map(({ name }) => name);
}

describe('a registered MCP server', () => {
  const secret = 'a-credential-that-nobody-sees';

  it('is served at once to whom key or team grant it, and to nobody else', async () => {
    const made = await house.admin('POST', path, {
      server_name: 'tools',
      url: upstream.url,
      transport: 'http',
      auth_type: 'bearer_token',
      credentials: { auth_value: secret },
      static_headers: { 'x-static': secret },
      allowed_tools: ['echo', 'fail'],
      mcp_info: { mcp_server_cost_info: { default_cost_per_query: 0.5 } },
    });
    expect(made).toMatchObject({ status: 201, body: { server_name: 'tools', url: upstream.url, credentials: null, static_headers: { 'x-static': '****' } } });
    const serverId = String(made.body.server_id);
    const team = await house.admin<{ team_id: string }>('POST', '/team/new', {
      team_alias: 't',
      object_permission: { mcp_servers: ['tools'], mcp_tool_permissions: { [serverId]: ['echo'] } },
    });
    const ofTeam = await house.key({ team_id: team.body.team_id });
    const granted = await house.key({ object_permission: { mcp_servers: [serverId] } });
    const other = await house.key();
    expect(await namesOf(granted)).toEqual(['tools-echo', 'tools-fail']);
    expect(await namesOf(ofTeam)).toEqual(['tools-echo']);
    expect(await namesOf(other)).toEqual([]);
    expect(upstream.seen.at(-1)).toMatchObject({ authorization: `Bearer ${secret}`, 'x-static': secret });
    // A key sees what it may use, without the address.
    expect((await house.admin('GET', path, undefined, granted)).body).toMatchObject([{ server_id: serverId, url: null }]);
    expect((await house.admin('GET', `${path}/${serverId}`, undefined, other)).status).toBe(404);
    expect((await house.admin('POST', path, { server_name: 'mine', url: upstream.url }, granted)).status).toBe(403);
    await house.admin('POST', '/key/update', { key: granted, object_permission: { mcp_servers: [] } });
    await expect.poll(async () => await namesOf(granted)).toEqual([]);
  });

  it('is sealed: no table and no answer shows its credential', async () => {
    const rows = await house.records.query(sql`SELECT * FROM stored_mcp_servers`);
    expect(JSON.stringify(rows)).not.toContain(secret);
    expect(JSON.stringify(rows)).not.toContain(upstream.url);
    expect(JSON.stringify((await house.admin('GET', path)).body)).not.toContain(secret);
  });

  it('is changed and deleted without a restart', async () => {
    const [{ server_id: serverId }] = (await house.admin<[{ server_id: string }]>('GET', path)).body;
    expect(await house.admin('PUT', path, { server_id: serverId, alias: 'renamed', allow_all_keys: true, allowed_tools: null })).toMatchObject({
      status: 202,
      body: { server_name: 'tools', alias: 'renamed', allow_all_keys: true, allowed_tools: [] },
    });
    expect(await namesOf(await house.key())).toContain('renamed-echo');
    expect(upstream.seen.at(-1)?.authorization).toBe(`Bearer ${secret}`);
    expect((await house.admin('DELETE', `${path}/${serverId}`)).status).toBe(202);
    expect((await house.admin('DELETE', `${path}/${serverId}`)).status).toBe(404);
    expect(await namesOf(await house.key())).toEqual([]);
  });

  it('is refused with what is wrong: processes, private addresses, names, variables', async () => {
    const refused: [Record<string, unknown>, RegExp][] = [
      [{ server_name: 'a', transport: 'stdio', command: 'sh', args: ['-c', 'id'] }, /starts a process/],
      [{ server_name: 'a', url: 'http://10.0.0.1/mcp' }, /not a public address/],
      [{ server_name: 'a', url: 'https://169.254.169.254/latest' }, /not a public address/],
      [{ server_name: 'a-b', url: upstream.url }, /letters, digits/],
      [{ server_name: 'a', url: upstream.url, auth_type: 'oauth2' }, /not built/],
      [{ server_name: 'a', url: upstream.url, spec_path: '/etc/passwd' }, /not built/],
      [{ server_name: 'a', url: upstream.url, authentication_token: 'os.environ/PATH' }, /variables of the process/],
      [{ server_name: 'a', url: 'nonsense' }, /http/],
      [{ url: upstream.url }, /server_name/],
    ];
    for (const [body, said] of refused) {
      const answer = await house.admin<{ error: { message: string } }>('POST', path, body);
      expect(answer.status, JSON.stringify(body)).toBe(400);
      expect(answer.body.error.message, JSON.stringify(body)).toMatch(said);
    }
    expect(upstream.ran).toEqual([]);
  });
});
