// Google's Gemini API: generateContent with a key; embeddings through Google's own OpenAI-compatible door.
import { headerList, incomplete } from '#gateway/providers/openai/openai.ts';
import { type Endpoint, type Provider, parseBase, type Upstream } from '#gateway/providers/provider.ts';
import type { Wire } from '#gateway/providers/wire.ts';
import type { Deployment } from '#settings/settings.ts';
import { chatAnswer } from './answer.ts';
import { googlePictures, isImagen } from './pictures.ts';
import { generateRequest } from './request.ts';
import { GenerateReader } from './stream.ts';

const DEFAULT_BASE = 'https://generativelanguage.googleapis.com/v1beta';
const NATIVE: ReadonlySet<Endpoint> = new Set<Endpoint>(['embeddings', 'generate-content']);

const DRAWS: ReadonlySet<string> = new Set<Endpoint>(['image-generations', 'image-edits']);

/** Chat in Gemini's language; also for Vertex AI. */
export const generateWire: Wire = (chat, facts) => ({
  body: generateRequest(chat, facts),
  answer: (answer) => chatAnswer(answer, facts),
  stream: () => new GenerateReader(facts),
});

/** What is called on a model. */
export function method(endpoint: Endpoint | 'count-tokens', model: string, stream: boolean | undefined): string {
  if (endpoint === 'count-tokens') return ':countTokens';
  if (DRAWS.has(endpoint) && isImagen(model)) return ':predict';
  return stream === true ? ':streamGenerateContent?alt=sse' : ':generateContent';
}

/** generativelanguage.googleapis.com, or `api_base` with its version. */
export const gemini: Provider = { errorLabel: () => 'GeminiException', upstream: geminiUpstream };

function geminiUpstream(deployment: Deployment): Upstream {
  const base = parseBase(deployment.apiBase ?? DEFAULT_BASE);
  if (base === null) throw incomplete(deployment, 'needs litellm_params.api_base with an http(s) URL', 500);
  if (!deployment.apiKey && deployment.apiBase === null) throw incomplete(deployment, 'has no api_key: set GEMINI_API_KEY', 401);
  const prefix = base.path.replace(/\/openai$/, '');
  const key = deployment.apiKey;
  return {
    origin: base.origin,
    apiBase: base.origin + prefix,
    native: NATIVE,
    path: (endpoint, model, stream) =>
      endpoint === 'embeddings'
        ? `${prefix}/openai/embeddings`
        : `${prefix}/models/${encodeURIComponent(model.replace(/^models\//, ''))}${method(endpoint, model, stream)}`,
    headers: headerList(deployment, key ? ['x-goog-api-key', key] : []),
    endpointHeaders: { embeddings: headerList(deployment, key ? ['authorization', `Bearer ${key}`] : []) },
    rename: new Map(),
    drop: new Set(),
    streamUsage: false,
    wire: generateWire,
    pictures: googlePictures,
  };
}
