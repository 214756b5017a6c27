// Every provider by the name that a deployment carries.
import type { Deployment } from '#settings/settings.ts';
import { anthropic } from './anthropic/anthropic.ts';
import { azure } from './azure/azure.ts';
import { azureAi } from './azure/azure-ai.ts';
import { bedrock } from './bedrock/bedrock.ts';
import { databricks } from './databricks/databricks.ts';
import { demo } from './demo/demo.ts';
import { gemini } from './gemini/gemini.ts';
import { openAi } from './openai/openai.ts';
import { openAiCompatible } from './openai-compatible/openai-compatible.ts';
import type { Provider } from './provider.ts';
import { snowflake } from './snowflake/snowflake.ts';
import { vertex } from './vertex/vertex.ts';
import { voyage } from './voyage/voyage.ts';

export const PROVIDERS: Readonly<Record<Deployment['provider'], Provider>> = {
  openai: openAi,
  azure,
  'azure-ai': azureAi,
  anthropic,
  gemini,
  vertex,
  bedrock,
  databricks,
  snowflake,
  voyage,
  'openai-compatible': openAiCompatible,
  demo,
};

/** The provider that serves a deployment; `mock_response` turns any deployment into a demo (LiteLLM's rule). */
export function providerOf(deployment: Deployment): Provider {
  return deployment.mockResponse === null ? PROVIDERS[deployment.provider] : demo;
}
