// Which MCP servers of the gateway a call wants inside its conversation: the entries of `tools` with type `mcp` and a server_url of `litellm_proxy` (LiteLLM's form).
import type { Call } from '#gateway/call.ts';
import { type Asked, fieldOf } from '#gateway/request.ts';
import { memberOf } from '#gateway/scan.ts';
import { AppError } from '#lib/errors.ts';
import { type Fields, fieldsOf, isFields, objectsOf, textOf } from '#lib/json.ts';

/** One entry of `tools`. */
export interface WantedServers {
  readonly label: string;
  /** Servers or access groups; null = all that the key may use. */
  readonly names: readonly string[] | null;
  /** Names of tools, with or without their server's; null = all. */
  readonly allowedTools: readonly string[] | null;
  /** Tools that the gateway calls by itself; null = all, an empty list = none. */
  readonly unasked: readonly string[] | null;
  /** What the client brings for these servers. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The call's tools in their order: entries for the gateway, and what is for the model as it is. */
export type WantedTool = { readonly servers: WantedServers } | { readonly other: unknown };

const MARK = Buffer.from('"mcp"');
const OWN = 'litellm_proxy';
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,200}$/;
/** What no client can write into a header of its own does not get there by a body. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]{0,16000}$/;
const NAMES = /^litellm_proxy(?:\/mcp)?\/?$|^litellm_proxy\/mcp\/([A-Za-z0-9_.,-]{1,2000})\/?$|^litellm_proxy\/([A-Za-z0-9_.,-]{1,2000})\/mcp\/?$/;

/**
 * The tools of a call that wants servers of the gateway; null for every other call, which costs no more than a look at the bytes of its tools.
 * @throws AppError 400 for what cannot be meant.
 */
export function wantedTools({ endpoint, asked }: Pick<Call, 'endpoint' | 'asked'>): readonly WantedTool[] | null {
  if ((endpoint !== 'chat' && endpoint !== 'responses') || asked === null || !mayWant(asked)) return null;
  const given = fieldOf(asked, 'tools');
  if (!Array.isArray(given)) return null;
  const tools = given.map((tool: unknown) => read(tool));
  if (tools.some((tool) => 'servers' in tool)) return tools;
  const outside = objectsOf(given).find(({ type }) => type === 'mcp');
  if (endpoint === 'chat' && outside !== undefined) throw elsewhere('A chat', outside);
  return null;
}

function mayWant({ scanned }: Asked): boolean {
  const tools = memberOf(scanned, 'tools');
  return tools !== undefined && scanned.bytes.subarray(tools.valueStart, tools.valueEnd).includes(MARK);
}

function read(tool: unknown): WantedTool {
  if (!isFields(tool) || tool.type !== 'mcp' || !textOf(tool.server_url).startsWith(OWN)) return { other: tool };
  const match = NAMES.exec(textOf(tool.server_url));
  if (match === null) {
    const message = `${textOf(tool.server_url).slice(0, 200)} names no server of this gateway: write litellm_proxy, or litellm_proxy/mcp/ and the name of a server or access group.`;
    throw refused(message);
  }
  const names = match[1] ?? match[2];
  return {
    servers: {
      label: textOf(tool.server_label) || OWN,
      names: names === undefined ? null : names.split(',').filter((name) => name !== ''),
      allowedTools: toolNames(tool.allowed_tools),
      unasked: unaskedTools(tool.require_approval),
      headers: headersOf(tool.headers),
    },
  };
}

/** A list, or OpenAI's `{tool_names: []}`. */
function toolNames(value: unknown): readonly string[] | null {
  const list = Array.isArray(value) ? value : fieldsOf(value).tool_names;
  return Array.isArray(list) ? list.filter((name) => typeof name === 'string') : null;
}

/** `never`, `always` (also when nothing is said), or OpenAI's `{never: {tool_names: []}}`. */
function unaskedTools(approval: unknown): readonly string[] | null {
  if (approval === 'never') return null;
  return toolNames(fieldsOf(approval).never) ?? [];
}

function headersOf(value: unknown): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, text] of Object.entries(fieldsOf(value)))
    if (typeof text === 'string' && HEADER_NAME.test(name) && HEADER_VALUE.test(text)) headers[name.toLowerCase()] = text;
  return headers;
}

/** An MCP server out there, where nobody here may go on a client's word. */
export function elsewhere(what: string, tool: Fields): AppError {
  const named = textOf(tool.server_url) || textOf(tool.connector_id) || 'no server_url';
  const message = `${what} cannot use the MCP server ${named.slice(0, 200)}: register it here (mcp_servers, or POST /v1/mcp/server) and name it as "server_url": "litellm_proxy/mcp/<name>", or ask a model of OpenAI or Azure OpenAI by /v1/responses, which goes there itself.`;
  return refused(message);
}

function refused(message: string): AppError {
  return new AppError(message, { status: 400, code: 'invalid_request_error', param: 'tools' });
}
