// One span a framework, with the attributes that its documentation names, and the observation that it has to become.
import { describe, expect, it } from 'vitest';
import { NOW_US, nanos, spansRequest } from '#observe/fold/records-fixture.ts';
import type { EntityEvent } from './events.ts';
import { fromSpan } from './from-otel.ts';
import { spansOfJson } from './otlp-json.ts';
import type { OtelSpan } from './span.ts';

interface Fixture {
  of: string;
  scope?: string;
  resource?: Record<string, unknown>;
  name?: string;
  attributes: Record<string, unknown>;
  expected: Record<string, unknown>;
}

const json = (value: unknown): string => JSON.stringify(value);
const user = [{ role: 'user', content: '東京の天気は?' }];

const FIXTURES: Fixture[] = [
  {
    of: 'Python Langfuse SDK up to 3.3.0, which calls a generation a span',
    scope: 'langfuse-sdk',
    resource: { 'telemetry.sdk.language': 'python' },
    attributes: { 'langfuse.observation.type': 'span', 'langfuse.observation.model.name': 'gpt-4o', 'langfuse.observation.input': json(user) },
    expected: { type: 'GENERATION', provided_model_name: 'gpt-4o', input: json(user) },
  },
  {
    of: 'gen_ai semantic conventions 1.37 (messages as attributes)',
    name: 'chat gpt-4o',
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-4o',
      'gen_ai.response.model': 'gpt-4o-2024-08-06',
      'gen_ai.request.temperature': 0.2,
      'gen_ai.conversation.id': 'conversation-1',
      'gen_ai.usage.input_tokens': 100,
      'gen_ai.usage.cache_read.input_tokens': 40,
      'gen_ai.usage.cache_creation.input_tokens': 10,
      'gen_ai.usage.output_tokens': 50,
      'gen_ai.usage.reasoning.output_tokens': 20,
      'gen_ai.response.time_to_first_chunk': 0.25,
      'gen_ai.system_instructions': json([{ type: 'text', content: 'be kind' }]),
      'gen_ai.input.messages': json([{ role: 'user', parts: [{ type: 'text', content: 'q' }] }]),
      'gen_ai.output.messages': json([{ role: 'assistant', parts: [{ type: 'text', content: 'a' }] }]),
    },
    expected: {
      type: 'GENERATION',
      provided_model_name: 'gpt-4o-2024-08-06',
      model_parameters: json({ temperature: 0.2 }),
      session_id: 'conversation-1',
      completion_start_time: NOW_US + 250_000,
      usage: { input: '50', input_cached_tokens: '40', input_cache_creation: '10', output: '30', output_reasoning_tokens: '20', total: '150' },
      raw_usage: {
        'gen_ai.usage.input_tokens': '100',
        'gen_ai.usage.cache_read.input_tokens': '40',
        'gen_ai.usage.cache_creation.input_tokens': '10',
        'gen_ai.usage.output_tokens': '50',
        'gen_ai.usage.reasoning.output_tokens': '20',
      },
      input: json([
        { role: 'system', content: [{ type: 'text', content: 'be kind' }] },
        { role: 'user', parts: [{ type: 'text', content: 'q' }] },
      ]),
      output: json([{ role: 'assistant', parts: [{ type: 'text', content: 'a' }] }]),
    },
  },
  {
    of: 'gen_ai retrieval',
    attributes: { 'gen_ai.operation.name': 'retrieval', 'gen_ai.retrieval.query.text': 'q', 'gen_ai.retrieval.documents': json([{ id: 'd1', score: 0.5 }]) },
    expected: { type: 'RETRIEVER', input: '"q"', output: json([{ id: 'd1', score: 0.5 }]) },
  },
  {
    of: 'OpenInference, an LLM span',
    scope: 'openinference.instrumentation.openai',
    attributes: {
      'openinference.span.kind': 'LLM',
      'llm.model_name': 'gpt-4o',
      'llm.invocation_parameters': json({ temperature: 0.5 }),
      'llm.input_messages.0.message.role': 'user',
      'llm.input_messages.0.message.content': 'q',
      'llm.output_messages.0.message.role': 'assistant',
      'llm.output_messages.0.message.tool_calls.0.tool_call.function.name': 'weather',
      'llm.token_count.prompt': 12,
      'llm.token_count.prompt_details.cache_read': 2,
      'llm.token_count.prompt_details.audio': 1,
      'llm.token_count.completion': 3,
      'llm.token_count.total': 15,
      'llm.cost.prompt': 0.01,
      'llm.cost.total': 0.03,
      'session.id': 's1',
      'user.id': 'u1',
      'tag.tags': json(['a', 'b']),
      metadata: json({ plan: 'pro' }),
    },
    expected: {
      type: 'GENERATION',
      provided_model_name: 'gpt-4o',
      model_parameters: json({ temperature: 0.5 }),
      input: json([{ role: 'user', content: 'q' }]),
      output: json([{ role: 'assistant', tool_calls: [{ tool_call: { function: { name: 'weather' } } }] }]),
      usage: { input: '9', input_cached_tokens: '2', input_audio_tokens: '1', output: '3', total: '15' },
      cost: { input: '0.01', total: '0.03' },
      session_id: 's1',
      user_id: 'u1',
      tags: ['a', 'b'],
      metadata: { plan: 'pro' },
    },
  },
  {
    of: 'OpenInference, a retriever',
    attributes: {
      'openinference.span.kind': 'RETRIEVER',
      'input.value': 'q',
      'retrieval.documents.0.document.content': 'text',
      'retrieval.documents.0.document.score': 0.9,
    },
    expected: { type: 'RETRIEVER', input: '"q"', output: json([{ content: 'text', score: 0.9 }]) },
  },
  {
    of: 'Vercel AI SDK 5, the model call',
    scope: 'ai',
    attributes: {
      'operation.name': 'ai.generateText.doGenerate summarise',
      'ai.operationId': 'ai.generateText.doGenerate',
      'ai.telemetry.functionId': 'summarise',
      'ai.telemetry.metadata.userId': 'u1',
      'ai.telemetry.metadata.sessionId': 's1',
      'ai.telemetry.metadata.tags': ['a'],
      'ai.telemetry.metadata.langfusePrompt': json({ name: 'greeting', version: 4 }),
      'ai.model.id': 'claude-sonnet-4',
      'ai.model.provider': 'anthropic',
      'ai.settings.maxRetries': 2,
      'ai.prompt.messages': json(user),
      'ai.response.text': '晴れ',
      'ai.response.reasoning': 'because',
      'ai.usage.inputTokens': 10,
      'ai.usage.cachedInputTokens': 90,
      'ai.usage.outputTokens': 5,
      'ai.response.providerMetadata': json({ anthropic: { usage: { input_tokens: 10 }, cacheCreationInputTokens: 30 } }),
    },
    expected: {
      type: 'GENERATION',
      name: 'summarise:ai.generateText.doGenerate',
      provided_model_name: 'claude-sonnet-4',
      model_parameters: json({ maxRetries: 2 }),
      input: json(user),
      output: json({ role: 'assistant', content: '晴れ', reasoning: 'because' }),
      // Anthropic counts cached tokens beside the input.
      usage: { input: '10', output: '5', input_cached_tokens: '90', input_cache_creation: '30', total: '135' },
      user_id: 'u1',
      session_id: 's1',
      tags: ['a'],
      prompt_name: 'greeting',
      prompt_version: 4,
    },
  },
  {
    of: 'Vercel AI SDK 7, the step around a model call',
    scope: 'gen_ai',
    attributes: { 'gen_ai.operation.name': 'agent_step', 'gen_ai.request.model': 'gpt-4o', 'gen_ai.usage.input_tokens': 5 },
    expected: { type: 'SPAN', usage: undefined, provided_model_name: undefined },
  },
  {
    of: 'pydantic-ai, an agent run',
    scope: 'pydantic-ai',
    name: 'agent run',
    attributes: {
      agent_name: 'weather',
      model_name: 'gpt-4o',
      'logfire.msg': 'weather run',
      'logfire.level_num': 13,
      'logfire.tags': ['x'],
      'gen_ai.usage.input_tokens': 10,
      'gen_ai.usage.output_tokens': 3,
      all_messages_events: json(user),
      final_result: '晴れ',
    },
    expected: { type: 'AGENT', name: 'weather run', level: 'WARNING', tags: ['x'], input: json(user), output: '"晴れ"', usage: undefined },
  },
  {
    of: 'pydantic-ai, a model request with events',
    scope: 'pydantic-ai',
    name: 'chat gpt-4o',
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': 'gpt-4o',
      'gen_ai.usage.input_tokens': 30,
      'gen_ai.usage.details.cache_read_tokens': 10,
      'gen_ai.usage.output_tokens': 4,
      events: json([
        { 'event.name': 'gen_ai.user.message', content: 'q', role: 'user' },
        { 'event.name': 'gen_ai.choice', index: 0, message: { content: 'a' } },
      ]),
    },
    expected: {
      type: 'GENERATION',
      input: json([{ 'event.name': 'gen_ai.user.message', content: 'q', role: 'user' }]),
      output: json({ 'event.name': 'gen_ai.choice', index: 0, message: { content: 'a' } }),
      usage: { input: '20', input_cached_tokens: '10', output: '4', total: '34' },
    },
  },
  {
    of: 'pydantic-ai, a tool',
    scope: 'pydantic-ai',
    name: 'running tool',
    attributes: { 'gen_ai.tool.name': 'weather', 'gen_ai.tool.call.id': 'c1', tool_arguments: json({ city: 'Tokyo' }), tool_response: 'sunny' },
    expected: { type: 'TOOL', name: 'weather', input: json({ city: 'Tokyo' }), output: '"sunny"' },
  },
  {
    of: 'logfire over the OpenAI client',
    scope: 'logfire.openai',
    attributes: {
      'logfire.msg': 'Chat Completion with gpt-4o',
      'gen_ai.request.model': 'gpt-4o',
      request_data: json({ messages: user }),
      response_data: json({ message: { content: 'a' } }),
    },
    expected: { type: 'GENERATION', name: 'Chat Completion with gpt-4o', input: json({ messages: user }), output: json({ message: { content: 'a' } }) },
  },
  {
    of: 'LiveKit, the model call',
    scope: 'livekit-agents',
    name: 'llm_node',
    attributes: {
      'lk.pii.chat_ctx': json({ items: user }),
      'lk.pii.response.text': 'hello',
      'lk.response.ttft': 0.5,
      'gen_ai.request.model': 'gpt-4o',
      'gen_ai.usage.input_tokens': 10,
      'gen_ai.usage.input_audio_tokens': 4,
      'gen_ai.usage.input_cached_tokens': 1,
      'gen_ai.usage.output_tokens': 5,
      'gen_ai.usage.output_audio_tokens': 2,
    },
    expected: {
      type: 'GENERATION',
      input: json({ items: user }),
      output: '"hello"',
      completion_start_time: NOW_US + 500_000,
      usage: { input: '5', input_audio_tokens: '4', input_cached_tokens: '1', output: '3', output_audio_tokens: '2', total: '15' },
    },
  },
  {
    of: 'LiveKit, a turn of the user (older names)',
    scope: 'livekit-agents',
    name: 'user_turn',
    attributes: { 'lk.user_transcript': 'good morning' },
    expected: { type: 'SPAN', input: '"good morning"' },
  },
  {
    of: 'LiveKit, a tool',
    scope: 'livekit-agents',
    name: 'function_tool',
    attributes: { 'lk.function_tool.arguments': '{"x":1}', 'lk.function_tool.output': 'ok' },
    expected: { type: 'TOOL', input: '{"x":1}', output: '"ok"' },
  },
  { of: 'a span of somebody else with a name of LiveKit', name: 'agent_turn', attributes: {}, expected: { type: 'SPAN' } },
  {
    of: 'Genkit, a model',
    scope: 'genkit-tracer',
    attributes: {
      'genkit:type': 'action',
      'genkit:metadata:subtype': 'model',
      'genkit:name': 'googleai/gemini-2.5-flash',
      'genkit:sessionId': 's1',
      'genkit:input': json({ messages: user }),
      'genkit:output': json({
        message: { content: [{ text: 'a' }] },
        usage: { inputTokens: 42, cachedContentTokens: 2, outputTokens: 17, thoughtsTokens: 3, totalTokens: 62 },
      }),
      'genkit:state': 'success',
    },
    expected: {
      type: 'GENERATION',
      name: 'googleai/gemini-2.5-flash',
      provided_model_name: 'googleai/gemini-2.5-flash',
      session_id: 's1',
      usage: { input: '40', input_cached_tokens: '2', output: '17', output_reasoning_tokens: '3', total: '62' },
    },
  },
  {
    of: 'Genkit, a tool of the second kind that failed',
    attributes: { 'genkit:metadata:subtype': 'tool.v2', 'genkit:state': 'error' },
    expected: { type: 'TOOL', level: 'ERROR' },
  },
  {
    of: 'Google ADK, a model call',
    scope: 'gcp.vertex.agent',
    name: 'call_llm',
    attributes: {
      'gen_ai.system': 'gcp.vertex.agent',
      'gen_ai.request.model': 'gemini-2.5-flash',
      'gcp.vertex.agent.session_id': 's1',
      'gcp.vertex.agent.llm_request': json({ contents: user }),
      'gcp.vertex.agent.llm_response': json({ content: 'a' }),
      'gcp.vertex.agent.tool_call_args': '{}',
      'gen_ai.usage.input_tokens': 3,
      'gen_ai.usage.output_tokens': 4,
    },
    expected: {
      type: 'GENERATION',
      session_id: 's1',
      input: json({ contents: user }),
      output: json({ content: 'a' }),
      usage: { input: '3', output: '4', total: '7' },
    },
  },
  {
    of: 'Google ADK, a tool',
    scope: 'gcp.vertex.agent',
    attributes: {
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'weather',
      'gcp.vertex.agent.llm_request': '{}',
      'gcp.vertex.agent.llm_response': '{}',
      'gcp.vertex.agent.tool_call_args': json({ city: 'Tokyo' }),
      'gcp.vertex.agent.tool_response': json({ result: 'sunny' }),
    },
    expected: { type: 'TOOL', name: 'weather', input: json({ city: 'Tokyo' }), output: json({ result: 'sunny' }) },
  },
  {
    of: 'OpenLLMetry, a chat',
    scope: 'opentelemetry.instrumentation.openai.v1',
    name: 'openai.chat',
    attributes: {
      'llm.request.type': 'chat',
      'gen_ai.request.model': 'gpt-4o',
      'gen_ai.response.model': 'gpt-4o',
      'gen_ai.prompt.0.role': 'user',
      'gen_ai.prompt.0.content': 'q',
      'gen_ai.completion.0.role': 'assistant',
      'gen_ai.completion.0.content': 'a',
      'gen_ai.usage.input_tokens': 7,
      'gen_ai.usage.cache_read_input_tokens': 2,
      'gen_ai.usage.output_tokens': 1,
      'llm.usage.total_tokens': 8,
      'traceloop.association.properties.user_id': 'u1',
      'traceloop.association.properties.session_id': 's1',
      'traceloop.association.properties.plan': 'pro',
    },
    expected: {
      type: 'GENERATION',
      input: json([{ role: 'user', content: 'q' }]),
      output: json([{ role: 'assistant', content: 'a' }]),
      usage: { input: '5', input_cached_tokens: '2', output: '1', total: '8' },
      user_id: 'u1',
      session_id: 's1',
      metadata: { plan: 'pro' },
    },
  },
  { of: 'OpenLLMetry, an embedding', attributes: { 'llm.request.type': 'embedding', 'gen_ai.request.model': 'e' }, expected: { type: 'EMBEDDING' } },
  {
    of: 'OpenLLMetry, a workflow',
    attributes: { 'traceloop.span.kind': 'workflow', 'traceloop.entity.name': 'joke', 'traceloop.entity.input': '{"q":1}', 'traceloop.entity.output': '"a"' },
    expected: { type: 'CHAIN', input: '{"q":1}', output: '"a"' },
  },
  {
    of: 'MLflow, a chat model',
    attributes: {
      'mlflow.spanType': json('CHAT_MODEL'),
      'mlflow.llm.model': json('gpt-4o'),
      'mlflow.trace.session': 's1',
      'mlflow.spanInputs': json({ messages: user }),
      'mlflow.spanOutputs': json({ choices: [] }),
      'mlflow.chat.tokenUsage': json({ input_tokens: 10, output_tokens: 2, total_tokens: 12, cache_read_input_tokens: 4 }),
    },
    expected: {
      type: 'GENERATION',
      provided_model_name: 'gpt-4o',
      session_id: 's1',
      input: json({ messages: user }),
      output: json({ choices: [] }),
      usage: { input: '6', input_cached_tokens: '4', output: '2', total: '12' },
    },
  },
];

describe('a span of', () => {
  it.each(FIXTURES)('$of', ({ scope = 'other', resource = {}, name = 'span', attributes, expected }) => {
    const span = { traceId: 'ab'.repeat(16), spanId: '00000000000000a1', name, startTimeUnixNano: nanos(0), endTimeUnixNano: nanos(100), attributes };
    const [decoded] = spansOfJson(spansRequest([span], scope, resource));
    const [observation] = fromSpan(decoded as OtelSpan, { projectId: 'p', sequence: 1n, receivedAtUs: NOW_US }) as [EntityEvent<'observation'>];
    const seen = { ...observation.fields, tags: observation.tags, metadata: observation.metadata };
    for (const [field, value] of Object.entries(expected)) {
      if (field === 'metadata') expect(seen.metadata).toMatchObject(value as object);
      else expect({ [field]: seen[field as keyof typeof seen] }).toEqual({ [field]: value });
    }
  });
});
