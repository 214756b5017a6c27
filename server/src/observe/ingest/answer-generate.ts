// The answer of a generateContent call as one content: out of a JSON body, or put together from the frames of a stream.
import { type Answer, answerOfJson, streamData, textOrNull } from './answer.ts';
import { isObject, parseJson } from './text.ts';

/** A whole answer, or an error body. */
export function answerOfGenerate(text: string): Answer {
  const body = parseJson(text);
  if (!isObject(body) || !Array.isArray(body.candidates)) return answerOfJson(text);
  const contents = body.candidates.filter(isObject).map((candidate) => candidate.content ?? null);
  const output = JSON.stringify(contents.length === 1 ? contents[0] : contents);
  return { id: textOrNull(body.responseId), model: textOrNull(body.modelVersion), output };
}

/** A stream: the parts of the first candidate, texts joined. */
export function answerOfGenerateStream(text: string): Answer {
  const answer: Answer = { id: null, model: null, output: null };
  const parts: Record<string, unknown>[] = [];
  let error: unknown;
  for (const data of streamData(text)) {
    const frame = parseJson(data);
    if (!isObject(frame)) continue;
    answer.id ??= textOrNull(frame.responseId);
    answer.model ??= textOrNull(frame.modelVersion);
    error ??= frame.error;
    addParts(parts, Array.isArray(frame.candidates) ? frame.candidates[0] : null);
  }
  const content = { role: 'model', parts, ...(error === undefined ? {} : { error }) };
  return { ...answer, output: parts.length === 0 && error === undefined ? null : JSON.stringify(content) };
}

function addParts(parts: Record<string, unknown>[], candidate: unknown): void {
  const content = isObject(candidate) && isObject(candidate.content) ? candidate.content : {};
  for (const part of Array.isArray(content.parts) ? content.parts.filter(isObject) : []) {
    const last = parts.at(-1);
    const joins = typeof part.text === 'string' && typeof last?.text === 'string' && part.thought === last.thought;
    if (joins) last.text = `${last.text}${part.text}`;
    else parts.push({ ...part });
  }
}
