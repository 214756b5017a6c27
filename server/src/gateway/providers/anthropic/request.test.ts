// What a chat becomes in Anthropic's language, field by field; and that nothing a client sends makes the translators fault.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '#gateway/providers/chat.ts';
import { UpstreamSaid, type WireFacts } from '#gateway/providers/wire.ts';
import { DEPLOYMENT } from '#gateway/test-gateway-fixture.ts';
import { AppError } from '#lib/errors.ts';
import { messagesWire } from './anthropic.ts';
import { MessagesReader } from './stream.ts';

const facts = (more: Partial<WireFacts> = {}): WireFacts => ({
  deployment: DEPLOYMENT,
  model: 'claude-sonnet-4-5',
  stream: false,
  dropParams: false,
  id: 'chatcmpl-x',
  nowSeconds: 1,
  ...more,
});
const hello = [{ role: 'user', content: 'Hi' }];
const body = (chat: Partial<ChatRequest>, more: Partial<WireFacts> = {}) => messagesWire({ messages: hello, ...chat }, facts(more)).body;

describe('a chat for Anthropic', () => {
  it('always says how long an answer may be', () => {
    expect(body({}).max_tokens).toBe(4096);
    expect(body({ max_tokens: 5 }).max_tokens).toBe(5);
    expect(body({ max_completion_tokens: 6, max_tokens: 5 }).max_tokens).toBe(6);
    expect(body({}, { deployment: { ...DEPLOYMENT, info: { max_output_tokens: 64_000 } } }).max_tokens).toBe(64_000);
    expect(body({ reasoning_effort: 'high' }).max_tokens).toBe(4096 + 4096);
  });
  it('alternates roles, puts results before what the user says, and keeps cache marks', () => {
    const mark = { type: 'ephemeral' };
    const made = body({
      messages: [
        { role: 'system', content: [{ type: 'text', text: 'A', cache_control: mark }] },
        { role: 'developer', content: 'B' },
        { role: 'user', content: 'one' },
        { role: 'user', content: [{ type: 'text', text: 'two', cache_control: mark }] },
        { role: 'assistant', content: '', tool_calls: [{ id: 'a:1', function: { name: 'f', arguments: '{"x":1}' } }] },
        { role: 'tool', tool_call_id: 'a:1', content: [{ type: 'text', text: 'r' }] },
        { role: 'user', content: 'three' },
        { role: 'assistant', content: 'I say  ' },
      ],
    });
    expect(made.system).toEqual([
      { type: 'text', text: 'A', cache_control: mark },
      { type: 'text', text: 'B' },
    ]);
    expect(made.messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'one' },
          { type: 'text', text: 'two', cache_control: mark },
        ],
      },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'a_1', name: 'f', input: { x: 1 } }] },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'a_1', content: [{ type: 'text', text: 'r' }] },
          { type: 'text', text: 'three' },
        ],
      },
      { role: 'assistant', content: [{ type: 'text', text: 'I say' }] },
    ]);
  });
  it('brings thinking back with its signature, and leaves out what was never signed', () => {
    const blocks = [
      { type: 'thinking', thinking: 't', signature: 's' },
      { type: 'thinking', thinking: 'other provider', signature: null },
      { type: 'redacted_thinking', data: 'd' },
    ];
    const made = body({ messages: [...hello, { role: 'assistant', content: 'x', thinking_blocks: blocks }, ...hello] });
    expect((made.messages as { content: unknown }[])[1]?.content).toEqual([blocks[0], blocks[2], { type: 'text', text: 'x' }]);
  });
  it('takes pictures by address and by content, documents, and refuses audio by name', () => {
    const parts = [
      { type: 'image_url', image_url: { url: 'https://x/y.png' } },
      { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,QQ==' } },
      { type: 'file', file: { file_data: 'data:text/plain;base64,5pel5pys' } },
      { type: 'file', file: { file_id: 'file_1' } },
    ];
    expect((body({ messages: [{ role: 'user', content: parts }] }).messages as { content: unknown }[])[0]?.content).toEqual([
      { type: 'image', source: { type: 'url', url: 'https://x/y.png' } },
      { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'QQ==' }, title: 'a.pdf' },
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: '日本' } },
      { type: 'document', source: { type: 'file', file_id: 'file_1' } },
    ]);
    expect(() => body({ messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio: {} }] }] })).toThrow('cannot take audio');
  });
  it('chooses tools as asked', () => {
    const tools = [
      { type: 'function', function: { name: 'f', parameters: { properties: { a: {} } } } },
      { type: 'web_search_20250305', name: 'web_search' },
    ];
    expect(body({ tools }).tools).toEqual([{ name: 'f', input_schema: { type: 'object', properties: { a: {} } } }, tools[1]]);
    expect(body({ tools }).tool_choice).toBeUndefined();
    expect(body({ tools, parallel_tool_calls: false }).tool_choice).toEqual({ type: 'auto', disable_parallel_tool_use: true });
    expect(body({ tools, tool_choice: 'none' }).tool_choice).toEqual({ type: 'none' });
    expect(body({ tools, tool_choice: { type: 'function', function: { name: 'f' } } }).tool_choice).toEqual({ type: 'tool', name: 'f' });
    expect(body({ tools: [], tool_choice: 'auto' })).not.toHaveProperty('tool_choice');
  });
  it('gives JSON by the model’s own format, on older models by a tool whose call is the answer', () => {
    const response_format = { type: 'json_schema', json_schema: { name: 'n', schema: { type: 'object' } } };
    expect(body({ response_format }).output_config).toEqual({ format: { type: 'json_schema', schema: { type: 'object' } } });
    const old = messagesWire({ messages: hello, response_format }, facts({ model: 'claude-3-5-sonnet-20241022' }));
    expect(old.body.tool_choice).toEqual({ type: 'tool', name: 'json_tool_call' });
    const answer = old.answer({ content: [{ type: 'tool_use', id: 'i', name: 'json_tool_call', input: { a: 1 } }], stop_reason: 'tool_use', usage: {} });
    expect(answer.choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: '{"a":1}' } });
  });
  it('thinks by budget or by itself, as the model can', () => {
    expect(body({ reasoning_effort: 'medium' }).thinking).toEqual({ type: 'enabled', budget_tokens: 2048 });
    expect(body({ reasoning_effort: 'none' })).not.toHaveProperty('thinking');
    const adaptive = body({ reasoning_effort: 'high' }, { model: 'claude-opus-4-6' });
    expect([adaptive.thinking, adaptive.output_config]).toEqual([{ type: 'adaptive' }, { effort: 'high' }]);
    expect(body({ thinking: { type: 'enabled', budget_tokens: 9 } }).thinking).toEqual({ type: 'enabled', budget_tokens: 9 });
  });
  it('refuses what the language cannot say unless it says nothing or may be dropped; unknown members survive', () => {
    expect(() => body({ seed: 1 })).toThrow("does not support parameters: ['seed']");
    expect(body({ seed: 1 }, { dropParams: true })).not.toHaveProperty('seed');
    expect(body({ n: 1, frequency_penalty: 0, logprobs: false, stream_options: {} })).not.toHaveProperty('n');
    expect(body({ top_k: 5, mcp_servers: [1], user: 'u' })).toMatchObject({ top_k: 5, mcp_servers: [1], metadata: { user_id: 'u' } });
  });
  it('never faults, whatever a client sends', () => {
    const soup = fc.record(
      Object.fromEntries(
        'tools tool_choice response_format stop thinking reasoning_effort user web_search_options max_tokens'.split(' ').map((key) => [key, fc.jsonValue()]),
      ),
      { requiredKeys: [] },
    );
    const message = fc.record({
      role: fc.constantFrom('user', 'assistant', 'tool', 'system', 'x'),
      content: fc.oneof(
        fc.jsonValue(),
        fc.array(fc.record({ type: fc.constantFrom('text', 'image_url', 'file', 'y'), text: fc.jsonValue(), image_url: fc.jsonValue(), file: fc.jsonValue() })),
      ),
      tool_calls: fc.jsonValue(),
      thinking_blocks: fc.jsonValue(),
    });
    fc.assert(
      fc.property(soup, fc.array(message), (more, messages) => {
        try {
          JSON.stringify(messagesWire({ ...more, messages } as ChatRequest, facts({ dropParams: true })).body);
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
        }
      }),
    );
  });
});

describe('Anthropic’s stream', () => {
  it('is read without faults of ours from any events in any pieces', () => {
    const type = fc.constantFrom(
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
      'ping',
      'new',
    );
    const block = fc.record({
      type: fc.constantFrom('text', 'tool_use', 'thinking', 'redacted_thinking', 'server_tool_use'),
      text: fc.jsonValue(),
      id: fc.jsonValue(),
      name: fc.jsonValue(),
    });
    const delta = fc.record({
      type: fc.constantFrom('text_delta', 'input_json_delta', 'thinking_delta', 'signature_delta', 'citations_delta'),
      text: fc.jsonValue(),
      partial_json: fc.jsonValue(),
      thinking: fc.jsonValue(),
      stop_reason: fc.jsonValue(),
    });
    const events = fc.array(fc.record({ type, index: fc.nat(3), message: fc.jsonValue(), content_block: block, delta, usage: fc.jsonValue() }));
    fc.assert(
      fc.property(events, fc.integer({ min: 1, max: 50 }), (list, size) => {
        const bytes = Buffer.from(list.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(''));
        const whole = read(bytes, bytes.length || 1);
        expect(read(bytes, size)).toEqual(whole);
      }),
    );
  });
  it('that is no stream of events is refused with an ordinary error', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        try {
          new MessagesReader(facts(), false).push(Buffer.from(bytes));
        } catch (error) {
          expect(error instanceof UpstreamSaid || (error as Error).message.includes('not JSON')).toBe(true);
        }
      }),
    );
  });
});

function read(bytes: Buffer, size: number): unknown {
  const reader = new MessagesReader(facts(), false);
  const chunks: unknown[] = [];
  for (let at = 0; at < bytes.length; at += size) chunks.push(...reader.push(bytes.subarray(at, at + size)));
  return [chunks, reader.end()];
}
