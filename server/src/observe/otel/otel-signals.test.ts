// OpenTelemetry's metrics and logs with the real exporters (HTTP JSON, HTTP protobuf, gRPC): through journal, fold and chDB to the reads; and what is refused, repeated, masked or broken.
import { gzipSync } from 'node:zlib';
import { credentials, Metadata } from '@grpc/grpc-js';
import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { SeverityNumber } from '@opentelemetry/api-logs';
import { OTLPLogExporter as GrpcLogs } from '@opentelemetry/exporter-logs-otlp-grpc';
import { OTLPLogExporter as JsonLogs } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as ProtobufLogs } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPMetricExporter as GrpcMetrics } from '@opentelemetry/exporter-metrics-otlp-grpc';
import { OTLPMetricExporter as JsonMetrics } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtobufMetrics } from '@opentelemetry/exporter-metrics-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider, type LogRecordExporter } from '@opentelemetry/sdk-logs';
import { AggregationType, MeterProvider, PeriodicExportingMetricReader, type PushMetricExporter } from '@opentelemetry/sdk-metrics';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createFolder } from '#observe/fold/folder.ts';
import { StoredRows } from '#observe/fold/stored-rows-fixture.ts';
import { BASIC, type IngestServer, principalOf, startIngestServer } from '#observe/ingest/ingest-server-fixture.ts';
import { type GrpcDoor, openGrpcDoor } from '#observe/ingest/otlp-grpc-door.ts';
import { logRecordsOf } from '#observe/ingest/otlp-logs.ts';
import { dataPointsOf } from '#observe/ingest/otlp-metrics.ts';
import { signalRequestOf } from '#observe/ingest/otlp-shapes.ts';
import { createWriter } from '#observe/store/writer.ts';
import { openReads, projectKey, type ReadsFixture } from '#observe/traces/reads-fixture.ts';
import { JournalKind } from '#stores/journal/port.ts';
import { otelReadRoutes } from './routes.ts';

let server: IngestServer;
let door: GrpcDoor;
let reads: ReadsFixture;
const deletedTraces = new Set<string>();

beforeAll(async () => {
  server = await startIngestServer();
  door = await openGrpcDoor({
    host: '127.0.0.1',
    port: 0,
    dependencies: { journal: server.journal },
    authenticate: async (authorization) => principalOf(authorization ?? ''),
  });
  // Only what is asked of the records here: which traces were deleted.
  const records = { query: async () => [...deletedTraces].map((trace_id) => ({ trace_id })) as never };
  reads = await openReads((analytics) => otelReadRoutes(analytics, records));
});
afterAll(async () => {
  await door?.drain(1_000);
  await server?.close();
  await reads?.close();
});
beforeEach(async () => {
  for (const table of ['otel_logs', 'otel_metrics']) await reads.analytics.command({ text: `TRUNCATE TABLE ${table}`, parameters: {} });
});

let stored = 0n;
/** Folds and stores what was journaled since. */
async function store(again = false): Promise<{ deadLetters: number }> {
  const records = (await server.records()).filter(({ sequence }) => again || sequence > stored);
  const folder = createFolder({ lookup: new StoredRows(), price: null, retentionClass: () => 3, now: Date.now });
  const rows = await folder.fold(records);
  const [firstSequence, lastSequence] = [records[0]?.sequence ?? 0n, records.at(-1)?.sequence ?? 0n];
  stored = lastSequence;
  // Another token each time: the rows themselves must be the same.
  const written = await createWriter(reads.analytics).write(rows, { firstSequence, lastSequence: again ? lastSequence + 1_000_000n : lastSequence });
  return { deadLetters: written.deadLetters };
}

const PROJECT = projectKey('project-1');
const get = async (path: string) => {
  const { status, body } = await reads.get(path, PROJECT);
  expect(body).toMatchObject({ data: expect.any(Array) });
  expect(status).toBe(200);
  return body;
};

const headers = { authorization: BASIC };
const grpc = () => {
  const metadata = new Metadata();
  metadata.set('authorization', BASIC);
  return { url: `http://127.0.0.1:${door.port}`, credentials: credentials.createInsecure(), metadata };
};
const http = (signal: string) => ({ url: `${server.url}/api/public/otel/v1/${signal}`, headers, compression: 'gzip' as never });
const RESOURCE = { attributes: { 'service.name': 'checkout', 'deployment.environment.name': 'staging', 'host.cores': 8 } };
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

const LOG_EXPORTERS: [string, () => LogRecordExporter][] = [
  ['HTTP JSON', () => new JsonLogs(http('logs'))],
  ['HTTP protobuf', () => new ProtobufLogs(http('logs'))],
  ['gRPC', () => new GrpcLogs(grpc())],
];
const METRIC_EXPORTERS: [string, () => PushMetricExporter][] = [
  ['HTTP JSON', () => new JsonMetrics(http('metrics'))],
  ['HTTP protobuf', () => new ProtobufMetrics(http('metrics'))],
  ['gRPC', () => new GrpcMetrics(grpc())],
];

describe('logs', () => {
  it.each(LOG_EXPORTERS)('of the real exporter over %s are stored and found', async (_, exporter) => {
    const provider = new LoggerProvider({
      resource: resourceFromAttributes(RESOURCE.attributes),
      processors: [new BatchLogRecordProcessor({ exporter: exporter() })],
    });
    const logger = provider.getLogger('payments', '1.2.3');
    const spanContext = { traceId: TRACE, spanId: SPAN, traceFlags: 1 };
    const context = trace.setSpanContext(ROOT_CONTEXT, spanContext);
    const timestamp = new Date('2026-11-20T12:00:00.123Z');
    logger.emit({
      timestamp,
      severityNumber: SeverityNumber.ERROR,
      severityText: 'ERROR',
      body: '支払いに失敗',
      attributes: { code: 402, nested: { a: [1, 'b'] } },
      context,
    });
    logger.emit({ timestamp, severityNumber: SeverityNumber.INFO, body: { step: 1, ok: true }, eventName: 'gen_ai.choice' });
    // Twice the same: two records.
    for (let count = 0; count < 2; count += 1) logger.emit({ timestamp, severityNumber: SeverityNumber.DEBUG, body: 'again', observedTimestamp: timestamp });
    await provider.forceFlush();
    await provider.shutdown();
    expect(await store()).toEqual({ deadLetters: 0 });
    expect((await get('/api/public/otel/logs?severity=error')).data).toMatchObject([
      {
        timestamp: '2026-11-20T12:00:00.123000Z',
        timeUnixNano: '1795176000123000000',
        serviceName: 'checkout',
        environment: 'staging',
        scope: { name: 'payments', version: '1.2.3' },
        traceId: TRACE,
        spanId: SPAN,
        severity: 'ERROR',
        severityNumber: 17,
        body: '支払いに失敗',
        attributes: { code: 402, nested: { a: [1, 'b'] } },
        resource: { 'service.name': 'checkout', 'host.cores': 8 },
      },
    ]);
    expect((await get('/api/public/otel/logs?name=gen_ai.choice')).data).toMatchObject([
      { body: { step: 1, ok: true }, traceId: null, eventName: 'gen_ai.choice' },
    ]);
    expect((await get(`/api/public/otel/logs?traceId=${TRACE}&spanId=${SPAN}`)).data).toHaveLength(1);
    expect((await get('/api/public/otel/logs?serviceName=other')).data).toEqual([]);
    expect((await get('/api/public/otel/logs')).data).toHaveLength(4);
    deletedTraces.add(TRACE);
    expect((await get('/api/public/otel/logs')).data).toHaveLength(3);
    deletedTraces.clear();
    expect((await reads.get('/api/public/otel/logs', projectKey('other'))).body.data).toEqual([]);
  });

  it('that are sent and stored again are the same rows', async () => {
    await post('logs', logsOf(['one', 'one', 'two']));
    await post('logs', logsOf(['one', 'one', 'two']));
    await store();
    await store(true);
    expect((await get('/api/public/otel/logs?serviceName=s')).data).toHaveLength(3);
  });

  it('are paged through without a gap, a range and a limit kept', async () => {
    await post('logs', logsOf(Array.from({ length: 25 }, (_, index) => `line ${index}`)));
    await store();
    const seen: unknown[] = [];
    for (let cursor = ''; ; ) {
      const page = await get(`/api/public/otel/logs?serviceName=s&limit=10&fromTimestamp=2026-11-20T00:00:00Z&cursor=${encodeURIComponent(cursor)}`);
      seen.push(...page.data.map(({ body }) => body));
      if (page.meta.cursor === undefined) break;
      cursor = String(page.meta.cursor);
    }
    expect(new Set(seen).size).toBe(25);
    expect(seen).toHaveLength(25);
    expect((await get('/api/public/otel/logs?serviceName=s&toTimestamp=2026-11-20T00:00:00Z')).data).toEqual([]);
    for (const bad of ['severity=loud', 'cursor=x', 'limit=0']) expect((await reads.get(`/api/public/otel/logs?${bad}`)).status).toBe(400);
  });
});

const logsOf = (bodies: readonly string[]) => ({
  resourceLogs: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 's' } }] },
      scopeLogs: [{ logRecords: bodies.map((body) => ({ timeUnixNano: '1795176000123456789', body: { stringValue: body } })) }],
    },
  ],
});

async function post(signal: string, body: unknown, more: Record<string, string> = {}): Promise<{ status: number; body: Record<string, unknown> }> {
  const bytes = Uint8Array.from(gzipSync(JSON.stringify(body)));
  const answer = await server.post(`/api/public/otel/v1/${signal}`, bytes, { 'content-encoding': 'gzip', ...more });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

describe('metrics', () => {
  it.each(METRIC_EXPORTERS)('of the real exporter over %s are stored with every type', async (_, exporter) => {
    const reader = new PeriodicExportingMetricReader({ exporter: exporter(), exportIntervalMillis: 3_600_000 });
    const provider = new MeterProvider({
      resource: resourceFromAttributes(RESOURCE.attributes),
      readers: [reader],
      views: [{ instrumentName: 'sizes', aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } }],
    });
    const meter = provider.getMeter('m', '2');
    meter.createCounter('gen_ai.client.calls', { unit: '{call}', description: 'calls' }).add(3, { model: 'gpt' });
    meter.createGauge('temperature').record(0.7);
    meter.createHistogram('gen_ai.client.operation.duration', { unit: 's', advice: { explicitBucketBoundaries: [1, 5] } }).record(2.5);
    const sizes = meter.createHistogram('sizes');
    for (const size of [1, 2, 4, 0]) sizes.record(size);
    await provider.shutdown();
    expect(await store()).toEqual({ deadLetters: 0 });
    const byName = new Map((await get('/api/public/otel/metrics?serviceName=checkout')).data.map((point) => [point.name, point]));
    expect(byName.get('gen_ai.client.calls')).toMatchObject({
      type: 'sum',
      value: 3,
      temporality: 'cumulative',
      isMonotonic: true,
      unit: '{call}',
      description: 'calls',
      environment: 'staging',
      attributes: { model: 'gpt' },
    });
    expect(byName.get('temperature')).toMatchObject({ type: 'gauge', value: 0.7, intValue: null, temporality: null });
    expect(byName.get('gen_ai.client.operation.duration')).toMatchObject({
      type: 'histogram',
      count: '1',
      sum: 2.5,
      min: 2.5,
      max: 2.5,
      explicitBounds: [1, 5],
      bucketCounts: ['0', '1', '0'],
    });
    expect(byName.get('sizes')).toMatchObject({ type: 'exponential_histogram', count: '4', zeroCount: '1', sum: 7, negative: { bucketCounts: [] } });
    expect((await get('/api/public/otel/metrics?name=temperature&type=gauge')).data).toHaveLength(1);
    expect((await get('/api/public/otel/metrics?type=summary')).data).toEqual([]);
  });

  const point = (over: object) => ({ timeUnixNano: '1795176000000000000', ...over });
  const metricsOf = (...metrics: object[]) => ({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] });

  it('keep whole numbers exact and say what JSON cannot', async () => {
    const answer = await post(
      'metrics',
      metricsOf(
        { name: 'big', sum: { aggregationTemporality: 'AGGREGATION_TEMPORALITY_DELTA', dataPoints: [point({ asInt: '9007199254740993' })] } },
        {
          name: 'odd',
          gauge: {
            dataPoints: [point({ asDouble: 'NaN' }), point({ asDouble: '-Infinity', attributes: [{ key: 'k', value: { intValue: { low: 7, high: 0 } } }] })],
          },
        },
        {
          name: 'quantiles',
          summary: {
            dataPoints: [
              point({
                count: 4,
                sum: 10,
                quantileValues: [
                  { quantile: 0.5, value: 2 },
                  { quantile: 1, value: 'Infinity' },
                ],
              }),
            ],
          },
        },
      ),
    );
    expect(answer).toEqual({ status: 200, body: {} });
    expect(await store()).toEqual({ deadLetters: 0 });
    expect((await get('/api/public/otel/metrics?name=big')).data).toMatchObject([{ intValue: '9007199254740993', temporality: 'delta' }]);
    expect((await get('/api/public/otel/metrics?name=odd')).data.map(({ value }) => value).sort()).toEqual(['-Infinity', 'NaN']);
    expect((await get('/api/public/otel/metrics?name=quantiles')).data).toMatchObject([
      {
        count: '4',
        quantiles: [
          { quantile: 0.5, value: 2 },
          { quantile: 1, value: 'Infinity' },
        ],
      },
    ]);
  });

  it('are refused point by point, and the others are kept', async () => {
    const answer = await post(
      'metrics',
      metricsOf(
        { name: 'fine', gauge: { dataPoints: [point({ asDouble: 1 }), { asDouble: 2 }, point({ asInt: 'x' })] } },
        { name: 'h', histogram: { dataPoints: [point({ count: '2', bucketCounts: ['1', '1'], explicitBounds: [1, 2] })] } },
        { gauge: { dataPoints: [point({ asDouble: 1 })] } },
        7 as never,
      ),
    );
    expect(answer).toMatchObject({ status: 200, body: { partialSuccess: { rejectedDataPoints: '5', errorMessage: 'a data point of fine has no time' } } });
    await store();
    expect((await get('/api/public/otel/metrics')).data.map(({ name, value }) => [name, value])).toEqual([['fine', 1]]);
  });

  it('and logs answer what is no export with 400, and a wrong signal with its name', async () => {
    for (const [signal, body, words] of [
      ['metrics', { resourceLogs: [] }, 'not resourceLogs'],
      ['logs', { resourceSpans: [] }, 'not resourceSpans'],
      ['logs', { resourceLogs: 'x' }, 'must be an array'],
      ['logs', [], 'must be an export request object'],
    ] as const)
      expect([signal, await post(signal, body)]).toMatchObject([signal, { status: 400, body: { message: expect.stringContaining(words) } }]);
    expect((await server.post('/api/public/otel/v1/logs', 'x', { 'content-type': 'text/plain' })).status).toBe(400);
    expect((await server.post('/api/public/otel/v1/metrics', '{}', { authorization: '' })).status).toBe(401);
    const refused = await post('logs', { resourceLogs: [{ scopeLogs: [{ logRecords: [null] }] }] });
    expect(refused.body).toEqual({ partialSuccess: { rejectedLogRecords: '1', errorMessage: 'a log record is not an object' } });
  });
});

describe('the parsers', () => {
  const readers: [JournalKind, (request: unknown) => unknown[]][] = [
    [JournalKind.otlpLogs, logRecordsOf],
    [JournalKind.otlpMetrics, dataPointsOf],
  ];
  const anyRequest = (names: readonly [string, string, string]) =>
    fc.oneof(
      fc.jsonValue(),
      fc.array(fc.jsonValue()).map((items) => ({ [names[0]]: [{ resource: items[0], [names[1]]: [{ scope: items[1], [names[2]]: items }] }] })),
      fc
        .array(
          fc.dictionary(
            fc.constantFrom('name', 'timeUnixNano', 'gauge', 'histogram', 'summary', 'exponentialHistogram', 'body', 'attributes', 'severityNumber', 'traceId'),
            fc.jsonValue(),
          ),
        )
        .map((items) => ({ [names[0]]: [{ [names[1]]: [{ [names[2]]: items }] }] })),
      fc
        .dictionary(
          fc.constantFrom('asInt', 'asDouble', 'count', 'bucketCounts', 'explicitBounds', 'positive', 'quantileValues', 'exemplars', 'flags', 'scale'),
          fc.jsonValue(),
        )
        .map((point) => ({
          [names[0]]: [
            {
              [names[1]]: [
                {
                  [names[2]]: ['gauge', 'histogram', 'summary', 'exponentialHistogram'].map((type) => ({
                    name: 'n',
                    [type]: { dataPoints: [{ timeUnixNano: 1, ...point }] },
                  })),
                },
              ],
            },
          ],
        })),
    );
  const runs = { numRuns: 300 };

  it('end on any JSON, with items or a reason', () => {
    const names = {
      [JournalKind.otlpLogs]: ['resourceLogs', 'scopeLogs', 'logRecords'],
      [JournalKind.otlpMetrics]: ['resourceMetrics', 'scopeMetrics', 'metrics'],
    } as const;
    for (const [kind, read] of readers)
      fc.assert(
        fc.property(anyRequest(names[kind as 6 | 7]), (request) => {
          try {
            for (const item of read(request)) JSON.stringify(item, (_, value) => (typeof value === 'bigint' ? String(value) : value));
          } catch (error) {
            expect((error as Error).message).toMatch(/must be|this path accepts/);
          }
        }),
        runs,
      );
  });

  it('end on any bytes, whole, cut or changed', async () => {
    const bodies: Buffer[] = [];
    for (const record of await server.records())
      if (record.kind >= JournalKind.otlpMetrics && !record.parts[0]?.includes('json')) bodies.push(record.parts[1] as Buffer);
    expect(bodies.length).toBeGreaterThan(3);
    const changed = fc.tuple(fc.constantFrom(...bodies), fc.nat(), fc.integer({ min: 0, max: 255 }), fc.boolean()).map(([body, place, byte, cut]) => {
      const copy = Buffer.from(body);
      copy[place % copy.length] = byte;
      return cut ? copy.subarray(0, place % copy.length) : copy;
    });
    for (const [kind, read] of readers)
      fc.assert(
        fc.property(
          fc.oneof(
            fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
            changed,
          ),
          (bytes) => {
            try {
              read(signalRequestOf(kind, bytes, false));
            } catch (error) {
              expect(error).toBeInstanceOf(RangeError);
            }
          },
        ),
        runs,
      );
  });
});
