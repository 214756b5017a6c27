// A text completion as a chat with one message, for upstreams that have chats only.
import type { ChatAnswer, ChatChunk, ChatRequest } from '#gateway/providers/chat.ts';
import { AppError } from '#lib/errors.ts';
import type { Fields } from '#lib/json.ts';
import type { ClientCall } from './client-call.ts';

/** Parameters that a chat has no word for. */
const COMPLETION_ONLY = ['suffix', 'best_of', 'logprobs'];

/** @throws AppError 400 for prompts that are not one text, and for what only text completions have. */
export function readCompletionsCall(body: Fields): ClientCall {
  const { prompt, echo, ...rest } = body;
  const text = Array.isArray(prompt) && prompt.length === 1 ? prompt[0] : prompt;
  if (typeof text !== 'string') throw refused('"prompt" must be one text for this model.', 'prompt');
  if (echo === true) throw refused('"echo" is not supported for this model.', 'echo');
  for (const name of COMPLETION_ONLY) {
    const value = rest[name];
    if (value !== undefined && value !== null && value !== '' && value !== 1) throw refused(`"${name}" is not supported for this model.`, name);
    delete rest[name];
  }
  const chat = { ...rest, messages: [{ role: 'user', content: text }] } as ChatRequest;
  return {
    chat,
    answer: completionOf,
    stream: () => ({ chunk: (chunk) => `data: ${JSON.stringify(completionChunk(chunk))}\n\n`, end: () => 'data: [DONE]\n\n' }),
  };
}

function refused(message: string, param: string): AppError {
  return new AppError(message, { status: 400, code: 'invalid_request_error', param });
}

function completionOf({ id, created, model, choices, usage }: ChatAnswer): Fields {
  const texts = choices.map(({ index, message, finish_reason }) => ({ text: message.content ?? '', index, logprobs: null, finish_reason }));
  return { id: completionId(id), object: 'text_completion', created, model, choices: texts, usage };
}

function completionChunk({ id, created, model, choices, usage }: ChatChunk): Fields {
  const texts = choices.map(({ index, delta, finish_reason }) => ({ text: delta.content ?? '', index, logprobs: null, finish_reason }));
  return { id: completionId(id), object: 'text_completion', created, model, choices: texts, ...(usage ? { usage } : {}) };
}

function completionId(id: string): string {
  return `cmpl-${id.replace(/^chatcmpl-/, '')}`;
}
