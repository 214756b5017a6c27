// OTLP over gRPC: the collector services. Messages stay bytes (no generated code), so an export takes the same way as over HTTP.
import type { Socket } from 'node:net';
import { type Metadata, Server, ServerCredentials, type ServerUnaryCall, type ServiceError, type sendUnaryData, status } from '@grpc/grpc-js';
import type { Principal } from '#identity/principal.ts';
import { AppError } from '#lib/errors.ts';
import type { SeenCall } from '#observe/clients/ledger.ts';
import { doorOf, type IngestDependencies, MAX_INGEST_BYTES, projectOf } from './door.ts';
import { acceptExport, type ExportOutcome, responseBytes, type SignalName } from './otlp-export.ts';

export interface GrpcServiceOptions {
  dependencies: IngestDependencies;
  /** Who an `authorization` metadata value is; throws AppError 401 for nobody. */
  authenticate(authorization: string | null): Promise<Principal>;
  /** Told of each answered export of a project. */
  saw?: (call: SeenCall) => void;
}

export interface GrpcService {
  /** Takes over a connection. */
  serve(connection: Socket): void;
  /** Exports in flight finish, at most for `graceMs`. */
  drain(graceMs: number): Promise<void>;
}

type Accept = (projectId: string, body: Buffer, metadata: Metadata) => Promise<ExportOutcome>;

const SERVICES: readonly (readonly [signal: SignalName, service: string])[] = [
  ['traces', 'trace.v1.TraceService'],
  ['metrics', 'metrics.v1.MetricsService'],
  ['logs', 'logs.v1.LogsService'],
];

/** The services, for connections that somebody else accepts. */
export function grpcService(options: GrpcServiceOptions): GrpcService {
  const server = new Server({ 'grpc.max_receive_message_length': MAX_INGEST_BYTES, 'grpc.max_concurrent_streams': 256 });
  const door = doorOf(options.dependencies);
  for (const [signal, service] of SERVICES) {
    const take: Accept = (projectId, body, metadata) => acceptExport({ signal, projectId, body, isJson: false, sdk: sdkOf(metadata) }, door);
    addExport(server, service, answering(take, options));
  }
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  return { serve: (connection) => injector.injectConnection(connection), drain: (graceMs) => drain(server, graceMs) };
}

type Handler = (call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) => void;

function addExport(server: Server, service: string, handler: Handler): void {
  const identity = (bytes: Buffer): Buffer => bytes;
  const method = {
    path: `/opentelemetry.proto.collector.${service}/Export`,
    requestStream: false,
    responseStream: false,
    requestSerialize: identity,
    requestDeserialize: identity,
    responseSerialize: identity,
    responseDeserialize: identity,
  } as const;
  server.addService({ Export: method }, { Export: handler });
}

function answering(accept: Accept, { authenticate, saw }: GrpcServiceOptions): Handler {
  const handle = async ({ metadata, request }: ServerUnaryCall<Buffer, Buffer>): Promise<Buffer> => {
    const { projectId, scoresOnly } = projectOf(await authenticate(textOf(metadata, 'authorization')));
    if (scoresOnly)
      throw new AppError('A public key alone may only create scores: use Basic authentication with the secret key.', { status: 403, code: 'ForbiddenError' });
    const outcome = await accept(projectId, request, metadata);
    saw?.({ projectId, ...clientOf(metadata), refusals: refusalsOf(outcome) });
    if ('problem' in outcome) throw new AppError(outcome.problem, { status: 400, code: 'InvalidRequestError' });
    return responseBytes(outcome.rejected, outcome.reason);
  };
  return (call, answer) => {
    handle(call).then(
      (bytes) => answer(null, bytes),
      (error: unknown) => answer(refusalOf(error)),
    );
  };
}

/** Exporters send again after UNAVAILABLE and RESOURCE_EXHAUSTED only. */
const STATUS: Readonly<Record<number, status>> = {
  400: status.INVALID_ARGUMENT,
  401: status.UNAUTHENTICATED,
  403: status.PERMISSION_DENIED,
  413: status.INVALID_ARGUMENT,
  503: status.UNAVAILABLE,
};

function refusalOf(error: unknown): Partial<ServiceError> {
  if (!(error instanceof AppError)) return { code: status.UNAVAILABLE, details: 'The export could not be taken: send it again.' };
  return { code: STATUS[error.status] ?? status.UNKNOWN, details: error.message };
}

function textOf(metadata: Metadata, name: string): string | null {
  const [value] = metadata.get(name);
  return value === undefined ? null : String(value);
}

function clientOf(metadata: Metadata): Pick<SeenCall, 'sdk' | 'userAgent' | 'route'> {
  const said = (name: string): string => textOf(metadata, name) ?? '';
  return { sdk: { name: said('x-langfuse-sdk-name'), version: said('x-langfuse-sdk-version') }, userAgent: said('user-agent'), route: 'OTLP over gRPC' };
}

function refusalsOf(outcome: ExportOutcome): SeenCall['refusals'] {
  if ('problem' in outcome) return [{ reason: outcome.problem, count: 1 }];
  return outcome.rejected === 0 ? [] : [{ reason: outcome.reason, count: outcome.rejected }];
}

function sdkOf(metadata: Metadata): { name: string; version: string; integration: string } {
  const said = (name: string): string => (textOf(metadata, name) ?? '').slice(0, 100);
  return { name: said('x-langfuse-sdk-name') || said('user-agent'), version: said('x-langfuse-sdk-version'), integration: '' };
}

async function drain(server: Server, graceMs: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const limit = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, graceMs);
    server.tryShutdown(() => {
      clearTimeout(limit);
      resolve();
    });
  });
}
