// An MCP server that was registered by the admin API, read by the same rules as an entry of mcp_servers; without the process's environment, and never trusted
// to lie in a private network.
import { readLiteLlmConfig } from './litellm-config.ts';
import type { McpServer } from './mcp-servers.ts';
import { formatNote, Notes } from './notes.ts';

/** The server, or in words why there is none. `fields` are those of an entry of mcp_servers. */
export function readStoredMcpServer(serverName: string, fields: Readonly<Record<string, unknown>>): { server: McpServer } | { problem: string } {
  const notes = new Notes();
  const { gatewayConfig } = readLiteLlmConfig({ text: JSON.stringify({ mcp_servers: { [serverName]: fields } }), path: 'the request', environment: {}, notes });
  const faults = notes.list().filter(({ level }) => level === 'error');
  const [server] = gatewayConfig.mcpServers;
  if (faults.length > 0 || server === undefined) return { problem: faults.map(formatNote).join('; ') || 'it names no server' };
  return { server: { ...server, trusted: false } };
}
