// The real SDKs against the real routes: what they send arrives as the rows that they mean.
import { LangfuseClient } from '@langfuse/client';
import { LangfuseSpanProcessor } from '@langfuse/otel';
import { propagateAttributes, startActiveObservation, startObservation } from '@langfuse/tracing';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { Langfuse } from 'langfuse';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BASIC, type IngestServer, PUBLIC_KEY, SECRET_KEY, startIngestServer } from './ingest-server-fixture.ts';

let server: IngestServer;
beforeEach(async () => {
  server = await startIngestServer();
});
afterEach(async () => {
  await server.close();
});

describe('langfuse 3 (batch ingestion)', () => {
  it('has its trace, nested observations, updates and scores folded', async () => {
    const langfuse = new Langfuse({ publicKey: PUBLIC_KEY, secretKey: SECRET_KEY, baseUrl: server.url, flushAt: 100 });
    const trace = langfuse.trace({
      id: 'trace-1',
      name: '会話',
      userId: 'user-1',
      sessionId: 'session-1',
      tags: ['b', 'a'],
      metadata: { plan: { tier: 'pro' } },
      input: 'こんにちは',
      environment: 'prod',
    });
    const span = trace.span({ id: 'span-1', name: 'retrieve', input: { query: 'q' } });
    const generation = span.generation({
      id: 'generation-1',
      name: 'answer',
      model: 'gpt-4o-mini',
      modelParameters: { temperature: 0.2 },
      input: [{ role: 'user', content: 'こんにちは' }],
      completionStartTime: new Date(),
    });
    generation.end({ output: { role: 'assistant', content: 'はい' }, usageDetails: { input: 10, output: 5 }, costDetails: { input: 0.001, output: 0.002 } });
    span.end({ output: ['doc'], level: 'WARNING', statusMessage: 'slow' });
    trace.update({ output: 'はい', metadata: { plan: { seats: 3 } }, tags: ['c'] });
    trace.event({ id: 'event-1', name: 'clicked' });
    trace.score({ id: 'score-1', name: 'quality', value: 0.9, comment: 'good' });
    await langfuse.shutdownAsync();

    const rows = await server.fold();
    expect(rows.deadLetters).toEqual([]);
    expect(rows.traceRows).toMatchObject([
      {
        id: 'trace-1',
        name: '会話',
        user_id: 'user-1',
        session_id: 'session-1',
        environment: 'prod',
        tags: ['a', 'b', 'c'],
        metadata: { plan: '{"tier":"pro","seats":3}' },
        input: '"こんにちは"',
        output: '"はい"',
      },
    ]);
    const byId = Object.fromEntries(rows.observationRows.map((row) => [row.id, row]));
    expect(byId['generation-1']).toMatchObject({
      type: 'GENERATION',
      trace_id: 'trace-1',
      parent_observation_id: 'span-1',
      provided_model_name: 'gpt-4o-mini',
      model_parameters: '{"temperature":0.2}',
      usage_details: { input: '10', output: '5', total: '15' },
      total_cost: '0.003',
      cost_source: 'client',
      input: '[{"role":"user","content":"こんにちは"}]',
      output: '{"role":"assistant","content":"はい"}',
    });
    expect(byId['generation-1']?.end_time).not.toBeNull();
    expect(byId['span-1']).toMatchObject({ type: 'SPAN', level: 'WARNING', status_message: 'slow', output: '["doc"]' });
    expect(byId['event-1']).toMatchObject({ type: 'EVENT', name: 'clicked' });
    expect(rows.scoreRows).toMatchObject([
      { id: 'score-1', trace_id: 'trace-1', name: 'quality', value: 0.9, data_type: 'NUMERIC', comment: 'good', source: 'API' },
    ]);
  });
});

describe('@langfuse/tracing 5 (OTLP/JSON)', () => {
  it('has its observation tree and trace attributes mapped', async () => {
    const processor = new LangfuseSpanProcessor({ publicKey: PUBLIC_KEY, secretKey: SECRET_KEY, baseUrl: server.url, environment: 'staging', release: 'r1' });
    const provider = new NodeTracerProvider({ spanProcessors: [processor] });
    provider.register();
    let traceId = '';
    await startActiveObservation('handle', async (root) => {
      traceId = root.traceId;
      await propagateAttributes({ userId: 'user-2', sessionId: 'session-2', tags: ['x'], traceName: 'chat turn' }, async () => {
        root.update({ input: { question: 'q' } });
        const generation = startObservation(
          'llm',
          {
            model: 'gpt-4o',
            input: [{ role: 'user', content: 'q' }],
            modelParameters: { temperature: 1 },
            usageDetails: { input: 3, output: 4 },
            costDetails: { total: 0.5 },
          },
          { asType: 'generation' },
        );
        generation.update({ output: { role: 'assistant', content: 'a' }, completionStartTime: new Date() }).end();
        startObservation('lookup', { input: { key: 1 }, output: 'value', metadata: { rows: 2 } }, { asType: 'tool' }).end();
        root.update({ output: 'a' });
      });
    });
    await processor.forceFlush();
    await provider.shutdown();

    const rows = await server.fold();
    expect(rows.deadLetters).toEqual([]);
    expect(rows.traceRows).toMatchObject([
      {
        id: traceId,
        name: 'chat turn',
        user_id: 'user-2',
        session_id: 'session-2',
        tags: ['x'],
        environment: 'staging',
        release: 'r1',
        input: '{"question":"q"}',
        output: '"a"',
      },
    ]);
    const byName = Object.fromEntries(rows.observationRows.map((row) => [row.name, row]));
    expect(Object.keys(byName).sort()).toEqual(['handle', 'llm', 'lookup']);
    expect(byName.llm).toMatchObject({
      type: 'GENERATION',
      parent_observation_id: byName.handle?.id,
      provided_model_name: 'gpt-4o',
      model_parameters: '{"temperature":1}',
      usage_details: { input: '3', output: '4', total: '7' },
      total_cost: '0.5',
      input: '[{"role":"user","content":"q"}]',
      user_id: 'user-2',
      stamps: '',
    });
    expect(byName.llm?.completion_start_time).not.toBeNull();
    expect(byName.lookup).toMatchObject({ type: 'TOOL', output: '"value"', metadata: { rows: '2' } });
  });

  it('has its scores accepted', async () => {
    const client = new LangfuseClient({ publicKey: PUBLIC_KEY, secretKey: SECRET_KEY, baseUrl: server.url });
    client.score.create({ id: 's1', traceId: 'ab'.repeat(16), name: 'helpful', value: 1, dataType: 'BOOLEAN' });
    client.score.create({ id: 's2', sessionId: 'session-2', name: 'mood', value: 'good' });
    await client.flush();
    await client.shutdown();
    const rows = await server.fold();
    expect(rows.scoreRows).toMatchObject([
      { id: 's1', data_type: 'BOOLEAN', value: 1, string_value: 'True' },
      { id: 's2', data_type: 'CATEGORICAL', value: null, string_value: 'good', session_id: 'session-2' },
    ]);
  });
});

describe.each([
  ['protobuf', ProtobufExporter],
  ['JSON', JsonExporter],
] as const)('the OpenTelemetry exporter (%s)', (_, Exporter) => {
  it.each(['none', 'gzip'])('sends spans of foreign conventions with %s compression', async (compression) => {
    const exporter = new Exporter({ url: `${server.url}/api/public/otel/v1/traces`, headers: { authorization: BASIC }, compression: compression as never });
    const provider = new NodeTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] });
    const tracer = provider.getTracer('my-instrumentation', '2.0.0');
    const root = tracer.startSpan('POST /ask', {}, undefined);
    root.setAttributes({ 'http.route': '/ask', 'user.id': 'u3', 'deployment.environment.name': 'Production' });
    root.end();
    const call = tracer.startSpan('chat gpt-4o', {
      startTime: new Date('2026-11-23T10:00:00.123Z'),
      attributes: {
        'gen_ai.operation.name': 'chat',
        'gen_ai.request.model': 'gpt-4o',
        'gen_ai.response.model': 'gpt-4o-2024-08-06',
        'gen_ai.request.temperature': 0.7,
        'gen_ai.usage.input_tokens': 100,
        'gen_ai.usage.output_tokens': 50,
        'gen_ai.usage.cache_read.input_tokens': 40,
        'gen_ai.prompt.0.role': 'user',
        'gen_ai.prompt.0.content': 'こんにちは',
        'gen_ai.completion.0.role': 'assistant',
        'gen_ai.completion.0.content': 'はい',
        'custom.list': ['a', 'b'],
        'custom.big': 9_007_199_254_740_991,
        'custom.negative': -5,
      },
    });
    call.recordException(new Error('boom'));
    call.setStatus({ code: 2 });
    call.end(new Date('2026-11-23T10:00:01Z'));
    await provider.forceFlush();
    await provider.shutdown();

    const rows = await server.fold();
    expect(rows.deadLetters).toEqual([]);
    expect(rows.traceRows).toHaveLength(2);
    const byName = Object.fromEntries(rows.observationRows.map((row) => [row.name, row]));
    expect(byName['POST /ask']).toMatchObject({ type: 'SPAN', user_id: 'u3', environment: 'production' });
    expect(JSON.parse(byName['POST /ask']?.metadata.resourceAttributes as string)).toMatchObject({ 'telemetry.sdk.language': 'nodejs' });
    expect(byName['chat gpt-4o']).toMatchObject({
      type: 'GENERATION',
      provided_model_name: 'gpt-4o-2024-08-06',
      usage_details: { input: '60', input_cached_tokens: '40', output: '50', total: '150' },
      input: '[{"role":"user","content":"こんにちは"}]',
      output: '[{"role":"assistant","content":"はい"}]',
      level: 'ERROR',
      status_message: 'boom',
      start_time: '2026-11-23T10:00:00.123000Z',
      end_time: '2026-11-23T10:00:01.000000Z',
      model_parameters: '{"temperature":0.7}',
    });
    const attributes = JSON.parse(byName['chat gpt-4o']?.metadata.attributes as string) as Record<string, unknown>;
    expect(attributes).toMatchObject({ 'custom.list': ['a', 'b'], 'custom.big': 9_007_199_254_740_991, 'custom.negative': -5 });
  });
});
