// Text embeddings on Vertex AI by predict. Source: Google Cloud's reference of the text embeddings API.
import { type EmbeddingsWire, partsOf, vectorsOf } from '#gateway/providers/embeddings.ts';
import { defined, fieldsOf, objectsOf } from '#lib/json.ts';

const TEXTS = 250;
/** Members that stand with each text; all others are parameters of the request. */
const OF_TEXT: ReadonlySet<string> = new Set(['task_type', 'title']);

/** Gemini's embedding models take one text a request. */
export const vertexEmbeddings: EmbeddingsWire = ({ texts, dimensions, more }, { model }) => {
  const parts = partsOf(texts, /gemini-embedding/.test(model) ? 1 : TEXTS);
  const instance = Object.fromEntries(Object.entries(more).filter(([key]) => OF_TEXT.has(key)));
  const rest = Object.fromEntries(Object.entries(more).filter(([key]) => !OF_TEXT.has(key)));
  const parameters = defined({ outputDimensionality: dimensions ?? undefined, ...rest });
  return {
    bodies: parts.map((part) => ({
      instances: part.map((content) => ({ content, ...instance })),
      ...(Object.keys(parameters).length === 0 ? {} : { parameters }),
    })),
    read({ body }, index) {
      const embeddings = objectsOf(body.predictions).map((prediction) => fieldsOf(prediction.embeddings));
      const counts = embeddings.map(({ statistics }) => fieldsOf(statistics).token_count);
      const known = counts.every((count): count is number => typeof count === 'number' && Number.isSafeInteger(count) && count >= 0);
      return {
        vectors: vectorsOf(
          embeddings.map(({ values }) => values),
          parts[index]?.length ?? 0,
        ),
        tokens: known ? counts.reduce((sum, count) => sum + count, 0) : null,
      };
    },
  };
};
