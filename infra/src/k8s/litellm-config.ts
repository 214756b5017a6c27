// LiteLLM's config.yaml for an environment. No secret stands in it: every one is a variable of the pod.
import { stringify } from 'yaml';
import type { Environment } from '#environment.ts';

type Model = Environment['models'][number];

/** Answers without any provider, so that an environment can be verified before somebody has given it a key. */
const DEMO_MODEL = {
  model_name: 'demo',
  litellm_params: { model: 'openai/demo', api_key: 'not-used', mock_response: 'This is the demo model: no provider was asked.' },
};

const variable = (name: string): string => `os.environ/${name}`;

const entry = (model: Model) => ({
  model_name: model.name,
  litellm_params: {
    model: model.model,
    ...(model.apiBase === undefined ? {} : { api_base: model.apiBase }),
    ...(model.apiVersion === undefined ? {} : { api_version: model.apiVersion }),
    ...(model.apiKeyVariable === undefined ? {} : { api_key: variable(model.apiKeyVariable) }),
  },
});

/** The configuration as a value. `salt_key` is absent on purpose: LiteLLM reads it from the environment alone. */
export const litellmConfig = (environment: Pick<Environment, 'models'>) => ({
  model_list: environment.models.length === 0 ? [DEMO_MODEL] : environment.models.map(entry),
  litellm_settings: { success_callback: ['langfuse'], failure_callback: ['langfuse'] },
  router_settings: { redis_host: variable('REDIS_HOST'), redis_port: variable('REDIS_PORT'), redis_password: variable('REDIS_PASSWORD') },
  general_settings: {
    master_key: variable('LITELLM_MASTER_KEY'),
    database_url: variable('DATABASE_URL'),
    database_connection_pool_limit: 10,
    store_model_in_db: true,
    store_prompts_in_spend_logs: true,
  },
});

/** The file. */
export const litellmConfigText = (environment: Pick<Environment, 'models'>): string => stringify(litellmConfig(environment));
