// Rerank in an upstream's own language: a call in Cohere's words becomes one request, its answer Cohere's again.
import { AppError } from '#lib/errors.ts';
import { type Fields, isFields } from '#lib/json.ts';
import type { WireFacts } from './wire.ts';

export type RerankDocument = string | Fields;

/** Cohere's request, understood. */
export interface RerankAsked {
  readonly query: string;
  readonly documents: readonly RerankDocument[];
  /** Null = all of them. */
  readonly topN: number | null;
  /** Null = the caller does not say. */
  readonly returnDocuments: boolean | null;
  /** Members that Cohere does not know. */
  readonly more: Fields;
}

/** A call, translated: what is sent, and how the answer is read. */
export interface RerankCall {
  readonly body: Fields;
  /** @throws Error when the answer makes no sense. */
  answer(body: Fields): Fields;
}

/** @throws AppError 400 for what the language cannot say. */
export type RerankWire = (asked: RerankAsked, facts: WireFacts) => RerankCall;

/** A document's place in the request and how well it fits. */
export interface Ranked {
  readonly index: unknown;
  readonly score: unknown;
}

/** Cohere's words; those that a language has no word for are left out (LiteLLM's rule). */
const KNOWN: ReadonlySet<string> = new Set(
  'model query documents top_n return_documents rank_fields max_chunks_per_doc max_tokens_per_doc priority stream user metadata'.split(' '),
);

/** @throws AppError 400 for anything but a question and documents. */
export function readRerank(body: Fields): RerankAsked {
  const { query, documents, top_n: topN, return_documents: returnDocuments } = body;
  if (typeof query !== 'string' || query === '') throw refused('"query" must be a text.', 'query');
  if (!Array.isArray(documents) || documents.length === 0 || !documents.every((one) => typeof one === 'string' || isFields(one)))
    throw refused('"documents" must be a list of texts, or of objects.', 'documents');
  if (topN !== undefined && topN !== null && !(typeof topN === 'number' && Number.isSafeInteger(topN) && topN > 0))
    throw refused('"top_n" must be a whole number above 0.', 'top_n');
  return {
    query,
    documents: documents as RerankDocument[],
    topN: typeof topN === 'number' ? Math.min(topN, documents.length) : null,
    returnDocuments: typeof returnDocuments === 'boolean' ? returnDocuments : null,
    more: Object.fromEntries(Object.entries(body).filter(([key, value]) => !KNOWN.has(key) && value !== null)),
  };
}

/** A document as text, for languages that know nothing else. */
export function textOfDocument(document: RerankDocument): string {
  if (typeof document === 'string') return document;
  return typeof document.text === 'string' ? document.text : JSON.stringify(document);
}

/**
 * Cohere's list. Documents are those of the request: they need not come back over the wire.
 * @throws Error when a result names no document of the request, or has no score.
 */
export function rankedList(ranked: readonly Ranked[], { documents }: RerankAsked, withDocuments: boolean): Fields[] {
  return ranked.map(({ index, score }) => {
    const document = typeof index === 'number' ? documents[index] : undefined;
    if (document === undefined || typeof score !== 'number') throw new Error('a result of the answer names no document, or no score');
    return { index, relevance_score: score, ...(withDocuments ? { document: typeof document === 'string' ? { text: document } : document } : {}) };
  });
}

function refused(message: string, param: string): AppError {
  return new AppError(message, { status: 400, code: 'invalid_request_error', param });
}
