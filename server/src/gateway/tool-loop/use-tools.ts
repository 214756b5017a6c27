// Runs the tools that a model has asked for, a few at a time, each governed as a call at /mcp; whatever becomes of one is a text for the model.
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { type Door, useTool } from '#gateway/mcp/tool-call.ts';
import { type Fields, isFields, parsed } from '#lib/json.ts';
import type { ToolOutcome, WantedUse } from './conversation.ts';
import type { Offered } from './offered.ts';

/** Tools of one call that run at once. */
const AT_ONCE = 8;

export interface Using {
  readonly door: Door;
  readonly offered: Offered;
  /** How many more may be run. */
  readonly left: number;
  spent(picos: bigint): void;
}

/** The outcomes in the order of the uses. Never rejects. */
export async function useTools(using: Using, uses: readonly WantedUse[]): Promise<ToolOutcome[]> {
  const outcomes: ToolOutcome[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let at = next++; at < uses.length; at = next++) outcomes[at] = await outcomeOf(using, uses[at] as WantedUse, at);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, uses.length) }, work));
  return outcomes;
}

async function outcomeOf({ door, offered, left, spent }: Using, use: WantedUse, at: number): Promise<ToolOutcome> {
  const failed = (text: string): ToolOutcome => ({ use, text, failed: true });
  const known = offered.byName.get(use.name);
  const stated = known === undefined ? undefined : door.call.snapshot.mcpServers.get(known.allowed.server.name);
  if (known === undefined || stated === undefined) return failed(`There is no tool ${use.name}.`);
  if (at >= left) return failed('No more tools may be called for this answer: answer with what you have.');
  const input = inputOf(use.arguments);
  if (input === null) return failed('The arguments are no JSON object: the tool was not called.');
  if (door.signal.aborted) return failed('The time of this call is over: the tool was not called.');
  const result = await useTool(door, { stated, way: known.way, tool: known.tool, input, spent });
  return { use, text: resultText(result), failed: result.isError === true };
}

function inputOf(text: string): Fields | null {
  const value = text.trim() === '' ? {} : parsed(text);
  return isFields(value) ? value : null;
}

/** A result as a text: models read nothing else from a tool in every language. */
export function resultText({ content = [], structuredContent }: CallToolResult): string {
  const text = content.map(partText).join('\n');
  if (text !== '') return text;
  return structuredContent === undefined ? 'The tool answered without content.' : JSON.stringify(structuredContent);
}

function partText(part: CallToolResult['content'][number]): string {
  if (part.type === 'text') return part.text;
  if (part.type === 'resource' && 'text' in part.resource) return part.resource.text;
  if (part.type === 'resource_link') return part.uri;
  const type = part.type === 'resource' ? part.resource.mimeType : part.mimeType;
  return `[${part.type} ${type ?? ''}: not shown]`;
}
