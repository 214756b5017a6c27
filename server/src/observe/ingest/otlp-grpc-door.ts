// The port of OTLP over gRPC. Its library is loaded when the first exporter connects: at rest it would be a twentieth of the front's memory.
import { createServer, type Server, type Socket } from 'node:net';
import type { GrpcService, GrpcServiceOptions } from './otlp-grpc.ts';

export interface GrpcDoorOptions extends GrpcServiceOptions {
  host: string;
  /** 0 = any free port. */
  port: number;
}

export interface GrpcDoor {
  readonly port: number;
  /** Exports in flight finish, at most for `graceMs`. */
  drain(graceMs: number): Promise<void>;
}

/** Opens the door. Rejects with an EADDRINUSE error when the port is taken. */
export async function openGrpcDoor({ host, port, ...options }: GrpcDoorOptions): Promise<GrpcDoor> {
  let service: Promise<GrpcService> | null = null;
  const load = (): Promise<GrpcService> => import('./otlp-grpc.ts').then(({ grpcService }) => grpcService(options));
  // Nothing is read before the service does it: what a client sends at once waits in the kernel.
  const server = createServer({ pauseOnConnect: true }, (connection) => {
    service ??= load();
    void handOver(connection, service);
  });
  const bound = await listen(server, host, port);
  return {
    port: bound,
    async drain(graceMs) {
      server.close();
      await (await service)?.drain(graceMs);
    },
  };
}

async function handOver(connection: Socket, service: Promise<GrpcService>): Promise<void> {
  const gone = (): void => void connection.destroy();
  connection.on('error', gone);
  try {
    const { serve } = await service;
    connection.off('error', gone);
    if (connection.destroyed) return;
    serve(connection);
    // Read from here on: the bytes go to the session that has taken the connection over.
    connection.resume();
  } catch {
    connection.destroy();
  }
}

async function listen(server: Server, host: string, port: number): Promise<number> {
  return await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}
