// One table: which span attributes say what, first hit wins. Conventions covered: langfuse.*, gen_ai.*, OpenInference, Vercel AI, traceloop, logfire and pydantic-ai, LiveKit, Genkit, Google ADK, MLflow.

/** Target -> attribute names in order. */
export const SOURCES = {
  model: ['langfuse.observation.model.name', 'gen_ai.response.model', 'ai.model.id', 'gen_ai.request.model', 'llm.response.model', 'llm.model_name', 'model'],
  user: ['langfuse.user.id', 'user.id', 'langfuse.trace.metadata.langfuse_user_id', 'metadata.langfuse_user_id', 'ai.telemetry.metadata.userId'],
  session: [
    'langfuse.session.id',
    'session.id',
    'gen_ai.conversation.id',
    'langfuse.trace.metadata.langfuse_session_id',
    'metadata.langfuse_session_id',
    'ai.telemetry.metadata.sessionId',
  ],
  tags: ['langfuse.trace.tags', 'langfuse.tags', 'metadata.langfuse_tags', 'ai.telemetry.metadata.tags', 'tag.tags'],
  environment: ['langfuse.environment', 'deployment.environment.name', 'deployment.environment'],
  release: ['langfuse.release'],
  version: ['langfuse.version', 'service.version'],
  name: ['gen_ai.tool.name', 'genkit:name', 'logfire.msg', 'ai.toolCall.name'],
  level: ['langfuse.observation.level'],
  statusMessage: ['langfuse.observation.status_message'],
  promptName: ['langfuse.observation.prompt.name', 'langfuse.prompt.name'],
  promptVersion: ['langfuse.observation.prompt.version', 'langfuse.prompt.version'],
  firstToken: ['langfuse.observation.completion_start_time'],
  traceName: ['langfuse.trace.name'],
  tracePublic: ['langfuse.trace.public'],
  traceInput: ['langfuse.trace.input'],
  traceOutput: ['langfuse.trace.output'],
  responseId: ['gen_ai.response.id', 'ai.response.id', 'llm.response.id'],
} as const;

/** Input before span events are looked at, and after. */
export const INPUT_FIRST = [
  'langfuse.observation.input',
  'genkit:input',
  'ai.prompt.messages',
  'ai.prompt',
  'ai.toolCall.args',
  'ai.value',
  'ai.values',
] as const;
export const INPUT_LATER = [
  'gen_ai.content.prompt',
  'gcp.vertex.agent.llm_request',
  'gcp.vertex.agent.tool_call_args',
  'prompt',
  'all_messages_events',
  'events',
  'lk.input_text',
  'lk.user_input',
  'lk.chat_ctx',
  'lk.function_tool.arguments',
  'mlflow.spanInputs',
  'traceloop.entity.input',
  'input.value',
  'input',
  'pydantic_ai.all_messages',
  'tool_arguments',
] as const;
export const OUTPUT_FIRST = ['langfuse.observation.output', 'genkit:output'] as const;
export const OUTPUT_LATER = [
  'gen_ai.content.completion',
  'gcp.vertex.agent.llm_response',
  'gcp.vertex.agent.tool_response',
  'lk.response.text',
  'lk.response.function_calls',
  'lk.function_tool.output',
  'mlflow.spanOutputs',
  'traceloop.entity.output',
  'output.value',
  'output',
  'final_result',
  'pydantic_ai.final_result',
  'tool_response',
] as const;
/** Vercel AI's answer: one of these alone, or text and tool calls together. */
export const VERCEL_OUTPUT = [
  'ai.response.object',
  'ai.result.text',
  'ai.result.object',
  'ai.result.toolCalls',
  'ai.toolCall.result',
  'ai.embedding',
  'ai.embeddings',
] as const;
/** Messages spread over numbered attributes. */
export const INDEXED_INPUT = ['gen_ai.prompt.', 'llm.input_messages.'] as const;
export const INDEXED_OUTPUT = ['gen_ai.completion.', 'llm.output_messages.'] as const;
export const INPUT_LAST = ['gen_ai.input.messages', 'gen_ai.tool.call.arguments'] as const;
export const OUTPUT_LAST = ['gen_ai.output.messages', 'gen_ai.tool.call.result'] as const;

/** Canonical usage key -> attribute names. */
export const USAGE: readonly (readonly [key: string, names: readonly string[]])[] = [
  ['input', ['ai.usage.inputTokens', 'ai.usage.promptTokens', 'gen_ai.usage.input_tokens', 'gen_ai.usage.prompt_tokens', 'llm.token_count.prompt']],
  [
    'output',
    ['ai.usage.outputTokens', 'ai.usage.completionTokens', 'gen_ai.usage.output_tokens', 'gen_ai.usage.completion_tokens', 'llm.token_count.completion'],
  ],
  ['total', ['ai.usage.totalTokens', 'ai.usage.tokens', 'gen_ai.usage.total_tokens', 'llm.usage.total_tokens', 'llm.token_count.total']],
  [
    'input_cached_tokens',
    [
      'ai.usage.cachedInputTokens',
      'gen_ai.usage.cache_read.input_tokens',
      'gen_ai.usage.cache_read_input_tokens',
      'gen_ai.usage.cached_tokens',
      'gen_ai.usage.details.cache_read_tokens',
      'gen_ai.usage.details.cached_tokens',
      'llm.token_count.prompt_details.cache_read',
    ],
  ],
  [
    'input_cache_creation',
    [
      'gen_ai.usage.cache_creation.input_tokens',
      'gen_ai.usage.cache_creation_input_tokens',
      'gen_ai.usage.details.cache_write_tokens',
      'llm.token_count.prompt_details.cache_write',
    ],
  ],
  [
    'output_reasoning_tokens',
    [
      'ai.usage.reasoningTokens',
      'gen_ai.usage.output.reasoning_tokens',
      'gen_ai.usage.reasoning_tokens',
      'gen_ai.usage.details.reasoning_tokens',
      'llm.token_count.completion_details.reasoning',
    ],
  ],
  ['output_audio_tokens', ['gen_ai.usage.details.output_audio_tokens', 'llm.token_count.completion_details.audio']],
];
export const COST = ['gen_ai.usage.cost', 'llm.cost.total'] as const;
/** JSON objects of request parameters, and prefixes of single ones. */
export const PARAMETERS_JSON = ['langfuse.observation.model.parameters', 'llm.invocation_parameters', 'model_config'] as const;
export const PARAMETER_PREFIXES = ['gen_ai.request.', 'ai.settings.'] as const;

export const TYPE_OF_OPENINFERENCE: Readonly<Record<string, string>> = {
  LLM: 'GENERATION',
  CHAIN: 'CHAIN',
  TOOL: 'TOOL',
  AGENT: 'AGENT',
  RETRIEVER: 'RETRIEVER',
  RERANKER: 'RETRIEVER',
  EMBEDDING: 'EMBEDDING',
  GUARDRAIL: 'GUARDRAIL',
  EVALUATOR: 'EVALUATOR',
};
export const TYPE_OF_OPERATION: Readonly<Record<string, string>> = {
  chat: 'GENERATION',
  completion: 'GENERATION',
  text_completion: 'GENERATION',
  generate_content: 'GENERATION',
  generate: 'GENERATION',
  embeddings: 'EMBEDDING',
  invoke_agent: 'AGENT',
  create_agent: 'AGENT',
  execute_tool: 'TOOL',
};
export const TYPE_OF_GENKIT: Readonly<Record<string, string>> = {
  model: 'GENERATION',
  tool: 'TOOL',
  retriever: 'RETRIEVER',
  embedder: 'EMBEDDING',
  evaluator: 'EVALUATOR',
  flow: 'CHAIN',
};
export const TYPE_OF_TRACELOOP: Readonly<Record<string, string>> = { workflow: 'CHAIN', task: 'SPAN', agent: 'AGENT', tool: 'TOOL' };
export const TYPE_OF_LIVEKIT: Readonly<Record<string, string>> = {
  llm_request: 'GENERATION',
  llm_node: 'GENERATION',
  function_tool: 'TOOL',
  agent_turn: 'AGENT',
};
export const TYPES = new Set(['GENERATION', 'SPAN', 'EVENT', 'AGENT', 'TOOL', 'CHAIN', 'RETRIEVER', 'EVALUATOR', 'EMBEDDING', 'GUARDRAIL']);
export const LEVELS: Readonly<Record<string, string>> = {
  DEBUG: 'DEBUG',
  TRACE: 'DEBUG',
  DEFAULT: 'DEFAULT',
  INFO: 'DEFAULT',
  WARNING: 'WARNING',
  WARN: 'WARNING',
  ERROR: 'ERROR',
  FATAL: 'ERROR',
  CRITICAL: 'ERROR',
};

/** Attributes that became a field: they are not repeated in the metadata. */
export const CONSUMED: ReadonlySet<string> = new Set<string>([
  ...Object.values(SOURCES).flat(),
  ...INPUT_FIRST,
  ...INPUT_LATER,
  ...INPUT_LAST,
  ...OUTPUT_FIRST,
  ...OUTPUT_LATER,
  ...OUTPUT_LAST,
  ...VERCEL_OUTPUT,
  ...USAGE.flatMap(([, names]) => names),
  ...COST,
  ...PARAMETERS_JSON,
  'ai.response.text',
  'ai.response.toolCalls',
  'gen_ai.system_instructions',
  'openinference.span.kind',
]);
export const CONSUMED_PREFIXES = [...INDEXED_INPUT, ...INDEXED_OUTPUT, ...PARAMETER_PREFIXES, 'langfuse.', 'ai.telemetry.metadata.'] as const;
