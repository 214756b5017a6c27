// OTLP over gRPC with the real exporter and a raw client: durable before it is answered, refusals by gRPC status, gzip, partial success.
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { compressionAlgorithms, credentials, Metadata, makeClientConstructor, type ServiceError, status } from '@grpc/grpc-js';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '#lib/errors.ts';
import type { JournalWriter } from '#stores/journal/port.ts';
import { BASIC, type IngestServer, PUBLIC_KEY, principalOf, startIngestServer } from './ingest-server-fixture.ts';
import { type GrpcDoor, openGrpcDoor } from './otlp-grpc-door.ts';

let server: IngestServer;
let door: GrpcDoor;
beforeEach(async () => {
  server = await startIngestServer();
  door = await open(server.journal);
});
afterEach(async () => {
  await door.drain(1_000);
  await server.close();
});

async function open(journal: JournalWriter, port = 0): Promise<GrpcDoor> {
  return await openGrpcDoor({
    host: '127.0.0.1',
    port,
    dependencies: { journal, count: (count) => server.counts.push(count) },
    authenticate: async (authorization) => {
      const principal = principalOf(authorization ?? '');
      if (principal.kind === 'anonymous') throw new AppError('Invalid credentials.', { status: 401, code: 'UnauthorizedError' });
      return principal;
    },
  });
}

/** Sends raw bytes as one export; gives the answer's bytes or the gRPC error. */
async function send(body: Buffer, authorization: string = BASIC, gzip = false): Promise<Buffer | ServiceError> {
  const identity = (bytes: Buffer): Buffer => bytes;
  const method = {
    path: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
    requestStream: false,
    responseStream: false,
    requestSerialize: identity,
    requestDeserialize: identity,
    responseSerialize: identity,
    responseDeserialize: identity,
  };
  const Client = makeClientConstructor({ Export: method }, 'TraceService');
  const client = new Client(`127.0.0.1:${door.port}`, credentials.createInsecure(), {
    // A connection of its own.
    'grpc.use_local_subchannel_pool': 1,
    'grpc.default_compression_algorithm': gzip ? compressionAlgorithms.gzip : compressionAlgorithms.identity,
  });
  const metadata = new Metadata();
  metadata.set('authorization', authorization);
  try {
    return await new Promise((resolve) => {
      const call = client.Export as (body: Buffer, metadata: Metadata, answer: (error: ServiceError | null, bytes: Buffer) => void) => void;
      call.call(client, body, metadata, (error, bytes) => resolve(error ?? bytes));
    });
  } finally {
    client.close();
  }
}

describe('OTLP over gRPC', () => {
  it.each(['none', 'gzip'])('takes the spans of the real exporter, compression %s', async (compression) => {
    const metadata = new Metadata();
    metadata.set('authorization', BASIC);
    const exporter = new OTLPTraceExporter({
      url: `http://127.0.0.1:${door.port}`,
      credentials: credentials.createInsecure(),
      metadata,
      compression: compression as never,
    });
    const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    const span = provider.getTracer('test').startSpan('chat');
    span.setAttributes({ 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'gpt-4o', 'gen_ai.usage.input_tokens': 7 });
    span.end();
    await provider.forceFlush();
    await provider.shutdown();
    const stored = await server.fold();
    expect(stored.observationRows).toMatchObject([
      { id: span.spanContext().spanId, type: 'GENERATION', provided_model_name: 'gpt-4o', usage_details: { input: '7' } },
    ]);
    expect(server.counts).toEqual([expect.objectContaining({ protocol: 'otlp', accepted: 1, refused: 0 })]);
  });

  it('answers all who connect while it is still being loaded, whatever the first ones send', async () => {
    const noise = [Buffer.from('GET / HTTP/1.1\r\n\r\n'), Buffer.alloc(100_000, 7)].map((bytes) => {
      const socket = connect(door.port, '127.0.0.1');
      socket.on('error', () => {});
      socket.end(bytes);
      return socket;
    });
    const left = connect(door.port, '127.0.0.1', () => left.resetAndDestroy());
    left.on('error', () => {});
    const answers = await Promise.all(Array.from({ length: 30 }, () => send(Buffer.alloc(0))));
    expect(answers.filter((answer) => !Buffer.isBuffer(answer))).toEqual([]);
    for (const socket of noise) socket.destroy();
  });

  it('refuses by status: who nobody is, a public key alone, what cannot be read', async () => {
    expect(await send(Buffer.alloc(0), 'Basic nobody')).toMatchObject({ code: status.UNAUTHENTICATED });
    expect(await send(Buffer.alloc(0), `Bearer ${PUBLIC_KEY}`)).toMatchObject({ code: status.PERMISSION_DENIED });
    expect(await send(Buffer.from([0xff, 0xff]))).toMatchObject({ code: status.INVALID_ARGUMENT, details: expect.stringContaining('cannot be read') });
    expect(await server.records()).toEqual([]);
  });

  it('tells how many spans were refused and keeps the others', async () => {
    // resource_spans { scope_spans { span { trace_id, span_id } span { } } }
    const span = Buffer.from([18, 28, 10, 16, ...Array(16).fill(7), 18, 8, ...Array(8).fill(9)]);
    const spans = Buffer.concat([span, Buffer.from([18, 0])]);
    const scope = Buffer.concat([Buffer.from([18, spans.length]), spans]);
    const body = Buffer.concat([Buffer.from([10, scope.length]), scope]);
    const answer = (await send(body)) as Buffer;
    expect([...answer.subarray(2, 4)]).toEqual([8, 1]);
    expect(answer.toString('utf8')).toContain('malformed traceId');
    expect((await server.fold()).observationRows).toHaveLength(1);
  });

  it('answers UNAVAILABLE while the journal is full, so that exporters send again', async () => {
    await door.drain(1_000);
    door = await open(Object.assign(Object.create(server.journal) as JournalWriter, { append: () => null }));
    const span = Buffer.from([10, 32, 18, 30, 18, 28, 10, 16, ...Array(16).fill(7), 18, 8, ...Array(8).fill(9)]);
    expect(await send(span)).toMatchObject({ code: status.UNAVAILABLE, details: expect.stringContaining('journal is full') });
  });

  it('never falls over bytes, compressed or not', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.boolean(), async (bytes, gzip) => {
        const answer = await send(Buffer.from(bytes), BASIC, gzip);
        return Buffer.isBuffer(answer) || answer.code === status.INVALID_ARGUMENT;
      }),
      { numRuns: 40 },
    );
  });

  it('says which port is taken', async () => {
    await expect(open(server.journal, door.port)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('bounds what a small compressed export may become', async () => {
    const bomb = Buffer.alloc(40 << 20);
    expect(gzipSync(bomb).length).toBeLessThan(1 << 20);
    expect(await send(bomb, BASIC, true)).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    expect(await server.records()).toEqual([]);
  });
});
