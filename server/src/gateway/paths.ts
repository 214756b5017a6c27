// Which paths are the data plane's, and which model a path names. Exact strings and fixed prefixes: nothing is normalised, so nothing can be smuggled.
import { type BatchPath, type FilePath, matchBatches } from './batches/paths.ts';
import { type McpMatch, matchMcp } from './mcp/paths.ts';
import { matchProvider, type PassThroughMatch } from './pass-through/doors.ts';
import type { Endpoint } from './providers/provider.ts';
import { REALTIME_PATHS, type RealtimeMatch } from './realtime/paths.ts';

export type PathMatch =
  | {
      readonly kind: 'call';
      readonly endpoint: Endpoint;
      readonly route: string;
      readonly pathModel: string | null /** The path says that the answer is streamed. */;
      readonly stream?: boolean;
    }
  | { readonly kind: 'count-tokens'; readonly endpoint: 'messages' | 'generate-content'; readonly route: string; readonly pathModel: string | null }
  /** A stored response. */
  | { readonly kind: 'response'; readonly endpoint: 'responses'; readonly id: string; readonly part: 'input_items' | 'cancel' | null }
  | FilePath
  | BatchPath
  | PassThroughMatch
  | McpMatch
  | RealtimeMatch
  | { readonly kind: 'absent'; readonly path: string }
  | { readonly kind: 'models'; readonly id: string | null };

const CHAT: PathMatch = { kind: 'call', endpoint: 'chat', route: '/chat/completions', pathModel: null };
const COMPLETIONS: PathMatch = { kind: 'call', endpoint: 'completions', route: '/completions', pathModel: null };
const EMBEDDINGS: PathMatch = { kind: 'call', endpoint: 'embeddings', route: '/embeddings', pathModel: null };
const MODERATIONS: PathMatch = { kind: 'call', endpoint: 'moderations', route: '/moderations', pathModel: null };
const RERANK: PathMatch = { kind: 'call', endpoint: 'rerank', route: '/rerank', pathModel: null };
const SPEECH: PathMatch = { kind: 'call', endpoint: 'speech', route: '/audio/speech', pathModel: null };
const TRANSCRIPTIONS: PathMatch = { kind: 'call', endpoint: 'transcriptions', route: '/audio/transcriptions', pathModel: null };
const TRANSLATIONS: PathMatch = { kind: 'call', endpoint: 'translations', route: '/audio/translations', pathModel: null };
const PICTURES: PathMatch = { kind: 'call', endpoint: 'image-generations', route: '/images/generations', pathModel: null };
const EDITS: PathMatch = { kind: 'call', endpoint: 'image-edits', route: '/images/edits', pathModel: null };
const VARIATIONS: PathMatch = { kind: 'call', endpoint: 'image-variations', route: '/images/variations', pathModel: null };
const MESSAGES: PathMatch = { kind: 'call', endpoint: 'messages', route: '/v1/messages', pathModel: null };
const COUNT_TOKENS: PathMatch = { kind: 'count-tokens', endpoint: 'messages', route: '/v1/messages/count_tokens', pathModel: null };
const RESPONSES: PathMatch = { kind: 'call', endpoint: 'responses', route: '/responses', pathModel: null };
const MODELS: PathMatch = { kind: 'models', id: null };

/** Every exact path of the data plane with what it means; docs and the access test walk it. */
export const PATHS: ReadonlyMap<string, PathMatch> = new Map<string, PathMatch>([
  ['/v1/chat/completions', CHAT],
  ['/chat/completions', CHAT],
  ['/v1/completions', COMPLETIONS],
  ['/completions', COMPLETIONS],
  ['/v1/responses', RESPONSES],
  ['/responses', RESPONSES],
  ['/openai/v1/responses', RESPONSES],
  ['/v1/embeddings', EMBEDDINGS],
  ['/embeddings', EMBEDDINGS],
  ['/v1/moderations', MODERATIONS],
  ['/moderations', MODERATIONS],
  ['/v1/rerank', RERANK],
  ['/v2/rerank', RERANK],
  ['/rerank', RERANK],
  ['/v1/audio/speech', SPEECH],
  ['/audio/speech', SPEECH],
  ['/v1/audio/transcriptions', TRANSCRIPTIONS],
  ['/audio/transcriptions', TRANSCRIPTIONS],
  ['/v1/audio/translations', TRANSLATIONS],
  ['/audio/translations', TRANSLATIONS],
  ['/v1/images/generations', PICTURES],
  ['/images/generations', PICTURES],
  ['/v1/images/edits', EDITS],
  ['/images/edits', EDITS],
  ['/v1/images/variations', VARIATIONS],
  ['/images/variations', VARIATIONS],
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
  ['/audio/speech', 'speech'],
  ['/audio/transcriptions', 'transcriptions'],
  ['/audio/translations', 'translations'],
  ['/images/generations', 'image-generations'],
  ['/images/edits', 'image-edits'],
  ['/images/variations', 'image-variations'],
];

/** Before the model's name in Google's paths; one of the methods follows it. */
export const GENERATE_PREFIXES = ['/v1beta/models/', '/v1/models/', '/models/'];
export const GENERATE_METHODS = [':generateContent', ':streamGenerateContent', ':countTokens'] as const;

/** What a request target means to the data plane; null = not its path. */
export function matchPath(target: string): PathMatch | null {
  const query = target.indexOf('?');
  const path = query < 0 ? target : target.slice(0, query);
  return (
    PATHS.get(path) ??
    REALTIME_PATHS.get(path) ??
    generateInPath(path) ??
    modelInPath(path) ??
    responseInPath(path) ??
    matchBatches(path) ??
    matchMcp(path) ??
    matchProvider(path) ??
    absent(path)
  );
}

/** Endpoints of OpenAI's and Anthropic's APIs that are not built: they answer 501 by name, so that nobody looks for a typing error. */
export const ABSENT = [
  'audio',
  'fine_tuning',
  'images',
  'ocr',
  'realtime',
  'rerank',
  'responses',
  'skills',
  'vector_stores',
  'videos',
  'assistants',
  'threads',
  'uploads',
  'containers',
  'evals',
  'conversations',
];
const ABSENT_PATH = new RegExp(`^(?:/openai/deployments/[^/]+)?(?:/v[12])?/(?:${ABSENT.join('|')})(?:/|$)`);

function absent(path: string): PathMatch | null {
  return ABSENT_PATH.test(path) ? { kind: 'absent', path } : null;
}

/** Before the id of a stored response. */
export const RESPONSE_PREFIXES = ['/v1/responses/', '/responses/', '/openai/v1/responses/'];
const RESPONSE_PARTS = ['input_items', 'cancel'] as const;

function responseInPath(path: string): PathMatch | null {
  const prefix = RESPONSE_PREFIXES.find((known) => path.startsWith(known));
  if (prefix === undefined) return null;
  const [id = '', name, ...more] = path.slice(prefix.length).split('/');
  const part = RESPONSE_PARTS.find((known) => known === name) ?? null;
  // The id of nothing (compact and the like) is for the list of what is absent.
  if (id === '' || id === 'compact' || more.length > 0 || (name !== undefined && part === null)) return null;
  return { kind: 'response', endpoint: 'responses', id, part };
}

function generateInPath(path: string): PathMatch | null {
  for (const prefix of GENERATE_PREFIXES) {
    if (!path.startsWith(prefix)) continue;
    for (const method of GENERATE_METHODS) {
      const pathModel = modelBetween(path, prefix, method);
      if (pathModel === null) continue;
      const at = { endpoint: 'generate-content', route: method.slice(1), pathModel } as const;
      return method === ':countTokens' ? { kind: 'count-tokens', ...at } : { kind: 'call', ...at, stream: method === ':streamGenerateContent' };
    }
  }
  return null;
}

/** The first suffix decides: a chat without a model is no text completion of a model called chat. */
function callUnder(path: string, prefix: string): PathMatch | null {
  const [suffix, endpoint] = MODEL_SUFFIXES.find(([known]) => path.endsWith(known)) ?? [];
  const pathModel = suffix === undefined ? null : modelBetween(path, prefix, suffix);
  return pathModel === null ? null : { kind: 'call', endpoint: endpoint as Endpoint, route: suffix as string, pathModel };
}

function modelInPath(path: string): PathMatch | null {
  const prefix = MODEL_PREFIXES.find((known) => path.startsWith(known));
  if (prefix !== undefined) return callUnder(path, prefix);
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
