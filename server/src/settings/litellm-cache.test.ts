// litellm_settings.cache and cache_params: LiteLLM's forms, what they mean here, and what is said of the rest.
import { describe, expect, it } from 'vitest';
import { readLiteLlmConfig } from './litellm-config.ts';
import { Notes } from './notes.ts';

function read(text: string) {
  const notes = new Notes();
  const { cache } = readLiteLlmConfig({ text, path: 'config.yaml', environment: {}, notes }).gatewayConfig;
  return { cache, notes: notes.list().map(({ level, path }) => `${level} ${path}`) };
}

describe('the cache', () => {
  it('is off unless it is on, and local for ten minutes when nothing else is said', () => {
    expect(read('litellm_settings: { cache_params: { type: redis } }\n').cache).toBeNull();
    expect(read('litellm_settings: { cache: true }\n')).toEqual({
      cache: { type: 'local', ttlMs: 600_000, namespace: '', endpoints: ['chat', 'completions', 'embeddings'], byDefault: true, shared: false },
      notes: [],
    });
  });
  it('takes LiteLLM’s parameters, and says which have no effect', () => {
    const { cache, notes } = read(`
litellm_settings:
  cache: true
  cache_params: { type: redis, host: cache, port: 6379, ttl: 30, namespace: team, mode: default_off, supported_call_types: [acompletion, aembedding, arerank], wrong: 1 }
genai_settings: { cache_scope: all }
`);
    expect(cache).toEqual({ type: 'redis', ttlMs: 30_000, namespace: 'team', endpoints: ['chat', 'embeddings'], byDefault: false, shared: true });
    expect(notes).toEqual([
      'warning litellm_settings.cache_params.supported_call_types',
      'warning litellm_settings.cache_params.host',
      'warning litellm_settings.cache_params.wrong',
    ]);
  });
  it('is off for kinds that are not built, and names faults', () => {
    expect(read('litellm_settings: { cache: true, cache_params: { type: s3 } }\n')).toEqual({
      cache: null,
      notes: ['warning litellm_settings.cache_params.type'],
    });
    expect(
      read('litellm_settings: { cache: true, cache_params: { ttl: -1, mode: sometimes } }\ngenai_settings: { cache_scope: world }\n').notes.sort(),
    ).toEqual(['error genai_settings.cache_scope', 'error litellm_settings.cache_params.mode', 'error litellm_settings.cache_params.ttl']);
  });
});

describe('the semantic kinds', () => {
  it('take LiteLLM’s names: where vectors are, which model makes them, how similar a question has to be', () => {
    const text = (kind: string, more: string) => `litellm_settings: { cache: true, cache_params: { type: ${kind}-semantic, ${more} } }\n`;
    const redis = read(
      text(
        'redis',
        'similarity_threshold: 0.95, redis_semantic_cache_embedding_model: vectors, semantic_cache_embedding_timeout: 0.5, redis_semantic_cache_use_async: true',
      ),
    );
    expect(redis).toMatchObject({ cache: { type: 'redis', semantic: { model: 'vectors', threshold: 0.95, timeoutMs: 500 } }, notes: [] });
    const qdrant = read(
      text('qdrant', 'similarity_threshold: "0.8", qdrant_semantic_cache_embedding_model: vectors, qdrant_api_base: "http://q", qdrant_collection_name: c'),
    );
    expect(qdrant).toMatchObject({
      cache: { type: 'local', semantic: { model: 'vectors', threshold: 0.8, timeoutMs: 1_000 } },
      notes: ['warning litellm_settings.cache_params.qdrant_api_base'],
    });
    expect(read(text('valkey', 'similarity_threshold: 1')).cache).toMatchObject({ type: 'redis', semantic: { model: 'text-embedding-ada-002' } });
  });
  it('name what is missing or wrong', () => {
    for (const more of ['ttl: 1', 'similarity_threshold: 2', 'similarity_threshold: soon'])
      expect(read(`litellm_settings: { cache: true, cache_params: { type: redis-semantic, ${more} } }\n`).notes).toEqual([
        'error litellm_settings.cache_params.similarity_threshold',
      ]);
  });
});

describe('how long responses are stored', () => {
  const retention = (value: string) => {
    const notes = new Notes();
    const text = `genai_settings: { responses_retention: ${value} }\n`;
    const { responsesRetentionMs } = readLiteLlmConfig({ text, path: 'config.yaml', environment: {}, notes }).gatewayConfig;
    return [responsesRetentionMs, notes.list().length];
  };
  it('is a duration, or off', () => {
    expect([retention('12h'), retention('off'), retention('"off"'), retention('soon')]).toEqual([
      [43_200_000, 0],
      [0, 0],
      [0, 0],
      [30 * 86_400_000, 1],
    ]);
  });
});
