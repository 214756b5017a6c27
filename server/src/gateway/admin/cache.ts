// LiteLLM's /cache/ping, /cache/delete and /cache/flushall: whether the cache answers, and forgetting answers, by their keys or all.
import { z } from 'zod';
import { valuesOf } from '#gateway/cache/response-cache.ts';
import { readJson } from '#http/body.ts';
import type { Route, RouteContext } from '#http/route.ts';
import { AppError } from '#lib/errors.ts';
import type { CacheConfig } from '#settings/settings.ts';
import { adminRoute } from './admin-route.ts';
import type { AdminDeps } from './deps.ts';

const deleteBody = z.object({
  keys: z
    .array(z.string().regex(/^[0-9a-f]{64}$/, 'is no cache key: take it from x-litellm-cache-key'))
    .min(1)
    .max(1000),
});

export function cacheRoutes(deps: AdminDeps): Route[] {
  return [
    adminRoute({ method: 'GET', path: '/cache/ping', summary: 'Whether the cache keeps and gives back', handle: ({ http }) => ping(deps, http) }),
    adminRoute({
      method: 'POST',
      path: '/cache/delete',
      summary: 'Forget cached answers by their keys (x-litellm-cache-key)',
      body: deleteBody,
      handle: ({ http }) => forget(deps, http),
    }),
    adminRoute({ method: 'POST', path: '/cache/flushall', summary: 'Forget all cached answers', handle: ({ http }) => flush(deps, http) }),
  ];
}

function configOf(deps: AdminDeps): CacheConfig {
  const { cache } = deps.config();
  if (cache !== null) return cache;
  throw new AppError('Cache not initialized: set litellm_settings.cache to true.', { status: 400, code: 'bad_request_error' });
}

async function ping(deps: AdminDeps, http: RouteContext['http']): Promise<Response> {
  const config = configOf(deps);
  const values = valuesOf(deps.cache, config);
  await values.set('ping', Buffer.from('pong'), 10_000);
  const answers = (await values.get('ping'))?.toString() === 'pong';
  if (!answers) throw new AppError('The cache does not give back what it was told: is Redis there?', { status: 503, code: 'service_unavailable' });
  const params = {
    type: config.type,
    ttl: config.ttlMs / 1000,
    namespace: config.namespace,
    mode: config.byDefault ? 'default_on' : 'default_off',
    scope: config.shared ? 'all' : 'owner',
    ...(config.semantic === undefined ? {} : { similarity_threshold: config.semantic.threshold, embedding_model: config.semantic.model }),
  };
  return http.json({ status: 'healthy', cache_type: config.type, ping_response: true, set_cache_response: 'success', litellm_cache_params: params });
}

async function forget(deps: AdminDeps, http: RouteContext['http']): Promise<Response> {
  const values = valuesOf(deps.cache, configOf(deps));
  const { keys } = await readJson(http, deleteBody);
  let deleted = 0;
  for (const key of keys) if (await values.remove(key)) deleted++;
  return http.json({ status: 'success', deleted });
}

/** Of a cache in memory: this process's. */
async function flush(deps: AdminDeps, http: RouteContext['http']): Promise<Response> {
  const deleted = await valuesOf(deps.cache, configOf(deps)).clear();
  return http.json({ status: 'success', deleted });
}
