// LiteLLM's provider prefixes that this version serves; addresses and variable names are those of LiteLLM's documentation.
import type { Deployment } from './settings.ts';

export interface ProviderFacts {
  readonly kind: Deployment['provider'];
  /** Public base of the provider; null = `api_base` is required. */
  readonly base: string | null;
  /** Variables tried in turn when the file names no `api_key`; empty = the server needs no key. */
  readonly keyVariables: readonly string[];
  /** Variables tried in turn when the file names no `api_base`. */
  readonly baseVariables: readonly string[];
  /** Added to an api_base that does not end in it (Ollama's own address stands without it). */
  readonly baseSuffix?: string;
  /** True: calls are possible without a key. */
  readonly keyOptional?: boolean;
  /** True: the address follows from other settings. */
  readonly baseOptional?: boolean;
  /** Settings of a cloud by LiteLLM's names, and the variables tried in turn when the file names none. */
  readonly cloud?: Readonly<Record<string, readonly string[]>>;
  /** What only the environment may say, because it names a file or who is asked for tokens. */
  readonly cloudVariables?: Readonly<Record<string, string>>;
}

function compatible(base: string | null, keyVariables: readonly string[], more: Partial<ProviderFacts> = {}): ProviderFacts {
  return { kind: 'openai-compatible', base, keyVariables, baseVariables: [], ...more };
}

const OLLAMA = compatible('http://localhost:11434/v1', ['OLLAMA_API_KEY'], { baseVariables: ['OLLAMA_API_BASE'], baseSuffix: '/v1', keyOptional: true });

const COHERE = compatible('https://api.cohere.ai/compatibility/v1', ['COHERE_API_KEY', 'CO_API_KEY'], { baseVariables: ['COHERE_API_BASE'] });

/** Addressed by region; signed by AWS's credentials, or called with a bearer token. */
const BEDROCK: ProviderFacts = {
  kind: 'bedrock',
  base: null,
  keyVariables: ['AWS_BEARER_TOKEN_BEDROCK'],
  baseVariables: [],
  keyOptional: true,
  baseOptional: true,
  // Keys in variables are found by AWS's own chain.
  cloud: {
    aws_region_name: ['AWS_REGION_NAME', 'AWS_REGION', 'AWS_DEFAULT_REGION'],
    aws_access_key_id: [],
    aws_secret_access_key: [],
    aws_session_token: [],
    aws_profile_name: [],
    aws_role_name: [],
    aws_session_name: [],
    aws_web_identity_token: [],
    aws_external_id: [],
    aws_sts_endpoint: [],
    aws_bedrock_runtime_endpoint: ['AWS_BEDROCK_RUNTIME_ENDPOINT'],
  },
};

/** Addressed by project and location; called with tokens instead of a key. */
const VERTEX: ProviderFacts = {
  kind: 'vertex',
  base: null,
  keyVariables: [],
  baseVariables: ['VERTEXAI_API_BASE', 'VERTEX_API_BASE'],
  keyOptional: true,
  baseOptional: true,
  cloud: {
    vertex_project: ['VERTEXAI_PROJECT', 'GOOGLE_CLOUD_PROJECT'],
    vertex_location: ['VERTEXAI_LOCATION', 'VERTEX_LOCATION', 'GOOGLE_CLOUD_LOCATION'],
    vertex_credentials: ['VERTEXAI_CREDENTIALS', 'GOOGLE_APPLICATION_CREDENTIALS'],
  },
};

/** Serving endpoints of a workspace; a service principal stands in for a key. */
const DATABRICKS: ProviderFacts = {
  kind: 'databricks',
  base: null,
  keyVariables: ['DATABRICKS_API_KEY', 'DATABRICKS_TOKEN'],
  baseVariables: ['DATABRICKS_API_BASE', 'DATABRICKS_HOST'],
  keyOptional: true,
  cloud: { databricks_client_id: ['DATABRICKS_CLIENT_ID'], databricks_client_secret: ['DATABRICKS_CLIENT_SECRET'] },
};

/** Cortex of an account. */
const SNOWFLAKE: ProviderFacts = {
  kind: 'snowflake',
  base: null,
  keyVariables: ['SNOWFLAKE_API_KEY', 'SNOWFLAKE_JWT'],
  baseVariables: ['SNOWFLAKE_API_BASE'],
  keyOptional: true,
  baseOptional: true,
  cloud: { snowflake_account_id: ['SNOWFLAKE_ACCOUNT_ID'], account_id: [], snowflake_jwt: [] },
};

/** An application of Microsoft Entra ID stands in for a key. */
const ENTRA: Partial<ProviderFacts> = {
  keyOptional: true,
  cloud: {
    tenant_id: ['AZURE_TENANT_ID'],
    client_id: ['AZURE_CLIENT_ID'],
    client_secret: ['AZURE_CLIENT_SECRET'],
    azure_scope: ['AZURE_SCOPE'],
  },
  cloudVariables: {
    azure_authority_host: 'AZURE_AUTHORITY_HOST',
    azure_federated_token_file: 'AZURE_FEDERATED_TOKEN_FILE',
    azure_credential: 'AZURE_CREDENTIAL',
    azure_pod_identity_authority_host: 'AZURE_POD_IDENTITY_AUTHORITY_HOST',
    identity_endpoint: 'IDENTITY_ENDPOINT',
    identity_header: 'IDENTITY_HEADER',
  },
};

export const PROVIDERS: ReadonlyMap<string, ProviderFacts> = new Map<string, ProviderFacts>([
  ['openai', { kind: 'openai', base: 'https://api.openai.com/v1', keyVariables: ['OPENAI_API_KEY'], baseVariables: ['OPENAI_BASE_URL', 'OPENAI_API_BASE'] }],
  ['azure', { kind: 'azure', base: null, keyVariables: ['AZURE_API_KEY', 'AZURE_OPENAI_API_KEY'], baseVariables: ['AZURE_API_BASE'], ...ENTRA }],
  ['azure_ai', { kind: 'azure-ai', base: null, keyVariables: ['AZURE_AI_API_KEY'], baseVariables: ['AZURE_AI_API_BASE'], ...ENTRA }],
  [
    'anthropic',
    { kind: 'anthropic', base: 'https://api.anthropic.com', keyVariables: ['ANTHROPIC_API_KEY'], baseVariables: ['ANTHROPIC_API_BASE', 'ANTHROPIC_BASE_URL'] },
  ],
  ['bedrock', BEDROCK],
  ['bedrock_converse', BEDROCK],
  ['databricks', DATABRICKS],
  ['snowflake', SNOWFLAKE],
  ['cohere', COHERE],
  ['cohere_chat', COHERE],
  ['vertex_ai', VERTEX],
  ['vertex_ai_beta', VERTEX],
  ['demo', { kind: 'demo', base: null, keyVariables: [], baseVariables: [], keyOptional: true }],
  ['cerebras', compatible('https://api.cerebras.ai/v1', ['CEREBRAS_API_KEY'])],
  ['custom_openai', compatible(null, ['OPENAI_API_KEY'], { keyOptional: true })],
  ['dashscope', compatible('https://dashscope-intl.aliyuncs.com/compatible-mode/v1', ['DASHSCOPE_API_KEY'], { baseVariables: ['DASHSCOPE_API_BASE'] })],
  ['deepinfra', compatible('https://api.deepinfra.com/v1/openai', ['DEEPINFRA_API_KEY'])],
  ['deepseek', compatible('https://api.deepseek.com/v1', ['DEEPSEEK_API_KEY'], { baseVariables: ['DEEPSEEK_API_BASE'] })],
  ['fireworks_ai', compatible('https://api.fireworks.ai/inference/v1', ['FIREWORKS_API_KEY', 'FIREWORKS_AI_API_KEY'])],
  [
    'gemini',
    {
      kind: 'gemini',
      base: 'https://generativelanguage.googleapis.com/v1beta',
      keyVariables: ['GEMINI_API_KEY', 'GOOGLE_API_KEY'],
      baseVariables: ['GEMINI_API_BASE'],
    },
  ],
  ['groq', compatible('https://api.groq.com/openai/v1', ['GROQ_API_KEY'], { baseVariables: ['GROQ_API_BASE'] })],
  ['hosted_vllm', compatible(null, ['HOSTED_VLLM_API_KEY'], { baseVariables: ['HOSTED_VLLM_API_BASE'], keyOptional: true })],
  ['jina_ai', compatible('https://api.jina.ai/v1', ['JINA_AI_API_KEY', 'JINA_API_KEY'])],
  ['litellm_proxy', compatible(null, ['LITELLM_PROXY_API_KEY'], { baseVariables: ['LITELLM_PROXY_API_BASE'], keyOptional: true })],
  ['lm_studio', compatible(null, ['LM_STUDIO_API_KEY'], { baseVariables: ['LM_STUDIO_API_BASE'], keyOptional: true })],
  ['mistral', compatible('https://api.mistral.ai/v1', ['MISTRAL_API_KEY'], { baseVariables: ['MISTRAL_API_BASE'] })],
  ['moonshot', compatible('https://api.moonshot.ai/v1', ['MOONSHOT_API_KEY'], { baseVariables: ['MOONSHOT_API_BASE'] })],
  ['nvidia_nim', compatible('https://integrate.api.nvidia.com/v1', ['NVIDIA_NIM_API_KEY'], { baseVariables: ['NVIDIA_NIM_API_BASE'] })],
  ['ollama', OLLAMA],
  ['ollama_chat', OLLAMA],
  ['openrouter', compatible('https://openrouter.ai/api/v1', ['OPENROUTER_API_KEY', 'OR_API_KEY'], { baseVariables: ['OPENROUTER_API_BASE'] })],
  ['perplexity', compatible('https://api.perplexity.ai', ['PERPLEXITYAI_API_KEY', 'PERPLEXITY_API_KEY'], { baseVariables: ['PERPLEXITY_API_BASE'] })],
  ['sambanova', compatible('https://api.sambanova.ai/v1', ['SAMBANOVA_API_KEY'])],
  ['together_ai', compatible('https://api.together.xyz/v1', ['TOGETHERAI_API_KEY', 'TOGETHER_AI_API_KEY', 'TOGETHER_API_KEY'])],
  [
    'voyage',
    { kind: 'voyage', base: 'https://api.voyageai.com/v1', keyVariables: ['VOYAGE_API_KEY', 'VOYAGE_AI_API_KEY', 'VOYAGE_AI_TOKEN'], baseVariables: [] },
  ],
  ['xai', compatible('https://api.x.ai/v1', ['XAI_API_KEY'], { baseVariables: ['XAI_API_BASE'] })],
]);

/** Which provider a model without a prefix belongs to, for the families that LiteLLM recognises by name. */
const UNPREFIXED: readonly (readonly [RegExp, string])[] = [
  [/^(gpt-|chatgpt-|o[1345](-|$)|text-embedding-|ft:gpt-|omni-moderation|davinci|babbage)/, 'openai'],
  [/^claude-/, 'anthropic'],
  [/^gemini-/, 'vertex_ai'],
  [/^command-/, 'cohere'],
  [/^mistral-/, 'mistral'],
  [/^deepseek-/, 'deepseek'],
];

export interface SplitModel {
  /** Prefix as LiteLLM knows it; null when none was written and none can be told from the name. */
  providerName: string | null;
  upstreamModel: string;
}

/** Splits `azure/gpt-4o-mini` into provider and upstream model; `override` is custom_llm_provider, whose prefix is taken off when it stands there. */
export function splitModel(model: string, override: string | null): SplitModel {
  const slash = model.indexOf('/');
  const prefix = slash > 0 ? model.slice(0, slash) : null;
  if (override !== null) return { providerName: override, upstreamModel: prefix === override ? model.slice(slash + 1) : model };
  if (prefix !== null) return { providerName: prefix, upstreamModel: model.slice(slash + 1) };
  if (model === '*') return { providerName: 'openai', upstreamModel: '*' };
  return { providerName: UNPREFIXED.find(([pattern]) => pattern.test(model))?.[1] ?? null, upstreamModel: model };
}
