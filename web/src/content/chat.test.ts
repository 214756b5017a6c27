// Every message shape that SDKs record is read as a conversation, and nothing that is recorded makes the page fail.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ChatPart, readConversation } from './chat.ts';

function read(value: unknown, side: 'input' | 'output' = 'input') {
  return readConversation(JSON.stringify(value), side);
}

function partsOf(value: unknown, side: 'input' | 'output' = 'input'): ChatPart[] {
  return read(value, side)?.messages.flatMap((message) => message.parts) ?? [];
}

describe('readConversation', () => {
  it("reads an OpenAI request with tools, a tool call and the tool's answer", () => {
    const found = read({
      model: 'gpt-4o-mini',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: [{ type: 'text', text: '天気は？' }] },
        { role: 'assistant', content: null, tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"東京"}' } }] },
        { role: 'tool', tool_call_id: 'call_1', content: '{"degrees":12}' },
      ],
      tools: [{ type: 'function', function: { name: 'weather', description: 'Weather now', parameters: { type: 'object' } } }],
    });
    expect(found?.messages.map((message) => message.role)).toEqual(['system', 'user', 'assistant', 'tool']);
    expect(found?.messages[1]?.parts).toEqual([{ kind: 'text', text: '天気は？' }]);
    expect(found?.messages[2]?.parts).toEqual([{ kind: 'tool-call', id: 'call_1', name: 'weather', arguments: '{\n  "city": "東京"\n}' }]);
    expect(found?.messages[3]?.parts).toEqual([{ kind: 'tool-result', id: 'call_1', text: '{\n  "degrees": 12\n}' }]);
    expect(found?.tools).toEqual([{ name: 'weather', description: 'Weather now', parameters: '{\n  "type": "object"\n}' }]);
  });

  it('reads an OpenAI answer, a bare message and a plain text', () => {
    expect(read({ choices: [{ message: { role: 'assistant', content: 'Hi' } }] }, 'output')?.messages).toEqual([
      { role: 'assistant', name: null, parts: [{ kind: 'text', text: 'Hi' }] },
    ]);
    expect(read({ role: 'assistant', content: 'Hi' }, 'output')?.messages[0]?.parts).toEqual([{ kind: 'text', text: 'Hi' }]);
    expect(read('Hi', 'output')?.messages[0]).toEqual({ role: 'assistant', name: null, parts: [{ kind: 'text', text: 'Hi' }] });
    expect(readConversation('not JSON', 'input')?.messages[0]).toEqual({ role: 'user', name: null, parts: [{ kind: 'text', text: 'not JSON' }] });
  });

  it('reads reasoning, refusals and legacy function calls', () => {
    expect(partsOf({ role: 'assistant', content: 'A', reasoning_content: 'because' })).toEqual([
      { kind: 'thinking', text: 'because' },
      { kind: 'text', text: 'A' },
    ]);
    expect(partsOf({ role: 'assistant', content: null, refusal: 'No.' })).toEqual([{ kind: 'text', text: 'No.' }]);
    expect(partsOf({ role: 'assistant', content: null, function_call: { name: 'f', arguments: '1' } })).toEqual([
      { kind: 'tool-call', id: null, name: 'f', arguments: '1' },
    ]);
  });

  it("reads the items of OpenAI's Responses API", () => {
    const found = read({ model: 'gpt-5', instructions: 'Be kind.', input: 'Hello' });
    expect(found?.messages.map((message) => message.role)).toEqual(['system', 'user']);
    const output = read(
      {
        output: [
          { type: 'reasoning', summary: [{ type: 'summary_text', text: 'thinking' }] },
          { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
          { type: 'function_call_output', call_id: 'c', output: 'done' },
          { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Hi' }] },
        ],
      },
      'output',
    );
    expect(output?.messages.map((message) => message.parts[0]?.kind)).toEqual(['text', 'tool-call', 'tool-result', 'text']);
  });

  it("reads Anthropic's system text, thinking, tool use and tool results", () => {
    const found = read({
      system: 'Be brief.',
      messages: [
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'hm' },
            { type: 'tool_use', id: 't', name: 'f', input: { a: 1 } },
          ],
        },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: [{ type: 'text', text: 'ok' }] }] },
      ],
    });
    expect(found?.messages[0]?.role).toBe('system');
    expect(found?.messages[1]?.parts.map((part) => part.kind)).toEqual(['thinking', 'tool-call']);
    expect(found?.messages[2]?.parts).toEqual([{ kind: 'tool-result', id: 't', text: 'ok' }]);
  });

  it('reads Gemini, LangChain, Vercel AI and OpenTelemetry messages', () => {
    expect(read({ contents: [{ role: 'model', parts: [{ text: 'Hi' }, { functionCall: { name: 'f', args: {} } }] }] })?.messages[0]).toMatchObject({
      role: 'assistant',
      parts: [{ kind: 'text' }, { kind: 'tool-call' }],
    });
    expect(read({ messages: [[{ type: 'human', content: 'Hi' }]] })?.messages[0]).toMatchObject({ role: 'user', parts: [{ kind: 'text', text: 'Hi' }] });
    expect(partsOf([{ role: 'assistant', content: [{ type: 'tool-call', toolCallId: 'x', toolName: 'f', args: { a: 1 } }] }])[0]).toMatchObject({
      kind: 'tool-call',
      name: 'f',
      id: 'x',
    });
    expect(partsOf([{ role: 'user', parts: [{ type: 'text', content: 'Hi' }] }])).toEqual([{ kind: 'text', text: 'Hi' }]);
    expect(partsOf([{ role: 'tool', parts: [{ type: 'tool_call_response', id: 'x', response: 'ok' }] }])).toEqual([
      { kind: 'tool-result', id: 'x', text: 'ok' },
    ]);
  });

  it('keeps pictures as addresses', () => {
    expect(partsOf({ role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://example.com/a.png' } }] })).toEqual([
      { kind: 'image', url: 'https://example.com/a.png' },
    ]);
    expect(partsOf({ role: 'user', content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AA' } }] })).toEqual([
      { kind: 'image', url: 'data:image/png;base64,AA' },
    ]);
  });

  it('leaves plain data to the JSON view', () => {
    for (const value of [{ order_id: 1042 }, [1, 2], { input: 'x' }, [], {}, 12, null, true]) expect(read(value)).toBeNull();
    expect(readConversation(null, 'input')).toBeNull();
    expect(readConversation('', 'input')).toBeNull();
  });

  it('never throws, whatever was recorded', () => {
    const shape = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.jsonValue(),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(
          fc.constantFrom(
            'messages',
            'role',
            'content',
            'parts',
            'tool_calls',
            'type',
            'choices',
            'message',
            'input',
            'output',
            'text',
            'function',
            'name',
            'data',
            'tools',
          ),
          tie('value'),
          { maxKeys: 5 },
        ),
      ),
    })).value;
    fc.assert(
      fc.property(shape, (value) => {
        const found = read(value);
        if (found) for (const message of found.messages) expect(Array.isArray(message.parts)).toBe(true);
      }),
      { numRuns: 500 },
    );
    fc.assert(fc.property(fc.string(), (text) => void readConversation(text, 'output')));
  });
});
