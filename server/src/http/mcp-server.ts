// The protocol's official server over one face; apart from mcp.ts so that a process without such a request does not load it.
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js';
import { CallToolRequestSchema, ErrorCode, ListToolsRequestSchema, McpError } from '@modelcontextprotocol/sdk/types.js';
import { type McpFace, McpRefusal } from './mcp-face.ts';

/** A server for one request, whose tools end when `gone` says that the client has left. The caller closes it when the answer is whole. */
export async function connect(face: McpFace, gone: AbortSignal): Promise<{ transport: WebStandardStreamableHTTPServerTransport; close: () => Promise<void> }> {
  const server = new Server({ name: face.name, version: face.version }, { capabilities: { tools: {} }, instructions: face.instructions });
  server.setRequestHandler(ListToolsRequestSchema, async () => ({ tools: await said(() => face.listTools()) }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, { signal }) =>
    said(() => face.callTool(params.name, params.arguments ?? {}, AbortSignal.any([signal, gone]))),
  );
  // No session ids: any process may answer the next request. A client that asks for a stream of its own gets 405.
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
  await server.connect(transport);
  return { transport, close: async () => await server.close() };
}

/** What is not said on purpose stays inside. */
async function said<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof McpRefusal) throw new McpError(ErrorCode.InvalidParams, error.message);
    throw new McpError(ErrorCode.InternalError, 'The request could not be done: the log of the platform says why.');
  }
}
