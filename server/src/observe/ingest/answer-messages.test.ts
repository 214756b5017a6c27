import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerOfMessages, answerOfMessagesStream } from './answer-messages.ts';

const sse = (...events: { type: string; [key: string]: unknown }[]) =>
  events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');

describe('a Messages answer', () => {
  it('is its blocks, or the error', () => {
    expect(
      answerOfMessages('{"id":"m","type":"message","role":"assistant","model":"c","content":[{"type":"text","text":"a"}],"stop_reason":"end_turn"}'),
    ).toEqual({
      id: 'm',
      model: 'c',
      output: '{"role":"assistant","content":[{"type":"text","text":"a"}],"stop_reason":"end_turn"}',
    });
    expect(answerOfMessages('{"type":"error","error":{"message":"no"}}').output).toBe('{"message":"no"}');
  });
  it('is put together from a stream: texts, thinking, inputs of tools', () => {
    const stream = sse(
      { type: 'message_start', message: { id: 'm', model: 'c' } },
      { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'hm' } },
      { type: 'content_block_start', index: 1, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: 'こん' } },
      { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: 'にちは' } },
      { type: 'content_block_start', index: 2, content_block: { type: 'tool_use', id: 't', name: 'f', input: {} } },
      { type: 'content_block_delta', index: 2, delta: { type: 'input_json_delta', partial_json: '{"a":' } },
      { type: 'content_block_delta', index: 2, delta: { type: 'input_json_delta', partial_json: '1}' } },
      { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: {} },
      { type: 'message_stop' },
    );
    const answer = answerOfMessagesStream(stream);
    expect([answer.id, answer.model]).toEqual(['m', 'c']);
    expect(JSON.parse(answer.output as string)).toEqual({
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'hm' },
        { type: 'text', text: 'こんにちは' },
        { type: 'tool_use', id: 't', name: 'f', input: { a: 1 } },
      ],
      stop_reason: 'tool_use',
    });
  });
  it('never faults', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            type: fc.constantFrom('message_start', 'content_block_start', 'content_block_delta', 'message_delta', 'error'),
            index: fc.jsonValue(),
            delta: fc.jsonValue(),
            content_block: fc.jsonValue(),
            message: fc.jsonValue(),
          }),
        ),
        (events) => void answerOfMessagesStream(sse(...events)),
      ),
    );
    fc.assert(fc.property(fc.string(), (text) => void answerOfMessages(text)));
  });
});
