// Text embeddings of Snowflake Cortex by inference:embed. Source: Snowflake's public reference.
import { type EmbeddingsWire, vectorsOf } from '#gateway/providers/embeddings.ts';
import { unsupportedParameter } from '#gateway/providers/parameters.ts';
import { fieldsOf, objectsOf } from '#lib/json.ts';

/** A vector may stand in a list of its own. */
export const snowflakeEmbeddings: EmbeddingsWire = ({ texts, dimensions, more }, { model, dropParams }) => {
  if (dimensions !== null && !dropParams) throw unsupportedParameter('dimensions', 'snowflake');
  return {
    bodies: [{ model, text: texts, ...more }],
    read({ body }) {
      const lists = objectsOf(body.data).map(({ embedding }) => (Array.isArray(embedding) && Array.isArray(embedding[0]) ? embedding[0] : embedding));
      const tokens = fieldsOf(body.usage).total_tokens;
      return { vectors: vectorsOf(lists, texts.length), tokens: typeof tokens === 'number' && Number.isSafeInteger(tokens) && tokens >= 0 ? tokens : null };
    },
  };
};
