// Where the conventions put a span's content: one row a convention, in the order in which they are asked. The first that says something wins, for input and output each.
import {
  beside,
  choicesOfEvents,
  choicesOfLogfire,
  completionOfEvents,
  detailsInput,
  detailsOutput,
  documentsOf,
  messagesOfEvents,
  messagesOfLogfire,
  promptOfEvents,
  spreadOver,
  unlessEmpty,
  vercelAnswer,
  withInstructions,
} from './otel-messages.ts';
import type { Attributes, OtelSpan } from './span.ts';

/** An attribute's name, or what makes JSON text of the span (null = nothing said). */
export type Source = string | ((attributes: Attributes, span: OtelSpan) => string | null);

export interface Convention {
  of: string;
  input: readonly Source[];
  output: readonly Source[];
}

export const CONVENTIONS: readonly Convention[] = [
  { of: 'Langfuse SDKs', input: ['langfuse.observation.input'], output: ['langfuse.observation.output'] },
  { of: 'Genkit', input: ['genkit:input'], output: ['genkit:output'] },
  {
    of: 'Vercel AI SDK 4-6',
    input: ['ai.prompt.messages', 'ai.prompt', 'ai.toolCall.args', 'ai.value', 'ai.values', 'ai.documents'],
    output: [
      vercelAnswer,
      'ai.response.object',
      'ai.result.text',
      'ai.result.object',
      'ai.result.toolCalls',
      'ai.toolCall.result',
      'ai.embedding',
      'ai.embeddings',
      'ai.ranking',
    ],
  },
  { of: 'gen_ai, span event of 1.37 and later', input: [detailsInput], output: [detailsOutput] },
  { of: 'gen_ai, span events of 1.28 to 1.36', input: [promptOfEvents, messagesOfEvents], output: [completionOfEvents, choicesOfEvents] },
  { of: 'gen_ai before 1.28', input: ['gen_ai.content.prompt', 'gen_ai.prompt'], output: ['gen_ai.content.completion', 'gen_ai.completion'] },
  {
    // A tool's span says {} where a model's span has request and answer.
    of: 'Google ADK',
    input: [unlessEmpty('gcp.vertex.agent.llm_request'), unlessEmpty('gcp.vertex.agent.tool_call_args'), 'gcp.vertex.agent.data'],
    output: [unlessEmpty('gcp.vertex.agent.llm_response'), unlessEmpty('gcp.vertex.agent.tool_response')],
  },
  {
    // An agent's run says its whole conversation and, apart from it, its result.
    of: 'pydantic-ai, agent run',
    input: [beside('final_result', 'pydantic_ai.all_messages', 'all_messages_events')],
    output: ['final_result'],
  },
  { of: 'logfire', input: ['prompt', messagesOfLogfire, 'request_data'], output: [choicesOfLogfire, 'all_messages_events', 'response_data'] },
  {
    of: 'LiveKit',
    input: ['lk.input_text', 'lk.user_transcript', 'lk.user_input', 'lk.chat_ctx', 'lk.function_tool.arguments'].flatMap(withPii),
    output: ['lk.function_tool.output', 'lk.response.text', 'lk.response.function_calls'].flatMap(withPii),
  },
  { of: 'MLflow', input: ['mlflow.spanInputs'], output: ['mlflow.spanOutputs'] },
  { of: 'OpenLLMetry (traceloop)', input: ['traceloop.entity.input'], output: ['traceloop.entity.output'] },
  { of: 'OpenInference', input: ['input.value'], output: ['output.value'] },
  { of: 'Pipecat and others', input: ['input'], output: ['output'] },
  { of: 'pydantic-ai', input: ['pydantic_ai.all_messages', 'tool_arguments'], output: ['pydantic_ai.final_result', 'tool_response'] },
  { of: 'OpenLLMetry, numbered', input: [spreadOver('gen_ai.prompt.')], output: [spreadOver('gen_ai.completion.')] },
  {
    of: 'OpenInference, numbered',
    input: [spreadOver('llm.input_messages.'), documentsOf('reranker.input_documents.')],
    output: [spreadOver('llm.output_messages.'), documentsOf('retrieval.documents.'), documentsOf('reranker.output_documents.')],
  },
  { of: 'gen_ai 1.37 and later', input: [withInstructions, 'gen_ai.input.messages'], output: ['gen_ai.output.messages'] },
  {
    of: 'gen_ai tools and retrieval',
    input: ['gen_ai.tool.call.arguments', 'gen_ai.retrieval.query.text'],
    output: ['gen_ai.tool.call.result', 'gen_ai.retrieval.documents'],
  },
];

/** LiveKit renamed its content attributes to lk.pii.*. */
function withPii(name: string): string[] {
  return [name.replace('lk.', 'lk.pii.'), name];
}
