// Voyage AI: embeddings and rerankers, in words of its own beside OpenAI's and Cohere's. Source: docs.voyageai.com/reference.
import { type EmbeddingsWire, partsOf, vectorsOf } from '#gateway/providers/embeddings.ts';
import { headerList, incomplete } from '#gateway/providers/openai/openai.ts';
import { type Endpoint, type Provider, parseBase } from '#gateway/providers/provider.ts';
import { type RerankWire, rankedList, textOfDocument } from '#gateway/providers/rerank.ts';
import { defined, fieldsOf, objectsOf } from '#lib/json.ts';

const NATIVE: ReadonlySet<Endpoint> = new Set();
/** Texts of one request. */
const TEXTS = 1_000;

/** api.voyageai.com, or `api_base`. */
export const voyage: Provider = {
  errorLabel: () => 'VoyageException',
  upstream(deployment) {
    const base = parseBase(deployment.apiBase ?? 'https://api.voyageai.com/v1');
    if (base === null) throw incomplete(deployment, 'needs litellm_params.api_base with an http(s) URL', 500);
    if (!deployment.apiKey) throw incomplete(deployment, 'has no api_key: set VOYAGE_API_KEY', 401);
    const prefix = prefixOf(base.path);
    return {
      origin: base.origin,
      apiBase: base.origin + prefix,
      native: NATIVE,
      path: (endpoint) => `${prefix}/${endpoint === 'rerank' ? 'rerank' : 'embeddings'}`,
      headers: headerList(deployment, ['authorization', `Bearer ${deployment.apiKey}`]),
      rename: new Map(),
      drop: new Set(),
      streamUsage: false,
      embeddings: voyageEmbeddings,
      rerank: voyageRerank,
    };
  },
};

/** A base with or without its version, or written down to the endpoint. */
function prefixOf(path: string): string {
  const prefix = path.replace(/\/(?:rerank|embeddings)$/, '');
  return prefix === '' ? '/v1' : prefix;
}

const voyageEmbeddings: EmbeddingsWire = ({ texts, dimensions, more }, { model }) => {
  const parts = partsOf(texts, TEXTS);
  return {
    bodies: parts.map((input) => defined({ model, input, output_dimension: dimensions ?? undefined, ...more })),
    read: ({ body }, index) => ({
      vectors: vectorsOf(
        objectsOf(body.data).map(({ embedding }) => embedding),
        parts[index]?.length ?? 0,
      ),
      tokens: tokensOf(body),
    }),
  };
};

/** It takes texts alone. Documents come back unless they are not wanted (LiteLLM's rule). */
const voyageRerank: RerankWire = (asked, { model, id }) => ({
  body: defined({ model, query: asked.query, documents: asked.documents.map(textOfDocument), top_k: asked.topN ?? undefined, ...asked.more }),
  answer(body) {
    if (!Array.isArray(body.data)) throw new Error('the answer has no "data"');
    const ranked = objectsOf(body.data).map(({ index, relevance_score: score }) => ({ index, score }));
    const tokens = tokensOf(body);
    const meta = tokens === null ? {} : { meta: { billed_units: { total_tokens: tokens }, tokens: { input_tokens: tokens, output_tokens: 0 } } };
    return { id, results: rankedList(ranked, asked, asked.returnDocuments ?? true), ...meta };
  },
});

/** It counts all tokens in one. */
function tokensOf(body: Record<string, unknown>): number | null {
  const total = fieldsOf(body.usage).total_tokens;
  return typeof total === 'number' && Number.isSafeInteger(total) && total >= 0 ? total : null;
}
