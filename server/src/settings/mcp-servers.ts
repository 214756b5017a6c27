// `mcp_servers:` of LiteLLM's config.yaml: which MCP servers the gateway stands in front of, how each is reached, and what its tools cost.
import { createHash } from 'node:crypto';
import { isRecord, type Section } from './section.ts';

type McpAuthType = 'none' | 'api_key' | 'bearer_token' | 'basic' | 'authorization' | 'token';

export interface McpServer {
  /** `server_id`: given, or made of name and address, so that it stays the same from start to start. */
  readonly id: string;
  /** Stands before the names of its tools, and in addresses. */
  readonly name: string;
  /** The name that it was written under, where an alias stands before its tools. */
  readonly serverName: string;
  readonly url: string;
  /** `auto` = streamable HTTP, and SSE where the server does not speak it. */
  readonly transport: 'http' | 'sse' | 'auto';
  readonly authType: McpAuthType;
  readonly authValue: string | null;
  readonly staticHeaders: Readonly<Record<string, string>>;
  /** Headers of the client that go to the server, in lower case. */
  readonly extraHeaders: readonly string[];
  /** Null = every tool. */
  readonly allowedTools: readonly string[] | null;
  readonly disallowedTools: readonly string[];
  readonly accessGroups: readonly string[];
  /** Every key may use it, without a grant. */
  readonly allowAllKeys: boolean;
  readonly description: string | null;
  readonly timeoutMs: number;
  /** Decimals by call; a tool without one has the server's. */
  readonly costPerCall: string;
  readonly costPerTool: Readonly<Record<string, string>>;
  /** Given back as it came. */
  readonly info: Readonly<Record<string, unknown>>;
  /** The operator wrote the address into the configuration file: it may be private. */
  readonly trusted: boolean;
}

const AUTH_TYPES: readonly McpAuthType[] = ['none', 'api_key', 'bearer_token', 'basic', 'authorization', 'token'];
/** SEP-986, without the hyphen: it stands between a server's name and its tool's. */
const MCP_SERVER_NAME = /^[A-Za-z0-9_.]{1,60}$/;
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/;
const AMOUNT = /^\d{1,9}(\.\d{1,12})?$/;
const DEFAULT_TIMEOUT_SECONDS = 60;
const MAX_MCP_SERVERS = 200;

/** Faults are noted; a server that is faulty is left out. Of two of one name the first file's decides. */
export function readMcpServers(roots: readonly Section[], litellm: readonly Section[]): McpServer[] {
  const aliases = new Map(litellm.flatMap((section) => aliasesOf(section)));
  const servers = new Map<string, McpServer>();
  for (const root of roots) {
    const all = root.section('mcp_servers');
    for (const key of all.keys()) {
      const server = readServer(all, key, aliases.get(key) ?? null);
      if (server !== null) add(servers, server, all);
    }
  }
  return [...servers.values()];
}

function add(servers: Map<string, McpServer>, server: McpServer, all: Section): void {
  const taken = servers.get(server.name);
  if (servers.size >= MAX_MCP_SERVERS) all.fault(server.serverName, `is one too many: there can be ${MAX_MCP_SERVERS} MCP servers`);
  else if (taken === undefined) servers.set(server.name, server);
  else if (taken.serverName !== server.serverName) all.fault(server.serverName, `has the name of another server: ${server.name}`);
}

/** `mcp_aliases`: alias -> name. */
function aliasesOf(section: Section): [string, string][] {
  const map = section.section('mcp_aliases');
  return map.keys().flatMap((alias) => {
    const name = map.text(alias);
    return name === null ? [] : [[name, alias] as [string, string]];
  });
}

function readServer(all: Section, key: string, alias: string | null): McpServer | null {
  const entry = all.section(key);
  const name = alias ?? entry.text('alias') ?? entry.text('server_name') ?? key;
  const url = readUrl(entry);
  const transport = readTransport(entry);
  const auth = readAuth(entry);
  const named = MCP_SERVER_NAME.test(name);
  if (!named) all.fault(key, `has the name ${name}, which must be letters, digits, "_" and "." (a "-" stands between a server's name and its tool's)`);
  const info = entry.raw('mcp_info');
  const costs = readCosts(entry);
  const server: McpServer = {
    id: entry.text('server_id') ?? createHash('sha256').update(`${key}|${url}`).digest('hex').slice(0, 32),
    name,
    serverName: key,
    url: url ?? '',
    transport: transport ?? 'auto',
    authType: auth?.type ?? 'none',
    authValue: auth?.value ?? null,
    staticHeaders: readHeaders(entry),
    extraHeaders: entry.texts('extra_headers').map((header) => header.toLowerCase()),
    allowedTools: entry.has('allowed_tools') ? entry.texts('allowed_tools') : null,
    disallowedTools: entry.texts('disallowed_tools'),
    accessGroups: [...entry.texts('access_groups'), ...entry.texts('mcp_access_groups')],
    allowAllKeys: entry.boolean('allow_all_keys') ?? false,
    description: entry.text('description'),
    timeoutMs: (entry.number('timeout', { min: 0.1, max: 3_600 }) ?? DEFAULT_TIMEOUT_SECONDS) * 1_000,
    ...costs,
    info: isRecord(info) ? info : {},
    trusted: true,
  };
  entry.ignore(['available_on_public_internet', 'instructions', 'is_byok', 'byok_description']);
  for (const left of entry.leftOver()) entry.warn(left, 'is not understood and has no effect');
  if (entry.missing.length > 0) all.warn(key, `is left out: ${entry.missing.join(', ')} is not set`);
  return !named || url === null || transport === null || auth === null || entry.missing.length > 0 ? null : server;
}

function readUrl(entry: Section): string | null {
  for (const key of ['command', 'args', 'env'])
    if (entry.has(key)) entry.fault(key, 'starts a process, which the gateway never does: run the server by itself and give its url');
  if (entry.has('spec_path')) entry.fault('spec_path', 'is not built: servers made of an OpenAPI file are absent');
  entry.ignore(['command', 'args', 'env', 'spec_path']);
  const text = entry.text('url');
  const url = text !== null && URL.canParse(text) ? new URL(text) : null;
  if (url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '') return url.href;
  entry.fault('url', 'must be the http:// or https:// address of the server, without a user');
  return null;
}

function readTransport(entry: Section): McpServer['transport'] | null {
  const text = entry.text('transport');
  if (text === null) return 'auto';
  if (text === 'http' || text === 'sse') return text;
  entry.fault('transport', text === 'stdio' ? 'stdio starts a process, which the gateway never does: use http' : 'must be http or sse');
  return null;
}

function readAuth(entry: Section): { type: McpAuthType; value: string | null } | null {
  const type = entry.text('auth_type') ?? 'none';
  const credentials = entry.section('credentials');
  const value = entry.text('authentication_token') ?? entry.text('auth_value') ?? credentials.text('auth_value');
  const known = AUTH_TYPES.find((candidate) => candidate === type);
  if (known === undefined) {
    entry.fault('auth_type', `"${type}" is not built; there are ${AUTH_TYPES.join(', ')}`);
    return null;
  }
  if (value !== null && /[\r\n\0]/.test(value)) {
    entry.fault('auth_value', 'must be text in one line');
    return null;
  }
  return { type: known, value };
}

function readHeaders(entry: Section): Record<string, string> {
  const value = entry.raw('static_headers');
  const headers: Record<string, string> = {};
  if (value === undefined || value === null) return headers;
  if (!isRecord(value)) entry.fault('static_headers', 'must be a mapping of names to texts');
  else
    for (const [name, text] of Object.entries(value)) {
      if (HEADER_NAME.test(name) && typeof text === 'string' && !/[\r\n\0]/.test(text)) headers[name.toLowerCase()] = text;
      else entry.fault(['static_headers', name], 'must be a name with text in one line');
    }
  return headers;
}

/** `mcp_info.mcp_server_cost_info`. */
function readCosts(entry: Section): Pick<McpServer, 'costPerCall' | 'costPerTool'> {
  const costs = entry.section('mcp_info').section('mcp_server_cost_info');
  const byTool = costs.section('tool_name_to_cost_per_query');
  const amount = (section: Section, key: string): string | null => {
    const text = section.text(key);
    // YAML reads 0.0000001 as a number that prints as 1e-7.
    const plain =
      text !== null && /e/i.test(text) && Number.isFinite(Number(text))
        ? Number(text)
            .toFixed(12)
            .replace(/\.?0+$/, '')
        : text;
    if (plain === null || AMOUNT.test(plain)) return plain;
    section.fault(key, 'must be a decimal amount, for example 0.002');
    return null;
  };
  return {
    costPerCall: amount(costs, 'default_cost_per_query') ?? '0',
    costPerTool: Object.fromEntries(byTool.keys().flatMap((tool) => [[tool, amount(byTool, tool) ?? '0']])),
  };
}
