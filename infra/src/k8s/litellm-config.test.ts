// LiteLLM's configuration says what the settings say, and holds no secret.
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { sampleEnvironment } from '#sample-fixture.ts';
import { litellmConfig, litellmConfigText } from './litellm-config.ts';

const azure = sampleEnvironment({
  models: [
    { name: 'gpt-4o-mini', model: 'azure/gpt-4o-mini', apiBase: 'https://x.openai.azure.com', apiVersion: '2024-10-21', apiKeyVariable: 'AZURE_API_KEY' },
  ],
});

describe("LiteLLM's configuration", () => {
  it('is the YAML of its value', () => expect(parse(litellmConfigText(azure))).toEqual(litellmConfig(azure)));

  it('is that of the seed, with the key as a variable', () => {
    expect(litellmConfig(azure).model_list).toEqual([
      {
        model_name: 'gpt-4o-mini',
        litellm_params: { model: 'azure/gpt-4o-mini', api_base: 'https://x.openai.azure.com', api_version: '2024-10-21', api_key: 'os.environ/AZURE_API_KEY' },
      },
    ]);
    expect(litellmConfig(azure)).toMatchObject({
      litellm_settings: { success_callback: ['langfuse'] },
      general_settings: { store_model_in_db: true, store_prompts_in_spend_logs: true, master_key: 'os.environ/LITELLM_MASTER_KEY' },
    });
  });

  it('has no salt_key: LiteLLM reads the salt from the environment alone', () => expect(litellmConfigText(azure)).not.toContain('salt'));

  it('offers a model that answers without a provider only while there is no other', () => {
    expect(litellmConfig(sampleEnvironment()).model_list.map(({ model_name }) => model_name)).toEqual(['demo']);
    expect(litellmConfig(azure).model_list.map(({ model_name }) => model_name)).toEqual(['gpt-4o-mini']);
  });
});
