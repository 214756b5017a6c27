// Embeddings on Bedrock by InvokeModel: Amazon's Titan (one text a request) and Cohere (96 a request). Sources: AWS's pages on the models' parameters.
import { type EmbeddingAnswer, type EmbeddingCall, type EmbeddingsAsked, type EmbeddingsWire, partsOf, vectorsOf } from '#gateway/providers/embeddings.ts';
import { unsupportedParameter } from '#gateway/providers/parameters.ts';
import type { WireFacts } from '#gateway/providers/wire.ts';
import { AppError } from '#lib/errors.ts';
import { defined, type Fields, fieldsOf, textOf } from '#lib/json.ts';

const COHERE_TEXTS = 96;

/** Tells the family by the model's name: each has words of its own. */
export const bedrockEmbeddings: EmbeddingsWire = (asked, facts) => {
  if (/titan-embed-image/.test(facts.model)) return titan(asked, (text) => ({ inputText: text, ...imageDimensions(asked), ...asked.more }));
  if (/titan-embed-text-v2/.test(facts.model))
    return titan(asked, (text) => defined({ inputText: text, dimensions: asked.dimensions ?? undefined, ...asked.more }));
  if (/titan-embed/.test(facts.model)) return titan(fixed(asked, facts), (text) => ({ inputText: text, ...asked.more }));
  if (/cohere\.embed/.test(facts.model)) return cohere(asked, facts);
  const message = `${facts.model.slice(0, 200)} on Bedrock has no embeddings here: use a Titan or Cohere embedding model.`;
  throw new AppError(message, { status: 501, code: 'not_supported', param: 'model' });
};

function titan({ texts }: EmbeddingsAsked, body: (text: string) => Fields): EmbeddingCall {
  return { bodies: texts.map(body), read: ({ body }) => ({ vectors: vectorsOf([body.embedding], 1), tokens: count(body.inputTextTokenCount) }) };
}

function imageDimensions({ dimensions }: EmbeddingsAsked): Fields {
  return dimensions === null ? {} : { embeddingConfig: { outputEmbeddingLength: dimensions } };
}

/** @throws AppError 400 when other dimensions than the model's own are asked for. */
function fixed(asked: EmbeddingsAsked, { dropParams }: WireFacts): EmbeddingsAsked {
  if (asked.dimensions !== null && !dropParams) throw unsupportedParameter('dimensions', 'bedrock');
  return asked;
}

/** The count comes as a header. Version 4 takes dimensions and names its kinds of vectors. */
function cohere(asked: EmbeddingsAsked, facts: WireFacts): EmbeddingCall {
  const named = /embed-v[4-9]/.test(facts.model);
  if (!named) fixed(asked, facts);
  const more = { input_type: 'search_document', ...asked.more };
  const kinds = named ? { embedding_types: ['float'], output_dimension: asked.dimensions ?? undefined } : {};
  const parts = partsOf(asked.texts, COHERE_TEXTS);
  return {
    bodies: parts.map((texts) => defined({ texts, ...more, ...kinds })),
    read: ({ body, headers }, index) => ({ vectors: vectorsOf(floatsOf(body.embeddings), parts[index]?.length ?? 0), tokens: tokensIn(headers) }),
  };
}

function floatsOf(embeddings: unknown): unknown {
  return Array.isArray(embeddings) ? embeddings : fieldsOf(embeddings).float;
}

function tokensIn(headers: EmbeddingAnswer['headers']): number | null {
  const text = textOf(headers['x-amzn-bedrock-input-token-count']);
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function count(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}
