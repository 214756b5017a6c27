import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerOfJson, answerOfStream } from './answer.ts';

const sse = (...chunks: unknown[]): string => [...chunks.map((chunk) => `data: ${JSON.stringify(chunk)}`), 'data: [DONE]', ''].join('\n\n');
const delta = (value: unknown, index = 0) => ({ id: 'chatcmpl-1', model: 'gpt-4o', choices: [{ index, delta: value }] });

describe('a JSON answer', () => {
  it('is its message, or all of them', () => {
    expect(answerOfJson('{"id":"c","model":"m","choices":[{"message":{"role":"assistant","content":"a"}}]}')).toEqual({
      id: 'c',
      model: 'm',
      output: '{"role":"assistant","content":"a"}',
    });
    expect(answerOfJson('{"choices":[{"message":{"content":"a"}},{"message":{"content":"b"}}]}').output).toBe('[{"content":"a"},{"content":"b"}]');
  });
  it('says how many vectors there are instead of keeping them', () => {
    expect(answerOfJson('{"data":[{"embedding":[1,2,3]},{"embedding":[1,2,3]}]}').output).toBe('{"embeddings":2,"dimensions":3}');
  });
  it('is the error, or the text when it is no JSON', () => {
    expect(answerOfJson('{"error":{"message":"no"}}').output).toBe('{"message":"no"}');
    expect(answerOfJson('<html>').output).toBe('"<html>"');
  });
});

describe('a streamed answer', () => {
  it('joins text, refusal and reasoning', () => {
    const stream = sse(
      delta({ role: 'assistant', content: '' }),
      delta({ reasoning_content: 'thi' }),
      delta({ reasoning_content: 'nk' }),
      delta({ content: 'こん' }),
      delta({ content: 'にちは', refusal: null }),
      {
        id: 'x',
        choices: [],
        usage: {},
      },
    );
    expect(answerOfStream(stream)).toEqual({
      id: 'chatcmpl-1',
      model: 'gpt-4o',
      output: '{"content":"こんにちは","role":"assistant","reasoning_content":"think"}',
    });
  });
  it('puts tool calls together by index', () => {
    const stream = sse(
      delta({ tool_calls: [{ index: 1, id: 'b', type: 'function', function: { name: 'g', arguments: '' } }] }),
      delta({ tool_calls: [{ index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '{"x"' } }] }),
      delta({
        tool_calls: [
          { index: 0, function: { arguments: ':1}' } },
          { index: 1, function: { arguments: '{}' } },
        ],
      }),
    );
    expect(JSON.parse(answerOfStream(stream).output as string)).toEqual({
      content: null,
      role: 'assistant',
      tool_calls: [
        { id: 'a', type: 'function', function: { name: 'f', arguments: '{"x":1}' } },
        { id: 'b', type: 'function', function: { name: 'g', arguments: '{}' } },
      ],
    });
  });
  it('keeps several choices apart and a broken end out', () => {
    expect(answerOfStream(`${sse(delta({ content: 'a' }, 1), delta({ content: 'b' }, 0))}data: {"choi`).output).toBe(
      '[{"content":"b","role":"assistant"},{"content":"a","role":"assistant"}]',
    );
  });
  it('shows an error that came inside the stream', () => {
    expect(answerOfStream('data: {"error":{"message":"overloaded"}}\n\n').output).toBe('{"error":{"message":"overloaded"}}');
  });
  it('never throws', () => {
    const anything = fc.oneof(
      fc.jsonValue(),
      fc.record({
        choices: fc.array(
          fc.record({ index: fc.jsonValue(), delta: fc.dictionary(fc.constantFrom('content', 'tool_calls', 'role', 'audio', '__proto__'), fc.jsonValue()) }),
        ),
      }),
    );
    fc.assert(
      fc.property(fc.array(anything), (chunks) => {
        const { output } = answerOfStream(sse(...chunks));
        if (output !== null) JSON.parse(output);
      }),
    );
    fc.assert(fc.property(fc.string(), (text) => void answerOfJson(text)));
  });
});
