// Reads a conversation out of whatever was recorded: OpenAI (chat, responses), Anthropic, Gemini, LangChain, Vercel AI and OpenTelemetry message shapes. Pure; never throws.

export type ChatPart =
  | { kind: 'text'; text: string }
  | { kind: 'thinking'; text: string }
  | { kind: 'tool-call'; id: string | null; name: string; arguments: string }
  | { kind: 'tool-result'; id: string | null; text: string }
  | { kind: 'image'; url: string }
  | { kind: 'data'; json: string };

export interface ChatMessage {
  /** system, user, assistant, tool, or what was recorded. */
  role: string;
  name: string | null;
  parts: ChatPart[];
}

export interface Conversation {
  messages: ChatMessage[];
  /** Tools that the model was offered. */
  tools: { name: string; description: string | null; parameters: string | null }[];
}

type Json = Record<string, unknown>;

/**
 * Reads the raw JSON text of an input or output.
 * @returns null when it holds no messages; the page then shows the value as JSON.
 */
export function readConversation(raw: string | null, side: 'input' | 'output'): Conversation | null {
  if (raw === null || raw === '') return null;
  const value = parse(raw);
  const fallbackRole = side === 'input' ? 'user' : 'assistant';
  if (typeof value === 'string')
    return value === '' ? null : { messages: [{ role: fallbackRole, name: null, parts: [{ kind: 'text', text: value }] }], tools: [] };
  const messages = findMessages(value, fallbackRole, 0);
  if (!messages || messages.length === 0) return null;
  return { messages, tools: isRecord(value) ? readTools(value.tools ?? value.functions) : [] };
}

/** The value that a raw text stands for: parsed JSON, or the text itself when it is none. */
export function parse(raw: string): unknown {
  try {
    return JSON.parse(raw);
  } catch {
    return raw;
  }
}

function findMessages(value: unknown, fallbackRole: string, depth: number): ChatMessage[] | null {
  if (depth > 4) return null;
  if (Array.isArray(value)) return readList(value, fallbackRole, depth);
  if (!isRecord(value)) return null;
  if (Array.isArray(value.choices)) return readChoices(value.choices);
  if (Array.isArray(value.candidates))
    return value.candidates.filter(isRecord).flatMap((candidate) => findMessages(candidate.content, 'assistant', depth + 1) ?? []);
  return findNested(value, fallbackRole, depth) ?? readSingle(value, fallbackRole, depth);
}

/** Messages under the names that request and answer bodies give them. */
function findNested(value: Json, fallbackRole: string, depth: number): ChatMessage[] | null {
  for (const name of ['messages', 'contents', 'input', 'output', 'generations'] as const) {
    const nested = value[name];
    // A text under `input` is a prompt only beside the model that got it (the Responses API); elsewhere it is data.
    const prompt = typeof nested === 'string' && name === 'input' && typeof value.model === 'string';
    const found = prompt
      ? [textMessage('user', nested)]
      : typeof nested === 'object'
        ? findMessages(nested, name === 'output' ? 'assistant' : fallbackRole, depth + 1)
        : null;
    if (found && found.length > 0) return [...systemOf(value), ...found];
  }
  return null;
}

function readSingle(value: Json, fallbackRole: string, depth: number): ChatMessage[] | null {
  if (isMessage(value)) return [readMessage(value, fallbackRole)];
  if (isRecord(value.message)) return findMessages(value.message, fallbackRole, depth + 1);
  if (typeof value.prompt === 'string') return [textMessage('user', value.prompt)];
  if (typeof value.completion === 'string') return [textMessage('assistant', value.completion)];
  return null;
}

function readList(list: readonly unknown[], fallbackRole: string, depth: number): ChatMessage[] | null {
  if (list.length === 0) return null;
  // LangChain batches conversations: [[message, message]].
  if (list.length === 1 && Array.isArray(list[0])) return findMessages(list[0], fallbackRole, depth + 1);
  if (!list.every((item) => isRecord(item) && isMessage(item))) return null;
  return (list as Json[]).map((item) => readMessage(item, fallbackRole));
}

function readChoices(choices: readonly unknown[]): ChatMessage[] {
  return choices.filter(isRecord).map((choice) => {
    if (isRecord(choice.message)) return readMessage(choice.message, 'assistant');
    if (isRecord(choice.delta)) return readMessage(choice.delta, 'assistant');
    return textMessage('assistant', typeof choice.text === 'string' ? choice.text : '');
  });
}

const ITEM_TYPES = new Set(['message', 'function_call', 'function_call_output', 'reasoning', 'human', 'ai', 'system', 'tool', 'chat']);

function isMessage(value: Json): boolean {
  if (typeof value.role === 'string') return 'content' in value || 'parts' in value || 'tool_calls' in value || 'function_call' in value || 'audio' in value;
  return (
    typeof value.type === 'string' &&
    ITEM_TYPES.has(value.type) &&
    ('content' in value || 'data' in value || 'arguments' in value || 'output' in value || 'summary' in value)
  );
}

function readMessage(message: Json, fallbackRole: string): ChatMessage {
  // Items of the Responses API that stand beside messages.
  if (message.type === 'function_call') return { role: 'assistant', name: null, parts: [toolCall(message.call_id, message.name, message.arguments)] };
  if (message.type === 'function_call_output') return { role: 'tool', name: null, parts: [toolResult(message.call_id, message.output)] };
  const body = isRecord(message.data) && !('content' in message) ? message.data : message;
  const role = roleOf(message, fallbackRole);
  const content = body.content ?? body.parts ?? (message.type === 'reasoning' ? message.summary : undefined);
  const answersCall = (role === 'tool' || body.tool_call_id !== undefined) && !Array.isArray(body.parts) && !holdsBlocks(content, 'tool');
  const parts = [...readThoughts(body), ...(answersCall ? [toolResult(body.tool_call_id, content)] : readContent(content)), ...readCalls(body)];
  return { role, name: firstText(body.name), parts };
}

function readThoughts(body: Json): ChatPart[] {
  const thoughts = [body.reasoning_content, body.reasoning, body.thinking];
  return thoughts.filter((thought): thought is string => typeof thought === 'string' && thought !== '').map((text) => ({ kind: 'thinking', text }));
}

function roleOf(message: Json, fallbackRole: string): string {
  if (typeof message.role === 'string' && message.role !== '')
    return message.role === 'model' ? 'assistant' : message.role === 'function' ? 'tool' : message.role;
  switch (message.type) {
    case 'human':
      return 'user';
    case 'ai':
    case 'reasoning':
      return 'assistant';
    case 'system':
    case 'tool':
      return message.type;
    default:
      return fallbackRole;
  }
}

function readContent(content: unknown): ChatPart[] {
  if (content === null || content === undefined || content === '') return [];
  if (typeof content === 'string') return [{ kind: 'text', text: content }];
  if (Array.isArray(content)) return content.flatMap((block) => readBlock(block));
  return readBlock(content);
}

function readBlock(block: unknown): ChatPart[] {
  if (typeof block === 'string') return block === '' ? [] : [{ kind: 'text', text: block }];
  if (!isRecord(block)) return [data(block)];
  const type = typeof block.type === 'string' ? block.type : '';
  const call = readToolBlock(type, block);
  if (call) return [call];
  if (type === 'thinking' || type === 'reasoning' || block.thought === true)
    return [{ kind: 'thinking', text: firstText(block.thinking, block.text, block.content) ?? '' }];
  const image = imageUrl(type, block);
  if (image !== null) return [{ kind: 'image', url: image }];
  const text = firstText(block.text, type === 'text' || type === 'output_text' || type === 'input_text' ? block.content : undefined, block.refusal);
  return text === null ? [data(block)] : [{ kind: 'text', text }];
}

function readToolBlock(type: string, block: Json): ChatPart | null {
  if (type === 'tool_use' || type === 'server_tool_use') return toolCall(block.id, block.name, block.input);
  if (type === 'tool_call' || type === 'tool-call')
    return toolCall(block.id ?? block.toolCallId, block.name ?? block.toolName, block.arguments ?? block.args ?? block.input);
  if (type === 'tool_result') return toolResult(block.tool_use_id, block.content);
  if (type === 'tool_call_response' || type === 'tool-result') return toolResult(block.id ?? block.toolCallId, block.response ?? block.result ?? block.output);
  if (isRecord(block.functionCall)) return toolCall(block.functionCall.id, block.functionCall.name, block.functionCall.args);
  if (isRecord(block.functionResponse)) return toolResult(block.functionResponse.id ?? block.functionResponse.name, block.functionResponse.response);
  return null;
}

function imageUrl(type: string, block: Json): string | null {
  if (isRecord(block.image_url) && typeof block.image_url.url === 'string') return block.image_url.url;
  if (typeof block.image_url === 'string') return block.image_url;
  if (type !== 'image') return null;
  if (typeof block.image === 'string') return block.image;
  const source = block.source;
  if (!isRecord(source)) return null;
  if (typeof source.url === 'string') return source.url;
  // A reference stands where the base64 was: the medium is shown beneath.
  if (typeof source.data === 'string' && source.data.startsWith('@@@')) return source.data;
  return typeof source.data === 'string' ? `data:${String(source.media_type ?? 'image/png')};base64,${source.data}` : null;
}

/** What a message carries beside its content: a refusal and the tools that it calls. */
function readCalls(body: Json): ChatPart[] {
  const parts: ChatPart[] = [];
  const refusal = firstText(body.refusal);
  if (refusal !== null) parts.push({ kind: 'text', text: refusal });
  if (Array.isArray(body.tool_calls))
    for (const call of body.tool_calls.filter(isRecord)) {
      const inner = isRecord(call.function) ? call.function : call;
      parts.push(toolCall(call.id, inner.name, inner.arguments ?? inner.args));
    }
  if (isRecord(body.function_call)) parts.push(toolCall(null, body.function_call.name, body.function_call.arguments));
  return parts;
}

function readTools(tools: unknown): Conversation['tools'] {
  if (!Array.isArray(tools)) return [];
  return tools.filter(isRecord).map((tool) => {
    const inner = isRecord(tool.function) ? tool.function : tool;
    const parameters = inner.parameters ?? inner.input_schema;
    return {
      name: firstText(inner.name, tool.type) ?? 'tool',
      description: firstText(inner.description),
      parameters: parameters === undefined || parameters === null ? null : pretty(parameters),
    };
  });
}

function systemOf(value: Json): ChatMessage[] {
  const system = value.system ?? value.instructions ?? value.systemInstruction;
  if (typeof system === 'string' && system !== '') return [textMessage('system', system)];
  if (Array.isArray(system)) return [{ role: 'system', name: null, parts: readContent(system) }];
  return isRecord(system) ? [{ role: 'system', name: null, parts: readContent(system.parts ?? system) }] : [];
}

function holdsBlocks(content: unknown, prefix: string): boolean {
  return Array.isArray(content) && content.some((block) => isRecord(block) && typeof block.type === 'string' && block.type.startsWith(prefix));
}

function toolCall(id: unknown, name: unknown, input: unknown): ChatPart {
  return { kind: 'tool-call', id: firstText(id), name: firstText(name) ?? 'tool', arguments: prettyText(input) };
}

function toolResult(id: unknown, content: unknown): ChatPart {
  if (Array.isArray(content) && content.every((block) => isRecord(block) && typeof block.text === 'string'))
    return { kind: 'tool-result', id: firstText(id), text: content.map((block) => (block as { text: string }).text).join('\n') };
  return { kind: 'tool-result', id: firstText(id), text: prettyText(content) };
}

function textMessage(role: string, text: string): ChatMessage {
  return { role, name: null, parts: text === '' ? [] : [{ kind: 'text', text }] };
}

function data(value: unknown): ChatPart {
  return { kind: 'data', json: pretty(value) };
}

/** JSON held in a text (tool arguments are sent so) is indented; any other text stays as it is. */
function prettyText(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string') return pretty(value);
  const parsed = parse(value);
  return typeof parsed === 'object' && parsed !== null ? pretty(parsed) : value;
}

function pretty(value: unknown): string {
  return JSON.stringify(value, null, 2) ?? '';
}

function firstText(...values: unknown[]): string | null {
  return values.find((value): value is string => typeof value === 'string' && value !== '') ?? null;
}

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
