// What code is given of each target: one form, whichever provider's tool calls it holds.
import { describe, expect, it } from 'vitest';
import { contextTextOf } from './context.ts';

const given = (sources: Record<string, unknown>) => JSON.parse(contextTextOf({ sources })) as Record<string, unknown>;

describe('the context of an evaluator in code', () => {
  it('is the observation, with OpenAI and Anthropic tool calls in one form', () => {
    expect(
      given({
        input: { a: 1 },
        output: undefined,
        metadata: undefined,
        tool_calls: [
          { id: 'c1', type: 'function', function: { name: 'weather', arguments: '{"city":"Kyoto"}' } },
          { id: 'c2', type: 'tool_use', name: 'time', input: { zone: 'JST' } },
          'nothing',
        ],
      }),
    ).toEqual({
      observation: {
        input: { a: 1 },
        output: null,
        metadata: {},
        toolCalls: [
          { id: 'c1', name: 'weather', arguments: '{"city":"Kyoto"}', type: 'function', index: 0 },
          { id: 'c2', name: 'time', arguments: '{"zone":"JST"}', type: 'function', index: 1 },
          { id: '', name: '', arguments: '', type: 'function', index: 2 },
        ],
      },
    });
  });

  it('has what was expected of an item of an experiment, the observations of a trace, the conversation of a session', () => {
    expect(given({ expected_output: 'b', experiment_item_metadata: null })).toMatchObject({ experiment: { itemExpectedOutput: 'b', itemMetadata: null } });
    expect(given({ observations: [{ name: 'o' }] })).toMatchObject({ observations: [{ name: 'o' }] });
    expect(given({ conversation: [{ input: 'q' }] })).toMatchObject({ conversation: [{ input: 'q' }] });
    expect(given({})).not.toHaveProperty('experiment');
  });
});
