import fc from 'fast-check';
import { expect, it } from 'vitest';
import { answerAfter, NO_ANSWER } from './answer.ts';

const read = (...events: unknown[]) => events.map((event) => (typeof event === 'string' ? event : JSON.stringify(event))).reduce(answerAfter, NO_ANSWER);
const delta = (value: object, more: object = {}) => ({ choices: [{ index: 0, delta: value, ...more }] });

it('grows by text, thoughts and calls of tools in pieces, and ends with its usage', () => {
  const answer = read(
    delta({ role: 'assistant', content: '' }),
    delta({ reasoning_content: 'hm' }),
    delta({ content: 'こん' }),
    delta({ content: 'にちは' }),
    delta({ tool_calls: [{ index: 0, id: 'a', function: { name: 'weather', arguments: '{"ci' } }] }),
    delta({ tool_calls: [{ index: 0, function: { arguments: 'ty":1}' } }] }),
    delta({ tool_calls: [{ index: 1, function: { name: 'time', arguments: '{}' } }] }),
    delta({}, { finish_reason: 'stop' }),
    { choices: [], usage: { prompt_tokens: 3, completion_tokens: 5 } },
    '[DONE]',
  );
  expect(answer).toEqual({
    ...{ text: 'こんにちは', thinking: 'hm', inputTokens: 3, outputTokens: 5, finishReason: 'stop', error: null },
    toolCalls: [
      { name: 'weather', arguments: '{"city":1}' },
      { name: 'time', arguments: '{}' },
    ],
  });
});

it('keeps what came before an error in the stream', () => {
  expect(read(delta({ content: 'half' }), { error: { message: 'upstream broke' } })).toMatchObject({ text: 'half', error: 'upstream broke' });
});

it('takes any event without throwing or forgetting', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.json(),
          fc.string(),
          fc.jsonValue().map((value) => JSON.stringify(delta({ content: value, tool_calls: value }))),
        ),
      ),
      (events) => {
        const answer = events.reduce(answerAfter, { ...NO_ANSWER, text: 'before' });
        expect(answer.text.startsWith('before')).toBe(true);
      },
    ),
  );
});
