// Snowflake Cortex: the account's `inference:complete`, with a key pair's token (JWT) or a programmatic access token (`pat/<token>`, LiteLLM's form).
import { headerList, incomplete } from '#gateway/providers/openai/openai.ts';
import { type Endpoint, type Provider, parseBase, type Upstream } from '#gateway/providers/provider.ts';
import type { Wire } from '#gateway/providers/wire.ts';
import type { Deployment } from '#settings/settings.ts';
import { chatAnswer } from './answer.ts';
import { snowflakeEmbeddings } from './embeddings.ts';
import { completeRequest } from './request.ts';
import { CompleteReader } from './stream.ts';

const NATIVE: ReadonlySet<Endpoint> = new Set<Endpoint>();
const COMPLETE = '/api/v2/cortex/inference:complete';
const EMBED = '/api/v2/cortex/inference:embed';

const completeWire: Wire = (chat, facts) => ({
  body: completeRequest(chat, facts),
  answer: (answer) => chatAnswer(answer, facts),
  stream: () => new CompleteReader(facts),
});

/** https://<account>.snowflakecomputing.com, or `api_base` with or without the path. */
export const snowflake: Provider = { errorLabel: () => 'SnowflakeException', upstream: snowflakeUpstream };

function snowflakeUpstream(deployment: Deployment): Upstream {
  const cloud = deployment.cloud ?? {};
  const account = cloud.snowflake_account_id ?? cloud.account_id ?? null;
  if (deployment.apiBase === null && (account === null || !/^[A-Za-z0-9._-]+$/.test(account)))
    throw incomplete(deployment, 'needs the account: set SNOWFLAKE_ACCOUNT_ID', 500);
  const base = parseBase(deployment.apiBase ?? `https://${account}.snowflakecomputing.com`);
  if (base === null) throw incomplete(deployment, 'needs litellm_params.api_base with an http(s) URL', 500);
  const key = deployment.apiKey ?? cloud.snowflake_jwt ?? null;
  if (key === null || key === '') throw incomplete(deployment, 'has no api_key: set SNOWFLAKE_JWT, or pat/<token>', 401);
  const prefix = base.path.replace(/\/api\/v2.*$/, '');
  return {
    origin: base.origin,
    apiBase: base.origin + prefix,
    native: NATIVE,
    path: (endpoint) => prefix + (endpoint === 'embeddings' ? EMBED : COMPLETE),
    headers: headerList(deployment, ['accept', 'application/json, text/event-stream', ...credentialsOf(key)]),
    rename: new Map(),
    drop: new Set(),
    streamUsage: false,
    wire: completeWire,
    embeddings: snowflakeEmbeddings,
  };
}

function credentialsOf(key: string): string[] {
  const pat = key.startsWith('pat/');
  const type = pat ? 'PROGRAMMATIC_ACCESS_TOKEN' : 'KEYPAIR_JWT';
  return ['authorization', `Bearer ${pat ? key.slice(4) : key}`, 'x-snowflake-authorization-token-type', type];
}
