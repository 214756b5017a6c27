// For tests: what a model says, in OpenAI's chat and in Responses, whole and streamed; and an MCP server of a configuration.
import type { McpServer } from '#gateway/mcp/access.ts';
import type { ScriptedAnswer } from '#gateway/providers/upstream-fixture.ts';
import type { Fields } from '#lib/json.ts';

export interface Said {
  text?: string;
  /** Calls as [id, name, arguments]. */
  calls?: readonly (readonly [string, string, Fields | string])[];
  usage?: readonly [input: number, output: number];
  /** More members of the message. */
  more?: Fields;
}

const SSE = { 'content-type': 'text/event-stream' };
const written = (input: Fields | string): string => (typeof input === 'string' ? input : JSON.stringify(input));

export function chatAnswer({ text, calls = [], usage = [10, 5], more = {} }: Said): ScriptedAnswer {
  const tools = calls.map(([id, name, input]) => ({ id, type: 'function', function: { name, arguments: written(input) } }));
  const message = { role: 'assistant', content: text ?? null, ...(tools.length === 0 ? {} : { tool_calls: tools }), ...more };
  const choices = [{ index: 0, message, finish_reason: tools.length === 0 ? 'stop' : 'tool_calls' }];
  const counted = { prompt_tokens: usage[0], completion_tokens: usage[1], total_tokens: usage[0] + usage[1], prompt_tokens_details: { cached_tokens: 1 } };
  return {
    pieces: [JSON.stringify({ id: 'chatcmpl-up', object: 'chat.completion', created: 1, model: 'up', choices, usage: counted, system_fingerprint: 'fp' })],
  };
}

export function chatStream({ text = '', calls = [], usage = [10, 5], more = {} }: Said, id = 'chatcmpl-up'): ScriptedAnswer {
  const chunk = (fields: Fields): string => `data: ${JSON.stringify({ id, object: 'chat.completion.chunk', created: 1, model: 'up', ...fields })}\n\n`;
  const delta = (fields: Fields, finish: string | null = null): string => chunk({ choices: [{ index: 0, delta: fields, finish_reason: finish }] });
  const pieces = [delta({ role: 'assistant', content: '', ...more }), ...[...text].map((letter) => delta({ content: letter }))];
  for (const [index, [callId, name, input]] of calls.entries()) {
    pieces.push(delta({ tool_calls: [{ index, id: callId, type: 'function', function: { name, arguments: '' } }] }));
    for (const piece of written(input).match(/.{1,4}/gsu) ?? []) pieces.push(delta({ tool_calls: [{ index, function: { arguments: piece } }] }));
  }
  pieces.push(delta({}, calls.length === 0 ? 'stop' : 'tool_calls'));
  pieces.push(chunk({ choices: [], usage: { prompt_tokens: usage[0], completion_tokens: usage[1], total_tokens: usage[0] + usage[1] } }), 'data: [DONE]\n\n');
  return { headers: SSE, pieces };
}

function items({ text, calls = [], more }: Said): Fields[] {
  return [
    ...(more === undefined ? [] : [more]),
    ...(text === undefined
      ? []
      : [{ id: 'msg_up', type: 'message', status: 'completed', role: 'assistant', content: [{ type: 'output_text', text, annotations: [] }] }]),
    ...calls.map(([id, name, input], at) => ({ id: `fc_up_${at}`, type: 'function_call', status: 'completed', call_id: id, name, arguments: written(input) })),
  ];
}

function response(said: Said, id: string, status = 'completed'): Fields {
  const [input, output] = said.usage ?? [10, 5];
  const usage = { input_tokens: input, output_tokens: output, total_tokens: input + output, output_tokens_details: { reasoning_tokens: 0 } };
  const whole = status === 'completed';
  return { id, object: 'response', created_at: 1, status, model: 'up', output: whole ? items(said) : [], usage: whole ? usage : null, tools: [], store: false };
}

export function responsesAnswer(said: Said, id = 'resp_up'): ScriptedAnswer {
  return { pieces: [JSON.stringify(response(said, id))] };
}

export function responsesStream(said: Said, id = 'resp_up'): ScriptedAnswer {
  let sequence = 0;
  const event = (type: string, fields: Fields): string => `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sequence++, ...fields })}\n\n`;
  const pieces = ['response.created', 'response.in_progress'].map((type) => event(type, { response: response(said, id, 'in_progress') }));
  for (const [index, item] of items(said).entries()) {
    const at = { output_index: index, item_id: item.id };
    pieces.push(event('response.output_item.added', { output_index: index, item: { ...item, content: [], arguments: '', status: 'in_progress' } }));
    if (item.type === 'function_call') {
      pieces.push(event('response.function_call_arguments.delta', { ...at, delta: item.arguments }));
      pieces.push(event('response.function_call_arguments.done', { ...at, arguments: item.arguments }));
    }
    if (item.type === 'message') {
      const part = { type: 'output_text', text: '', annotations: [] };
      pieces.push(event('response.content_part.added', { ...at, content_index: 0, part }));
      pieces.push(event('response.output_text.delta', { ...at, content_index: 0, delta: said.text }));
      pieces.push(event('response.output_text.done', { ...at, content_index: 0, text: said.text }));
      pieces.push(event('response.content_part.done', { ...at, content_index: 0, part: { ...part, text: said.text } }));
    }
    pieces.push(event('response.output_item.done', { output_index: index, item }));
  }
  pieces.push(event('response.completed', { response: response(said, id) }));
  return { headers: SSE, pieces };
}

const SERVER: McpServer = {
  ...{ id: 'id', name: 'tools', serverName: 'tools', url: '', transport: 'auto', authType: 'none', authValue: null, staticHeaders: {}, extraHeaders: [] },
  ...{ allowedTools: null, disallowedTools: [], accessGroups: [], allowAllKeys: false, description: null, timeoutMs: 5_000, costPerCall: '0', costPerTool: {} },
  ...{ info: {}, trusted: true },
};

export function mcpServer(name: string, url: string, more: Partial<McpServer> = {}): McpServer {
  return { ...SERVER, id: `id-${name}`, name, serverName: name, url, ...more };
}
