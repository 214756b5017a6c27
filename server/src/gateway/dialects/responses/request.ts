// A Responses request -> a chat: items become messages, reasoning items bring thinking back, built-in web search becomes the chat's. For upstreams without Responses of their own.
import type { AnswerFacts, ClientCall } from '#gateway/dialects/client-call.ts';
import type { ChatRequest } from '#gateway/providers/chat.ts';
import { elsewhere } from '#gateway/tool-loop/wanted.ts';
import { AppError } from '#lib/errors.ts';
import { defined, type Fields, fieldsOf, isFields, objectsOf, textOf } from '#lib/json.ts';
import { responseOf } from './answer.ts';
import { functionItems } from './mcp-items.ts';
import { thinkingIn } from './reasoning.ts';
import { ResponseWriter } from './stream.ts';

const REWRITTEN: ReadonlySet<string> = new Set(
  `input instructions tools tool_choice text reasoning max_output_tokens previous_response_id store include truncation background conversation metadata prompt
  max_tool_calls service_tier`.split(/\s+/),
);

/** @throws AppError 400 for what is no input, 501 for what only an upstream with Responses of its own can do. */
export function readResponsesCall(body: Fields, facts: AnswerFacts): ClientCall {
  for (const name of ['previous_response_id', 'conversation', 'prompt']) if (body[name] !== undefined && body[name] !== null) throw notBridged(name);
  const tools = toolsOf(body.tools);
  const chat: ChatRequest = {
    ...Object.fromEntries(Object.entries(body).filter(([key]) => !REWRITTEN.has(key))),
    messages: [...instructionsOf(body.instructions), ...messagesOf(body.input)],
    ...defined({
      ...tools,
      tool_choice: toolChoice(body.tool_choice),
      response_format: responseFormat(fieldsOf(fieldsOf(body.text).format)),
      verbosity: fieldsOf(body.text).verbosity,
      reasoning_effort: fieldsOf(body.reasoning).effort,
      max_completion_tokens: body.max_output_tokens,
    }),
  };
  const asked = { ...body, previous_response_id: facts.previousId, store: facts.kept };
  const id = `resp_${facts.callId}`;
  return { chat, answer: (answer) => responseOf({ ...answer, id }, asked), stream: () => new ResponseWriter(asked, id) };
}

function notBridged(name: string): AppError {
  const message = `${name} is supported for models of OpenAI and Azure OpenAI only: send the whole conversation in input.`;
  return new AppError(message, { status: 501, code: 'not_supported', param: name });
}

function instructionsOf(instructions: unknown): Fields[] {
  return typeof instructions === 'string' && instructions !== '' ? [{ role: 'system', content: instructions }] : [];
}

function messagesOf(input: unknown): Fields[] {
  if (typeof input === 'string') return [{ role: 'user', content: input }];
  if (!Array.isArray(input)) throw new AppError('"input" must be a text or a list of items.', { status: 400, code: 'invalid_request_error', param: 'input' });
  const messages: Fields[] = [];
  for (const item of objectsOf(input)) addItem(messages, item);
  return messages;
}

function addItem(messages: Fields[], item: Fields): void {
  switch (item.type) {
    case 'function_call': {
      const assistant = openAssistant(messages);
      const call = { id: item.call_id, type: 'function', function: { name: item.name, arguments: textOf(item.arguments) } };
      assistant.tool_calls = [...objectsOf(assistant.tool_calls), call];
      return;
    }
    case 'function_call_output':
      messages.push({ role: 'tool', tool_call_id: item.call_id, content: typeof item.output === 'string' ? item.output : objectsOf(item.output).map(partOf) });
      return;
    case 'reasoning': {
      const blocks = thinkingIn(item.encrypted_content);
      // Another provider's reasoning is sealed to everybody else.
      if (blocks.length > 0) messages.push({ role: 'assistant', content: null, thinking_blocks: blocks });
      return;
    }
    case undefined:
    case 'message':
      addMessage(messages, item);
      return;
    default:
      if (functionItems(item) !== null) for (const one of functionItems(item) ?? []) addItem(messages, one);
      else throw notSent(item);
  }
}

function notSent(item: Fields): AppError {
  const message = `An item of type ${textOf(item.type).slice(0, 100)} cannot be sent to this model.`;
  return new AppError(message, { status: 400, code: 'invalid_request_error', param: 'input' });
}

/** The assistant's turn that still goes on, or a new one. */
function openAssistant(messages: Fields[]): Fields {
  const last = messages.at(-1);
  if (last?.role === 'assistant') return last;
  const assistant: Fields = { role: 'assistant', content: null };
  messages.push(assistant);
  return assistant;
}

function addMessage(messages: Fields[], item: Fields): void {
  const content = typeof item.content === 'string' ? item.content : objectsOf(item.content).map(partOf);
  const last = messages.at(-1);
  if (item.role === 'assistant' && last?.role === 'assistant' && last.content === null && last.tool_calls === undefined) last.content = content;
  else messages.push({ role: item.role, content });
}

/** Parts by their chat names; what is known to neither passes. */
function partOf(part: Fields): Fields {
  switch (part.type) {
    case 'input_text':
    case 'output_text':
    case 'summary_text':
      return { type: 'text', text: textOf(part.text) };
    case 'refusal':
      return { type: 'text', text: textOf(part.refusal) };
    case 'input_image':
      return { type: 'image_url', image_url: defined({ url: part.image_url ?? part.file_id, detail: part.detail }) };
    case 'input_file':
      return { type: 'file', file: defined({ filename: part.filename, file_data: part.file_data, file_id: part.file_id ?? part.file_url }) };
    default:
      return part;
  }
}

function toolsOf(tools: unknown): Fields {
  const functions: Fields[] = [];
  let search: Fields | undefined;
  for (const tool of objectsOf(tools)) {
    const { type, name, description, parameters, strict } = tool;
    if (type === 'function') functions.push({ type: 'function', function: defined({ name, description, parameters, strict }) });
    else if (textOf(type).startsWith('web_search')) search = defined({ search_context_size: tool.search_context_size, user_location: tool.user_location });
    else if (type === 'mcp') throw elsewhere('This model', tool);
    else functions.push(tool);
  }
  return { tools: functions.length === 0 ? undefined : functions, web_search_options: search };
}

function toolChoice(choice: unknown): unknown {
  if (isFields(choice) && choice.type === 'function') return { type: 'function', function: { name: choice.name } };
  return typeof choice === 'string' ? choice : undefined;
}

function responseFormat(format: Fields): Fields | undefined {
  if (format.type === 'json_object') return { type: 'json_object' };
  if (format.type !== 'json_schema') return undefined;
  const { name, schema, strict, description } = format;
  return { type: 'json_schema', json_schema: defined({ name, schema, strict, description }) };
}
