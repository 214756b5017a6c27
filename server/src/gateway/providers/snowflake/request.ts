// An OpenAI chat request -> Cortex's inference:complete: texts as content, everything else as content_list, tools as tool_spec. Source: Snowflake's public reference of the Cortex REST API.
import type { ChatRequest } from '#gateway/providers/chat.ts';
import { unsupportedContent, withoutUnsupported } from '#gateway/providers/parameters.ts';
import type { WireFacts } from '#gateway/providers/wire.ts';
import { defined, type Fields, fieldsOf, isFields, objectsOf, parsed, textOf } from '#lib/json.ts';

const UNSUPPORTED: ReadonlySet<string> = new Set(
  `n stop frequency_penalty presence_penalty logit_bias logprobs top_logprobs seed modalities audio prediction store stream_options verbosity safety_identifier
  prompt_cache_key prompt_cache_retention functions function_call user parallel_tool_calls web_search_options service_tier reasoning_effort thinking top_k
  cache_control output_config context_management mcp_servers container`.split(/\s+/),
);

/** The body of `inference:complete`. @throws AppError 400 for what Cortex cannot take. */
export function completeRequest(chat: ChatRequest, facts: WireFacts): Fields {
  const { messages, max_completion_tokens, max_tokens, tools, tool_choice, response_format, ...rest } = withoutUnsupported(
    chat,
    UNSUPPORTED,
    'snowflake',
    facts.dropParams,
  );
  const specs = objectsOf(tools).map(toolSpec);
  return defined({
    ...rest,
    model: facts.model,
    messages: messagesOf(objectsOf(messages)),
    max_tokens: max_completion_tokens ?? max_tokens,
    tools: specs.length === 0 ? undefined : specs,
    tool_choice: specs.length === 0 ? undefined : toolChoice(tool_choice),
    response_format: responseFormat(fieldsOf(response_format)),
    stream: facts.stream,
  });
}

function messagesOf(messages: readonly Fields[]): Fields[] {
  const out: Fields[] = [];
  /** Names of the calls by their ids: a result names its tool. */
  const called = new Map<unknown, string>();
  for (const message of messages) {
    for (const call of objectsOf(message.tool_calls)) called.set(call.id, textOf(fieldsOf(call.function).name));
    if (message.role === 'tool') addResult(out, message, called.get(message.tool_call_id) ?? '');
    else out.push(messageOf(message));
  }
  return out;
}

function messageOf(message: Fields): Fields {
  const role = message.role === 'developer' ? 'system' : message.role;
  const parts = typeof message.content === 'string' ? [{ type: 'text', text: message.content }] : objectsOf(message.content);
  const calls = objectsOf(message.tool_calls).map(callOf);
  const list = [...parts.filter((part) => part.type !== 'text' || textOf(part.text) !== '').map(partOf), ...calls];
  if (list.every((part) => part.type === 'text')) return { role, content: list.map((part) => textOf(part.text)).join('') };
  return { role, content_list: list };
}

function callOf(call: Fields): Fields {
  const { name, arguments: text } = fieldsOf(call.function);
  return { type: 'tool_use', tool_use: { tool_use_id: call.id, name, input: fieldsOf(parsed(textOf(text) || '{}')) } };
}

/** Results that follow each other are one turn of the user. */
function addResult(out: Fields[], message: Fields, name: string): void {
  const text =
    typeof message.content === 'string'
      ? message.content
      : objectsOf(message.content)
          .map(({ text }) => textOf(text))
          .join('\n');
  const result = { type: 'tool_results', tool_results: { tool_use_id: message.tool_call_id, name, content: [{ type: 'text', text }] } };
  const last = out.at(-1);
  const open = last?.role === 'user' ? objectsOf(last.content_list) : [];
  if (last !== undefined && open.length > 0 && open.every((part) => part.type === 'tool_results')) last.content_list = [...open, result];
  else out.push({ role: 'user', content_list: [result] });
}

function partOf(part: Fields): Fields {
  if (part.type === 'text') return { type: 'text', text: textOf(part.text) };
  if (part.type !== 'image_url') throw unsupportedContent(`content of type ${textOf(part.type).slice(0, 50)}`, 'snowflake');
  const url = isFields(part.image_url) ? textOf(part.image_url.url) : textOf(part.image_url);
  const data = /^data:([^;,]+);base64,(.*)$/s.exec(url);
  if (data === null) throw unsupportedContent('pictures by address: send them as data: URLs', 'snowflake');
  return { type: 'image', details: { type: 'base64', content_type: data[1], content: data[2] } };
}

function toolSpec(tool: Fields): Fields {
  if (isFields(tool.tool_spec)) return tool;
  if (tool.type !== 'function') throw unsupportedContent(`tools of type ${textOf(tool.type).slice(0, 50)}`, 'snowflake');
  const { name, description, parameters } = fieldsOf(tool.function);
  return { tool_spec: defined({ type: 'generic', name, description, input_schema: { type: 'object', properties: {}, ...fieldsOf(parameters) } }) };
}

function toolChoice(choice: unknown): Fields | undefined {
  const name = fieldsOf(fieldsOf(choice).function).name;
  if (name !== undefined) return { type: 'tool', name: [name] };
  return typeof choice === 'string' ? { type: choice } : undefined;
}

function responseFormat(format: Fields): Fields | undefined {
  if (format.type === 'json_schema') return { type: 'json', schema: fieldsOf(format.json_schema).schema };
  return format.type === 'json_object' ? { type: 'json' } : undefined;
}
