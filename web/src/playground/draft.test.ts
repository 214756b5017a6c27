import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Draft,
  draftFaults,
  draftOfObservation,
  draftOfPrompt,
  draftVariables,
  EMPTY_DRAFT,
  filledIn,
  isComposed,
  requestOf,
  servedName,
  versionOf,
} from './draft.ts';

const draft = (over: Partial<Draft>): Draft => ({ ...EMPTY_DRAFT, model: 'demo', messages: [{ id: 1, role: 'user', content: 'hi' }], ...over });

describe('a draft', () => {
  it('becomes a request with its variables filled in and its parameters as numbers and JSON', () => {
    const written = draft({
      messages: [
        { id: 1, role: 'system', content: '' },
        { id: 2, role: 'user', content: 'Hello {{ name }}, {{unknown}}' },
      ],
      ...{ temperature: '0.2', maxTokens: '50', responseFormat: '{"type":"json_object"}', tools: '[{"type":"function"}]' },
    });
    expect(draftVariables(written)).toEqual(['name', 'unknown']);
    expect(draftFaults(written).size).toBe(0);
    expect(requestOf(written, { name: '$& 花子' })).toEqual({
      model: 'demo',
      messages: [{ role: 'user', content: 'Hello $& 花子, {{unknown}}' }],
      parameters: { temperature: 0.2, max_tokens: 50, response_format: { type: 'json_object' }, tools: [{ type: 'function' }] },
    });
  });

  it('names the fields that cannot be sent', () => {
    const wrong = draft({ model: ' ', messages: [], temperature: '3', topP: 'x', maxTokens: '1.5', responseFormat: '[]', tools: '{"a":1}' });
    expect([...draftFaults(wrong)].sort()).toEqual(['maxTokens', 'messages', 'model', 'responseFormat', 'temperature', 'tools', 'topP']);
    expect([...draftFaults(draft({ responseFormat: '{"a"', tools: '[1]' }))]).toEqual(['responseFormat', 'tools']);
  });

  it('fills in any text with any values without touching the rest', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (before, value, after) => {
        const around = [before, after].map((text) => text.replaceAll(/[{}]/g, ''));
        expect(filledIn(`${around[0]}{{name}}${around[1]}`, { name: value })).toBe(`${around[0]}${value}${around[1]}`);
        expect(filledIn(`${around[0]}{{toString}}`, {})).toBe(`${around[0]}{{toString}}`);
      }),
    );
  });
});

describe('a draft of a prompt', () => {
  it('has its messages and what the playground knows of its configuration, and goes back into a version', () => {
    const made = draftOfPrompt({
      prompt: [
        { role: 'system', content: 'Be {{tone}}' },
        { type: 'placeholder', name: 'history' },
        { role: 'user', content: '{{question}}' },
      ],
      config: { model: 'demo', temperature: 0.5, max_tokens: 10, tools: [{ type: 'function' }], other: true },
    });
    expect(made).toMatchObject({ model: 'demo', temperature: '0.5', maxTokens: '10', leftOut: 1 });
    expect(made.messages.map(({ role }) => role)).toEqual(['system', 'user']);
    expect(versionOf(made, 'chat')).toEqual({
      type: 'chat',
      prompt: [
        { role: 'system', content: 'Be {{tone}}' },
        { role: 'user', content: '{{question}}' },
      ],
      config: { model: 'demo', temperature: 0.5, max_tokens: 10, tools: [{ type: 'function' }] },
    });
  });

  it('of one text stays a text while one message is all there is', () => {
    const made = draftOfPrompt({ prompt: 'Say {{word}}', config: {} });
    expect(versionOf({ ...made, model: 'demo' }, 'text')).toEqual({ type: 'text', prompt: 'Say {{word}}', config: { model: 'demo' } });
    const more = { ...made, messages: [...made.messages, { id: 9, role: 'user' as const, content: 'more' }] };
    expect(versionOf(more, 'text').type).toBe('chat');
  });
});

describe('a draft of a generation', () => {
  it('has its messages, parameters and tools, and says what it cannot hold', () => {
    const input = {
      model: 'gpt-x',
      messages: [
        { role: 'developer', content: 'rules' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'look' },
            { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
          ],
        },
        { role: 'assistant', content: 'seen' },
      ],
      tools: [{ type: 'function', function: { name: 'f' } }],
    };
    const made = draftOfObservation({
      input: JSON.stringify(input),
      model: 'demo',
      modelParameters: { temperature: '0', max_tokens: 20, response_format: '{"type":"json_object"}' },
    });
    expect(made).toMatchObject({ model: 'demo', temperature: '0', maxTokens: '20', leftOut: 1 });
    expect(made.messages.map(({ role, content }) => [role, content])).toEqual([
      ['system', 'rules'],
      ['user', 'look'],
      ['assistant', 'seen'],
    ]);
    expect(JSON.parse(made.tools)).toEqual(input.tools);
    expect(JSON.parse(made.responseFormat)).toEqual({ type: 'json_object' });
  });

  it('is an empty one when nothing can be read, whatever was recorded', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), fc.jsonValue(), (input, parameters) => {
        const made = draftOfObservation({ input, model: null, modelParameters: { temperature: parameters, tools: parameters, response_format: parameters } });
        expect(made.messages.length).toBeGreaterThan(0);
        const faults = draftFaults({ ...made, model: 'demo', messages: [{ id: 1, role: 'user', content: 'x' }], temperature: '', maxTokens: '', topP: '' });
        expect([...faults]).toEqual([]);
      }),
    );
    expect(draftOfObservation({ input: null, model: null, modelParameters: null })).toEqual(EMPTY_DRAFT);
  });
});

it('finds the name under which the gateway serves the model of a source', () => {
  const deployment = {
    id: 'd',
    provider: 'openai',
    apiBase: null,
    mode: null,
    ready: true,
    problem: null,
    inputCostPerMillion: null,
    outputCostPerMillion: null,
    priceId: null,
  };
  const models = [
    { name: 'mini', deployments: [{ ...deployment, upstreamModel: 'openai/gpt-4o-mini' }] },
    { name: 'gpt-4o', deployments: [{ ...deployment, upstreamModel: 'gpt-4o-2024' }] },
  ];
  expect(['gpt-4o', 'gpt-4o-mini', 'gpt-4o-2024', 'o-mini', ''].map((wanted) => servedName(models, wanted))).toEqual(['gpt-4o', 'mini', 'gpt-4o', null, null]);
});

it('knows a prompt that holds other prompts', () => {
  expect(isComposed('a @@@langfusePrompt:name=rules|label=production@@@ b')).toBe(true);
  expect(isComposed([{ role: 'user', content: 'plain' }])).toBe(false);
});
