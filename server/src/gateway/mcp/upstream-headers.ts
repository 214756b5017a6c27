// The headers of a request to an MCP server: its own credential, or the one that the client brings for it. The key that opens the gateway never goes on.
import type { IncomingHttpHeaders } from 'node:http';
import type { McpServer } from './access.ts';

export interface UpstreamHeaders {
  readonly headers: Readonly<Record<string, string>>;
  /** Something of the client's is among them: what comes back is for this caller alone. */
  readonly isPersonal: boolean;
}

/** They belong to the connection or to the protocol. */
const RESERVED =
  /^(host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|content-length|content-type|content-encoding|accept|accept-encoding|mcp-.*|forwarded|x-forwarded-.*|proxy-.*|cookie|x-litellm-.*)$/;

/**
 * @param presentedKey the key that the caller opened the gateway with: no header that holds it is passed on.
 * @param isOnly no other server is asked in this request: only then `x-mcp-auth`, which names no server, is for it.
 */
export function upstreamHeaders(
  server: McpServer,
  client: IncomingHttpHeaders,
  { presentedKey, isOnly }: { presentedKey: string; isOnly: boolean },
): UpstreamHeaders {
  const own: Record<string, string> = { ...credential(server.authType, server.authValue), ...server.staticHeaders };
  const brought: Record<string, string> = {};
  const take = (name: string, value: unknown): void => {
    if (typeof value === 'string' && value !== '' && !RESERVED.test(name) && !value.includes(presentedKey)) brought[name] = value;
  };
  for (const name of server.extraHeaders) take(name, client[name]);
  if (isOnly && typeof client['x-mcp-auth'] === 'string') take(server.authType === 'api_key' ? 'x-api-key' : 'authorization', client['x-mcp-auth']);
  for (const serverName of [server.serverName, server.name]) {
    const prefix = `x-mcp-${serverName.toLowerCase()}-`;
    for (const [name, value] of Object.entries(client)) if (name.startsWith(prefix)) take(name.slice(prefix.length), value);
  }
  return { headers: { ...own, ...brought }, isPersonal: Object.keys(brought).length > 0 };
}

function credential(type: McpServer['authType'], value: string | null): Record<string, string> {
  if (value === null) return {};
  switch (type) {
    case 'none':
      return {};
    case 'api_key':
      return { 'x-api-key': value };
    case 'bearer_token':
      return { authorization: `Bearer ${value}` };
    case 'basic':
      return { authorization: `Basic ${value.includes(':') ? Buffer.from(value).toString('base64') : value}` };
    case 'token':
      return { authorization: `token ${value}` };
    case 'authorization':
      return { authorization: value };
  }
}
