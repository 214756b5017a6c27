// Embeddings in an upstream's own language: one call of OpenAI's becomes one or more requests, their answers one list again.
import { AppError } from '#lib/errors.ts';
import type { Fields } from '#lib/json.ts';
import type { WireFacts } from './wire.ts';

/** One answer of the upstream. */
export interface EmbeddingAnswer {
  readonly body: Fields;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** What one answer brings: a vector for each text of its request, in order, and how many tokens they were (null = the upstream does not say). */
export interface Vectors {
  readonly vectors: readonly (readonly number[])[];
  readonly tokens: number | null;
}

/** A call, translated: the requests' bodies, and how their answers are read. */
export interface EmbeddingCall {
  readonly bodies: readonly Fields[];
  /** @throws Error when the answer makes no sense. */
  read(answer: EmbeddingAnswer, index: number): Vectors;
}

/** @throws AppError 400 for what the language cannot say, 501 for a model that has no embeddings. */
export type EmbeddingsWire = (asked: EmbeddingsAsked, facts: WireFacts) => EmbeddingCall;

/** OpenAI's request, understood. */
export interface EmbeddingsAsked {
  readonly texts: readonly string[];
  readonly dimensions: number | null;
  /** Members that OpenAI does not know. */
  readonly more: Fields;
}

/** OpenAI's own limit. */
const MOST_TEXTS = 2048;
const KNOWN: ReadonlySet<string> = new Set(['model', 'input', 'dimensions', 'encoding_format', 'user', 'metadata']);

/** @throws AppError 400 for anything but texts. */
export function readEmbeddings(body: Fields): EmbeddingsAsked {
  const texts = typeof body.input === 'string' ? [body.input] : body.input;
  if (!Array.isArray(texts) || texts.length === 0 || texts.length > MOST_TEXTS || !texts.every((text) => typeof text === 'string' && text !== ''))
    throw refused(`"input" must be a text or a list of 1 to ${MOST_TEXTS} texts for this model: lists of tokens are for OpenAI's models only.`, 'input');
  const { dimensions } = body;
  if (dimensions !== undefined && dimensions !== null && !(typeof dimensions === 'number' && Number.isInteger(dimensions) && dimensions > 0))
    throw refused('"dimensions" must be a whole number above 0.', 'dimensions');
  return {
    texts: texts as string[],
    dimensions: typeof dimensions === 'number' ? dimensions : null,
    more: Object.fromEntries(Object.entries(body).filter(([key, value]) => !KNOWN.has(key) && value !== null)),
  };
}

/** OpenAI's list. Clients of OpenAI ask for base64 unless told otherwise. Without any count there is no usage: the gateway estimates it. */
export function embeddingList(read: readonly Vectors[], model: string, encoding: unknown): Fields {
  const vectors = read.flatMap((part) => part.vectors);
  const data = vectors.map((vector, index) => ({ object: 'embedding', index, embedding: encoding === 'base64' ? base64Of(vector) : vector }));
  const known = read.every(({ tokens }) => tokens !== null);
  const tokens = read.reduce((sum, part) => sum + (part.tokens ?? 0), 0);
  return { object: 'list', data, model, ...(known ? { usage: { prompt_tokens: tokens, total_tokens: tokens } } : {}) };
}

function base64Of(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * 4);
  vector.forEach((value, index) => void bytes.writeFloatLE(value, index * 4));
  return bytes.toString('base64');
}

/** Vectors of an answer. @throws Error when they are no lists of numbers, or not as many as texts. */
export function vectorsOf(lists: unknown, count: number): number[][] {
  if (!Array.isArray(lists) || lists.length !== count || !lists.every((list) => Array.isArray(list) && list.every((value) => typeof value === 'number')))
    throw new Error('the answer does not hold one vector a text');
  return lists as number[][];
}

/** Texts in parts that one request may carry. */
export function partsOf(texts: readonly string[], most: number): string[][] {
  return Array.from({ length: Math.ceil(texts.length / most) }, (_, index) => texts.slice(index * most, (index + 1) * most));
}

function refused(message: string, param: string): AppError {
  return new AppError(message, { status: 400, code: 'invalid_request_error', param });
}
