// Anthropic through the conformance suite, and what only its language has.
import { describeProvider, type Said } from '#gateway/providers/conformance.ts';
import type { Seen } from '#gateway/providers/upstream-fixture.ts';
import { fieldsOf, objectsOf, textOf } from '#lib/json.ts';

const STOPS = { stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use' };

function blocks({ thinking, text, calls }: Said): Record<string, unknown>[] {
  return [
    ...(thinking === undefined ? [] : [{ type: 'thinking', thinking: thinking.text.join(''), signature: thinking.signature }]),
    ...(text === undefined ? [] : [{ type: 'text', text: text.join('') }]),
    ...(calls ?? []).map((call) => ({ type: 'tool_use', ...call })),
  ];
}

const usage = ({ usage: { input, cached, written, output } }: Said) => ({
  input_tokens: input,
  cache_read_input_tokens: cached,
  cache_creation_input_tokens: written,
  output_tokens: output,
});

const head = { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-sonnet-4-5-20250929' };
const event = (type: string, fields: object) => `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;

function frames(said: Said): string[] {
  const out = [event('message_start', { message: { ...head, content: [], stop_reason: null, usage: { ...usage(said), output_tokens: 1 } } })];
  let index = 0;
  const block = (content: object, deltas: object[]) => {
    out.push(event('content_block_start', { index, content_block: content }), event('ping', {}));
    for (const delta of deltas) out.push(event('content_block_delta', { index, delta }));
    out.push(event('content_block_stop', { index }));
    index += 1;
  };
  if (said.thinking) {
    const thoughts = said.thinking.text.map((thinking) => ({ type: 'thinking_delta', thinking }));
    block({ type: 'thinking', thinking: '', signature: '' }, [...thoughts, { type: 'signature_delta', signature: said.thinking.signature }]);
  }
  if (said.text)
    block(
      { type: 'text', text: '' },
      said.text.map((text) => ({ type: 'text_delta', text })),
    );
  for (const { id, name, input } of said.calls ?? []) {
    const json = Object.keys(input).length === 0 ? '' : JSON.stringify(input);
    const pieces = [json.slice(0, 5), json.slice(5)].map((partial_json) => ({ type: 'input_json_delta', partial_json }));
    block({ type: 'tool_use', id, name, input: {} }, pieces);
  }
  out.push(event('message_delta', { delta: { stop_reason: STOPS[said.stop], stop_sequence: null }, usage: { output_tokens: said.usage.output } }));
  return [...out, event('message_stop', {})];
}

describeProvider({
  name: 'anthropic',
  deployment: (url) => ({ provider: 'anthropic', providerName: 'anthropic', upstreamModel: 'claude-sonnet-4-5', apiBase: url, apiKey: 'sk-ant-upstream' }),
  spoken: {
    whole: (said) => JSON.stringify({ ...head, content: blocks(said), stop_reason: STOPS[said.stop], stop_sequence: null, usage: usage(said) }),
    frames,
    error: (_status, message) => JSON.stringify({ type: 'error', error: { type: 'rate_limit_error', message }, request_id: 'req_1' }),
    failedFrames: (message) => [event('error', { error: { type: 'overloaded_error', message } })],
  },
  understood({ body }: Seen) {
    const content = objectsOf(body.messages).flatMap((message) =>
      typeof message.content === 'string' ? [{ type: 'text', text: message.content }] : objectsOf(message.content),
    );
    const results = content.filter((block) => block.type === 'tool_result');
    return {
      system:
        typeof body.system === 'string'
          ? body.system
          : objectsOf(body.system)
              .map((block) => textOf(block.text))
              .join(''),
      texts: content.filter((block) => block.type === 'text').map((block) => textOf(block.text)),
      tools: objectsOf(body.tools).map((tool) => textOf(tool.name)),
      maxTokens: Number(body.max_tokens),
      pictures: content.filter((block) => block.type === 'image').map((block) => textOf(fieldsOf(block.source).media_type)),
      results: results.map(({ content: given }) =>
        typeof given === 'string'
          ? given
          : objectsOf(given)
              .map((block) => textOf(block.text))
              .join(''),
      ),
      toolChoice: fieldsOf(body.tool_choice).type === 'any' ? 'required' : textOf(fieldsOf(body.tool_choice).type),
    };
  },
});
