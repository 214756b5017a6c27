// The tools of MCP servers as functions that a model can call: which the key may use, under which name, and who runs them.
import { createHash } from 'node:crypto';
import type { Caller } from '#gateway/authenticate.ts';
import type { Call } from '#gateway/call.ts';
import { type AllowedServer, allowedServers, selected } from '#gateway/mcp/access.ts';
import { type ListedTool, listTools, wayOf } from '#gateway/mcp/listed-tools.ts';
import type { Way } from '#gateway/mcp/servers-room.ts';
import type { Plane } from '#gateway/run.ts';
import { AppError } from '#lib/errors.ts';
import { type Fields, fieldsOf, isFields, textOf } from '#lib/json.ts';
import type { WantedServers, WantedTool } from './wanted.ts';

/** A function that stands for a tool. */
export interface OfferedTool {
  readonly name: string;
  readonly label: string;
  readonly allowed: AllowedServer;
  readonly way: Way;
  /** The tool's own name. */
  readonly tool: string;
  readonly description: string;
  readonly schema: Fields;
  /** The gateway calls it by itself; else the call goes to the client. */
  readonly runs: boolean;
}

/** What one entry of `tools` has become. */
export interface OfferedServers {
  readonly label: string;
  readonly tools: readonly OfferedTool[];
  /** Why some of its servers could not be listed. */
  readonly problem: string | null;
}

export interface Offered {
  readonly lists: readonly OfferedServers[];
  /** By the names that the model sees. */
  readonly byName: ReadonlyMap<string, OfferedTool>;
  /** The call's tools in their order, each entry replaced by its functions. */
  readonly tools: readonly ({ readonly offered: OfferedTool } | { readonly other: unknown })[];
}

/** What every provider takes as a function's name. */
const LONGEST_NAME = 64;

interface Offering {
  readonly call: Call;
  readonly caller: Caller;
  readonly plane: Plane;
}

/**
 * Lists what the key may use of what the call wants.
 * @throws AppError 404 for a server that the key does not have, 424 when none of an entry's servers answers, 400 for two tools of one name.
 */
export async function offerTools(offering: Offering, wanted: readonly WantedTool[]): Promise<Offered> {
  const lists = new Map<WantedTool, OfferedServers>();
  await Promise.all(
    wanted.map(async (entry) => {
      if ('servers' in entry) lists.set(entry, await offerServers(offering, entry.servers));
    }),
  );
  const byName = new Map<string, OfferedTool>();
  const tools = wanted.flatMap((entry): Offered['tools'][number][] => {
    if (!('servers' in entry)) return [entry];
    return (lists.get(entry)?.tools ?? []).flatMap((offered) => {
      // Two entries may name one server: the first decides.
      if (byName.has(offered.name)) return [];
      byName.set(offered.name, offered);
      return [{ offered }];
    });
  });
  for (const tool of tools) if ('other' in tool) refuseTwin(tool.other, byName);
  return { tools, byName, lists: wanted.flatMap((entry) => lists.get(entry) ?? []) };
}

function refuseTwin(other: unknown, byName: ReadonlyMap<string, OfferedTool>): void {
  const tool = fieldsOf(other);
  const name = textOf(tool.name) || textOf(fieldsOf(tool.function).name);
  if (!byName.has(name)) return;
  const message = `Two tools are called ${name.slice(0, 100)}: one of yours and one of an MCP server. Give yours another name, or leave the other out by "allowed_tools".`;
  throw new AppError(message, { status: 400, code: 'invalid_request_error', param: 'tools' });
}

async function offerServers({ call, caller, plane }: Offering, wanted: WantedServers): Promise<OfferedServers> {
  const headers = { ...call.request.headers, ...wanted.headers };
  const asking = { call, plane, caller, servers: serversOf(call, caller, { ...wanted, headers }), headers };
  const { tools, problems, areAllAway } = await listTools(asking);
  if (areAllAway) {
    const message = `No MCP server of "${wanted.label.slice(0, 100)}" can be asked for its tools: ${problems[0]}`;
    throw new AppError(message, { status: 424, code: 'mcp_server_unreachable', param: 'tools' });
  }
  const offered = tools.flatMap((listed) => {
    const name = functionName(listed);
    const names = [name, listed.tool.name, prefixed(listed)];
    const isNamed = (list: readonly string[] | null): boolean => list === null || names.some((one) => list.includes(one));
    return isNamed(wanted.allowedTools)
      ? [{ ...offer(listed, name), label: wanted.label, way: wayOf(asking, listed.allowed), runs: isNamed(wanted.unasked) }]
      : [];
  });
  return { label: wanted.label, tools: offered, problem: problems[0] ?? null };
}

/** As at /mcp: what path and header name, of what the key may use. */
function serversOf(
  call: Call,
  { key }: Caller,
  wanted: { names: readonly string[] | null; headers: Readonly<Record<string, unknown>> },
): readonly AllowedServer[] {
  const all = [...call.snapshot.mcpServers.values()].map(({ server }) => server);
  const header = textOf(wanted.headers['x-mcp-servers']);
  const named = header.trim() === '' ? null : header.split(',').map((name) => name.trim());
  const byName = selected(allowedServers(all, key), wanted.names);
  const { servers, absent } = selected(byName.servers, named);
  const [missing] = [...byName.absent, ...absent];
  if (missing === undefined) return servers;
  const message = `There is no MCP server ${missing.slice(0, 100)} for this key. GET /v1/mcp/server lists those that there are; an administrator grants one by object_permission.mcp_servers of the key or its team.`;
  throw new AppError(message, { status: 404, code: 'not_found_error', param: 'tools' });
}

function offer({ allowed, tool }: ListedTool, name: string): Pick<OfferedTool, 'name' | 'allowed' | 'tool' | 'description' | 'schema'> {
  const schema: Fields = { ...tool.inputSchema };
  // An object without a list of its members is refused by some.
  if (!isFields(schema.properties)) schema.properties = {};
  return { name, allowed, tool: tool.name, description: tool.description ?? '', schema };
}

const prefixed = ({ allowed, tool }: ListedTool): string => `${allowed.server.name}-${tool.name}`;

/** The name as at /mcp, in letters that every provider takes; one that is too long ends with a print of the whole. */
export function functionName(listed: ListedTool): string {
  const whole = prefixed(listed);
  const plain = whole.replace(/[^A-Za-z0-9_-]/g, '_');
  if (plain === whole && whole.length <= LONGEST_NAME) return whole;
  const print = createHash('sha256').update(whole).digest('hex').slice(0, 8);
  return `${plain.slice(0, LONGEST_NAME - 9)}_${print}`;
}
