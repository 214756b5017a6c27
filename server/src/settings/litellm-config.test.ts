// LiteLLM configurations of every kind: the seed's, one as large as CI's, faulty ones, and arbitrary text.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ConfigResult, readLiteLlmConfig } from './litellm-config.ts';
import { Notes } from './notes.ts';
import type { ConfigNote } from './settings.ts';
import { STARTER_CONFIG } from './starter-config.ts';

function read(text: string, environment: Record<string, string> = {}, files: Record<string, string> = {}): ConfigResult & { notes: ConfigNote[] } {
  const notes = new Notes();
  const readFile = (path: string): string => {
    const found = files[path];
    if (found === undefined) throw Object.assign(new Error('absent'), { code: 'ENOENT' });
    return found;
  };
  const result = readLiteLlmConfig({ text, path: '/app/config.yaml', environment, notes, readFile });
  return { ...result, notes: notes.list() };
}

const errors = (notes: readonly ConfigNote[]): string[] =>
  notes.filter((note) => note.level === 'error').map((note) => `${note.line} ${note.path}: ${note.message}`);
const warnings = (notes: readonly ConfigNote[]): string[] => notes.filter((note) => note.level === 'warning').map((note) => note.path);

const SEED = `model_list:
  - model_name: gpt-4o-mini
    litellm_params:
      model: azure/gpt-4o-mini
      api_base: os.environ/AZURE_API_BASE
      api_key: os.environ/AZURE_API_KEY
      api_version: 2024-10-21
general_settings:
  master_key: sk-1234
  salt_key: sk-salt
  database_url: postgresql://u:p@aurora:5432/langfuse
  store_model_in_db: true
  store_prompts_in_spend_logs: true
`;

describe("the seed's config", () => {
  it('becomes one ready Azure deployment, keeps the unquoted api_version as text, and names the salt key and the foreign database without its password', () => {
    const result = read(SEED, { AZURE_API_BASE: 'https://x.openai.azure.com/', AZURE_API_KEY: 'k' });
    expect(result.gatewayConfig.deployments).toMatchObject([
      {
        modelName: 'gpt-4o-mini',
        provider: 'azure',
        upstreamModel: 'gpt-4o-mini',
        apiBase: 'https://x.openai.azure.com',
        apiKey: 'k',
        apiVersion: '2024-10-21',
        problem: null,
      },
    ]);
    expect(result.masterKey).toBe('sk-1234');
    expect(result.gatewayConfig.foreignDatabaseUrl).toContain('/langfuse');
    expect(result.notes.map(({ level, path, line, file }) => [level, path, line, file])).toEqual([
      ['warning', 'general_settings.salt_key', 10, 'config.yaml'],
      ['warning', 'general_settings.database_url', 11, 'config.yaml'],
    ]);
    expect(result.notes[1]?.message).toContain('(aurora:5432/langfuse)');
  });

  it('is free of faults without its variables; the deployment says which are missing', () => {
    const result = read(SEED);
    expect(errors(result.notes)).toEqual([]);
    expect(result.gatewayConfig.deployments[0]?.problem).toBe('AZURE_API_BASE, AZURE_API_KEY are not set');
  });
});

describe('the starter config', () => {
  it('is read without a single note and offers demo models without any variable', () => {
    const result = read(STARTER_CONFIG);
    expect(result.notes).toEqual([]);
    const ready = result.gatewayConfig.deployments.filter((deployment) => deployment.problem === null);
    expect(ready.map((deployment) => deployment.modelName)).toEqual(['demo', 'demo-large', 'demo-away']);
    expect(result.gatewayConfig.fallbacks).toEqual({ 'demo-away': ['demo'] });
  });
});

describe('deployments', () => {
  it('take address and key from the provider where the file names none', () => {
    const result = read(
      `model_list:
  - {model_name: a, litellm_params: {model: groq/llama-3.3-70b}}
  - {model_name: b, litellm_params: {model: ollama/qwen3, api_base: http://gpu:11434}}
  - {model_name: c, litellm_params: {model: hosted_vllm/m, api_base: http://vllm:8000/v1/}}
  - {model_name: d, litellm_params: {model: gpt-4o}}
  - {model_name: e, litellm_params: {model: gemini/gemini-2.0-flash-lite}}
  - {model_name: "*", litellm_params: {model: "*"}}
  - {model_name: f, litellm_params: {model: azure/d}}
  - {model_name: g, litellm_params: {model: my-model, api_base: "https://own.example/v1"}}
`,
      { GROQ_API_KEY: 'g', OPENAI_API_KEY: 'o' },
    );
    expect(result.gatewayConfig.deployments.map(({ providerName, provider, apiBase, problem }) => [providerName, provider, apiBase, problem])).toEqual([
      ['groq', 'openai-compatible', 'https://api.groq.com/openai/v1', null],
      ['ollama', 'openai-compatible', 'http://gpu:11434/v1', null],
      ['hosted_vllm', 'openai-compatible', 'http://vllm:8000/v1', null],
      ['openai', 'openai', 'https://api.openai.com/v1', null],
      ['gemini', 'gemini', 'https://generativelanguage.googleapis.com/v1beta', 'api_key is missing and GEMINI_API_KEY is not set'],
      ['openai', 'openai', 'https://api.openai.com/v1', null],
      ['azure', 'azure', null, 'api_base is missing and AZURE_API_BASE is not set'],
      ['openai', 'openai-compatible', 'https://own.example/v1', null],
    ]);
  });

  it('take what a credential of the list holds, where they say nothing of their own', () => {
    const result = read(
      `credential_list:
  - {credential_name: azure-jp, credential_values: {api_key: os.environ/JP_KEY, api_base: "https://jp.openai.azure.com", api_version: "2025-01-01"}, credential_info: {description: Japan}}
model_list:
  - {model_name: a, litellm_params: {model: azure/m, litellm_credential_name: azure-jp}}
  - {model_name: b, litellm_params: {model: azure/m, litellm_credential_name: azure-jp, api_version: "2024-10-21"}}
  - {model_name: c, litellm_params: {model: azure/m, litellm_credential_name: nobody, api_base: "https://x.openai.azure.com"}}
`,
      { JP_KEY: 'secret' },
    );
    expect(result.gatewayConfig.deployments).toMatchObject([
      { apiKey: 'secret', apiBase: 'https://jp.openai.azure.com', apiVersion: '2025-01-01', problem: null },
      { apiKey: 'secret', apiVersion: '2024-10-21', problem: null },
      { apiKey: null, problem: expect.stringContaining('nobody') },
    ]);
    expect(
      read(
        'credential_list: [{credential_name: k, credential_values: {api_key: os.environ/NOT_SET}}]\nmodel_list: [{model_name: a, litellm_params: {model: openai/m, litellm_credential_name: k}}]',
        { OPENAI_API_KEY: 'other' },
      ).gatewayConfig.deployments[0],
    ).toMatchObject({ apiKey: null, problem: 'NOT_SET is not set' });
  });

  it('may leave parameters out and retry in their own way', () => {
    const result = read(`model_list:
  - {model_name: a, litellm_params: {model: openai/m, drop_params: true, additional_drop_params: [temperature, "tools[*].strict"], num_retries: 4}}
general_settings: {enforce_user_param: true, reject_clientside_metadata_tags: true}`);
    expect(result.gatewayConfig.deployments[0]).toMatchObject({ dropParams: true, additionalDrops: ['temperature'], maxRetries: 4 });
    expect(result.gatewayConfig).toMatchObject({ dropParams: false, endUserRequired: true, clientTagsRefused: true });
  });

  it('of Azure are ready with a key, a token, or a whole application of Entra ID, and say what is missing', () => {
    const base = 'api_base: "https://r.services.ai.azure.com"';
    const problems = (entry: string, environment: Record<string, string> = {}) => {
      const { deployments } = read(`model_list: [{model_name: a, litellm_params: {model: azure_ai/DeepSeek-V3, ${base}${entry}}}]`, environment).gatewayConfig;
      return deployments[0]?.problem;
    };
    expect(problems('')).toBe('api_key is missing and AZURE_AI_API_KEY is not set');
    expect(problems('', { AZURE_AI_API_KEY: 'k' })).toBeNull();
    expect(problems('', { AZURE_AD_TOKEN: 't' })).toBeNull();
    expect(problems(', tenant_id: t, client_id: c, client_secret: s')).toBeNull();
    expect(problems(', tenant_id: t, client_id: c')).toContain('belong together');
    expect(problems('', { AZURE_TENANT_ID: 't', AZURE_CLIENT_ID: 'c', AZURE_FEDERATED_TOKEN_FILE: '/var/run/token' })).toBeNull();
    expect(problems('', { AZURE_CREDENTIAL: 'ManagedIdentityCredential' })).toBeNull();
    expect(problems('', { AZURE_CREDENTIAL: 'CertificateCredential' })).toContain('api_key is missing');
    expect(problems(', azure_credential: ManagedIdentityCredential')).toContain('api_key is missing');
    // Only the environment says which file is read and who is asked: an entry may come by API.
    expect(problems(', tenant_id: t, client_id: c, azure_federated_token_file: /etc/passwd')).toContain('belong together');
    expect(problems(', azure_ad_token: oidc/file/etc')).toContain('AZURE_FEDERATED_TOKEN_FILE');
    const stated = read(`model_list: [{model_name: a, litellm_params: {model: azure_ai/m, ${base}, tenant_id: t, client_id: c, client_secret: s}}]`, {
      AZURE_AI_API_KEY: 'k',
      AZURE_AUTHORITY_HOST: 'https://login.example',
    }).gatewayConfig.deployments[0];
    expect(stated).toMatchObject({ provider: 'azure-ai', providerName: 'azure_ai', apiKey: null, apiVersion: null });
    expect(stated?.cloud).toEqual({ tenant_id: 't', client_id: 'c', client_secret: 's', azure_authority_host: 'https://login.example' });
  });

  it('a variable that is named but not set is not replaced by another one', () => {
    const result = read('model_list: [{model_name: a, litellm_params: {model: openai/m, api_key: os.environ/TEAM_KEY}}]', { OPENAI_API_KEY: 'other' });
    expect(result.gatewayConfig.deployments[0]).toMatchObject({ apiKey: null, problem: 'TEAM_KEY is not set' });
  });

  it('have ids that stay when other models come and go, differ among equals, and are taken from model_info', () => {
    const one = '  - {model_name: a, litellm_params: {model: openai/m}}\n';
    const first = read(`model_list:\n${one}${one}`).gatewayConfig.deployments.map(({ id }) => id);
    const second = read(
      `model_list:\n  - {model_name: z, litellm_params: {model: openai/z}, model_info: {id: "7"}}\n${one}${one}`,
    ).gatewayConfig.deployments.map(({ id }) => id);
    expect(new Set(first).size).toBe(2);
    expect(second).toEqual(['7', ...first]);
  });

  it('of providers or modes not built yet are named and answered, not dropped', () => {
    const result = read(`model_list:
  - {model_name: cloud, litellm_params: {model: sagemaker/x}}
  - {model_name: pictures, litellm_params: {model: openai/gpt-image-1}, model_info: {mode: video_generation}}
  - {model_name: mixed, litellm_params: {model: watsonx/x}}
  - {model_name: mixed, litellm_params: {model: openai/x}}
`);
    expect(Object.keys(result.gatewayConfig.unsupportedModels ?? {})).toEqual(['cloud', 'pictures']);
    expect(warnings(result.notes)).toEqual(['model_list[0].litellm_params.model', 'model_list[1].litellm_params.model', 'model_list[2].litellm_params.model']);
    expect(errors(result.notes)).toEqual([]);
  });

  it('carry prices, limits, headers and default parameters, exactly as written', () => {
    const result = read(
      `model_list:
  - model_name: a
    litellm_params:
      model: openai/a
      api_key: k
      rpm: "480"
      timeout: 1.5
      stream_timeout: os.environ/WAIT
      temperature: 0
      extra_headers: {X-Team: os.environ/TEAM}
      input_cost_per_token: 1.5e-7
      weight: 3
      ssl_verify: false
    model_info: {base_model: gpt-4o, output_cost_per_token: 0.0000006, supports_vision: true}
`,
      { WAIT: '60', TEAM: 't' },
    );
    expect(result.notes).toEqual([]);
    expect(result.gatewayConfig.deployments[0]).toMatchObject({
      rpm: 480,
      timeoutMs: 1500,
      streamTimeoutMs: 60_000,
      defaultParameters: { temperature: 0 },
      extraHeaders: { 'x-team': 't' },
      inputCostPerToken: '1.5e-7',
      outputCostPerToken: '6e-7',
      baseModel: 'gpt-4o',
      weight: 3,
      sslVerify: false,
      info: { supports_vision: true },
    });
  });
});

describe('faults', () => {
  it('are all named at once, each with its line', () => {
    const result = read(`model_list:
  - model_name: a
    litellm_params:
      model: openai/a
      rpm: -1
      api_base: not an address
      input_cost_per_token: cheap
  - litellm_params: {model: openai/b}
  - model_name: c
  - just text
general_settings:
  custom_auth: custom_auth.user_api_key_auth
litellm_settings:
  callbacks: custom_callbacks.handler
  request_timeout: soon
  fallbacks: [{a: 7}]
router_settings:
  routing_strategy: fastest
`);
    expect(errors(result.notes)).toEqual([
      '5 model_list[0].litellm_params.rpm: must be a whole number of 0 or more',
      '6 model_list[0].litellm_params.api_base: must be an http:// or https:// address',
      '7 model_list[0].litellm_params.input_cost_per_token: must be an amount of 0 or more, for example 0.00000015',
      '8 model_list[1].model_name: is missing: the name that clients ask for',
      '9 model_list[2].litellm_params: is missing: it holds the model and its address',
      '10 model_list[3]: must be a mapping with keys',
      '12 general_settings.custom_auth: names Python code (custom_auth.py), which cannot run here; remove the key, or keep that check in front of this gateway',
      '14 litellm_settings.callbacks[0]: names Python code (custom_callbacks.py), which cannot run here; remove it',
      '15 litellm_settings.request_timeout: must be a number of 0.001 or more and at most 2147483',
      '16 litellm_settings.fallbacks[0].a: must be a list of model names',
      '18 router_settings.routing_strategy: must be one of simple-shuffle, least-busy, usage-based-routing, usage-based-routing-v2, latency-based-routing, cost-based-routing',
    ]);
  });

  it('of the YAML itself carry their line, and never a value', () => {
    const result = read('model_list:\n  - a: "sk-secret\n    b: [1, 2\n');
    expect(errors(result.notes).length).toBeGreaterThan(0);
    expect(JSON.stringify(result.notes)).not.toContain('sk-secret');
    expect(errors(read('a: 1\na: 2').notes)[0]).toMatch(/^2 .*unique/i);
    expect(errors(read('- a').notes)).toEqual(['1 : must be a mapping at the top: model_list, litellm_settings, general_settings ...']);
  });

  it('never echo a wrong value, which may be a secret in the wrong place', () => {
    const result = read(
      'model_list: [{model_name: a, litellm_params: {model: openai/a, rpm: sk-secret, api_base: sk-secret, timeout: sk-secret, extra_headers: sk-secret}}]',
    );
    expect(errors(result.notes)).toHaveLength(4);
    expect(JSON.stringify(result.notes)).not.toContain('sk-secret');
  });
});

describe('keys without effect', () => {
  it('are named once with their path, whether LiteLLM knows them or nobody does', () => {
    const entry = '  - {model_name: a, litellm_params: {model: openai/a, api_key: k, wrong_key: 1, itpm: 2}}\n';
    const result = read(`model_list:\n${entry}${entry}${entry}litellm_settings: {modify_params: true, set_verbose: false}\nhello: 1\nfiles_settings: []\n`);
    expect(result.notes.map((note) => `${note.path} ${note.message}`)).toEqual([
      'model_list[0].litellm_params.wrong_key is not understood and is not sent upstream (and 2 more)',
      'model_list[0].litellm_params.itpm is a LiteLLM setting that this version does not act on yet (and 2 more)',
      'litellm_settings.modify_params is a LiteLLM setting that this version does not act on yet',
      'hello is not understood and has no effect',
      'files_settings is a LiteLLM setting that this version does not act on yet',
    ]);
  });
});

describe('callbacks', () => {
  const KEYS = { LANGFUSE_PUBLIC_KEY: 'pk', LANGFUSE_SECRET_KEY: 'sk' };

  it('named langfuse are this platform itself without keys, and somebody else’s Langfuse with them', () => {
    const text = 'litellm_settings: {success_callback: [langfuse]}';
    expect(read(text).notes).toEqual([]);
    expect(read(text).gatewayConfig).toMatchObject({ callbacks: ['langfuse'], callbackTargets: [] });
    expect(read(text, { LANGFUSE_HOST: 'http://langfuse-web:3000' }).notes).toEqual([
      expect.objectContaining({ level: 'warning', message: expect.stringContaining('LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY are not set') }),
    ]);
    expect(read(text, { ...KEYS, LANGFUSE_HOST: 'http://langfuse-web:3000' }).gatewayConfig.callbackTargets).toEqual([
      { kind: 'langfuse', name: 'langfuse', success: true, failure: false, variables: { ...KEYS, LANGFUSE_HOST: 'http://langfuse-web:3000' } },
    ]);
  });

  it('join the lists that name them, and take what callback_settings and s3_callback_params say', () => {
    const { gatewayConfig, notes } = read(
      `
litellm_settings:
  callbacks: [audit]
  success_callback: [s3_v2, otel]
  failure_callback: [otel]
  s3_callback_params: {s3_bucket_name: logs, s3_path: calls, s3_aws_secret_access_key: os.environ/S3_SECRET}
callback_settings:
  audit: {callback_type: generic_api, endpoint: "https://audit.example.com/in", headers: {Authorization: "Bearer a b"}, event_types: [llm_api_failure]}
`,
      { S3_SECRET: 'secret', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318', OTEL_EXPORTER: 'otlp_grpc' },
    );
    expect(gatewayConfig.callbackTargets).toEqual([
      expect.objectContaining({ name: 'audit', kind: 'generic_api', success: false, failure: true }),
      expect.objectContaining({
        name: 's3_v2',
        success: true,
        failure: false,
        variables: { S3_BUCKET_NAME: 'logs', S3_PATH: 'calls', S3_AWS_SECRET_ACCESS_KEY: 'secret' },
      }),
      expect.objectContaining({ name: 'otel', success: true, failure: true, variables: expect.objectContaining({ OTEL_ENDPOINT: 'http://collector:4318' }) }),
    ]);
    expect(gatewayConfig.callbackTargets[0]?.variables.GENERIC_LOGGER_HEADERS).toBe('Authorization=Bearer%20a%20b');
    expect(warnings(notes)).toEqual(['litellm_settings.success_callback[1]']);
  });
});

describe('alerting', () => {
  it('takes the webhook of the environment, or one by kind of alert', () => {
    const text = `
general_settings:
  alerting: [slack, pagerduty]
  alerting_threshold: 30
  alert_types: [budget_alerts, llm_too_slow]
  alert_to_webhook_url: {budget_alerts: [https://hooks.slack.com/b]}
`;
    const { gatewayConfig, notes } = read(text, { SLACK_WEBHOOK_URL: 'https://hooks.slack.com/a' });
    expect(gatewayConfig.alerting).toEqual({
      slowMs: 30_000,
      webhook: null,
      slack: { llm_exceptions: [], llm_too_slow: ['https://hooks.slack.com/a'], budget_alerts: ['https://hooks.slack.com/b'] },
    });
    expect(warnings(notes)).toEqual(['general_settings.alerting[1]']);
    expect(read('general_settings: {alerting: [slack]}').notes).toEqual([
      expect.objectContaining({ message: expect.stringContaining('SLACK_WEBHOOK_URL is not set') }),
    ]);
  });
});

describe('include and environment_variables', () => {
  it('merges included files, names their faults with their own lines, and lets the real environment win', () => {
    const result = read(
      'include: [models.yaml, absent.yaml]\nenvironment_variables: {A_KEY: from-file, B_KEY: from-file}\nlitellm_settings: {num_retries: 5}\n',
      { B_KEY: 'real' },
      {
        '/app/models.yaml':
          'include: [models.yaml]\nmodel_list:\n  - {model_name: a, litellm_params: {model: openai/a, api_key: os.environ/A_KEY}}\n  - {model_name: b, litellm_params: {model: openai/b, api_key: os.environ/B_KEY, rpm: x}}\n',
      },
    );
    expect(result.files).toEqual(['/app/config.yaml', '/app/models.yaml']);
    expect(result.gatewayConfig.deployments.map(({ apiKey }) => apiKey)).toEqual(['from-file', 'real']);
    expect(result.gatewayConfig.retries).toBe(5);
    expect(result.notes.map(({ file, line, path }) => [file, line, path])).toEqual([
      ['config.yaml', 1, 'include[1]'],
      ['/app/models.yaml', 4, 'model_list[1].litellm_params.rpm'],
    ]);
  });
});

describe('a big file', () => {
  it('with anchors, merge keys, groups, aliases and all sections is read whole', () => {
    const result = read(
      `x-shared: &azure
  api_base: https://a.openai.azure.com
  api_key: k
  api_version: "2025-01-01-preview"
model_list:
${Array.from({ length: 60 }, (_, index) => `  - model_name: model-${index % 20}\n    litellm_params: {<<: *azure, model: azure/d${index}, order: ${1 + (index % 3)}, tags: [t]}\n`).join('')}  - model_name: "openai/*"
    litellm_params: {model: "openai/*", api_key: k}
litellm_settings:
  drop_params: yes
  num_retries: 3
  request_timeout: 600
  success_callback: ["langfuse", "datadog"]
  failure_callback: langfuse
  max_budget: 100
  turn_off_message_logging: "true"
  default_fallbacks: [model-0]
  context_window_fallbacks: [{"model-1": ["model-2"]}]
  cache: true
  cache_params: {type: redis, supported_call_types: []}
general_settings:
  master_key: os.environ/LITELLM_MASTER_KEY
  litellm_key_header_name: X-Team-Key
  max_request_size_mb: 10
  proxy_batch_write_at: 10
router_settings:
  routing_strategy: usage-based-routing-v2
  model_group_alias: {"gpt-4": model-0, hidden-one: {model: model-1, hidden: true}}
  timeout: 120
  redis_host: os.environ/REDIS_HOST
genai_settings:
  budget_mode: strict
  connect_timeout: 3
  compat: {litellm_version: latest, budget_status: 422}
`,
      { LITELLM_MASTER_KEY: 'sk-m' },
    );
    expect(errors(result.notes)).toEqual([]);
    expect(result.gatewayConfig.deployments).toHaveLength(61);
    expect(result.gatewayConfig.deployments[59]).toMatchObject({ modelName: 'model-19', apiBase: 'https://a.openai.azure.com', order: 3, tags: ['t'] });
    expect(result).toMatchObject({ masterKey: 'sk-m', maxRequestBytes: 10 * 1024 * 1024 });
    expect(result.gatewayConfig).toMatchObject({
      dropParams: true,
      retries: 3,
      requestTimeoutMs: 120_000,
      contentOff: true,
      maxBudget: '100',
      callbacks: ['langfuse', 'datadog'],
      fallbacks: { '*': ['model-0'] },
      routing: { strategy: 'usage-based-routing-v2', contextWindowFallbacks: { 'model-1': ['model-2'] }, maxFallbacks: 5 },
      modelAliases: { 'gpt-4': 'model-0', 'hidden-one': 'model-1' },
      keyHeaderName: 'x-team-key',
      budgetMode: 'strict',
      connectTimeoutMs: 3000,
      compat: { budgetStatus: 422, modelDeniedStatus: 403 },
    });
    expect(warnings(result.notes)).toEqual(['litellm_settings.success_callback[1]', 'router_settings.redis_host']);
  });
});

describe('router_settings', () => {
  it('say how deployments are chosen, retried, rested and replaced', () => {
    const result = read(`
router_settings:
  routing_strategy: latency-based-routing
  routing_strategy_args: {lowest_latency_buffer: 0.2}
  content_policy_fallbacks: [{"a": ["b"]}]
  max_fallbacks: 2
  retry_policy: {TimeoutErrorRetries: 3, RateLimitErrorRetries: 0}
  model_group_retry_policy: {a: {InternalServerErrorRetries: 1}}
  allowed_fails: 7
  cooldown_time: 30
  enable_tag_filtering: true
  tag_filtering_match_any: false
  provider_budget_config: {openai: {budget_limit: 100, time_period: 1d}, azure: {max_budget: "0.5", budget_duration: 30d}}
  enable_pre_call_checks: true
  optional_pre_call_checks: [session_affinity, router_budget_limiting]
  model_group_affinity_config: {a: [deployment_affinity]}
  deployment_affinity_ttl_seconds: 60
litellm_settings:
  context_window_fallbacks: [{"a": "c"}]
`);
    expect(result.notes).toEqual([]);
    expect(result.gatewayConfig.routing).toEqual({
      strategy: 'latency-based-routing',
      latencyBuffer: 0.2,
      contextWindowFallbacks: { a: ['c'] },
      contentPolicyFallbacks: { a: ['b'] },
      maxFallbacks: 2,
      retryPolicy: { Timeout: 3, RateLimitError: 0 },
      groupRetryPolicy: { a: { InternalServerError: 1 } },
      restMs: 30_000,
      allowedFails: 7,
      restsDisabled: false,
      providerBudgets: { openai: { max: '100', duration: '1d' }, azure: { max: '0.5', duration: '30d' } },
      preCallChecks: true,
      affinity: { checks: ['session_affinity'], byModel: { a: ['deployment_affinity'] }, ttlMs: 60_000 },
      tagFiltering: true,
      matchAnyTag: false,
    });
    const budgets = read(`
model_list:
  - {model_name: a, litellm_params: {model: openai/x, max_budget: 3, budget_duration: 1mo}}
  - {model_name: b, litellm_params: {model: openai/y, max_budget: 3}}
router_settings: {provider_budget_config: {openai: {budget_limit: 1}, azure: 7}, optional_pre_call_checks: [prompt_caching]}
`);
    expect(budgets.gatewayConfig.deployments.map(({ budget }) => budget)).toEqual([{ max: '3', duration: '1mo' }, null]);
    expect(errors(budgets.notes)).toHaveLength(3);
    expect(warnings(budgets.notes)).toEqual(['router_settings.optional_pre_call_checks']);
    const bad = read('router_settings: {routing_strategy: fastest, retry_policy: {SomeErrorRetries: 1}, context_window_fallbacks: [3]}');
    expect(errors(bad.notes)).toHaveLength(2);
    expect(warnings(bad.notes)).toEqual(['router_settings.retry_policy.SomeErrorRetries']);
  });
});

describe('arbitrary text', () => {
  it('never throws and always leaves a usable snapshot', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary', maxLength: 400 }), fc.string({ unit: fc.constantFrom(...' \n\t:-[]{}&*!|>%@`"\'#?,<abc0:.-'), maxLength: 200 })),
        (text) => {
          const result = read(text);
          expect(result.gatewayConfig.deployments).toBeInstanceOf(Array);
        },
      ),
      { numRuns: 1500 },
    );
  });

  it('mutilated real files never throw either', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(60), fc.string({ maxLength: 12 }), (at, length, replacement) => {
        const start = at % STARTER_CONFIG.length;
        read(STARTER_CONFIG.slice(0, start) + replacement + STARTER_CONFIG.slice(start + length));
      }),
      { numRuns: 300 },
    );
  });

  it('any JSON in the place of any section never throws', () => {
    const section = fc.constantFrom(
      'model_list',
      'litellm_settings',
      'general_settings',
      'router_settings',
      'genai_settings',
      'environment_variables',
      'include',
    );
    fc.assert(
      fc.property(section, fc.jsonValue({ maxDepth: 4 }), (name, value) => {
        read(JSON.stringify({ [name]: value }));
        read(JSON.stringify({ model_list: [{ model_name: 'a', litellm_params: value, model_info: value }] }));
      }),
      { numRuns: 500 },
    );
  });

  it('deep nesting, alias bombs and prototype keys are faults or harmless', () => {
    expect(errors(read('['.repeat(20_000)).notes).length).toBeGreaterThan(0);
    const bomb = `a: &a [${'x,'.repeat(50)}]\n${'bcdefgh'.replace(/./g, (name) => `${name}: &${name} [${`*${String.fromCharCode(name.charCodeAt(0) - 1)},`.repeat(50)}]\n`)}`;
    expect(errors(read(bomb).notes).length).toBeGreaterThan(0);
    read('model_list: [{model_name: __proto__, litellm_params: {model: nope/x, __proto__: {a: 1}}}]\nlitellm_settings: {__proto__: {drop_params: true}}');
    expect(({} as Record<string, unknown>).a).toBeUndefined();
  });
});
