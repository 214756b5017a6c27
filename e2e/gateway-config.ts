// The configuration that end-to-end tests start with: LiteLLM's format, every deployment pointing at the scripted upstream.

/** Models: gpt-4o-mini (openai), azure-mini (azure deployments), azure-v1 (azure v1 API), groq-llama (compatible base), flaky (falls back to gpt-4o-mini), embed, demo (no network). */
export function gatewayConfig(upstreamUrl: string): string {
  return `
model_list:
  - model_name: gpt-4o-mini
    litellm_params: { model: openai/gpt-4o-mini, api_base: "${upstreamUrl}/v1", api_key: sk-upstream-openai }
    model_info: { id: dep-openai }
  - model_name: azure-mini
    litellm_params: { model: azure/my-deployment, api_base: "${upstreamUrl}", api_key: azure-upstream-key, api_version: "2024-10-21" }
    model_info: { id: dep-azure, base_model: azure/gpt-4o-mini }
  - model_name: azure-v1
    litellm_params: { model: azure/my-deployment, api_base: "${upstreamUrl}", api_key: azure-upstream-key, api_version: v1 }
    model_info: { id: dep-azure-v1, base_model: azure/gpt-4o-mini }
  - model_name: groq-llama
    litellm_params: { model: groq/llama-3.1-8b-instant, api_base: "${upstreamUrl}/v1", api_key: gsk-upstream }
  - model_name: flaky
    litellm_params: { model: "openai/status;code=503", api_base: "${upstreamUrl}/v1", api_key: sk-upstream-openai, max_retries: 0 }
  - model_name: priced
    litellm_params: { model: openai/priced-model, api_base: "${upstreamUrl}/v1", api_key: sk-upstream-openai, input_cost_per_token: 0.0000015, output_cost_per_token: 0.000002 }
  - model_name: talkative
    litellm_params: { model: "openai/fixed;size=80", api_base: "${upstreamUrl}/v1", api_key: sk-upstream-openai }
  - model_name: unpriced
    litellm_params: { model: "openai/fixed;answered=nobody-knows-this-model", api_base: "${upstreamUrl}/v1", api_key: sk-upstream-openai }
  - model_name: embed
    litellm_params: { model: openai/text-embedding-3-small, api_base: "${upstreamUrl}/v1", api_key: sk-upstream-openai }
    model_info: { mode: embedding }
  - model_name: demo
    litellm_params: { model: openai/demo, mock_response: "こんにちは！ This is the demo model." }
litellm_settings:
  num_retries: 0
  fallbacks: [{ flaky: [gpt-4o-mini] }]
`;
}
