// Every generation of the Langfuse clients and plain OpenTelemetry exporters against a started process: what they send is readable by the public API.
import { Metadata } from '@grpc/grpc-js';
import { LangfuseClient } from '@langfuse/client';
import { LangfuseSpanProcessor } from '@langfuse/otel';
import { propagateAttributes, startObservation } from '@langfuse/tracing';
import { trace } from '@opentelemetry/api';
import { OTLPTraceExporter as GrpcExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { NodeTracerProvider, SimpleSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-node';
import { Langfuse } from 'langfuse';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, chat, generateKey, observe } from './client.ts';
import { type FakeProvider, startFakeProvider } from './fake-provider/fake-provider.ts';
import { gatewayConfig } from './gateway-config.ts';
import { eventually, type Platform, startPlatform } from './process.ts';

let upstream: FakeProvider;
let platform: Platform;
beforeAll(async () => {
  upstream = await startFakeProvider();
  platform = await startPlatform({ config: gatewayConfig(upstream.url) });
});
afterAll(async () => {
  await platform?.stop();
  await upstream?.close();
});

interface TraceBody {
  name: string | null;
  userId: string | null;
  sessionId: string | null;
  tags: string[];
  input: unknown;
  output: unknown;
  totalCost: number;
  observations: Record<string, unknown>[];
  scores: Record<string, unknown>[];
}
/** Events of one trace come by several requests and are stored one after the other: what a test wants to see of it must be awaited. */
const readTrace = (id: string, isThere: (trace: TraceBody) => boolean) =>
  eventually(`trace ${id}`, async () => {
    const found = await observe(platform, `/api/public/traces/${encodeURIComponent(id)}`);
    const body = found.body as unknown as TraceBody;
    return found.status === 200 && isThere(body) ? body : null;
  });
/** So many observations, all ended, and the trace's own row. */
const ended = (trace: TraceBody, observations: number): boolean =>
  trace.name !== null && trace.observations.length === observations && trace.observations.every(({ endTime }) => endTime !== null);

describe('langfuse 3.x', () => {
  it('writes a trace with nested observations and a score, and reads them back', async () => {
    const client = new Langfuse({ publicKey: platform.keys.publicKey, secretKey: platform.keys.secretKey, baseUrl: platform.observeUrl, flushAt: 1 });
    const root = client.trace({
      name: '質問応答',
      userId: 'user-1',
      sessionId: 'session-1',
      tags: ['b', 'a'],
      input: { question: '天気は？' },
      metadata: { nested: { deep: 1 } },
    });
    const span = root.span({ name: 'retrieve', input: 'q' });
    const generation = span.generation({
      name: 'answer',
      model: 'gpt-4o-mini',
      input: [{ role: 'user', content: '天気は？' }],
      usage: { input: 10, output: 5 },
    });
    generation.end({ output: '晴れ' });
    span.end();
    root.update({ output: { answer: '晴れ' } });
    root.score({ name: 'quality', value: 0.9 });
    await client.shutdownAsync();

    const read = await readTrace(root.id, (trace) => ended(trace, 2) && trace.output !== null && trace.scores.length === 1);
    expect(read).toMatchObject({ name: '質問応答', userId: 'user-1', sessionId: 'session-1', tags: ['a', 'b'], output: { answer: '晴れ' } });
    const stored = read.observations.find((observation) => observation.type === 'GENERATION');
    expect(stored).toMatchObject({ output: '晴れ', usageDetails: { input: 10, output: 5 }, parentObservationId: span.id });
    expect(read.totalCost).toBeGreaterThan(0);
    expect(read.scores).toEqual([expect.objectContaining({ name: 'quality', value: 0.9 })]);
    const fetched = await client.fetchTrace(root.id);
    expect(fetched.data.name).toBe('質問応答');
  });
});

describe('@langfuse/* 5.x', () => {
  it('writes by OpenTelemetry and reads by its API client', async () => {
    const processor = new LangfuseSpanProcessor({
      publicKey: platform.keys.publicKey,
      secretKey: platform.keys.secretKey,
      baseUrl: platform.observeUrl,
      exportMode: 'immediate',
    });
    const provider = new NodeTracerProvider({ spanProcessors: [processor] });
    provider.register();
    const root = propagateAttributes({ traceName: 'agent-trace', userId: 'user-2', sessionId: 'session-2', tags: ['otel'] }, () => {
      const agent = startObservation('agent-run', { input: { task: '要約' } }, { asType: 'agent' });
      const generation = agent.startObservation('llm', { model: 'gpt-4o-mini', input: 'hi', usageDetails: { input: 3, output: 4 } }, { asType: 'generation' });
      generation.update({ output: 'done' }).end();
      agent.update({ output: 'finished' }).end();
      return agent;
    });
    await processor.forceFlush();
    await provider.shutdown();
    trace.disable();

    const read = await readTrace(root.traceId, (trace) => ended(trace, 2));
    expect(read).toMatchObject({ name: 'agent-trace', userId: 'user-2', sessionId: 'session-2', tags: ['otel'] });
    expect(read.observations.map((observation) => observation.type).sort()).toEqual(['AGENT', 'GENERATION']);
    const client = new LangfuseClient({ publicKey: platform.keys.publicKey, secretKey: platform.keys.secretKey, baseUrl: platform.observeUrl });
    expect((await client.api.trace.get(root.traceId)).name).toBe('agent-trace');
    client.score.create({ traceId: root.traceId, name: 'helpful', value: 1, dataType: 'BOOLEAN' });
    await client.flush();
    await eventually('the score', async () => (await readTrace(root.traceId, () => true)).scores.some((score) => score.name === 'helpful'));
  });
});

describe('a plain OTLP exporter', () => {
  const headers = () => ({ authorization: `Basic ${Buffer.from(`${platform.keys.publicKey}:${platform.keys.secretKey}`).toString('base64')}` });
  const grpcMetadata = () => {
    const metadata = new Metadata();
    metadata.set('authorization', headers().authorization);
    return metadata;
  };
  const url = () => `${platform.observeUrl}/api/public/otel/v1/traces`;
  const exporters: [string, () => SpanExporter][] = [
    ['JSON', () => new JsonExporter({ url: url(), headers: headers() })],
    ['protobuf', () => new ProtobufExporter({ url: url(), headers: headers() })],
    ['gRPC', () => new GrpcExporter({ url: platform.otlpGrpcUrl, metadata: grpcMetadata(), compression: 'gzip' as never })],
    ['gzipped protobuf', () => new ProtobufExporter({ url: url(), headers: headers(), compression: 'gzip' as never })],
  ];
  for (const [name, make] of exporters) {
    it(`by ${name} gets its span stored with gen_ai attributes understood`, async () => {
      const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(make())] });
      const span = provider.getTracer('test').startSpan(`chat ${name}`);
      span.setAttributes({
        'gen_ai.operation.name': 'chat',
        'gen_ai.request.model': 'gpt-4o-mini',
        'gen_ai.usage.input_tokens': 7,
        'gen_ai.usage.output_tokens': 2,
        'session.id': 'otlp-session',
      });
      span.end();
      await provider.forceFlush();
      await provider.shutdown();
      const read = await readTrace(span.spanContext().traceId, (trace) => ended(trace, 1) && trace.sessionId !== null);
      expect(read.observations[0]).toMatchObject({ type: 'GENERATION', model: 'gpt-4o-mini', usageDetails: expect.objectContaining({ input: 7, output: 2 }) });
      expect(read.sessionId).toBe('otlp-session');
    });
  }
});

describe('a gateway call inside a caller’s trace', () => {
  it('hangs under the caller’s span and its cost counts once', async () => {
    const key = await generateKey(platform, {});
    const provider = new NodeTracerProvider({
      spanProcessors: [
        new SimpleSpanProcessor(
          new JsonExporter({
            url: `${platform.observeUrl}/api/public/otel/v1/traces`,
            headers: { authorization: `Basic ${Buffer.from(`${platform.keys.publicKey}:${platform.keys.secretKey}`).toString('base64')}` },
          }),
        ),
      ],
    });
    const span = provider.getTracer('app').startSpan('llm call');
    const traceparent = `00-${span.spanContext().traceId}-${span.spanContext().spanId}-01`;
    const answer = await chat(platform, key, 'priced', { headers: { traceparent } });
    span.setAttributes({
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': 'gpt-4o-mini',
      'gen_ai.usage.input_tokens': 1000,
      'gen_ai.usage.output_tokens': 1000,
      'gen_ai.usage.cost': 99,
    });
    span.end();
    await provider.forceFlush();
    await provider.shutdown();
    const read = await readTrace(span.spanContext().traceId, (trace) => ended(trace, 2));
    const ours = read.observations.find((observation) => observation.parentObservationId === span.spanContext().spanId);
    expect(ours).toBeDefined();
    expect(read.totalCost).toBeCloseTo(Number(answer.headers.get('x-litellm-response-cost')), 12);
  });
});

describe('a chat whose client names no session', () => {
  it('becomes one session, marked as inferred', async () => {
    const key = await generateKey(platform, {});
    const first = [{ role: 'user', content: '長い答えをください' }];
    const said = await chat(platform, key, 'talkative', { body: { messages: first } });
    const { choices } = said.body as unknown as { choices: { message: { content: string } }[] };
    const answer = choices[0]?.message.content ?? '';
    expect(answer.length).toBeGreaterThanOrEqual(40);
    const next = [...first, { role: 'assistant', content: answer }, { role: 'user', content: '続けて' }];
    const again = await chat(platform, key, 'talkative', { body: { messages: next } });
    const ids = [said, again].map(({ headers }) => String(headers.get('x-litellm-call-id')).replaceAll('-', ''));
    const sessions = await eventually('both in one session', async () => {
      const traces = await Promise.all(ids.map((id) => observe(platform, `/api/public/traces/${id}`)));
      const found = traces.map(({ body }) => (body as unknown as TraceBody).sessionId);
      return found.every((session) => typeof session === 'string' && session.startsWith('inferred-')) ? found : null;
    });
    expect(new Set(sessions).size).toBe(1);
  });
});

describe('the public API', () => {
  it('answers health and readiness without a key, projects with one, and refuses a wrong one', async () => {
    expect((await call(`${platform.observeUrl}/api/public/health`)).body).toMatchObject({ status: 'OK', version: expect.stringMatching(/^\d+\.\d+\.\d+/) });
    expect((await call(`${platform.observeUrl}/api/public/ready`)).status).toBe(200);
    const projects = (await observe(platform, '/api/public/projects')).body as unknown as { data: { id: string; name: string }[] };
    expect(projects.data).toHaveLength(1);
    const refused = await call(`${platform.observeUrl}/api/public/projects`, { basic: [platform.keys.publicKey, 'sk-lf-wrong'] });
    expect(refused.status).toBe(401);
    expect(refused.body.message).toContain('Invalid credentials');
  });
  it('lets a public key write scores and nothing else', async () => {
    const answer = await call(`${platform.observeUrl}/api/public/ingestion`, {
      key: platform.keys.publicKey,
      body: {
        batch: [
          { id: 'e1', type: 'score-create', timestamp: new Date().toISOString(), body: { traceId: 't-scores', name: 'thumb', value: 1 } },
          { id: 'e2', type: 'trace-create', timestamp: new Date().toISOString(), body: { id: 't-scores' } },
        ],
      },
    });
    expect(answer.status).toBe(207);
    expect(answer.body).toMatchObject({ successes: [{ id: 'e1', status: 201 }], errors: [{ id: 'e2', status: 401 }] });
    expect((await call(`${platform.observeUrl}/api/public/traces`, { key: platform.keys.publicKey })).status).toBe(403);
  });
  it('pages lists and reads single rows', async () => {
    for (let index = 0; index < 3; index++) {
      await call(`${platform.observeUrl}/api/public/ingestion`, {
        basic: [platform.keys.publicKey, platform.keys.secretKey],
        body: {
          batch: [
            {
              id: `p${index}`,
              type: 'span-create',
              timestamp: new Date().toISOString(),
              body: { id: `obs-${index}`, traceId: `page-trace-${index}`, name: 'paged', startTime: new Date().toISOString() },
            },
          ],
        },
      });
    }
    const page = await eventually('three observations', async () => {
      const found = (await observe(platform, '/api/public/observations?name=paged&limit=2&page=1')).body as unknown as {
        data: { id: string }[];
        meta: { totalItems: number };
      };
      // Rows and total are two reads: while events still arrive, the later one may have seen more.
      return found.meta?.totalItems === 3 && found.data.length > 0 ? found : null;
    });
    expect(page.data).toHaveLength(2);
    expect((await observe(platform, '/api/public/observations/obs-1')).body).toMatchObject({ id: 'obs-1', name: 'paged' });
    expect((await observe(platform, '/api/public/traces/none')).body).toMatchObject({ error: 'LangfuseNotFoundError' });
    const first = (await observe(platform, '/api/public/v2/observations?name=paged&limit=2')).body as unknown as { data: unknown[]; meta: { cursor?: string } };
    expect(first.data).toHaveLength(2);
    const second = (await observe(platform, `/api/public/v2/observations?name=paged&limit=2&cursor=${first.meta.cursor}`)).body as unknown as {
      data: unknown[];
    };
    expect(second.data).toHaveLength(1);
    expect((await observe(platform, '/api/public/scores?limit=10')).status).toBe(200);
  });
});
