// The stream of a transcription -> its words: the whole text at its end, else the pieces in their order.
import { dataOf } from '#http/sse.ts';
import { fieldsOf, objectsOf, textOf } from '#lib/json.ts';
import type { Answer } from './answer.ts';
import { parseJson } from './text.ts';

/** OpenAI's events (`transcript.text.*`), or chunks as vLLM writes them. */
export function answerOfTranscript(stream: string): Answer {
  let text = '';
  let id: string | null = null;
  let model: string | null = null;
  for (const frame of stream.split(/\r?\n\r?\n/)) {
    const event = fieldsOf(parseJson(dataOf(frame) ?? ''));
    if (event.type === 'transcript.text.done') text = textOf(event.text);
    else if (event.type === 'transcript.text.delta') text += textOf(event.delta);
    else for (const choice of objectsOf(event.choices)) text += textOf(fieldsOf(choice.delta).content);
    id ??= textOf(event.id) || null;
    model ??= textOf(event.model) || null;
  }
  return { output: text === '' ? null : JSON.stringify({ text }), id, model };
}
