// The contract of a client's side of a translation: the request as a chat, the chat's answer in the client's language.
import type { ChatAnswer, ChatChunk, ChatRequest } from '#gateway/providers/chat.ts';
import type { Fields } from '#lib/json.ts';

/** One call of a client, understood. */
export interface ClientCall {
  readonly chat: ChatRequest;
  answer(answer: ChatAnswer): Fields;
  stream(): ChunkWriter;
}

/** Writes a stream in the client's language. */
export interface ChunkWriter {
  chunk(chunk: ChatChunk): string;
  /** What stands at the end of a whole stream. */
  end(): string;
}

/** What an answer says of its call beside its content. */
export interface AnswerFacts {
  readonly callId: string;
  /** The stored response that the call goes on from. */
  readonly previousId: string | null;
  /** The answer will be kept. */
  readonly kept: boolean;
}

/** @throws AppError 400 for what cannot be understood. */
export type ReadClientCall = (body: Fields, facts: AnswerFacts) => ClientCall;
