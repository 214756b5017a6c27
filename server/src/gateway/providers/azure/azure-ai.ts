// Azure AI Foundry: every model of a resource behind /models in OpenAI's language, Claude behind /anthropic in its own, Cohere's rerankers, and endpoints of one model that stand alone.
// Sources: Microsoft's Azure AI Model Inference reference; addresses and credentials by host are LiteLLM's rules for azure_ai.
import { messagesWire } from '#gateway/providers/anthropic/anthropic.ts';
import { CHAT_ONLY, endpointPath, headerList, incomplete, reasoningEdits, WITH_RESPONSES } from '#gateway/providers/openai/openai.ts';
import { openAiWire } from '#gateway/providers/openai/wire.ts';
import { type Endpoint, type Provider, parseBase, type Reach, type Upstream } from '#gateway/providers/provider.ts';
import type { Deployment } from '#settings/settings.ts';
import { azureCredentials } from './entra.ts';

/** The first version of the model inference API, which every resource answers. */
const DEFAULT_API_VERSION = '2024-05-01-preview';
const KEY = 'AZURE_AI_API_KEY';
const CLAUDE: ReadonlySet<Endpoint> = new Set<Endpoint>(['messages']);
const WITH_RERANK: ReadonlySet<Endpoint> = new Set<Endpoint>([...CHAT_ONLY, 'rerank']);
const RESPONSES_AND_RERANK: ReadonlySet<Endpoint> = new Set<Endpoint>([...WITH_RESPONSES, 'rerank']);
/** Members that the model does not know reach it instead of being refused before it. */
const UNKNOWN_PASS = ['extra-parameters', 'pass-through'];
const NO_NAMES: ReadonlyMap<string, string> = new Map();
const NOTHING: ReadonlySet<string> = new Set();

/** `https://<resource>.services.ai.azure.com`, or a serverless endpoint of one model. */
export const azureAi: Provider = { errorLabel: () => 'Azure_aiException', upstream: azureAiUpstream };

function azureAiUpstream(deployment: Deployment, dropParams: boolean, reach?: Reach): Upstream {
  const base = parseBase(deployment.apiBase ?? '');
  if (base === null) throw incomplete(deployment, 'needs litellm_params.api_base (https://<resource>.services.ai.azure.com): set AZURE_AI_API_BASE', 500);
  return isClaude(deployment, base.path) ? claudeUpstream(deployment, base, reach) : modelsUpstream(deployment, base, { dropParams, reach });
}

type Base = NonNullable<ReturnType<typeof parseBase>>;

function isClaude({ upstreamModel, baseModel }: Deployment, path: string): boolean {
  return /\/anthropic(\/|$)/.test(path) || /^claude/i.test(baseModel?.replace(/^.*\//, '') ?? upstreamModel);
}

function claudeUpstream(deployment: Deployment, base: Base, reach: Reach | undefined): Upstream {
  const prefix = `${rootOf(base.path)}/anthropic/v1/messages`;
  const { headers, more } = azureCredentials(deployment, { keyHeader: 'x-api-key', keyVariable: KEY, reach });
  return {
    origin: base.origin,
    apiBase: base.origin + rootOf(base.path),
    native: CLAUDE,
    path: (endpoint) => (endpoint === 'count-tokens' ? `${prefix}/count_tokens` : prefix),
    headers: headerList(deployment, ['anthropic-version', '2023-06-01', ...headers]),
    passes: ['anthropic-version', 'anthropic-beta'],
    rename: NO_NAMES,
    drop: NOTHING,
    streamUsage: false,
    wire: messagesWire,
    ...more,
  };
}

function modelsUpstream(
  deployment: Deployment,
  base: Base,
  { dropParams, reach }: { readonly dropParams: boolean; readonly reach: Reach | undefined },
): Upstream {
  const foundry = isFoundry(base.origin);
  const { headers, more } = azureCredentials(deployment, { keyHeader: foundry ? 'api-key' : 'authorization', keyVariable: KEY, reach });
  // Rerankers take the key as a bearer everywhere.
  const rerank = azureCredentials(deployment, { keyHeader: 'authorization', keyVariable: KEY, reach }).headers;
  const model = deployment.baseModel ?? deployment.upstreamModel;
  return {
    origin: base.origin,
    apiBase: base.origin + rootOf(base.path),
    native: isV1(base.path) ? RESPONSES_AND_RERANK : WITH_RERANK,
    path: pathOf(base, foundry, deployment.apiVersion),
    headers: headerList(deployment, [...headers, ...(isV1(base.path) ? [] : UNKNOWN_PASS)]),
    endpointHeaders: { rerank: headerList(deployment, rerank) },
    ...editsFor(model, dropParams),
    streamUsage: true,
    wire: openAiWire(true),
    ...more,
  };
}

/** Hosts of resources, where all models stand behind one address. */
function isFoundry(origin: string): boolean {
  return /\.(?:services\.ai|openai)\.azure\.(?:com|us|cn)$/.test(new URL(origin).hostname);
}

/** OpenAI's own API on the resource: no version in the query. */
function isV1(path: string): boolean {
  return /\/openai\/v1$/.test(path);
}

/** The base without what people copy after it. */
function rootOf(path: string): string {
  return path
    .replace(/\/(?:chat\/completions|embeddings|messages|rerank|images\/embeddings)$/, '')
    .replace(/\/(?:models|anthropic(?:\/v1)?|openai\/v1|providers\/cohere\/v2|v[12])$/, '');
}

function pathOf(base: Base, foundry: boolean, version: string | null): Upstream['path'] {
  const root = rootOf(base.path);
  const query = new URLSearchParams(base.search);
  if (!query.has('api-version') && (version !== null || foundry)) query.set('api-version', version ?? DEFAULT_API_VERSION);
  const asked = query.size > 0 ? `?${query}` : '';
  const rerank = rerankPath(base.path, root);
  if (isV1(base.path)) return (endpoint) => (endpoint === 'rerank' ? rerank : base.path + endpointPath(endpoint));
  // A serverless endpoint is used as it stands: with or without /v1, as the portal shows it.
  const prefix = foundry ? `${root}/models` : base.path.replace(/\/(?:chat\/completions|embeddings)$/, '');
  return (endpoint) => (endpoint === 'rerank' ? rerank : prefix + endpointPath(endpoint) + asked);
}

/** A base that names a version of Cohere's API is kept; else v1 behind the root. */
function rerankPath(path: string, root: string): string {
  const named = /^.*\/v[12](?=\/rerank$|$)/.exec(path)?.[0];
  return named === undefined || isV1(path) ? `${root}/v1/rerank` : `${named}/rerank`;
}

const RENAMED: ReadonlyMap<string, string> = new Map([['max_completion_tokens', 'max_tokens']]);
/** xAI's reasoning models refuse stop sequences and penalties. */
const GROK_REFUSES: ReadonlySet<string> = new Set(['stop', 'presence_penalty', 'frequency_penalty']);

function editsFor(model: string, dropParams: boolean): Pick<Upstream, 'rename' | 'drop'> {
  const edits = reasoningEdits(model, dropParams);
  if (edits.rename.size > 0) return edits;
  return { rename: /^(?:gpt-|o\d)/.test(model) ? NO_NAMES : RENAMED, drop: dropParams && /grok/i.test(model) ? GROK_REFUSES : NOTHING };
}
