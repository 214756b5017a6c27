// Databricks' serving endpoints: OpenAI's chat with content that comes in parts, and embeddings as OpenAI has them, with a personal token or a service principal's.
import { openAiUpstream } from '#gateway/providers/openai/openai.ts';
import { type Endpoint, type Provider, parseBase, type Reach, type Upstream } from '#gateway/providers/provider.ts';
import { AppError } from '#lib/errors.ts';
import type { Deployment } from '#settings/settings.ts';
import { principalTokens } from './tokens.ts';
import { databricksWire } from './wire.ts';

const NATIVE: ReadonlySet<Endpoint> = new Set<Endpoint>(['embeddings']);
const FOLDER = '/serving-endpoints';

/** A workspace's address; `/serving-endpoints` is added when it is missing, `/serving-endpoints/<name>/invocations` is used as it stands. */
export const databricks: Provider = { errorLabel: () => 'DatabricksException', upstream: databricksUpstream };

function databricksUpstream(deployment: Deployment, _dropParams: boolean, reach?: Reach): Upstream {
  const base = parseBase(deployment.apiBase ?? '');
  const cloud = deployment.cloud ?? {};
  const { databricks_client_id: id, databricks_client_secret: secret } = cloud;
  const made = openAiUpstream(deployment, {
    defaultBase: null,
    keyRequired: id === undefined || secret === undefined,
    keyVariable: 'DATABRICKS_API_KEY (or DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET)',
    // Counts come unasked; the wish for them is refused.
    streamUsage: false,
    native: NATIVE,
    rename: new Map(),
    drop: new Set(['stream_options']),
  });
  const path = base?.path ?? '';
  const tokens = deployment.apiKey === null && id !== undefined && secret !== undefined ? principalTokens(made.origin, { id, secret }) : null;
  return {
    ...made,
    path: (endpoint) => addressOf(path, endpoint),
    wire: databricksWire,
    ...(tokens === null ? {} : { authorize: async () => ['authorization', `Bearer ${await tokens(reach)}`] }),
  };
}

function addressOf(path: string, endpoint: Endpoint | 'count-tokens'): string {
  if (path.endsWith('/invocations')) return path;
  if (endpoint === 'count-tokens') throw new AppError('Databricks counts no tokens.', { status: 501, code: 'not_supported' });
  const folder = path.endsWith(FOLDER) ? path : path + FOLDER;
  return `${folder}${endpoint === 'embeddings' ? '/embeddings' : '/chat/completions'}`;
}
