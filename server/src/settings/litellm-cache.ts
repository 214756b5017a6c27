// litellm_settings.cache and cache_params: whether exact answers are kept, where, how long, of which calls.
import { readSemanticCache } from './litellm-semantic-cache.ts';
import type { Section } from './section.ts';
import type { CacheConfig } from './settings.ts';

const DEFAULT_TTL_SECONDS = 600;
/** LiteLLM's names of what is called. */
const CALL_TYPES: Readonly<Record<string, CacheConfig['endpoints'][number]>> = {
  completion: 'chat',
  acompletion: 'chat',
  text_completion: 'completions',
  atext_completion: 'completions',
  embedding: 'embeddings',
  aembedding: 'embeddings',
  anthropic_messages: 'messages',
  generate_content: 'generate-content',
  agenerate_content: 'generate-content',
};
const DEFAULT_ENDPOINTS: CacheConfig['endpoints'] = ['chat', 'completions', 'embeddings'];
/** Where LiteLLM's Redis is: the platform has one of its own. */
const ELSEWHERE = [
  'host',
  'port',
  'password',
  'username',
  'url',
  'ssl',
  'redis_startup_nodes',
  'service_name',
  'sentinel_nodes',
  'sentinel_password',
  'max_connections',
  'redis_flush_size',
];

/** Null = nothing is kept. Faults and what cannot be had are noted. */
export function readCache(litellm: readonly Section[], own: readonly Section[]): CacheConfig | null {
  const on = litellm.map((section) => section.boolean('cache')).find((value) => value !== null) ?? false;
  const params = litellm.map((section) => section.section('cache_params')).find((section) => section.keys().length > 0) ?? null;
  const scopes = own.map((section) => ({ section, value: section.text('cache_scope') })).filter(({ value }) => value !== null);
  for (const { section, value } of scopes) if (value !== 'owner' && value !== 'all') section.fault('cache_scope', 'must be owner or all');
  const read = params === null ? { ...UNSTATED, type: 'local' as const } : readParams(params);
  if (!on || read === null) return null;
  return { ...read, shared: scopes[0]?.value === 'all' };
}

type Params = Omit<CacheConfig, 'shared'>;
const UNSTATED: Omit<Params, 'type'> = { ttlMs: DEFAULT_TTL_SECONDS * 1000, namespace: '', endpoints: DEFAULT_ENDPOINTS, byDefault: true };

function readParams(params: Section): Params | null {
  const type = params.text('type') ?? 'local';
  const seconds = [params.number('ttl', SECONDS), params.number(type.startsWith('redis') ? 'default_in_redis_ttl' : 'default_in_memory_ttl', SECONDS)].find(
    (value) => value !== null,
  );
  const mode = params.text('mode') ?? 'default_on';
  if (mode !== 'default_on' && mode !== 'default_off') params.fault('mode', 'must be default_on or default_off');
  const namespace = params.text('namespace') ?? '';
  const endpoints = readEndpoints(params);
  const semantic = readSemanticCache(params, type);
  const elsewhere = ELSEWHERE.filter((key) => params.has(key));
  if (elsewhere.length > 0) params.warn(elsewhere[0] as string, 'has no effect: the cache uses the Redis of --redis-url');
  params.ignore([...ELSEWHERE, 'default_in_memory_ttl', 'default_in_redis_ttl']);
  for (const key of params.leftOver()) params.warn(key, 'is not understood and has no effect');
  const read = { ttlMs: (seconds ?? DEFAULT_TTL_SECONDS) * 1000, namespace, endpoints, byDefault: mode === 'default_on' };
  if (semantic !== null) return { ...read, ...semantic };
  if (type === 'local' || type === 'redis') return { ...read, type };
  params.warn('type', `"${type}" is not built: nothing is cached; local, redis, redis-semantic, valkey-semantic and qdrant-semantic are`);
  return null;
}

const SECONDS = { min: 0.001, max: 366 * 86_400 };

function readEndpoints(params: Section): CacheConfig['endpoints'] {
  if (!params.has('supported_call_types')) return DEFAULT_ENDPOINTS;
  const names = params.texts('supported_call_types');
  const unknown = names.filter((name) => !Object.hasOwn(CALL_TYPES, name));
  if (unknown.length > 0) params.warn('supported_call_types', `${unknown.join(', ')}: not cached here`);
  return [...new Set(names.flatMap((name) => (Object.hasOwn(CALL_TYPES, name) ? [CALL_TYPES[name] as CacheConfig['endpoints'][number]] : [])))];
}
