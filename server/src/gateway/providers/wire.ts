// The contract of an upstream language other than OpenAI's: pure translators from and to the form in the middle (chat.ts).
import type { Fields } from '#lib/json.ts';
import type { Deployment } from '#settings/settings.ts';
import type { ChatAnswer, ChatChunk, ChatRequest } from './chat.ts';

/** What a translator may know beside the request. */
export interface WireFacts {
  readonly deployment: Deployment;
  /** The upstream's name of the model, wildcards filled in. */
  readonly model: string;
  readonly stream: boolean;
  /** Leave out what the upstream cannot take instead of refusing it (LiteLLM's drop_params). */
  readonly dropParams: boolean;
  /** For answers that carry none. */
  readonly id: string;
  readonly nowSeconds: number;
}

/** One call, translated. */
export interface WireCall {
  readonly body: Fields;
  /** More request headers, flat. */
  readonly headers?: readonly string[];
  /** @throws Error when the answer makes no sense. */
  answer(body: Fields): ChatAnswer;
  stream(): ChunkReader;
}

/** Reads an upstream's stream. */
export interface ChunkReader {
  /**
   * The chunks that the bytes complete.
   * @throws UpstreamSaid when the upstream reports an error, Error when a frame makes no sense.
   */
  push(bytes: Buffer): ChatChunk[];
  /** The answer has come to its end; nothing after it is read. */
  readonly done: boolean;
  /** The connection has ended: the last chunks, or null when the answer is incomplete. */
  end(): ChatChunk[] | null;
}

/** @throws AppError 400 for what the language cannot say. */
export type Wire = (chat: ChatRequest, facts: WireFacts) => WireCall;

/** How an upstream's answer becomes the client's. */
export interface AnswerTranslation {
  /** Null: the answer passes as it is. @throws Error when it makes no sense. */
  whole(answer: Fields): Fields | null;
  stream(): StreamTranslation;
}

/** A stream on its way from one language to another. */
export interface StreamTranslation {
  /**
   * What the bytes complete, in the client's language.
   * @throws UpstreamSaid when the upstream reports an error, Error when a frame makes no sense.
   */
  push(bytes: Buffer): string;
  /** The connection has ended: the last words, or null when the answer is incomplete. */
  end(): string | null;
}

/** The upstream itself said in its stream that it failed; the message is its JSON text. */
export class UpstreamSaid extends Error {}
