// OpenAI's own API, and the base that every compatible provider starts from: same paths, bearer key, near-identity bodies.
import type { Endpoint, Provider, Upstream } from '#gateway/providers/provider.ts';
import { parseBase } from '#gateway/providers/provider.ts';
import { AppError } from '#lib/errors.ts';
import type { Deployment } from '#settings/settings.ts';
import { openAiWire } from './wire.ts';

const ENDPOINT_PATHS: Readonly<Partial<Record<string, string>>> = {
  responses: '/responses',
  chat: '/chat/completions',
  completions: '/completions',
  embeddings: '/embeddings',
  moderations: '/moderations',
  rerank: '/rerank',
  speech: '/audio/speech',
  transcriptions: '/audio/transcriptions',
  translations: '/audio/translations',
  'image-generations': '/images/generations',
  'image-edits': '/images/edits',
  'image-variations': '/images/variations',
  'realtime-session': '/realtime',
  files: '/files',
  batches: '/batches',
};
/** What every server of this kind speaks. */
export const OPENAI_NATIVE: ReadonlySet<Endpoint> = new Set<Endpoint>(['chat', 'completions', 'embeddings']);
/** OpenAI's own API and its twin on Azure have Responses too. */
export const WITH_RESPONSES: ReadonlySet<Endpoint> = new Set<Endpoint>([...OPENAI_NATIVE, 'responses']);
/** Sound, as OpenAI, Azure and servers like theirs take it. */
export const AUDIO: readonly Endpoint[] = ['speech', 'transcriptions', 'translations'];
/** Pictures, as OpenAI and Azure make them. */
export const IMAGES: readonly Endpoint[] = ['image-generations', 'image-edits'];
/** And moderations and variations, which Azure has not. */
const OPENAI_OWN: ReadonlySet<Endpoint> = new Set<Endpoint>([...WITH_RESPONSES, ...AUDIO, ...IMAGES, 'image-variations', 'moderations', 'realtime-session']);
/** Of servers without text completions of their own: a chat stands for them. */
export const CHAT_ONLY: ReadonlySet<Endpoint> = new Set<Endpoint>(['chat', 'embeddings']);

/** The path behind the base. */
export function endpointPath(endpoint: string): string {
  return ENDPOINT_PATHS[endpoint] ?? '/chat/completions';
}
const NOTHING: ReadonlySet<string> = new Set();
const NO_NAMES: ReadonlyMap<string, string> = new Map();

/** What a compatible provider may do differently. */
export interface OpenAiVariation {
  defaultBase: string | null;
  /** False: the provider answers without a key too (self-hosted servers). */
  keyRequired: boolean;
  /** Name of the variable that people set, for the message. */
  keyVariable: string;
  streamUsage: boolean;
  /** What it speaks; absent = chats, text completions and embeddings. */
  native?: ReadonlySet<Endpoint>;
  /** It keeps files and runs batches. */
  batches?: boolean;
  /** Where it reranks, by the path of its base; absent = behind the base. */
  rerankPath?: (basePath: string) => string;
  /** Takes cache marks, thinking and other members that OpenAI does not know. */
  keepsForeign?: boolean;
  rename: ReadonlyMap<string, string>;
  drop: ReadonlySet<string>;
}

/** api.openai.com, or `api_base`. */
export const openAi: Provider = {
  errorLabel: () => 'OpenAIException',
  upstream: (deployment, dropParams) =>
    openAiUpstream(deployment, {
      native: OPENAI_OWN,
      defaultBase: 'https://api.openai.com/v1',
      keyRequired: deployment.apiBase === null,
      keyVariable: 'OPENAI_API_KEY',
      streamUsage: true,
      batches: true,
      ...reasoningEdits(deployment.baseModel ?? deployment.upstreamModel, dropParams),
    }),
};

/**
 * An upstream with OpenAI's paths.
 * @throws AppError 401 without a required key, 500 without a usable base.
 */
export function openAiUpstream(deployment: Deployment, variation: OpenAiVariation): Upstream {
  const base = parseBase(deployment.apiBase ?? variation.defaultBase ?? '');
  if (base === null) throw incomplete(deployment, 'needs litellm_params.api_base with an http(s) URL', 500);
  if (variation.keyRequired && !deployment.apiKey) throw incomplete(deployment, `has no api_key: set ${variation.keyVariable}`, 401);
  const query = base.search.size > 0 ? `?${base.search}` : '';
  return {
    origin: base.origin,
    apiBase: base.origin + base.path,
    native: variation.native ?? OPENAI_NATIVE,
    ...(variation.batches === true ? { batchPath: (what: string) => base.path + endpointPath(what) + query } : {}),
    path: (endpoint, model) => {
      if (endpoint === 'realtime-session') return realtimePath(base.path, model, base.search);
      return (endpoint === 'rerank' && variation.rerankPath ? variation.rerankPath(base.path) : base.path + endpointPath(endpoint)) + query;
    },
    headers: headerList(deployment, deployment.apiKey ? ['authorization', `Bearer ${deployment.apiKey}`] : []),
    rename: variation.rename,
    drop: variation.drop,
    streamUsage: variation.streamUsage,
    wire: openAiWire(!variation.keepsForeign),
  };
}

/** Sessions name their model in the query. */
export function realtimePath(basePath: string, model: string, more: URLSearchParams = new URLSearchParams()): string {
  return `${basePath}${endpointPath('realtime-session')}?${new URLSearchParams([...more, ['model', model]])}`;
}

/** The constant request headers; configured extras win over ours. */
export function headerList(deployment: Deployment, credentials: readonly string[]): string[] {
  const headers = new Map<string, string>([
    ['content-type', 'application/json'],
    // Compressed answers could neither be counted nor relayed frame by frame.
    ['accept-encoding', 'identity'],
  ]);
  for (let index = 0; index < credentials.length; index += 2) headers.set(credentials[index] as string, credentials[index + 1] as string);
  if (deployment.organization) headers.set('openai-organization', deployment.organization);
  for (const [name, value] of Object.entries(deployment.extraHeaders)) headers.set(name.toLowerCase(), value);
  return [...headers].flat();
}

/** The deployment cannot be called; the message names what is missing. */
export function incomplete(deployment: Deployment, problem: string, status: number): AppError {
  return new AppError(`The deployment of ${deployment.modelName} (${deployment.providerName}/${deployment.upstreamModel}) ${problem}.`, {
    status,
    code: status === 401 ? 'auth_error' : 'internal_server_error',
  });
}

/** o-series and gpt-5 models take max_completion_tokens only and refuse sampling parameters. */
export function reasoningEdits(model: string, dropParams: boolean): Pick<OpenAiVariation, 'rename' | 'drop'> {
  const name = model.slice(model.lastIndexOf('/') + 1);
  if (!/^(o\d|gpt-5(?!.*chat))/.test(name)) return { rename: NO_NAMES, drop: NOTHING };
  return { rename: RENAMED, drop: dropParams ? SAMPLING : NOTHING };
}

const RENAMED: ReadonlyMap<string, string> = new Map([['max_tokens', 'max_completion_tokens']]);
const SAMPLING: ReadonlySet<string> = new Set(['temperature', 'top_p', 'presence_penalty', 'frequency_penalty', 'logprobs', 'top_logprobs', 'logit_bias']);
