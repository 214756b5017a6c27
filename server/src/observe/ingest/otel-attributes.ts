// One table: which span attributes say what, first hit wins. Content stands in otel-conventions.ts, counts in otel-usage.ts.
// Conventions: langfuse.*, gen_ai.* (every generation), OpenInference, Vercel AI SDK 4-7, OpenLLMetry (traceloop), logfire and pydantic-ai, LiveKit, Genkit, Google ADK, MLflow.

/** Target -> attribute names in order. */
export const SOURCES = {
  model: [
    'langfuse.observation.model.name',
    'gen_ai.response.model',
    'ai.response.model',
    'ai.model.id',
    'gen_ai.request.model',
    'llm.response.model',
    'llm.model_name',
    'embedding.model_name',
    'reranker.model_name',
    'mlflow.llm.model',
    'model',
  ],
  user: [
    'langfuse.user.id',
    'user.id',
    'langfuse.trace.metadata.langfuse_user_id',
    'langfuse.observation.metadata.langfuse_user_id',
    'metadata.langfuse_user_id',
    'ai.telemetry.metadata.userId',
    'ai.settings.context.userId',
    'traceloop.association.properties.user_id',
    'mlflow.trace.user',
  ],
  session: [
    'langfuse.session.id',
    'session.id',
    'gen_ai.conversation.id',
    'langfuse.trace.metadata.langfuse_session_id',
    'langfuse.observation.metadata.langfuse_session_id',
    'metadata.langfuse_session_id',
    'ai.telemetry.metadata.sessionId',
    'ai.settings.context.sessionId',
    'traceloop.association.properties.session_id',
    'genkit:sessionId',
    'gcp.vertex.agent.session_id',
    'mlflow.trace.session',
  ],
  tags: [
    'langfuse.trace.tags',
    'langfuse.tags',
    'metadata.langfuse_tags',
    'ai.telemetry.metadata.tags',
    'ai.settings.context.tags',
    'tag.tags',
    'logfire.tags',
  ],
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

/** JSON objects of request parameters, and prefixes of single ones. */
export const PARAMETERS_JSON = ['langfuse.observation.model.parameters', 'llm.invocation_parameters', 'model_config'] as const;
export const PARAMETER_PREFIXES = ['gen_ai.request.', 'ai.settings.', 'llm.request.'] as const;
/** Seconds from the start to the first token. */
export const FIRST_TOKEN_SECONDS = ['gen_ai.response.time_to_first_chunk', 'gen_ai.server.time_to_first_token', 'lk.response.ttft'] as const;

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
  decide: 'GENERATION',
  embeddings: 'EMBEDDING',
  retrieval: 'RETRIEVER',
  rerank: 'RETRIEVER',
  invoke_agent: 'AGENT',
  create_agent: 'AGENT',
  invoke_workflow: 'CHAIN',
  // Vercel AI SDK 7: repeats the usage of the model call below it.
  agent_step: 'SPAN',
  execute_tool: 'TOOL',
};
/** OpenLLMetry's `llm.request.type`. */
export const TYPE_OF_LLM_REQUEST: Readonly<Record<string, string>> = {
  chat: 'GENERATION',
  completion: 'GENERATION',
  embedding: 'EMBEDDING',
  rerank: 'RETRIEVER',
};
export const TYPE_OF_GENKIT: Readonly<Record<string, string>> = {
  model: 'GENERATION',
  'background-model': 'GENERATION',
  tool: 'TOOL',
  retriever: 'RETRIEVER',
  reranker: 'RETRIEVER',
  embedder: 'EMBEDDING',
  evaluator: 'EVALUATOR',
  agent: 'AGENT',
  flow: 'CHAIN',
};
export const TYPE_OF_TRACELOOP: Readonly<Record<string, string>> = { workflow: 'CHAIN', task: 'SPAN', agent: 'AGENT', tool: 'TOOL' };
export const TYPE_OF_LIVEKIT: Readonly<Record<string, string>> = {
  llm_request: 'GENERATION',
  llm_node: 'GENERATION',
  function_tool: 'TOOL',
  agent_session: 'AGENT',
  agent_turn: 'AGENT',
};
/** LiveKit's span names mean something only in its own instrumentation scope. */
export const LIVEKIT_SCOPE = 'livekit';
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

/** Numbers of logfire.level_num from which a level starts, highest first. */
export const LEVEL_FROM_NUMBER = [
  [17, 'ERROR'],
  [13, 'WARNING'],
  [9, 'DEFAULT'],
  [0, 'DEBUG'],
] as const;
