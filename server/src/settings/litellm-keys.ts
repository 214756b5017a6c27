// LiteLLM's configuration keys by what they mean here: so that a key is either honoured, harmless, announced as not built yet, or named as unknown.

/** Completion parameters that a deployment may preset; sent upstream when the client sent none. */
export const COMPLETION_PARAMETERS: ReadonlySet<string> = new Set(
  `temperature top_p n stop max_tokens max_completion_tokens presence_penalty frequency_penalty logit_bias logprobs top_logprobs seed user response_format
  tools tool_choice parallel_tool_calls reasoning_effort verbosity service_tier modalities audio prediction store stream_options dimensions encoding_format
  thinking web_search_options safety_identifier prompt_cache_key extra_body top_k min_p repetition_penalty`.split(/\s+/),
);

/** Keys whose wish is already met or has no meaning in this process; accepted without a word. */
export const HARMLESS: Readonly<Record<string, ReadonlySet<string>>> = {
  '': new Set(['environment_variables', 'include']),
  litellm_settings: new Set(
    `set_verbose json_logs telemetry force_ipv4 suppress_debug_info store_audit_logs detailed_debug disable_token_counter drop_params_verbose
    disable_streaming_logging langfuse_default_tags_enabled enable_json_schema_validation`.split(/\s+/),
  ),
  general_settings: new Set(
    `store_prompts_in_spend_logs disable_prisma_schema_update database_connection_pool_limit database_connection_timeout database_type proxy_batch_write_at
    proxy_budget_rescheduler_min_time proxy_budget_rescheduler_max_time use_redis_transaction_buffer disable_spend_updates allow_requests_on_db_unavailable
    user_api_key_cache_ttl disable_reset_budget store_model_in_db infer_model_from_keys cancel_on_disconnect`.split(/\s+/),
  ),
  router_settings: new Set(['ignore_invalid_deployments', 'set_verbose', 'debug_level', 'client_ttl']),
  litellm_params: new Set(['rust', 'configurable_clientside_auth_params']),
};

/** Keys of LiteLLM that this version reads past: each is named once with its path, because silence would be a promise. */
export const NOT_YET: Readonly<Record<string, ReadonlySet<string>>> = {
  '': new Set(`files_settings finetune_settings search_tools assistant_settings policies`.split(/\s+/)),
  litellm_settings: new Set(
    `modify_params enable_redis_auth_cache redact_user_api_key_info langfuse_default_tags
    default_team_settings default_team_params default_internal_user_params upperbound_key_generate_params default_key_generate_params key_generation_settings
    timezone max_internal_user_budget internal_user_budget_duration max_end_user_budget cost_discount_config cost_margin_config service_callbacks
    disable_end_user_cost_tracking disable_end_user_cost_tracking_prometheus_only include_cost_in_streaming_usage
    route_all_chat_openai_to_responses num_retries_per_request`.split(/\s+/),
  ),
  general_settings: new Set(
    `supported_db_objects disable_spend_logs disable_error_logs maximum_spend_logs_retention_period maximum_spend_logs_retention_interval
    maximum_spend_logs_cleanup_cron spend_report_frequency health_check_details enable_health_check_routing health_check_concurrency use_shared_health_check max_parallel_requests
    global_max_parallel_requests enable_jwt_auth litellm_jwtauth enable_oauth2_auth enforced_params
    allowed_routes admin_only_routes public_routes use_x_forwarded_for max_response_size_mb
    forward_client_headers_to_llm_api forward_openai_org_id forward_llm_provider_auth_headers allow_client_side_credentials completion_model embedding_model
    image_generation_model key_management_system key_management_settings use_azure_key_vault use_google_kms ui_access_mode auto_redirect_ui_login_to_sso
    always_include_stream_usage token_rate_limit_type user_header_name user_header_mappings service_account_settings control_plane_url
    allow_public_health_readiness_details encryption_algorithm role_permissions`.split(/\s+/),
  ),
  router_settings: new Set(
    `retry_after allowed_fails_policy 
    default_litellm_params
    default_max_parallel_requests caching_groups cache_responses cache_kwargs enable_health_check_routing
    health_check_staleness_threshold search_tools guardrail_list redis_host redis_port redis_password redis_url redis_db`.split(/\s+/),
  ),
  litellm_params: new Set(
    `max_parallel_requests itpm otpm merge_reasoning_content_in_choices
    use_chat_completions_api use_litellm_proxy default_api_key_tpm_limit default_api_key_rpm_limit allowed_openai_params
    fallbacks cache mock_timeout guardrails region_name azure_username azure_password`.split(/\s+/),
  ),
};

/** general_settings that name a Python function: it cannot run here, and going on without it would open what it was to guard. */
export const PYTHON_HOOKS: readonly string[] = ['custom_auth', 'custom_key_generate', 'custom_key_update', 'custom_sso', 'custom_ui_sso_sign_in_handler'];

/** Price keys of LiteLLM beyond the three that are read (`..._above_128k_tokens`, `..._per_image` ...). */
export function isPriceKey(key: string): boolean {
  return /(_cost|_cost_per_|cost_per_)/.test(key);
}
