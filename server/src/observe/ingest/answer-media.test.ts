// Streams of media as a trace shows them: the whole text of a transcription, the finished pictures, whatever bytes come.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerOfPictures, answerOfTranscript } from './answer-media.ts';

const frames = (...events: object[]) => events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('');

describe('a transcription', () => {
  it('is the text at its end, or the pieces that came before it broke off', () => {
    const pieces = [
      { type: 'transcript.text.delta', delta: 'こん' },
      { type: 'transcript.text.delta', delta: 'にちは' },
    ];
    expect(answerOfTranscript(frames(...pieces)).output).toBe('{"text":"こんにちは"}');
    expect(answerOfTranscript(frames(...pieces, { type: 'transcript.text.done', text: 'こんにちは。' })).output).toBe('{"text":"こんにちは。"}');
  });
  it('is put together from vLLM’s chunks', () => {
    const chunks = ['a', 'b'].map((content) => ({ id: 't-1', model: 'w', choices: [{ delta: { content } }] }));
    expect(answerOfTranscript(`${frames(...chunks)}data: [DONE]\n\n`)).toEqual({ output: '{"text":"ab"}', id: 't-1', model: 'w' });
  });
  it('is nothing for a stream that says nothing, and never an error', () => {
    expect(answerOfTranscript('').output).toBeNull();
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.string(),
            fc.jsonValue().map((value) => `data: ${JSON.stringify(value)}\n\n`),
          ),
        ),
        (texts) => {
          const { output } = answerOfTranscript(texts.join(''));
          expect(output === null || typeof output === 'string').toBe(true);
        },
      ),
    );
  });
});

describe('pictures', () => {
  it('are the finished ones in OpenAI’s form, however long, without what came before', () => {
    const long = 'A'.repeat(20_000);
    const partial = { type: 'image_generation.partial_image', b64_json: 'BBBB', size: '1024x1024' };
    const completed = { type: 'image_generation.completed', b64_json: long, size: '1024x1024', usage: { input_tokens: 1 } };
    const edited = { b64_json: 'CCCC', type: 'image_edit.completed' };
    const shown = { data: [{ b64_json: long, size: '1024x1024' }, { b64_json: 'CCCC' }] };
    expect(JSON.parse(answerOfPictures(frames(partial, completed, edited)).output ?? '')).toEqual(shown);
    expect(answerOfPictures(frames(partial)).output).toBeNull();
  });
});
