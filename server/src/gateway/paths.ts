// Which paths are the data plane's, and which model a path names. Exact strings and fixed prefixes: nothing is normalised, so nothing can be smuggled.
import type { Endpoint } from './providers/provider.ts';

export type PathMatch =
  | { readonly kind: 'call'; readonly endpoint: Endpoint; readonly route: string; readonly pathModel: string | null }
  | { readonly kind: 'count-tokens' }
  | { readonly kind: 'models'; readonly id: string | null };

const CHAT: PathMatch = { kind: 'call', endpoint: 'chat', route: '/chat/completions', pathModel: null };
const COMPLETIONS: PathMatch = { kind: 'call', endpoint: 'completions', route: '/completions', pathModel: null };
const EMBEDDINGS: PathMatch = { kind: 'call', endpoint: 'embeddings', route: '/embeddings', pathModel: null };
const MESSAGES: PathMatch = { kind: 'call', endpoint: 'messages', route: '/v1/messages', pathModel: null };
const COUNT_TOKENS: PathMatch = { kind: 'count-tokens' };
const MODELS: PathMatch = { kind: 'models', id: null };

/** Every exact path of the data plane with what it means; docs and the access test walk it. */
export const PATHS: ReadonlyMap<string, PathMatch> = new Map<string, PathMatch>([
  ['/v1/chat/completions', CHAT],
  ['/chat/completions', CHAT],
  ['/v1/completions', COMPLETIONS],
  ['/completions', COMPLETIONS],
  ['/v1/embeddings', EMBEDDINGS],
  ['/embeddings', EMBEDDINGS],
  ['/v1/messages', MESSAGES],
  ['/v1/messages/count_tokens', COUNT_TOKENS],
  ['/v1/models', MODELS],
  ['/models', MODELS],
]);

/** Before the model name in a path; one of the suffixes follows it. */
export const MODEL_PREFIXES = ['/openai/deployments/', '/engines/', '/v1/engines/'];
export const MODEL_SUFFIXES: readonly (readonly [string, Endpoint])[] = [
  ['/chat/completions', 'chat'],
  ['/completions', 'completions'],
  ['/embeddings', 'embeddings'],
];

/** What a request target means to the data plane; null = not its path. */
export function matchPath(target: string): PathMatch | null {
  const query = target.indexOf('?');
  const path = query < 0 ? target : target.slice(0, query);
  return PATHS.get(path) ?? modelInPath(path);
}

function modelInPath(path: string): PathMatch | null {
  for (const prefix of MODEL_PREFIXES) {
    if (!path.startsWith(prefix)) continue;
    for (const [suffix, endpoint] of MODEL_SUFFIXES) {
      const pathModel = modelBetween(path, prefix, suffix);
      if (pathModel !== null) return { kind: 'call', endpoint, route: suffix, pathModel };
    }
    return null;
  }
  for (const prefix of ['/v1/models/', '/models/']) {
    const id = path.startsWith(prefix) ? modelBetween(path, prefix, '') : null;
    if (id !== null) return { kind: 'models', id };
  }
  return null;
}

/** The decoded model name (slashes allowed) between a prefix and a suffix; null when there is none or its escapes are broken. */
function modelBetween(path: string, prefix: string, suffix: string): string | null {
  if (!path.endsWith(suffix) || path.length <= prefix.length + suffix.length) return null;
  try {
    return decodeURIComponent(path.slice(prefix.length, path.length - suffix.length));
  } catch {
    return null;
  }
}
