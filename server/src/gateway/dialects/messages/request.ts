// A Messages request -> a chat: blocks become parts, tool results messages of their own, thinking blocks stay beside the text. Cache marks stay where they stand.
import type { ClientCall } from '#gateway/dialects/client-call.ts';
import type { ChatRequest } from '#gateway/providers/chat.ts';
import { AppError } from '#lib/errors.ts';
import { defined, type Fields, fieldsOf, isFields, objectsOf, textOf } from '#lib/json.ts';
import { messagesAnswer } from './answer.ts';
import { MessagesWriter } from './stream.ts';

/** Longest `user` that OpenAI takes. */
const LONGEST_USER = 64;
const REWRITTEN: ReadonlySet<string> = new Set(
  'messages system tools tool_choice stop_sequences metadata output_config output_format thinking service_tier'.split(' '),
);

/** @throws AppError 400 when there are no messages. */
export function readMessagesCall(body: Fields): ClientCall {
  if (!Array.isArray(body.messages)) throw new AppError('messages: Field required', { status: 400, code: 'invalid_request_error', param: 'messages' });
  const tools = objectsOf(body.tools).map(toolOf);
  const user = textOf(fieldsOf(body.metadata).user_id);
  const chat: ChatRequest = {
    ...Object.fromEntries(Object.entries(body).filter(([key]) => !REWRITTEN.has(key))),
    messages: [...systemOf(body.system), ...objectsOf(body.messages).flatMap(messagesOf)],
    ...defined({
      tools: tools.length === 0 ? undefined : tools,
      ...toolChoice(fieldsOf(body.tool_choice)),
      stop: Array.isArray(body.stop_sequences) && body.stop_sequences.length > 0 ? body.stop_sequences : undefined,
      user: user === '' ? undefined : user.slice(0, LONGEST_USER),
      thinking: body.thinking,
      service_tier: body.service_tier === 'standard_only' ? 'default' : undefined,
      ...outputOf(body),
    }),
  };
  return { chat, answer: messagesAnswer, stream: () => new MessagesWriter() };
}

function systemOf(system: unknown): Fields[] {
  if (typeof system === 'string') return system === '' ? [] : [{ role: 'system', content: system }];
  const parts = objectsOf(system).map(partOf);
  return parts.length === 0 ? [] : [{ role: 'system', content: parts }];
}

function messagesOf(message: Fields): Fields[] {
  const { role, content } = message;
  if (typeof content === 'string') return [{ role, content }];
  const blocks = objectsOf(content);
  return role === 'assistant' ? [assistantMessage(blocks)] : userMessages(role, blocks);
}

/** Results first, as they must follow the calls; then what the user says. */
function userMessages(role: unknown, blocks: readonly Fields[]): Fields[] {
  const results = blocks.filter((block) => block.type === 'tool_result').map(toolMessage);
  const parts = blocks.filter((block) => block.type !== 'tool_result').map(partOf);
  return parts.length === 0 ? results : [...results, { role, content: onlyText(parts) ?? parts }];
}

/** One plain text is sent as a text: more servers take that. */
function onlyText(parts: readonly Fields[]): string | null {
  const [part] = parts;
  return parts.length === 1 && part?.type === 'text' && part.cache_control === undefined ? textOf(part.text) : null;
}

function toolMessage(block: Fields): Fields {
  const parts = objectsOf(block.content).map(partOf);
  const content = typeof block.content === 'string' ? block.content : (onlyText(parts) ?? parts);
  return defined({
    role: 'tool',
    tool_call_id: block.tool_use_id,
    content: Array.isArray(content) && content.length === 0 ? '' : content,
    is_error: block.is_error === true ? true : undefined,
    cache_control: block.cache_control,
  });
}

function assistantMessage(blocks: readonly Fields[]): Fields {
  const thinking = blocks.filter((block) => block.type === 'thinking' || block.type === 'redacted_thinking');
  const texts = blocks.filter((block) => block.type === 'text').map(partOf);
  const calls = blocks.filter((block) => block.type === 'tool_use').map(callOf);
  const others = blocks.filter((block) => !KNOWN.has(textOf(block.type)));
  const reasoning = thinking.map((block) => textOf(block.thinking)).join('');
  return defined({
    role: 'assistant',
    content: texts.length === 0 ? null : (onlyText(texts) ?? texts),
    tool_calls: calls.length === 0 ? undefined : calls,
    reasoning_content: reasoning === '' ? undefined : reasoning,
    thinking_blocks: thinking.length === 0 ? undefined : thinking,
    provider_specific_fields: others.length === 0 ? undefined : { blocks: others },
  });
}

const KNOWN: ReadonlySet<string> = new Set(['thinking', 'redacted_thinking', 'text', 'tool_use']);

function callOf(block: Fields): Fields {
  const call = { id: block.id, type: 'function', function: { name: block.name, arguments: JSON.stringify(block.input ?? {}) } };
  return defined({ ...call, cache_control: block.cache_control });
}

function partOf(block: Fields): Fields {
  const part = partWithoutMark(block);
  return part === block || block.cache_control === undefined ? part : { ...part, cache_control: block.cache_control };
}

/** Blocks that OpenAI has no part for pass as they are: who knows them can use them. */
function partWithoutMark(block: Fields): Fields {
  const source = fieldsOf(block.source);
  if (block.type === 'text') return { type: 'text', text: textOf(block.text) };
  if (block.type === 'image') return imagePart(source) ?? block;
  if (block.type === 'document') return documentPart(source, block) ?? block;
  return block;
}

function imagePart(source: Fields): Fields | null {
  if (source.type === 'base64') return { type: 'image_url', image_url: { url: `data:${textOf(source.media_type)};base64,${textOf(source.data)}` } };
  return source.type === 'url' ? { type: 'image_url', image_url: { url: textOf(source.url) } } : null;
}

function documentPart(source: Fields, block: Fields): Fields | null {
  const filename = textOf(block.title) || 'document.pdf';
  if (source.type === 'base64') return { type: 'file', file: { filename, file_data: `data:${textOf(source.media_type)};base64,${textOf(source.data)}` } };
  return source.type === 'text' ? { type: 'text', text: textOf(source.data) } : null;
}

/** Tools with a schema are functions; those of Anthropic's own pass as they are. */
function toolOf(tool: Fields): Fields {
  if (!isFields(tool.input_schema)) return tool;
  const { name, description, input_schema: parameters, cache_control, type: _, ...more } = tool;
  return defined({ type: 'function', function: defined({ name, description, parameters, strict: more.strict }), cache_control });
}

function toolChoice(choice: Fields): Fields {
  const single = choice.disable_parallel_tool_use === true ? { parallel_tool_calls: false } : {};
  if (choice.type === 'auto') return { tool_choice: 'auto', ...single };
  if (choice.type === 'any') return { tool_choice: 'required', ...single };
  if (choice.type === 'none') return { tool_choice: 'none' };
  return choice.type === 'tool' ? { tool_choice: { type: 'function', function: { name: choice.name } }, ...single } : {};
}

/** An output format is OpenAI's response_format; the effort its reasoning_effort. */
function outputOf(body: Fields): Fields {
  const config = fieldsOf(body.output_config);
  const format = isFields(config.format) ? config.format : fieldsOf(body.output_format);
  const schema = { type: 'json_schema', json_schema: { name: 'answer', schema: format.schema, strict: true } };
  return { response_format: format.type === 'json_schema' ? schema : undefined, reasoning_effort: textOf(config.effort) || undefined };
}
