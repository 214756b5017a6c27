// The door of MCP: /mcp, /mcp/{servers}, /{server}/mcp by the protocol, and /mcp-rest by plain requests. Who calls, which servers, which tools.
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { authenticate, type Caller } from '#gateway/authenticate.ts';
import { readBody } from '#gateway/body.ts';
import type { Call } from '#gateway/call.ts';
import { ClientGone, ownFailure } from '#gateway/errors.ts';
import { sendFailure, sendWhole } from '#gateway/reply.ts';
import type { Plane } from '#gateway/run.ts';
import { answerMcp } from '#http/mcp.ts';
import { type McpFace, McpRefusal } from '#http/mcp-face.ts';
import { AppError } from '#lib/errors.ts';
import { fieldsOf, textOf } from '#lib/json.ts';
import { type AllowedServer, allowedServers, selected, toolNamed } from './access.ts';
import { type ListedTool, listTools, type ToolRequest, wayOf } from './listed-tools.ts';
import type { McpMatch } from './paths.ts';
import { useTool } from './tool-call.ts';

const INSTRUCTIONS = 'Tools of the MCP servers behind this gateway. The name of a tool begins with the name of its server and a hyphen.';

/** A request whose caller and servers are known. */
interface Asked extends ToolRequest {
  call: Call;
  signal: AbortSignal;
}

/** Serves one request. Never rejects. */
export async function serveMcpDoor(call: Call, plane: Plane, match: McpMatch): Promise<void> {
  const { deps, pool } = plane;
  try {
    const caller = await authenticate(call.request, deps, call.snapshot.config.keyHeaderName);
    const gone = new AbortController();
    call.response.on('close', () => gone.abort(new ClientGone()));
    const asked: Asked = { call, plane, caller, servers: serversOf(call, caller, match), signal: gone.signal };
    const body = match.part === 'list' ? Buffer.alloc(0) : await readBody(call, pool, deps.settings.limits.maxRequestBytes);
    if (match.part === 'protocol') await byProtocol(asked, body);
    else sendJson(call, match.part === 'list' ? await restList(asked) : await restCall(asked, body));
  } catch (error) {
    if (!(error instanceof AppError) && !(error instanceof ClientGone)) deps.log.error('an MCP request failed inside the gateway', { error });
    if (!call.gone) sendFailure(call, deps, ownFailure(error));
  } finally {
    pool.give(call.heldBytes);
    call.waiting = null;
    plane.meters.calls.add(1, `mcp ${match.part}`, '', String(call.gone ? 499 : call.response.statusCode));
  }
}

/** What the caller may use of what the address and `x-mcp-servers` name. @throws AppError 404 for a name that is not among it: absent and refused look the same. */
function serversOf(call: Call, { key }: Caller, match: McpMatch): readonly AllowedServer[] {
  const all = [...call.snapshot.mcpServers.values()].map(({ server }) => server);
  const header = call.request.headers['x-mcp-servers'];
  const named = typeof header === 'string' && header.trim() !== '' ? header.split(',').map((name) => name.trim()) : null;
  const byPath = selected(allowedServers(all, key), match.servers);
  const { servers, absent } = selected(byPath.servers, named);
  const [missing] = [...byPath.absent, ...absent];
  if (missing === undefined) return servers;
  const message = `There is no MCP server ${missing.slice(0, 100)} for this key. GET /v1/mcp/server lists those that there are; an administrator grants one by object_permission.mcp_servers of the key or its team.`;
  throw new AppError(message, { status: 404, code: 'not_found_error' });
}

async function byProtocol(asked: Asked, body: Buffer): Promise<void> {
  const { call, plane } = asked;
  const face: McpFace = {
    name: 'genai-platform',
    version: plane.deps.version,
    instructions: INSTRUCTIONS,
    listTools: async () => (await toolsOf(asked)).map(({ allowed, tool }) => ({ ...tool, name: `${allowed.server.name}-${tool.name}` })),
    callTool: async (name, input) => await callNamed(asked, name, fieldsOf(input)),
  };
  const headers = new Headers();
  for (const name of ['accept', 'content-type', 'mcp-protocol-version']) {
    const value = call.request.headers[name];
    if (typeof value === 'string') headers.set(name, value);
  }
  const answer = await answerMcp(face, { body, headers, signal: asked.signal });
  const type = answer.headers.get('content-type');
  sendWhole(call.response, answer.status, type === null ? [] : ['content-type', type], Buffer.from(await answer.arrayBuffer()));
}

/** @throws McpRefusal when no server answers. */
async function toolsOf(asked: Asked): Promise<readonly ListedTool[]> {
  const { tools, problems, areAllAway } = await listTools(asked);
  if (areAllAway) throw new McpRefusal(problems[0]);
  return tools;
}

/** @throws McpRefusal for a tool that the caller does not have: what is absent and what is refused look the same. */
async function callNamed(asked: Asked, name: string, input: Readonly<Record<string, unknown>>): Promise<CallToolResult> {
  const { call, plane, caller, signal } = asked;
  const found = toolNamed(asked.servers, name);
  const stated = found === null ? undefined : call.snapshot.mcpServers.get(found.allowed.server.name);
  if (found === null || stated === undefined || !found.allowed.mayUse(found.tool))
    throw new McpRefusal(`There is no tool ${name.slice(0, 200)} for this key: tools/list lists those that there are.`);
  return await useTool({ call, caller, plane, signal }, { stated, way: wayOf(asked, found.allowed), tool: found.tool, input });
}

/** GET /mcp-rest/tools/list: names without their server's, which stands beside them. */
async function restList(asked: Asked): Promise<unknown> {
  const id = new URL(asked.call.request.url ?? '/', 'http://door').searchParams.get('server_id');
  const servers = id === null ? asked.servers : selected(asked.servers, [id]).servers;
  try {
    const tools = (await toolsOf({ ...asked, servers })).map(({ allowed: { server }, tool }) => ({
      ...tool,
      mcp_info: { ...server.info, server_name: server.name, server_id: server.id },
    }));
    return { tools, error: null, message: 'Successfully retrieved tools' };
  } catch (error) {
    if (!(error instanceof McpRefusal)) throw error;
    return { tools: [], error: 'server_error', message: error.message };
  }
}

/** POST /mcp-rest/tools/call: `name` with its server's name before it, or without beside a `server_id`. */
async function restCall(asked: Asked, body: Buffer): Promise<unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new AppError('The body is not valid JSON.', { status: 400, code: 'bad_request_error', cause });
  }
  const { name, arguments: input, server_id: id } = fieldsOf(parsed);
  if (textOf(name) === '') throw new AppError('Name the tool: "name".', { status: 400, code: 'bad_request_error', param: 'name' });
  const servers = textOf(id) === '' ? asked.servers : selected(asked.servers, [textOf(id)]).servers;
  try {
    return await callNamed({ ...asked, servers }, textOf(name), fieldsOf(input));
  } catch (error) {
    if (!(error instanceof McpRefusal)) throw error;
    throw new AppError(error.message, { status: 404, code: 'not_found_error', param: 'name' });
  }
}

function sendJson(call: Call, value: unknown): void {
  sendWhole(call.response, 200, ['content-type', 'application/json'], Buffer.from(JSON.stringify(value)));
}
