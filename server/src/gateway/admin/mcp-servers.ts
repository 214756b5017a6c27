// /v1/mcp/server: MCP servers behind the gateway, those of the file and those that are registered here; a registered one is served at once.
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { allowedServers, type McpServer } from '#gateway/mcp/access.ts';
import type { StoredMcpServer } from '#gateway/stored-mcp-servers.ts';
import { readJson } from '#http/body.ts';
import { createEgress } from '#http/egress.ts';
import type { Route, RouteContext } from '#http/route.ts';
import type { Principal } from '#identity/principal.ts';
import type { AppError } from '#lib/errors.ts';
import { actorOf, adminRoute, badRequest, notFound } from './admin-route.ts';
import { id, refuseUnstorable, text } from './body-fields.ts';
import type { AdminDeps } from './deps.ts';

/** LiteLLM's body; what it names is read by the rules of mcp_servers in config.yaml. */
const shared = {
  server_name: text.nullish(),
  alias: text.nullish(),
  url: text.nullish(),
  transport: z.enum(['http', 'sse', 'stdio']).nullish(),
};
const noVariables = (body: object, context: z.RefinementCtx): void => {
  if (JSON.stringify(body).includes('os.environ/'))
    context.addIssue({ code: 'custom', path: ['body'], message: 'must not name variables of the process (os.environ/…): give the value' });
};
const newBody = z
  .looseObject({ ...shared, server_id: id.nullish() })
  .superRefine(refuseUnstorable)
  .superRefine(noVariables);
const updateBody = z
  .looseObject({ ...shared, server_id: id })
  .superRefine(refuseUnstorable)
  .superRefine(noVariables);

/** Managed by the server, whatever a client sends back of an answer. */
const MANAGED = new Set(['server_id', 'server_name', 'created_at', 'created_by', 'updated_at', 'updated_by', 'teams', 'status', 'health_check_error']);

export function mcpServerRoutes(deps: AdminDeps): Route[] {
  const read = { access: ['master', 'virtual-key', 'user-admin'] } as const;
  const all = '/v1/mcp/server';
  const one = `${all}/:server_id`;
  return [
    adminRoute({ ...read, method: 'GET', path: all, summary: 'The MCP servers that the key may use', handle: ({ principal }) => list(deps, principal) }),
    adminRoute({ ...read, method: 'GET', path: one, summary: 'One MCP server that the key may use', handle: (context) => get(deps, context) }),
    adminRoute({
      method: 'POST',
      path: all,
      summary: 'Register an MCP server; it is served at once',
      body: newBody,
      handle: (context) => create(deps, context),
    }),
    adminRoute({
      method: 'PUT',
      path: all,
      summary: 'Change a registered MCP server: absent keeps, null clears',
      body: updateBody,
      handle: (context) => update(deps, context),
    }),
    adminRoute({ method: 'DELETE', path: one, summary: 'Delete a registered MCP server', handle: (context) => remove(deps, context) }),
  ];
}

function visible(deps: AdminDeps, principal: Principal): McpServer[] {
  return allowedServers(deps.config().mcpServers, principal.kind === 'virtual-key' ? principal.key : null).map(({ server }) => server);
}

async function list(deps: AdminDeps, principal: Principal): Promise<Response> {
  return Response.json(await Promise.all(visible(deps, principal).map((server) => view(deps, server, principal))));
}

async function get(deps: AdminDeps, { http, principal }: RouteContext): Promise<Response> {
  const wanted = http.req.param('server_id') ?? '';
  const server = visible(deps, principal).find((candidate) => candidate.id === wanted);
  if (server === undefined) throw absent(wanted);
  return Response.json(await view(deps, server, principal));
}

async function create(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const body = await readJson(context.http, newBody);
  const serverId = body.server_id ?? randomUUID();
  if (deps.config().mcpServers.some((server) => server.id === serverId) || (await deps.storedMcpServers.find(serverId)) !== null)
    throw badRequest(`The server id ${serverId} is taken; choose another.`, 'server_id');
  const name = body.server_name ?? body.alias;
  if (!name) throw badRequest('Name the server: server_name.', 'server_name');
  return await write(deps, context, { id: serverId, name, fields: fieldsFrom(body), status: 201 });
}

async function update(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const body = await readJson(context.http, updateBody);
  const before = await registered(deps, body.server_id);
  return await write(deps, context, { id: before.id, name: body.server_name ?? before.name, fields: { ...before.fields, ...fieldsFrom(body) }, status: 202 });
}

function fieldsFrom(body: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(body).filter(([name]) => !MANAGED.has(name)));
}

type Written = Pick<StoredMcpServer, 'id' | 'name' | 'fields'> & { status: number };

/** @throws AppError 400 when the server could not be used, or its name or address may not be. */
async function write(deps: AdminDeps, context: RouteContext, { status, ...wished }: Written): Promise<Response> {
  const fields = Object.fromEntries(Object.entries(wished.fields).filter(([, value]) => value !== null));
  const read = deps.storedMcpServers.attempt({ ...wished, fields });
  if ('problem' in read) throw badRequest(`The MCP server cannot be used: ${read.problem}.`);
  const other = deps.config().mcpServers.find(({ id: otherId, name }) => name === read.server.name && otherId !== wished.id);
  if (other !== undefined) throw badRequest(`There is an MCP server named ${read.server.name}: choose another name or alias.`, 'server_name');
  checkAddress(read.server.url, deps.egressAllow);
  await deps.storedMcpServers.write({ ...wished, fields }, actorOf(context));
  await deps.modelsChanged();
  return Response.json(await view(deps, read.server, context.principal), { status });
}

/** Looked at again with every connection; said here, so that nobody wonders why it never answers. */
function checkAddress(url: string, allow: readonly string[]): void {
  const egress = createEgress({ allow });
  try {
    egress.check(url);
  } finally {
    void egress.close();
  }
}

async function remove(deps: AdminDeps, { http }: RouteContext): Promise<Response> {
  const { id: serverId } = await registered(deps, http.req.param('server_id') ?? '');
  await deps.storedMcpServers.remove(serverId);
  await deps.modelsChanged();
  return Response.json({ server_id: serverId, deleted: true }, { status: 202 });
}

async function registered(deps: AdminDeps, serverId: string): Promise<StoredMcpServer> {
  const stored = await deps.storedMcpServers.find(serverId);
  if (stored !== null) return stored;
  if (deps.config().mcpServers.some((server) => server.id === serverId))
    throw badRequest(`The MCP server ${serverId} is one of the configuration file: change it there.`, 'server_id');
  throw absent(serverId);
}

function absent(serverId: string): AppError {
  return notFound(`There is no MCP server ${serverId.slice(0, 200)}. GET /v1/mcp/server lists those that there are.`, 'server_id');
}

/** Credentials are never shown; an address only to administrators, because it may hold one. */
async function view(deps: AdminDeps, server: McpServer, principal: Principal): Promise<Record<string, unknown>> {
  const stored = server.trusted ? null : await deps.storedMcpServers.find(server.id);
  const isAdministrator = principal.kind !== 'virtual-key';
  return {
    server_id: server.id,
    server_name: server.serverName,
    alias: server.name === server.serverName ? null : server.name,
    description: server.description,
    url: isAdministrator ? server.url : null,
    transport: server.transport === 'auto' ? 'http' : server.transport,
    auth_type: server.authType,
    credentials: null,
    static_headers: isAdministrator ? Object.fromEntries(Object.keys(server.staticHeaders).map((name) => [name, '****'])) : null,
    extra_headers: server.extraHeaders,
    allowed_tools: server.allowedTools ?? [],
    mcp_access_groups: server.accessGroups,
    allow_all_keys: server.allowAllKeys,
    mcp_info: server.info,
    created_at: stored?.createdAt.toISOString() ?? null,
    created_by: stored?.createdBy ?? null,
    updated_at: stored?.updatedAt.toISOString() ?? null,
    updated_by: stored?.updatedBy ?? null,
  };
}
