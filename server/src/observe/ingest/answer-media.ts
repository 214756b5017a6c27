// Streams of media -> what a trace shows: of a transcription its words, of pictures the finished ones in OpenAI's form, which media are taken out of.
import { dataOf } from '#http/sse.ts';
import { defined, fieldsOf, objectsOf, textOf } from '#lib/json.ts';
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

/** OpenAI's `image_generation.completed` and `image_edit.completed`; those before they were finished are left out. */
export function answerOfPictures(stream: string): Answer {
  const data: object[] = [];
  for (const frame of stream.split(/\r?\n\r?\n/)) {
    // Pictures that are not finished are long: they are not parsed.
    if (!frame.slice(0, 4_096).includes('.completed') && !frame.slice(-4_096).includes('.completed')) continue;
    const { type, b64_json: picture, size, quality, output_format: format } = fieldsOf(parseJson(dataOf(frame) ?? ''));
    if (!/^image_(?:generation|edit)\.completed$/.test(textOf(type)) || typeof picture !== 'string') continue;
    data.push({ b64_json: picture, ...defined({ size, quality, output_format: format }) });
  }
  return { output: data.length === 0 ? null : JSON.stringify({ data }), id: null, model: null };
}
