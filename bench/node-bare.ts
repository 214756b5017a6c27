// The bare lane: node:http in, undici.dispatch out, bytes passed on without a look. What any Node gateway must at least pay. Started as a child; prints its port.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Agent, type Dispatcher } from 'undici';

const origin = process.argv[2] as string;
const agent = new Agent({ connections: 256, keepAliveTimeout: 60_000 });

const server = createServer((request: IncomingMessage, response: ServerResponse) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => forward(request, response, chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
});

function forward(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
  const handler: Dispatcher.DispatchHandler = {
    onRequestStart: () => {},
    onResponseStart: (_controller, status, headers) => {
      const passed: Record<string, string | string[]> = {};
      for (const name of ['content-type', 'content-length']) {
        const value = headers[name];
        if (value !== undefined) passed[name] = value;
      }
      response.writeHead(status, passed);
    },
    onResponseData: (controller, chunk) => {
      if (response.write(chunk)) return;
      controller.pause();
      response.once('drain', () => controller.resume());
    },
    onResponseEnd: () => {
      response.end();
    },
    onResponseError: (_controller, error) => {
      if (response.headersSent) response.destroy(error);
      else response.writeHead(502).end();
    },
  };
  const headers = { 'content-type': 'application/json', authorization: request.headers.authorization ?? '' };
  agent.dispatch({ origin, path: request.url ?? '/', method: 'POST', headers, body }, handler);
}

server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${JSON.stringify({ port: typeof address === 'object' && address !== null ? address.port : 0 })}\n`);
});
process.stdin.on('end', () => process.exit(0)).resume();
