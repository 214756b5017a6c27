// A chat completion is the form in the middle itself: nothing to translate on the client's side.
import type { ChatRequest } from '#gateway/providers/chat.ts';
import { AppError } from '#lib/errors.ts';
import type { ClientCall } from './client-call.ts';

export function readChatCall(body: Record<string, unknown>): ClientCall {
  if (!Array.isArray(body.messages))
    throw new AppError('"messages" must be a list of messages.', { status: 400, code: 'invalid_request_error', param: 'messages' });
  return {
    chat: body as ChatRequest,
    answer: (answer) => answer,
    stream: () => ({ chunk: (chunk) => `data: ${JSON.stringify(chunk)}\n\n`, end: () => 'data: [DONE]\n\n' }),
  };
}
