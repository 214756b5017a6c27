// A chat for servers of OpenAI's kind: what they refuse is taken out, the rest survives; their streams in any pieces.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '#gateway/providers/chat.ts';
import { SseEvents } from '#gateway/providers/sse-events.ts';
import { UpstreamSaid, type WireFacts } from '#gateway/providers/wire.ts';
import { DEPLOYMENT } from '#gateway/test-gateway-fixture.ts';
import { openAiWire } from './wire.ts';

const facts = (model = 'gpt-4o'): WireFacts => ({ deployment: DEPLOYMENT, model, stream: true, dropParams: false, id: 'x', nowSeconds: 1 });
const mark = { type: 'ephemeral' };
const CHAT: ChatRequest = {
  messages: [
    { role: 'system', content: [{ type: 'text', text: 'A', cache_control: mark }] },
    { role: 'assistant', content: 'x', thinking_blocks: [{ type: 'thinking' }], reasoning_content: 'hm', name: 'kept' },
    {
      role: 'tool',
      tool_call_id: 'c',
      is_error: true,
      content: [
        { type: 'text', text: 'r' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,QQ==' } },
      ],
    },
  ],
  tools: [{ type: 'function', function: { name: 'f' }, cache_control: mark }],
  thinking: { type: 'enabled', budget_tokens: 6000 },
  top_k: 3,
  unknown_member: 1,
};

describe('a chat for OpenAI', () => {
  it('loses what only other languages know, and pictures of a tool follow as the user’s', () => {
    expect(openAiWire(true)(CHAT, facts()).body).toEqual({
      model: 'gpt-4o',
      stream: true,
      unknown_member: 1,
      messages: [
        { role: 'system', content: [{ type: 'text', text: 'A' }] },
        { role: 'assistant', content: 'x', name: 'kept' },
        { role: 'tool', tool_call_id: 'c', content: 'r' },
        { role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,QQ==' } }] },
      ],
      tools: [{ type: 'function', function: { name: 'f' } }],
    });
  });
  it('thinks by effort where the model can, and servers that know more get more', () => {
    expect(openAiWire(true)(CHAT, facts('gpt-5-mini')).body.reasoning_effort).toBe('medium');
    expect(openAiWire(false)(CHAT, facts('anthropic/claude')).body).toMatchObject({ messages: CHAT.messages, top_k: 3, thinking: CHAT.thinking });
  });
});

describe('its stream', () => {
  it('is the same in any pieces, and no bytes make it fault in another way than it says', () => {
    const choice = fc.record({ index: fc.jsonValue(), delta: fc.jsonValue(), finish_reason: fc.jsonValue() });
    const chunk = fc.record({ id: fc.jsonValue(), choices: fc.oneof(fc.jsonValue(), fc.array(choice)), usage: fc.jsonValue() });
    const read = (bytes: Buffer, size: number) => {
      const reader = openAiWire(true)({ messages: [] }, facts()).stream();
      const chunks: unknown[] = [];
      for (let at = 0; at < bytes.length; at += size) chunks.push(...reader.push(bytes.subarray(at, at + size)));
      return [chunks, reader.end(), reader.done];
    };
    fc.assert(
      fc.property(fc.array(chunk), fc.boolean(), fc.integer({ min: 1, max: 60 }), (chunks, done, size) => {
        const bytes = Buffer.from(`${chunks.map((given) => `data: ${JSON.stringify(given)}\r\n\r\n`).join('')}${done ? 'data: [DONE]\n\n' : ''}`);
        expect(read(bytes, size)).toEqual(read(bytes, bytes.length || 1));
      }),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          read(Buffer.from(`data: ${text}\n\n`), 5);
        } catch (error) {
          expect(error instanceof UpstreamSaid || (error as Error).message.includes('not JSON')).toBe(true);
        }
      }),
    );
  });
});

describe('events of a stream', () => {
  it('come whole with their names, however the bytes are cut', () => {
    const event = fc.record({ name: fc.option(fc.stringMatching(/^[a-z_]{1,12}$/)), data: fc.string({ minLength: 1 }).filter((text) => !/[\r\n]/.test(text)) });
    fc.assert(
      fc.property(fc.array(event), fc.constantFrom('\n', '\r\n'), fc.integer({ min: 1, max: 40 }), (events, newline, size) => {
        const text = events
          .map(({ name, data }) => `${name === null ? '' : `event: ${name}${newline}`}data: ${data}${newline}${newline}: ping${newline}${newline}`)
          .join('');
        const bytes = Buffer.from(text);
        const reader = new SseEvents();
        const read = [];
        for (let at = 0; at < bytes.length; at += size) read.push(...reader.push(bytes.subarray(at, at + size)));
        expect([...read, ...reader.end()]).toEqual(events.map(({ name, data }) => ({ name, data })));
      }),
    );
  });
});
