// cache_params of the semantic kinds: which model makes vectors, how similar a question has to be, where the vectors are.
import type { Section } from './section.ts';
import type { CacheConfig } from './settings.ts';

const KIND = /^(redis|valkey|qdrant)-semantic$/;
const DEFAULT_MODEL = 'text-embedding-ada-002';
const DEFAULT_SECONDS = 1;

/** Null for every other kind. LiteLLM's names have the kind of store in them; vectors are where the answers are, and a Qdrant is not asked. */
export function readSemanticCache(params: Section, type: string): Required<Pick<CacheConfig, 'type' | 'semantic'>> | null {
  const store = KIND.exec(type)?.[1];
  if (store === undefined) return null;
  const threshold = params.number('similarity_threshold', { min: 0, max: 1 });
  if (!params.has('similarity_threshold'))
    params.fault('similarity_threshold', 'must say how similar a question has to be: a number from 0 to 1, for example 0.95');
  const model = params.text(`${store}_semantic_cache_embedding_model`) ?? DEFAULT_MODEL;
  const seconds = params.number('semantic_cache_embedding_timeout', { min: 0.01, max: 60 }) ?? DEFAULT_SECONDS;
  const elsewhere = params.keys().filter((key) => key.startsWith('qdrant_') && key !== 'qdrant_semantic_cache_embedding_model');
  if (elsewhere[0] !== undefined)
    params.warn(elsewhere[0], 'has no effect: no Qdrant is asked, vectors and answers are kept in each process; redis-semantic shares them');
  params.ignore([...elsewhere, 'redis_semantic_cache_use_async', 'redis_semantic_cache_index_name', 'valkey_semantic_cache_index_name']);
  return { type: store === 'qdrant' ? 'local' : 'redis', semantic: { model, threshold: threshold ?? 1, timeoutMs: seconds * 1000 } };
}
