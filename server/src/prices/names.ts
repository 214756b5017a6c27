// Which catalogue provider and model a configured or reported model name means: LiteLLM's prefixes, regions and SDK spellings.

/** A place to look in the price table; provider null = whichever provider's naming the model follows. */
export interface CatalogName {
  provider: string | null;
  model: string;
}

/** LiteLLM's provider prefix -> provider id of the price table. A name absent here has no list price (self-hosted engines, private gateways). */
const CATALOG_PROVIDERS: Readonly<Record<string, string>> = {
  openai: 'openai',
  text_completion_openai: 'openai',
  azure: 'azure',
  azure_ai: 'azure',
  azure_text: 'azure',
  anthropic: 'anthropic',
  bedrock: 'aws',
  bedrock_converse: 'aws',
  aws: 'aws',
  gemini: 'google',
  google: 'google',
  vertex_ai: 'google',
  vertex_ai_beta: 'google',
  groq: 'groq',
  mistral: 'mistral',
  deepseek: 'deepseek',
  xai: 'x-ai',
  'x-ai': 'x-ai',
  openrouter: 'openrouter',
  together_ai: 'together',
  together: 'together',
  fireworks_ai: 'fireworks',
  fireworks: 'fireworks',
  perplexity: 'perplexity',
  cohere: 'cohere',
  cohere_chat: 'cohere',
  cerebras: 'cerebras',
  novita: 'novita',
  moonshot: 'moonshotai',
  moonshotai: 'moonshotai',
  ovhcloud: 'ovhcloud',
  voyage: 'voyageai',
  minimax: 'minimax',
  zai: 'zai',
};

/** Path segments between prefix and model that say where or how a model is hosted, not which model it is. */
const HOSTING_SEGMENTS = /^(?:global(?:-standard)?|us|eu|apac|jp|converse|invoke|converse_like|[a-z]{2}(?:-gov)?-[a-z]+-\d|chat|responses)$/;

/** The price table's provider for a LiteLLM provider prefix; null = no list price is known for it. */
export function catalogProvider(providerName: string): string | null {
  const name = providerName.toLowerCase();
  return Object.hasOwn(CATALOG_PROVIDERS, name) ? (CATALOG_PROVIDERS[name] as string) : null;
}

/**
 * Splits a model name as people write it ("azure/eu/gpt-4o", "openai/gpt-4o-mini", "models/gemini-2.5-pro", "gpt-4o-mini")
 * into where to look. An unknown prefix stays part of the model name.
 */
export function parseModelName(name: string, defaultProvider: string | null): CatalogName {
  const segments = withoutArn(name.trim())
    .split('/')
    .filter((segment) => segment !== '');
  const prefix = segments.length > 1 ? catalogProvider(segments[0] as string) : null;
  if (prefix) segments.shift();
  if (segments.length > 1 && (segments[0] === 'models' || segments[0] === 'publishers')) segments.shift();
  const provider = prefix ?? defaultProvider;
  while (provider !== 'openrouter' && segments.length > 1 && HOSTING_SEGMENTS.test(segments[0] as string)) segments.shift();
  return { provider, model: azureSpelling(provider, segments.join('/')) };
}

/** A model of Bedrock's own by its ARN is the model itself; a profile or a bought capacity says nothing of its model. */
export function withoutArn(model: string): string {
  return model.replace(/^((?:bedrock|bedrock_converse)\/)?arn:aws[a-z-]*:bedrock:[a-z0-9-]*:\d*:foundation-model\//, '$1');
}

/** Azure writes "gpt-35-turbo" where everybody else writes "gpt-3.5-turbo". */
function azureSpelling(provider: string | null, model: string): string {
  return provider === 'azure' ? model.replace(/^gpt-35-/i, 'gpt-3.5-') : model;
}
