// mcp_servers of config.yaml: LiteLLM's keys, what is refused, and what is left out.
import { describe, expect, it } from 'vitest';
import { readLiteLlmConfig } from './litellm-config.ts';
import { Notes } from './notes.ts';

function read(text: string, environment: Record<string, string> = {}) {
  const notes = new Notes();
  const { gatewayConfig } = readLiteLlmConfig({ text, path: 'config.yaml', environment, notes });
  return { servers: gatewayConfig.mcpServers, notes: notes.list().map(({ level, path, message }) => `${level} ${path}: ${message}`) };
}

describe('mcp_servers', () => {
  it('are read with LiteLLM’s keys', () => {
    const { servers, notes } = read(
      `
litellm_settings:
  mcp_aliases: { gh: github_mcp_server }
mcp_servers:
  github_mcp_server:
    url: http://10.0.0.5:8080/mcp
    auth_type: bearer_token
    auth_value: os.environ/GITHUB_TOKEN
    extra_headers: [X-Request-Id]
    allowed_tools: [list_repos]
    access_groups: [dev]
    timeout: 5
    mcp_info:
      server_name: GitHub
      mcp_server_cost_info: { default_cost_per_query: 0.01, tool_name_to_cost_per_query: { list_repos: 0.0000001 } }
  open:
    url: https://mcp.example.com/sse
    transport: sse
    allow_all_keys: true
`,
      { GITHUB_TOKEN: 'secret' },
    );
    expect(notes).toEqual([]);
    expect(servers).toMatchObject([
      {
        id: expect.stringMatching(/^[0-9a-f]{32}$/),
        name: 'gh',
        serverName: 'github_mcp_server',
        url: 'http://10.0.0.5:8080/mcp',
        transport: 'auto',
        authType: 'bearer_token',
        authValue: 'secret',
        extraHeaders: ['x-request-id'],
        allowedTools: ['list_repos'],
        accessGroups: ['dev'],
        timeoutMs: 5_000,
        costPerCall: '0.01',
        costPerTool: { list_repos: '0.0000001' },
        trusted: true,
      },
      { name: 'open', transport: 'sse', allowAllKeys: true, allowedTools: null, costPerCall: '0', timeoutMs: 60_000 },
    ]);
  });

  it('that start a process, have a bad name or an unknown way to sign in are faults; one without its variable is left out', () => {
    const { servers, notes } = read(`
mcp_servers:
  local: { transport: stdio, command: npx, args: [x] }
  a-b: { url: https://x.example/mcp }
  signed: { url: https://x.example/mcp, auth_type: aws_sigv4 }
  priced: { url: https://x.example/mcp, mcp_info: { mcp_server_cost_info: { default_cost_per_query: much } } }
  later: { url: https://x.example/mcp, auth_type: api_key, auth_value: os.environ/ABSENT }
`);
    expect(servers.map(({ name }) => name)).toEqual(['priced']);
    const said = notes.join('\n');
    for (const part of [
      'starts a process',
      'letters, digits',
      '"aws_sigv4" is not built',
      'decimal amount',
      'warning mcp_servers.later: is left out: ABSENT is not set',
    ])
      expect(said).toContain(part);
  });
});
