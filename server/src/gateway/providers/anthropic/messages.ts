// OpenAI's conversation -> Anthropic's: system texts apart, roles merged so that they alternate, tool calls and results as blocks, thinking brought back with its signature.
import { type Fields, fieldsOf, isFields, objectsOf, parsed, textOf } from '#lib/json.ts';
import { blocksOf, withCacheControl } from './content.ts';

export interface Conversation {
  system: Fields[];
  messages: { role: 'user' | 'assistant'; content: Fields[] }[];
}

/** Translates the messages of a chat. */
export function conversationOf(messages: readonly Fields[]): Conversation {
  const conversation: Conversation = { system: [], messages: [] };
  for (const message of messages) addMessage(conversation, message);
  trimLastAssistant(conversation);
  return conversation;
}

function addMessage(conversation: Conversation, message: Fields): void {
  switch (message.role) {
    case 'system':
    case 'developer':
      conversation.system.push(...marked(blocksOf(message.content), message));
      return;
    case 'assistant':
      append(conversation, 'assistant', marked(assistantBlocks(message), message));
      return;
    case 'tool':
    case 'function':
      append(conversation, 'user', [toolResult(message)]);
      return;
    default:
      append(conversation, 'user', marked(blocksOf(message.content), message));
  }
}

/** A cache mark on a whole message marks its last block (LiteLLM's form for contents that are plain text). */
function marked(blocks: Fields[], message: Fields): Fields[] {
  const last = blocks.at(-1);
  return last === undefined || !isFields(message.cache_control) ? blocks : [...blocks.slice(0, -1), withCacheControl({ ...last }, message)];
}

function append(conversation: Conversation, role: 'user' | 'assistant', blocks: Fields[]): void {
  if (blocks.length === 0) return;
  const last = conversation.messages.at(-1);
  if (last?.role === role) last.content.push(...blocks);
  else conversation.messages.push({ role, content: blocks });
}

function assistantBlocks(message: Fields): Fields[] {
  const legacy = isFields(message.function_call) ? [{ id: textOf(message.function_call.name), function: message.function_call }] : [];
  return [
    ...objectsOf(message.thinking_blocks).filter(isUsableThinking),
    ...blocksOf(message.content),
    ...objectsOf(fieldsOf(message.provider_specific_fields).blocks),
    ...[...objectsOf(message.tool_calls), ...legacy].map(toolUse),
  ];
}

/** Thinking without a signature comes from another provider and would be refused. */
function isUsableThinking(block: Fields): boolean {
  return block.type === 'redacted_thinking' || (block.type === 'thinking' && textOf(block.signature) !== '');
}

function toolUse(call: Fields): Fields {
  const { name, arguments: text } = fieldsOf(call.function);
  const input = parsed(textOf(text));
  const use = { type: 'tool_use', id: safeToolId(textOf(call.id)), name: textOf(name), input: isFields(input) ? input : {} };
  return withCacheControl(use, call);
}

function toolResult(message: Fields): Fields {
  const id = textOf(message.tool_call_id) || textOf(message.name);
  const content = typeof message.content === 'string' ? message.content : blocksOf(message.content);
  const failed = message.is_error === true ? { is_error: true } : {};
  return withCacheControl({ type: 'tool_result', tool_use_id: safeToolId(id), content, ...failed }, message);
}

/** Anthropic takes letters, digits, `_` and `-` only; ids of other providers may hold more. */
function safeToolId(id: string): string {
  return id.replace(/[^a-zA-Z0-9_-]/g, '_') || 'call';
}

/** An answer that is to be continued must not end in white space. */
function trimLastAssistant(conversation: Conversation): void {
  const last = conversation.messages.at(-1);
  const block = last?.role === 'assistant' ? last.content.at(-1) : undefined;
  if (block?.type !== 'text') return;
  block.text = textOf(block.text).trimEnd();
  if (block.text === '') last?.content.pop();
  if (last?.content.length === 0) conversation.messages.pop();
}
