// What one MCP request may see and do; made for its caller and thrown away afterwards.
import type { CallToolResult, Tool } from '@modelcontextprotocol/sdk/types.js';

export interface McpFace {
  name: string;
  version: string;
  /** What a model reads first. */
  instructions: string;
  /** @throws McpRefusal when nothing can be listed. */
  listTools(): Promise<Tool[]>;
  /** @throws McpRefusal when the caller has no tool of that name. Whatever else goes wrong with a tool is a result with `isError`. */
  callTool(name: string, input: unknown, signal: AbortSignal): Promise<CallToolResult>;
}

/** A request that cannot be done, in words for the caller: the protocol's "invalid params". */
export class McpRefusal extends Error {}
