// OpenAI's conversation -> Converse's messages: roles alternate, calls and results as blocks, reasoning with its signature, cache points behind what they mark.
import { unsupportedContent } from '#gateway/providers/parameters.ts';
import { type Fields, fieldsOf, isFields, objectsOf, parsed, textOf } from '#lib/json.ts';

const PROVIDER = 'bedrock';
const DATA_URL = /^data:([^;,]*)(?:;[^,]*)?,(.*)$/s;
const CACHE_POINT: Fields = { cachePoint: { type: 'default' } };

export interface Conversation {
  system: Fields[];
  messages: { role: 'user' | 'assistant'; content: Fields[] }[];
  /** Names of the tools that the conversation has called. */
  called: Set<string>;
}

/** Translates the messages of a chat. */
export function conversationOf(messages: readonly Fields[]): Conversation {
  const conversation: Conversation = { system: [], messages: [], called: new Set() };
  for (const message of messages) addMessage(conversation, message);
  return conversation;
}

function addMessage(conversation: Conversation, message: Fields): void {
  const { role } = message;
  if (role === 'system' || role === 'developer') conversation.system.push(...marked(blocksOf(message.content), message));
  else if (role === 'assistant') append(conversation, 'assistant', marked(assistantBlocks(conversation, message), message));
  else if (role === 'tool' || role === 'function') append(conversation, 'user', marked([toolResult(message)], message));
  else append(conversation, 'user', marked(blocksOf(message.content), message));
}

function marked(blocks: Fields[], source: Fields): Fields[] {
  return isFields(source.cache_control) && blocks.length > 0 ? [...blocks, CACHE_POINT] : blocks;
}

function append(conversation: Conversation, role: 'user' | 'assistant', blocks: Fields[]): void {
  if (blocks.length === 0) return;
  const last = conversation.messages.at(-1);
  if (last?.role === role) last.content.push(...blocks);
  else conversation.messages.push({ role, content: blocks });
}

function blocksOf(content: unknown): Fields[] {
  if (typeof content === 'string') return content.trim() === '' ? [] : [{ text: content }];
  return objectsOf(content).flatMap((part) => marked(partBlocks(part), part));
}

function partBlocks(part: Fields): Fields[] {
  switch (part.type) {
    case 'text':
    case 'refusal': {
      const text = textOf(part.text) || textOf(part.refusal);
      return text.trim() === '' ? [] : [{ text }];
    }
    case 'image_url':
      return [mediaBlock(typeof part.image_url === 'string' ? part.image_url : textOf(fieldsOf(part.image_url).url), '')];
    case 'file': {
      const file = fieldsOf(part.file);
      return [mediaBlock(textOf(file.file_data) || textOf(file.file_id), textOf(file.filename))];
    }
    case 'input_audio':
      throw unsupportedContent('audio', PROVIDER);
    default:
      if (typeof part.type === 'string') throw unsupportedContent(`a part of type ${part.type.slice(0, 100)}`, PROVIDER);
      // A block of Converse's own.
      return [part];
  }
}

function mediaBlock(url: string, filename: string): Fields {
  const stored = /^s3:\/\/.+\.([a-z0-9]+)$/i.exec(url);
  if (stored !== null) return blockOfFormat(formatOf(stored[1] as string), { s3Location: { uri: url } }, filename);
  const data = DATA_URL.exec(url);
  if (data === null) throw unsupportedContent('pictures and files by address: send a data: URL or an s3:// address', PROVIDER);
  return blockOfFormat(formatOf((data[1] ?? '').replace(/^.*[/.]/, '')), { bytes: data[2] }, filename);
}

const FORMATS: Readonly<Record<string, string>> = {
  jpg: 'jpeg',
  plain: 'txt',
  markdown: 'md',
  msword: 'doc',
  document: 'docx',
  'ms-excel': 'xls',
  sheet: 'xlsx',
  '': 'png',
};

function formatOf(ending: string): string {
  const name = ending.toLowerCase();
  return Object.hasOwn(FORMATS, name) ? (FORMATS[name] as string) : name;
}

const PICTURES: ReadonlySet<string> = new Set(['png', 'jpeg', 'gif', 'webp']);
const VIDEOS: ReadonlySet<string> = new Set(['mp4', 'mov', 'mkv', 'webm', 'mpeg', 'mpg', 'wmv', 'flv']);

function blockOfFormat(format: string, source: Fields, filename: string): Fields {
  if (PICTURES.has(format)) return { image: { format, source } };
  if (VIDEOS.has(format)) return { video: { format, source } };
  // Letters, digits, single spaces, hyphens and brackets are all that a name may hold.
  const name =
    filename
      .replace(/\.[^.]*$/, '')
      .replace(/[^a-zA-Z0-9\-()[\]]+/g, ' ')
      .trim() || 'document';
  return { document: { format, name, source } };
}

function assistantBlocks(conversation: Conversation, message: Fields): Fields[] {
  const calls = objectsOf(message.tool_calls).flatMap((call) => {
    const name = textOf(fieldsOf(call.function).name);
    conversation.called.add(name);
    return marked([toolUse(call, name)], call);
  });
  return [...objectsOf(message.thinking_blocks).flatMap(reasoningBlock), ...blocksOf(message.content), ...calls];
}

/** Reasoning without a signature, or with another provider's, would be refused. */
function reasoningBlock(block: Fields): Fields[] {
  if (block.type === 'redacted_thinking') return [{ reasoningContent: { redactedContent: block.data } }];
  const signature = textOf(block.signature);
  if (signature === '' || signature.startsWith('gemini#')) return [];
  return [{ reasoningContent: { reasoningText: { text: textOf(block.thinking), signature } } }];
}

function toolUse(call: Fields, name: string): Fields {
  const input = parsed(textOf(fieldsOf(call.function).arguments));
  return { toolUse: { toolUseId: safeToolId(textOf(call.id)), name, input: isFields(input) ? input : {} } };
}

function toolResult(message: Fields): Fields {
  const content = blocksOf(message.content).filter((block) => block.cachePoint === undefined);
  const failed = message.is_error === true ? { status: 'error' } : {};
  return { toolResult: { toolUseId: safeToolId(textOf(message.tool_call_id)), content: content.length === 0 ? [{ text: '(empty)' }] : content, ...failed } };
}

/** Converse takes letters, digits, `_` and `-`, at most 64 of them. */
function safeToolId(id: string): string {
  return id.replace(/[^a-zA-Z0-9_-]/g, '_').slice(0, 64) || 'call';
}
