// Google's Vertex AI: Gemini by generateContent and Claude by rawPredict, under a project and a location, with Google Cloud's tokens.
import { messagesWire } from '#gateway/providers/anthropic/anthropic.ts';
import { generateWire, method } from '#gateway/providers/gemini/gemini.ts';
import { googlePictures } from '#gateway/providers/gemini/pictures.ts';
import { headerList, incomplete } from '#gateway/providers/openai/openai.ts';
import { type Endpoint, type NativeEdits, type Provider, parseBase, type Upstream } from '#gateway/providers/provider.ts';
import type { Wire } from '#gateway/providers/wire.ts';
import { AppError } from '#lib/errors.ts';
import type { Deployment } from '#settings/settings.ts';
import { vertexEmbeddings } from './embeddings.ts';
import { RANKING_ORIGIN, rankingPath, vertexRerank } from './rerank.ts';
import { googleTokens } from './tokens.ts';

const GEMINI_NATIVE: ReadonlySet<Endpoint> = new Set<Endpoint>(['generate-content']);
const RANKS_NATIVE: ReadonlySet<Endpoint> = new Set<Endpoint>();
const CLAUDE_NATIVE: ReadonlySet<Endpoint> = new Set<Endpoint>(['messages']);
/** Says which Messages API the body is, in the place of a header. */
const CLAUDE_VERSION = 'vertex-2023-10-16';
const ADDED: ReadonlyMap<string, string> = new Map([['anthropic_version', JSON.stringify(CLAUDE_VERSION)]]);
const CALL_EDITS: NativeEdits = { drop: new Set(['model']), add: ADDED };
/** A count names its model in the body. */
const COUNT_EDITS: NativeEdits = { drop: new Set(), add: ADDED };

/** Claude's language without the model, which stands in the address. */
const claudeWire: Wire = (chat, facts) => {
  const call = messagesWire(chat, facts);
  const { model: _, ...body } = call.body;
  return { ...call, body: { anthropic_version: CLAUDE_VERSION, ...body } };
};

/** Projects of Google Cloud. */
export const vertex: Provider = { errorLabel: () => 'VertexAIException', upstream: vertexUpstream };

function vertexUpstream(deployment: Deployment): Upstream {
  const cloud = deployment.cloud ?? {};
  const location = cloud.vertex_location ?? 'us-central1';
  const ranks = deployment.mode === 'rerank';
  const base = parseBase(deployment.apiBase ?? (ranks ? RANKING_ORIGIN : hostOf(location)));
  if (base === null) throw incomplete(deployment, 'needs litellm_params.api_base with an http(s) URL', 500);
  const credentials = cloud.vertex_credentials ?? null;
  const project = cloud.vertex_project ?? projectIn(credentials);
  if (project === null) throw incomplete(deployment, 'needs vertex_project: set VERTEXAI_PROJECT', 500);
  const tokens = googleTokens(credentials);
  if (ranks) return reranker(deployment, { base, project, tokens });
  const claude = /^claude/.test(deployment.upstreamModel);
  const models = `${base.path}/v1/projects/${segment(project)}/locations/${segment(location)}/publishers`;
  return {
    origin: base.origin,
    apiBase: base.origin + base.path,
    native: claude ? CLAUDE_NATIVE : GEMINI_NATIVE,
    path: (endpoint, model, stream) => (claude ? claudePath(models, endpoint, model, stream) : geminiPath(models, endpoint, model, stream)),
    headers: headerList(deployment, []),
    authorize: async () => ['authorization', `Bearer ${await tokens()}`],
    rename: new Map(),
    drop: new Set(),
    streamUsage: false,
    wire: claude ? claudeWire : generateWire,
    ...(claude
      ? { passes: ['anthropic-beta'], nativeEdits: (endpoint) => (endpoint === 'count-tokens' ? COUNT_EDITS : CALL_EDITS) }
      : { embeddings: vertexEmbeddings, pictures: googlePictures }),
  };
}

interface Place {
  readonly base: { readonly origin: string; readonly path: string };
  readonly project: string;
  readonly tokens: () => Promise<string>;
}

/** Ranking is a service of its own, which bills the project that is named to it. */
function reranker(deployment: Deployment, { base, project, tokens }: Place): Upstream {
  return {
    origin: base.origin,
    apiBase: base.origin + base.path,
    native: RANKS_NATIVE,
    path: () => base.path + rankingPath(segment(project)),
    headers: headerList(deployment, ['x-goog-user-project', project]),
    authorize: async () => ['authorization', `Bearer ${await tokens()}`],
    rename: new Map(),
    drop: new Set(),
    streamUsage: false,
    rerank: vertexRerank,
  };
}

type PathOf = Parameters<Upstream['path']>;

function claudePath(models: string, ...[endpoint, model, stream]: PathOf): string {
  if (endpoint === 'count-tokens') return `${models}/anthropic/models/count-tokens:rawPredict`;
  return `${models}/anthropic/models/${segment(model)}:${stream === true ? 'streamRawPredict' : 'rawPredict'}`;
}

function geminiPath(models: string, ...[endpoint, model, stream]: PathOf): string {
  return `${models}/google/models/${segment(model)}${endpoint === 'embeddings' ? ':predict' : method(endpoint, model, stream)}`;
}

function hostOf(location: string): string {
  if (!/^[a-z0-9-]+$/.test(location))
    throw new AppError('vertex_location must be a location of Google Cloud, for example us-central1 or global.', {
      status: 500,
      code: 'internal_server_error',
    });
  return location === 'global' ? 'https://aiplatform.googleapis.com' : `https://${location}-aiplatform.googleapis.com`;
}

/** A service account names its project. */
function projectIn(credentials: string | null): string | null {
  return /"project_id"\s*:\s*"([^"]+)"/.exec(credentials ?? '')?.[1] ?? null;
}

function segment(name: string): string {
  if (name === '' || name === '.' || name === '..')
    throw new AppError('The model name cannot be used on Vertex AI.', { status: 400, code: 'bad_request_error', param: 'model' });
  return encodeURIComponent(name);
}
