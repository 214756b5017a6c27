// The answer of a Responses call: its output items, out of the whole response or of the event that ends a stream; of a cut stream the texts that came.
import { type Answer, answerOfJson, streamData, textOrNull } from './answer.ts';
import { isObject, parseJson } from './text.ts';

/** A whole response, or an error body. */
export function answerOfResponse(text: string): Answer {
  const body = parseJson(text);
  return isObject(body) && Array.isArray(body.output) ? answerOf(body) : answerOfJson(text);
}

function answerOf(response: Record<string, unknown>): Answer {
  const output = Array.isArray(response.output) ? response.output : [];
  return { id: textOrNull(response.id), model: textOrNull(response.model), output: JSON.stringify(output) };
}

/** An event stream. */
export function answerOfResponseStream(text: string): Answer {
  let answer: Answer = { id: null, model: null, output: null };
  let said = '';
  let error: unknown;
  for (const data of streamData(text)) {
    const event = parseJson(data);
    if (!isObject(event)) continue;
    if (event.type === 'error') error = event;
    if (event.type === 'response.output_text.delta' && typeof event.delta === 'string') said += event.delta;
    if (isObject(event.response)) answer = answerOf(event.response);
  }
  if (answer.output !== null && answer.output !== '[]') return answer;
  const cut = { role: 'assistant', content: said, ...(error === undefined ? {} : { error }) };
  return { ...answer, output: said === '' && error === undefined ? null : JSON.stringify(cut) };
}
