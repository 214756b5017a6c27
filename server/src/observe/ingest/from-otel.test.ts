import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NOW_US, nanos, spansRequest } from '#observe/fold/records-fixture.ts';
import type { EntityEvent } from './events.ts';
import { fromSpan } from './from-otel.ts';
import { SOURCES } from './otel-attributes.ts';
import { spansOfJson } from './otlp-json.ts';
import type { OtelSpan } from './span.ts';

const origin = { projectId: 'p', sequence: 1n, receivedAtUs: NOW_US };

function mapped(span: Record<string, unknown>, scope = 'other', resource: Record<string, unknown> = {}) {
  const full = { traceId: 'ab'.repeat(16), spanId: '00000000000000a1', name: 'span', startTimeUnixNano: nanos(0), endTimeUnixNano: nanos(100), ...span };
  const [decoded] = spansOfJson(spansRequest([full], scope, resource));
  const [observation, trace] = fromSpan(decoded as OtelSpan, origin) as [EntityEvent<'observation'>, EntityEvent<'trace'>];
  return {
    ...observation.fields,
    metadata: observation.metadata,
    claims: observation.claims,
    trace: { ...trace.fields, tags: trace.tags, metadata: trace.metadata },
  };
}
const withAttributes = (attributes: Record<string, unknown>, more: Record<string, unknown> = {}) => mapped({ attributes, ...more });

describe('the type of a span', () => {
  it.each([
    [{ 'langfuse.observation.type': 'agent', 'openinference.span.kind': 'LLM' }, 'AGENT'],
    [{ 'openinference.span.kind': 'LLM' }, 'GENERATION'],
    [{ 'openinference.span.kind': 'RERANKER' }, 'RETRIEVER'],
    [{ 'gen_ai.operation.name': 'chat' }, 'GENERATION'],
    [{ 'gen_ai.operation.name': 'embeddings' }, 'EMBEDDING'],
    [{ 'gen_ai.operation.name': 'invoke_agent' }, 'AGENT'],
    [{ 'gen_ai.operation.name': 'execute_tool' }, 'TOOL'],
    [{ 'ai.operationId': 'ai.generateText.doGenerate', 'ai.model.id': 'gpt-4o' }, 'GENERATION'],
    [{ 'ai.operationId': 'ai.embed.doEmbed', 'ai.model.id': 'e' }, 'EMBEDDING'],
    [{ 'ai.operationId': 'ai.generateText', 'ai.model.id': 'gpt-4o', 'ai.usage.promptTokens': 5 }, 'SPAN'],
    [{ 'ai.operationId': 'ai.toolCall' }, 'TOOL'],
    [{ 'gen_ai.tool.call.id': 'x' }, 'TOOL'],
    [{ 'traceloop.span.kind': 'workflow' }, 'CHAIN'],
    [{ 'genkit:metadata:subtype': 'retriever' }, 'RETRIEVER'],
    [{ 'mlflow.spanType': '"CHAT_MODEL"' }, 'GENERATION'],
    [{ 'gen_ai.request.model': 'gpt-4o' }, 'GENERATION'],
    [{ 'http.route': '/' }, 'SPAN'],
    [{ 'openinference.span.kind': '__proto__' }, 'SPAN'],
  ])('%j is %s', (attributes, type) => {
    expect(withAttributes(attributes).type).toBe(type);
  });
});

describe('input and output', () => {
  it.each([
    ['langfuse', { 'langfuse.observation.input': '{"a":1}', 'langfuse.observation.output': 'text' }, '{"a":1}', '"text"'],
    ['Genkit', { 'genkit:input': '[1]', 'genkit:output': '[2]' }, '[1]', '[2]'],
    ['Vercel AI', { 'ai.prompt.messages': '[{"role":"user"}]', 'ai.response.text': 'hi' }, '[{"role":"user"}]', '"hi"'],
    [
      'Vercel AI tool calls',
      { 'ai.response.text': 'hi', 'ai.response.toolCalls': '[{"id":1}]' },
      undefined,
      '{"role":"assistant","content":"hi","tool_calls":[{"id":1}]}',
    ],
    ['Google ADK', { 'gcp.vertex.agent.llm_request': '{"m":1}', 'gcp.vertex.agent.llm_response': '{"r":1}' }, '{"m":1}', '{"r":1}'],
    ['logfire', { prompt: 'q', all_messages_events: '[{"x":1}]' }, '"q"', '[{"x":1}]'],
    ['LiveKit', { 'lk.user_input': 'hello', 'lk.response.text': 'hey' }, '"hello"', '"hey"'],
    ['MLflow', { 'mlflow.spanInputs': '{"q":1}', 'mlflow.spanOutputs': '"a"' }, '{"q":1}', '"a"'],
    ['traceloop', { 'traceloop.entity.input': '{"q":1}', 'traceloop.entity.output': '{"a":1}' }, '{"q":1}', '{"a":1}'],
    ['OpenInference values', { 'input.value': '123', 'output.value': 'true' }, '"123"', '"true"'],
    ['pydantic-ai', { 'pydantic_ai.all_messages': '[{"r":1}]', final_result: 'done' }, '[{"r":1}]', '"done"'],
    [
      'indexed gen_ai',
      { 'gen_ai.prompt.0.role': 'user', 'gen_ai.prompt.0.content': 'q', 'gen_ai.prompt.1.tool_calls.0.name': 'f', 'gen_ai.completion.0.content': 'a' },
      '[{"role":"user","content":"q"},{"tool_calls":[{"name":"f"}]}]',
      '[{"content":"a"}]',
    ],
    [
      'OpenInference messages',
      { 'llm.input_messages.0.message.role': 'user', 'llm.input_messages.0.message.content': 'q', 'llm.output_messages.0.message.content': 'a' },
      '[{"role":"user","content":"q"}]',
      '[{"content":"a"}]',
    ],
    [
      'gen_ai messages with instructions',
      { 'gen_ai.input.messages': '[{"role":"user"}]', 'gen_ai.system_instructions': '[{"type":"text"}]', 'gen_ai.output.messages': '[{"role":"assistant"}]' },
      '[{"role":"system","content":[{"type":"text"}]},{"role":"user"}]',
      '[{"role":"assistant"}]',
    ],
    ['gen_ai tools', { 'gen_ai.tool.call.arguments': '{"x":1}', 'gen_ai.tool.call.result': 'r' }, '{"x":1}', '"r"'],
  ])('of %s', (_, attributes, input, output) => {
    const fields = withAttributes(attributes);
    expect([fields.input, fields.output]).toEqual([input, output]);
  });

  it('of span events', () => {
    const pair = (key: string, value: string) => ({ key, value: { stringValue: value } });
    const events = [
      { name: 'gen_ai.system.message', attributes: [pair('content', 'be kind')] },
      { name: 'gen_ai.user.message', attributes: [pair('content', 'q')] },
      { name: 'gen_ai.choice', attributes: [pair('message', '{"content":"a"}')] },
    ];
    const fields = mapped({ events });
    expect([fields.input, fields.output]).toEqual(['[{"role":"system","content":"be kind"},{"role":"user","content":"q"}]', '{"message":{"content":"a"}}']);
  });
});

describe('usage and cost', () => {
  it.each([
    [
      { 'langfuse.observation.type': 'generation', 'langfuse.observation.usage_details': '{"input":10,"bad":-1,"float":1.5,"output":2}' },
      { input: '10', output: '2', total: '12' },
    ],
    [
      { 'gen_ai.request.model': 'm', 'gen_ai.usage.prompt_tokens': 5, 'gen_ai.usage.completion_tokens': 6 },
      { input: '5', output: '6', total: '11' },
    ],
    [
      {
        'openinference.span.kind': 'LLM',
        'llm.token_count.prompt': 10,
        'llm.token_count.completion': 8,
        'llm.token_count.completion_details.reasoning': 3,
        'llm.token_count.total': 18,
      },
      { input: '10', output: '5', output_reasoning_tokens: '3', total: '18' },
    ],
    [
      { 'ai.operationId': 'ai.generateText.doGenerate', 'ai.model.id': 'm', 'ai.usage.inputTokens': 9, 'ai.usage.cachedInputTokens': 4 },
      { input: '5', input_cached_tokens: '4', total: '9' },
    ],
    [
      { 'mlflow.spanType': 'CHAT_MODEL', 'mlflow.chat.tokenUsage': '{"input_tokens":1,"output_tokens":2,"total_tokens":3}' },
      { input: '1', output: '2', total: '3' },
    ],
    [{ 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.usage.input_tokens': 5 }, undefined],
  ])('%j', (attributes, usage) => {
    expect(withAttributes(attributes).usage).toEqual(usage);
  });
  it('reads a cost of either convention', () => {
    expect(withAttributes({ 'gen_ai.request.model': 'm', 'gen_ai.usage.cost': 0.25 }).cost).toEqual({ total: '0.25' });
    expect(withAttributes({ 'langfuse.observation.cost_details': '{"input":0.1,"output":0.2}' }).cost).toEqual({ input: '0.1', output: '0.2' });
  });
});

describe('the other fields', () => {
  it('come from the span, else from the resource', () => {
    const fields = mapped(
      {
        parentSpanId: '00000000000000b1',
        status: { code: 2, message: 'broken' },
        attributes: {
          'langfuse.observation.type': 'generation',
          'langfuse.session.id': 's',
          'user.id': 'u',
          'langfuse.trace.tags': '["a","b"]',
          'langfuse.observation.level': 'info',
          'langfuse.observation.completion_start_time': '"2026-11-23T12:00:00.050Z"',
          'langfuse.observation.prompt.name': 'greeting',
          'langfuse.observation.prompt.version': 3,
          'langfuse.trace.name': 'named',
          'langfuse.trace.public': true,
          'langfuse.trace.metadata.plan': 'pro',
          'langfuse.observation.metadata.k': '{"x":1}',
          'gen_ai.response.id': 'chatcmpl-5',
          'custom.key': 7,
        },
      },
      'my-scope',
      { 'deployment.environment': 'LANGFUSE-Prod', 'service.version': '1.2.3' },
    );
    expect(fields).toMatchObject({
      parent_observation_id: '00000000000000b1',
      session_id: 's',
      user_id: 'u',
      level: 'DEFAULT',
      status_message: 'broken',
      completion_start_time: NOW_US + 50_000,
      prompt_name: 'greeting',
      prompt_version: 3,
      environment: 'prod',
      version: '1.2.3',
      claims: ['answer:chatcmpl-5'],
      metadata: { k: '{"x":1}', attributes: '{"custom.key":7}', scope: '{"name":"my-scope","version":"1","attributes":{}}' },
      trace: { name: 'named', public: 1, tags: ['a', 'b'], metadata: { plan: 'pro' }, session_id: 's' },
    });
    expect(fields.trace.root_name).toBeUndefined();
  });
  it("open texts that were written as JSON, as Python's SDK 5 does", () => {
    const fields = withAttributes({
      'langfuse.observation.metadata.city': '"Tokyo"',
      'langfuse.trace.metadata.plan': '"pro"',
      'langfuse.observation.metadata.plain': 'a "b"',
    });
    expect([fields.metadata.city, fields.metadata.plain, fields.trace.metadata.plan]).toEqual(['Tokyo', 'a "b"', 'pro']);
  });
  it('name a root span after its function, tool or message', () => {
    expect(withAttributes({ 'ai.operationId': 'ai.generateText', 'ai.telemetry.functionId': 'summarise' }).name).toBe('summarise:ai.generateText');
    expect(withAttributes({ 'gen_ai.tool.name': 'search' }).trace.root_name).toBe('search');
  });
  it('clamp instants and keep what was sent', () => {
    const fields = mapped({ startTimeUnixNano: '1000', endTimeUnixNano: '18446744073709551615' });
    expect(fields.original_start).toContain('1970-01-01');
    expect(fields.original_end).toContain('2554-07-21');
    expect(fields.end_time).toBe(NOW_US + 86_400_000_000);
  });
  it('take a span without any instant as of its receipt', () => {
    expect(mapped({ startTimeUnixNano: undefined, endTimeUnixNano: undefined })).toMatchObject({ start_time: NOW_US });
  });
});

describe('a span', () => {
  // An attribute {"intValue": {"toString": 0}}, tags or a level of that kind made a whole export fail.
  it('becomes events, whatever its attributes and events are', () => {
    const names = [...new Set(Object.values(SOURCES).flat()), 'langfuse.observation.level', 'logfire.level_num', 'genkit:state'];
    const kind = fc.constantFrom('stringValue', 'intValue', 'doubleValue', 'boolValue', 'bytesValue', 'arrayValue', 'kvlistValue');
    const long = fc.constantFrom('{"low":1,"high":1e400}', '{"low":1e400,"high":-1}').map((text) => JSON.parse(text) as object);
    const value = fc.oneof(
      fc.dictionary(kind, fc.oneof(fc.jsonValue(), long)),
      fc.jsonValue(),
      fc.jsonValue().map((json) => ({ stringValue: JSON.stringify(json) })),
    );
    const attributes = fc.array(fc.record({ key: fc.oneof(fc.constantFrom(...names), fc.jsonValue()), value }));
    const events = fc.array(fc.record({ name: fc.jsonValue(), timeUnixNano: fc.oneof(fc.jsonValue(), long), attributes }), { maxLength: 3 });
    fc.assert(
      fc.property(attributes, events, fc.jsonValue(), (given, happened, code) => {
        const span = {
          traceId: '0af7651916cd43dd8448eb211c80319c',
          spanId: 'b7ad6b7169203331',
          name: 'x',
          attributes: given,
          events: happened,
          status: { code },
        };
        const [read] = spansOfJson({ resourceSpans: [{ resource: { attributes: given }, scopeSpans: [{ spans: [span] }] }] });
        expect(fromSpan(read as OtelSpan, origin).length).toBeGreaterThan(0);
      }),
    );
  });
});
