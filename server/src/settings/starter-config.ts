// The config.yaml that the first start writes: LiteLLM's format, the seed's Azure model, OpenAI, and demo models that answer without a network.

/** Commented in English and Japanese; a test reads it back without a single note. */
export const STARTER_CONFIG = `# GenAI Platform: which models the gateway offers. The format is LiteLLM's config.yaml.
# GenAI Platform: ゲートウェイが提供するモデルの設定です。形式は LiteLLM の config.yaml と同じです。
#
# A value "os.environ/NAME" is taken from the environment, or from a file ".env" beside this one.
# "os.environ/NAME" と書いた値は、環境変数、またはこのファイルと同じフォルダの ".env" から読み込まれます。

model_list:
  # Azure OpenAI. Set these three, then restart:  AZURE_API_BASE=https://<name>.openai.azure.com  AZURE_API_KEY=...  AZURE_API_VERSION=2024-10-21
  # Azure OpenAI を使うには、上の 3 つの値を設定して再起動してください。
  - model_name: gpt-4o-mini
    litellm_params:
      model: azure/gpt-4o-mini # azure/<deployment name / デプロイ名>
      api_base: os.environ/AZURE_API_BASE
      api_key: os.environ/AZURE_API_KEY
      api_version: os.environ/AZURE_API_VERSION
    model_info:
      base_model: gpt-4o-mini # the price is looked up under this name / 料金計算に使うモデル名

  # OpenAI itself (set OPENAI_API_KEY).
  # OpenAI を直接使う場合（OPENAI_API_KEY を設定）。
  - model_name: gpt-4.1-mini
    litellm_params:
      model: openai/gpt-4.1-mini
      api_key: os.environ/OPENAI_API_KEY

  # Answers a fixed text without any network, so that everything can be tried offline. The prices are made up.
  # ネットワークなしで決まった文章を返します。すぐに動作を試せます。料金は架空の値です。
  - model_name: demo
    litellm_params:
      model: demo/demo
      mock_response: "こんにちは！これはデモモデルの応答です。 Hello, this is the demo model answering."
      input_cost_per_token: 0.00000015
      output_cost_per_token: 0.0000006

  - model_name: demo-large
    litellm_params:
      model: demo/demo-large
      mock_response: "これは大きいデモモデルの応答です。料金は demo の約 10 倍です。 This is the larger demo model; it costs about ten times as much as demo."
      input_cost_per_token: 0.0000015
      output_cost_per_token: 0.000006

  # Nothing listens at this address: the fallback below answers instead.
  # このアドレスでは何も応答しません。下のフォールバックが代わりに応答します。
  - model_name: demo-away
    litellm_params:
      model: openai/demo-away
      api_base: http://127.0.0.1:9/v1
      api_key: none
      max_retries: 0

litellm_settings:
  # When a model fails, the next one is tried. / 失敗したときに次に試すモデル。
  fallbacks:
    - demo-away: ["demo"]
  # num_retries: 2
  # request_timeout: 600 # seconds / 秒

# general_settings:
#   master_key: os.environ/LITELLM_MASTER_KEY # generated on the first start when not set / 未設定なら初回起動時に生成
`;
