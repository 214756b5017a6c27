// Which MCP servers and tools a caller may use: what the server's configuration leaves open, and what key and team grant. Selecting narrows, it never grants.
import type { McpGrant, VirtualKey } from '#identity/principal.ts';
import type { GatewayConfig } from '#settings/settings.ts';

export type McpServer = GatewayConfig['mcpServers'][number];

export interface AllowedServer {
  readonly server: McpServer;
  mayUse(tool: string): boolean;
}

/** The servers of a key, in the order of the configuration; null = the master key, which may use all. */
export function allowedServers(servers: Iterable<McpServer>, key: Pick<VirtualKey, 'mcp'> | null): AllowedServer[] {
  const allowed: AllowedServer[] = [];
  for (const server of servers) {
    const lists = listsOf(server, key);
    if (lists !== null) allowed.push({ server, mayUse: (tool) => isOpen(server, tool) && lists.every((tools) => tools.includes(tool)) });
  }
  return allowed;
}

/** The lists of tools that each have to name a tool; null when the server is not granted. */
function listsOf(server: McpServer, key: Pick<VirtualKey, 'mcp'> | null): (readonly string[])[] | null {
  if (key === null) return [];
  const grants = key.mcp ?? [];
  const names = [server.id, server.name, server.serverName];
  const granted = grants.length > 0 && grants.every((grant) => isGrantedBy(grant, server, names));
  if (!granted && !server.allowAllKeys) return null;
  return grants.flatMap((grant) => names.flatMap((name) => (Object.hasOwn(grant.tools, name) ? [grant.tools[name] as readonly string[]] : [])));
}

function isGrantedBy({ servers, accessGroups, tools }: McpGrant, server: McpServer, names: readonly string[]): boolean {
  return (
    names.some((name) => servers.includes(name) || Object.hasOwn(tools, name)) ||
    // A group that is written where servers are (LiteLLM's UI does so) means the same.
    server.accessGroups.some((group) => accessGroups.includes(group) || servers.includes(group))
  );
}

function isOpen({ allowedTools, disallowedTools }: McpServer, tool: string): boolean {
  return allowedTools === null ? !disallowedTools.includes(tool) : allowedTools.includes(tool);
}

/** Those of the allowed servers that a request names, by name, id or access group; null = the names that are not among them. */
export function selected(allowed: readonly AllowedServer[], names: readonly string[] | null): { servers: readonly AllowedServer[]; absent: readonly string[] } {
  if (names === null) return { servers: allowed, absent: [] };
  const means = ({ server }: AllowedServer, name: string): boolean =>
    [server.id, server.name, server.serverName].includes(name) || server.accessGroups.includes(name);
  return {
    servers: allowed.filter((one) => names.some((name) => means(one, name))),
    absent: names.filter((name) => !allowed.some((one) => means(one, name))),
  };
}

/** The server and tool that a namespaced name means. Without a prefix it means a tool of the only server there is. */
export function toolNamed(servers: readonly AllowedServer[], name: string): { allowed: AllowedServer; tool: string } | null {
  for (const allowed of servers) {
    const prefix = `${allowed.server.name}-`;
    if (name.startsWith(prefix) && name.length > prefix.length) return { allowed, tool: name.slice(prefix.length) };
  }
  const [only] = servers;
  return servers.length === 1 && only !== undefined ? { allowed: only, tool: name } : null;
}
