// What an `object_permission` of a key or a team (LiteLLM) grants of MCP servers. Anything that is not of its form grants nothing.
import type { McpGrant } from './principal.ts';

/** Null where it says nothing of MCP. An empty list says nothing; an empty list of tools is no tool. */
function grantOf(permission: unknown): McpGrant | null {
  if (!isFields(permission)) return null;
  const servers = textsOf(permission.mcp_servers);
  const accessGroups = textsOf(permission.mcp_access_groups);
  const named = isFields(permission.mcp_tool_permissions) ? Object.entries(permission.mcp_tool_permissions) : [];
  const tools = Object.fromEntries(named.filter(([, list]) => Array.isArray(list)).map(([server, list]) => [server, textsOf(list)]));
  return servers.length + accessGroups.length + Object.keys(tools).length === 0 ? null : { servers, accessGroups, tools };
}

/** The grants of a key and of its team. */
export function mcpGrants(...permissions: readonly unknown[]): readonly McpGrant[] {
  return permissions.flatMap((permission) => grantOf(permission) ?? []);
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((entry): entry is string => typeof entry === 'string' && entry !== '') : [];
}
