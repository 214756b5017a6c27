// Which paths are the data plane's, and which model a path names. Exact strings and fixed prefixes: nothing is normalised, so nothing can be smuggled.
import type { Endpoint } from './providers/provider.ts';

export type PathMatch =
  | { readonly kind: 'call'; readonly endpoint: Endpoint; readonly route: string; readonly pathModel: string | null }
  | { readonly kind: 'models'; readonly id: string | null };

const CHAT: PathMatch = { kind: 'call', endpoint: 'chat', route: '/chat/completions', pathModel: null };
const EMBEDDINGS: PathMatch = { kind: 'call', endpoint: 'embeddings', route: '/embeddings', pathModel: null };
const MODELS: PathMatch = { kind: 'models', id: null };

/** Every exact path of the data plane with what it means; docs and the access test walk it. */
export const PATHS: ReadonlyMap<string, PathMatch> = new Map<string, PathMatch>([
  ['/v1/chat/completions', CHAT],
  ['/chat/completions', CHAT],
  ['/v1/embeddings', EMBEDDINGS],
  ['/embeddings', EMBEDDINGS],
  ['/v1/models', MODELS],
  ['/models', MODELS],
]);

/** Before the model name in a path; `/chat/completions` or `/embeddings` follows it. */
export const MODEL_PREFIXES = ['/openai/deployments/', '/engines/', '/v1/engines/'];

/** What a request target means to the data plane; null = not its path. */
export function matchPath(target: string): PathMatch | null {
  const query = target.indexOf('?');
  const path = query < 0 ? target : target.slice(0, query);
  return PATHS.get(path) ?? modelInPath(path);
}

function modelInPath(path: string): PathMatch | null {
  for (const prefix of MODEL_PREFIXES) {
    if (!path.startsWith(prefix)) continue;
    const chat = modelBetween(path, prefix, '/chat/completions');
    if (chat !== null) return { kind: 'call', endpoint: 'chat', route: '/chat/completions', pathModel: chat };
    const embeddings = modelBetween(path, prefix, '/embeddings');
    if (embeddings !== null) return { kind: 'call', endpoint: 'embeddings', route: '/embeddings', pathModel: embeddings };
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
