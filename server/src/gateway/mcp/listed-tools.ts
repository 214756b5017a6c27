// The tools that one request may use: those of every server that answers, and the way to each.
import type { IncomingHttpHeaders } from 'node:http';
import type { Tool } from '@modelcontextprotocol/sdk/types.js';
import { type Caller, presentedKey } from '#gateway/authenticate.ts';
import type { Call } from '#gateway/call.ts';
import { ownFailure } from '#gateway/errors.ts';
import type { Plane } from '#gateway/run.ts';
import type { AllowedServer } from './access.ts';
import type { Way } from './servers-room.ts';
import { upstreamHeaders } from './upstream-headers.ts';

/** Servers that are asked for their tools at once. */
const MOST_ASKED = 50;

/** A request whose caller and servers are known. */
export interface ToolRequest {
  readonly call: Pick<Call, 'request' | 'snapshot'>;
  readonly plane: Plane;
  readonly caller: Caller;
  readonly servers: readonly AllowedServer[];
  /** What the client brings for servers; its request's own headers unless said otherwise. */
  readonly headers?: IncomingHttpHeaders;
}

export interface ListedTool {
  readonly allowed: AllowedServer;
  readonly tool: Tool;
}

export interface ListedTools {
  readonly tools: readonly ListedTool[];
  /** Why some servers could not be listed. */
  readonly problems: readonly string[];
  /** There are servers, and none of them answered. */
  readonly areAllAway: boolean;
}

/** Tools of every server that answers: one that is away takes nothing from the others. Never rejects. */
export async function listTools(asked: ToolRequest): Promise<ListedTools> {
  const some = asked.servers.slice(0, MOST_ASKED);
  const answers = await Promise.allSettled(some.map(async (allowed) => ({ allowed, tools: await asked.plane.mcp.tools(wayOf(asked, allowed)) })));
  const problems = answers.flatMap((answer) => (answer.status === 'rejected' ? [ownFailure(answer.reason).message] : []));
  const tools = answers.flatMap((answer) => {
    if (answer.status === 'rejected') return [];
    const { allowed, tools: all } = answer.value;
    return all.filter(({ name }) => allowed.mayUse(name)).map((tool) => ({ allowed, tool }));
  });
  return { tools, problems, areAllAway: problems.length > 0 && problems.length === some.length };
}

/** How a server is reached on behalf of the caller. */
export function wayOf({ call, caller, servers, headers = call.request.headers }: ToolRequest, { server }: AllowedServer): Way {
  const presented = presentedKey(call.request.headers, call.snapshot.config.keyHeaderName);
  const sent = upstreamHeaders(server, headers, { presentedKey: presented, isOnly: servers.length === 1 });
  return { server, keyId: caller.key === null ? caller.keyId : caller.key.id, ...sent };
}
