// Calls of MCP tools as items of a response, and such items as what a model can go on from: the call of a function and its output.
import { type Fields, textOf } from '#lib/json.ts';

/** The ids of items that this gateway makes; those of an upstream that goes to MCP servers itself are its own. */
const LIST = 'mcpl_gw_';
const CALL = 'mcp_gw_';

export const listItemId = (callId: string, index: number): string => `${LIST}${callId}_${index}`;
export const callItemId = (callId: string, index: number): string => `${CALL}${callId}_${index}`;

/** An item as another call's input: one of ours as functions, every other as it is. */
export function withoutMcp(item: Fields): Fields[] {
  const id = textOf(item.id);
  return id.startsWith(LIST) || id.startsWith(CALL) ? (functionItems(item) ?? []) : [item];
}

/** What an item of MCP means to a model that knows functions alone; null for any other item. */
export function functionItems(item: Fields): Fields[] | null {
  if (item.type === 'mcp_list_tools') return [];
  if (item.type !== 'mcp_call') return null;
  const callId = textOf(item.call_id) || textOf(item.id);
  return [
    { type: 'function_call', call_id: callId, name: item.name, arguments: textOf(item.arguments) },
    { type: 'function_call_output', call_id: callId, output: textOf(item.output) || textOf(item.error) },
  ];
}
