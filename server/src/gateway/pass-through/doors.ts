// Which provider a pass-through path means, what is called there, and why a path is refused. Pure: nothing here knows a key.
import type { Endpoint } from '#gateway/providers/provider.ts';
import { AppError } from '#lib/errors.ts';

export interface ProviderDoor {
  /** First part of the path, and of the model's name in logs and access lists. */
  readonly name: string;
  /** Deployments that lend their credentials: by kind, or by LiteLLM's prefix where one kind is many providers. */
  readonly kind: string;
  readonly prefixes: readonly string[] | null;
}

const door = (name: string, kind: string, prefixes: readonly string[] | null = null): ProviderDoor => ({ name, kind, prefixes });

/** LiteLLM's provider routes that are built. */
export const PROVIDER_DOORS: readonly ProviderDoor[] = [
  door('openai', 'openai'),
  door('openai_passthrough', 'openai'),
  door('azure', 'azure'),
  door('azure_ai', 'azure-ai'),
  door('anthropic', 'anthropic'),
  door('gemini', 'gemini'),
  door('vertex_ai', 'vertex'),
  door('bedrock', 'bedrock'),
  door('cohere', 'openai-compatible', ['cohere', 'cohere_chat']),
  door('mistral', 'openai-compatible', ['mistral']),
  door('vllm', 'openai-compatible', ['hosted_vllm']),
];

export interface PassThroughMatch {
  readonly kind: 'pass-through';
  readonly endpoint: Endpoint;
  readonly route: string;
  readonly pathModel: string | null;
  /** Null = an endpoint of the configuration: `route` is its path. */
  readonly provider: ProviderDoor | null;
  /** What stands behind the door, beginning with '/', without the query. */
  readonly rest: string;
}

/** The door of a path; null = none. `/openai/deployments/…` is the gateway's own (Azure's SDKs). */
export function matchProvider(path: string): PassThroughMatch | null {
  const slash = path.indexOf('/', 1);
  if (slash < 0 || slash === path.length - 1) return null;
  const name = path.slice(1, slash);
  const provider = PROVIDER_DOORS.find((known) => known.name === name);
  const rest = path.slice(slash);
  if (provider === undefined || (name === 'openai' && rest.startsWith('/deployments/'))) return null;
  return { kind: 'pass-through', endpoint: endpointOf(rest), route: `/${name}`, pathModel: modelInRest(rest), provider, rest };
}

const ENDPOINTS: readonly (readonly [RegExp, Endpoint])[] = [
  [/\/chat\/completions$/, 'chat'],
  [/\/completions$/, 'completions'],
  [/\/embeddings$/, 'embeddings'],
  [/\/responses$/, 'responses'],
  [/\/v1\/messages$/, 'messages'],
  [/\/publishers\/anthropic\/models\/[^/]+:(rawPredict|streamRawPredict)$/, 'messages'],
  [/:(generateContent|streamGenerateContent)$/, 'generate-content'],
];

/** The language of what is called, when it is one that the gateway understands: counts and traces are then as everywhere else. */
export function endpointOf(rest: string): Endpoint {
  if (/:rawPredict$/.test(rest) && /\/count-tokens:/.test(rest)) return 'pass-through';
  return ENDPOINTS.find(([pattern]) => pattern.test(rest))?.[1] ?? 'pass-through';
}

const MODEL_CALLS = [
  /\/deployments\/([^/]+)\/(?:chat\/completions|completions|embeddings)$/,
  /\/models\/([^/:]+):(?:generateContent|streamGenerateContent|embedContent|batchEmbedContents|predict|rawPredict|streamRawPredict)$/,
  /\/model\/([^/]+)\/(?:converse|converse-stream|invoke|invoke-with-response-stream)$/,
];

/** The model that the path itself calls; null when it calls none, or names it in the body. */
function modelInRest(rest: string): string | null {
  for (const pattern of MODEL_CALLS) {
    const name = pattern.exec(rest)?.[1];
    if (name === undefined || name === 'count-tokens') continue;
    try {
      return decodeURIComponent(name);
    } catch {
      return null;
    }
  }
  return null;
}

/** Whether a path that names no model has one in its body. */
export function namesModelInBody(rest: string): boolean {
  return /\/(chat\/completions|completions|embeddings|responses|v1\/messages)$/.test(rest);
}

/**
 * Refuses a path that means another place than it says: parts that climb, at whatever depth of escapes, and characters that proxies read differently.
 * @throws AppError 400.
 */
export function checkPath(rest: string): void {
  if (!/^\/[\x21-\x7e]*$/.test(rest) || /[\\#]/.test(rest) || rest.includes('//')) throw refused();
  let text = rest;
  for (let depth = 0; depth < 4; depth++) {
    if (text.split(/[/\\]/).some((part) => part === '.' || part === '..' || /^\.{1,2};/.test(part))) throw refused();
    // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these are looked for
    if (/[\u0000-\u001f\u007f\\]/.test(text)) throw refused();
    const decoded = decode(text);
    if (decoded === text) return;
    text = decoded;
  }
  throw refused();
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refused();
  }
}

function refused(): AppError {
  return new AppError('The path is not one that can be passed on: it must name its place plainly.', { status: 400, code: 'bad_request_error' });
}

/** Credentials that clients of Google and others write into the address: theirs open the gateway and go no further. */
const OWN_PARAMETERS: ReadonlySet<string> = new Set(['key', 'api-key', 'api_key', 'apikey', 'access_token', 'token', 'subscription-key']);

/** The query that goes on, with its `?`, or ''. */
export function passedQuery(query: string, more: Readonly<Record<string, string>> = {}): string {
  const kept = new URLSearchParams();
  for (const [name, value] of new URLSearchParams(query)) if (!OWN_PARAMETERS.has(name.toLowerCase())) kept.append(name, value);
  for (const [name, value] of Object.entries(more)) if (!kept.has(name)) kept.append(name, value);
  return kept.size === 0 ? '' : `?${kept}`;
}
