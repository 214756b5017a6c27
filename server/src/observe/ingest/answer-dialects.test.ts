import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerOfGenerate, answerOfGenerateStream } from './answer-generate.ts';
import { answerOfResponse, answerOfResponseStream } from './answer-responses.ts';

const sse = (...events: unknown[]) => events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('');

describe('a response', () => {
  it('is its output items, also at the end of a stream', () => {
    const output = [{ type: 'message', content: [{ type: 'output_text', text: 'a' }] }];
    const whole = { id: 'r', model: 'm', output };
    expect(answerOfResponse(JSON.stringify(whole))).toEqual({ id: 'r', model: 'm', output: JSON.stringify(output) });
    expect(
      answerOfResponseStream(sse({ type: 'response.created', response: { id: 'r', output: [] } }, { type: 'response.completed', response: whole })),
    ).toEqual({
      id: 'r',
      model: 'm',
      output: JSON.stringify(output),
    });
  });
  it('that was cut is the text that came, with the error', () => {
    const stream = sse(
      { type: 'response.created', response: { id: 'r', output: [] } },
      { type: 'response.output_text.delta', delta: 'half' },
      { type: 'error', message: 'no' },
    );
    expect(JSON.parse(answerOfResponseStream(stream).output as string)).toEqual({
      role: 'assistant',
      content: 'half',
      error: { type: 'error', message: 'no' },
    });
  });
});

describe('a generateContent answer', () => {
  it('is its content, texts of a stream joined', () => {
    expect(answerOfGenerate('{"candidates":[{"content":{"role":"model","parts":[{"text":"a"}]}}],"modelVersion":"m","responseId":"r"}')).toEqual({
      id: 'r',
      model: 'm',
      output: '{"role":"model","parts":[{"text":"a"}]}',
    });
    const frame = (part: object) => ({ candidates: [{ content: { parts: [part] } }], responseId: 'r' });
    const stream = sse(frame({ text: 'hm', thought: true }), frame({ text: 'こん' }), frame({ text: 'にちは' }), frame({ functionCall: { name: 'f' } }));
    expect(answerOfGenerateStream(stream).output).toBe(
      '{"role":"model","parts":[{"text":"hm","thought":true},{"text":"こんにちは"},{"functionCall":{"name":"f"}}]}',
    );
  });
  it('never faults', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), (events) => {
        const text = sse(...events);
        answerOfGenerateStream(text);
        answerOfResponseStream(text);
        answerOfGenerate(text);
        answerOfResponse(JSON.stringify(events));
      }),
    );
  });
});
