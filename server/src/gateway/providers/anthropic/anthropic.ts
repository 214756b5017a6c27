// Anthropic's Messages API: its own clients' bytes pass, everybody else's chat is translated.
import { headerList, incomplete } from '#gateway/providers/openai/openai.ts';
import { type Endpoint, type Provider, parseBase, type Upstream } from '#gateway/providers/provider.ts';
import type { Wire } from '#gateway/providers/wire.ts';
import type { Deployment } from '#settings/settings.ts';
import { chatAnswer } from './answer.ts';
import { messagesRequest } from './request.ts';
import { MessagesReader } from './stream.ts';

const DEFAULT_BASE = 'https://api.anthropic.com';
const API_VERSION = '2023-06-01';
const NATIVE: ReadonlySet<Endpoint> = new Set<Endpoint>(['messages']);

/** Chat in Anthropic's language; also for the clouds that serve Claude under addresses of their own. */
export const messagesWire: Wire = (chat, facts) => {
  const { body, jsonTool } = messagesRequest(chat, facts);
  return { body, answer: (answer) => chatAnswer(answer, facts, jsonTool), stream: () => new MessagesReader(facts, jsonTool) };
};

/** api.anthropic.com, or `api_base`. */
export const anthropic: Provider = { errorLabel: () => 'AnthropicException', upstream: anthropicUpstream };

function anthropicUpstream(deployment: Deployment): Upstream {
  const base = parseBase(deployment.apiBase ?? DEFAULT_BASE);
  if (base === null) throw incomplete(deployment, 'needs litellm_params.api_base with an http(s) URL', 500);
  if (!deployment.apiKey && deployment.apiBase === null) throw incomplete(deployment, 'has no api_key: set ANTHROPIC_API_KEY', 401);
  // People write the base with and without the API's own path.
  const prefix = base.path.replace(/\/v1(\/messages)?$/, '');
  const query = base.search.size > 0 ? `?${base.search}` : '';
  return {
    origin: base.origin,
    apiBase: base.origin + prefix,
    native: NATIVE,
    path: (endpoint) => `${prefix}/v1/messages${endpoint === 'count-tokens' ? '/count_tokens' : ''}${query}`,
    headers: headerList(deployment, ['anthropic-version', API_VERSION, ...credentialsOf(deployment.apiKey)]),
    passes: ['anthropic-version', 'anthropic-beta'],
    rename: new Map(),
    drop: new Set(),
    streamUsage: false,
    wire: messagesWire,
  };
}

/** Tokens of a signed-in user are bearers; keys have a header of their own. */
function credentialsOf(key: string | null): string[] {
  if (!key) return [];
  return key.startsWith('sk-ant-oat') ? ['authorization', `Bearer ${key}`] : ['x-api-key', key];
}
