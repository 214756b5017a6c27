// Which paths are MCP's, and which servers a path names.

export interface McpMatch {
  readonly kind: 'mcp';
  readonly endpoint: 'mcp';
  readonly route: string;
  readonly pathModel: null;
  readonly part: 'protocol' | 'list' | 'call';
  /** Null = every server that the key may use. */
  readonly servers: readonly string[] | null;
}

const match = (route: string, part: McpMatch['part'], servers: McpMatch['servers'] = null): McpMatch => ({
  kind: 'mcp',
  endpoint: 'mcp',
  route,
  pathModel: null,
  part,
  servers,
});

/** Exact paths. */
export const MCP_PATHS: ReadonlyMap<string, McpMatch> = new Map([
  ['/mcp', match('/mcp', 'protocol')],
  ['/mcp/', match('/mcp', 'protocol')],
  ['/mcp-rest/tools/list', match('/mcp-rest/tools/list', 'list')],
  ['/mcp-rest/tools/call', match('/mcp-rest/tools/call', 'call')],
]);

const NAMES = /^[A-Za-z0-9_.]{1,60}(?:,[A-Za-z0-9_.]{1,60}){0,49}$/;

/** First parts of paths that belong to somebody else: such a server is reached by `/mcp/{server}`. */
const TAKEN = new Set(['ui', 'api', 'project', 'v1', 'v2']);

/** `/mcp/{servers}` and `/{server}/mcp` beside the exact paths; null for any other. */
export function matchMcp(path: string): McpMatch | null {
  const exact = MCP_PATHS.get(path);
  if (exact !== undefined) return exact;
  const before = /^\/([^/]+)\/mcp\/?$/.exec(path)?.[1];
  const names = /^\/mcp\/([^/]+)\/?$/.exec(path)?.[1] ?? (before === undefined || TAKEN.has(before) ? undefined : before);
  return names === undefined || !NAMES.test(names) ? null : match('/mcp/{servers}', 'protocol', names.split(','));
}
