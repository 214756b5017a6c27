// What a call worker does not answer itself (admin API, console, events, probes) goes on to the front, over its Unix socket, with who sent it.
import { Agent, type IncomingMessage, type ServerResponse, request as send } from 'node:http';
import { PEER_HEADER } from '#http/client-address.ts';
import { errorResponse } from '#http/errors.ts';
import { AppError } from '#lib/errors.ts';

/** Of one connection only. */
const HOP = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'upgrade', 'expect', PEER_HEADER]);

/** Bodies pass as streams, in both directions. */
export function forwardToFront(socketPath: string): (request: IncomingMessage, response: ServerResponse) => void {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  return (request, response) => {
    const headers = endToEnd(request.rawHeaders);
    if (request.socket.remoteAddress !== undefined) headers.push(PEER_HEADER, request.socket.remoteAddress);
    const onward = send({ socketPath, agent, method: request.method ?? 'GET', path: request.url ?? '/', headers, setHost: false });
    onward.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, endToEnd(answer.rawHeaders));
      answer.pipe(response);
      answer.on('error', () => response.destroy());
    });
    onward.on('error', () => {
      if (response.headersSent) response.destroy();
      else void refuse(response);
    });
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  };
}

function endToEnd(raw: readonly string[]): string[] {
  const kept: string[] = [];
  for (let index = 0; index < raw.length; index += 2) {
    const [name, value] = [raw[index] as string, raw[index + 1] as string];
    if (!HOP.has(name.toLowerCase())) kept.push(name, value);
  }
  return kept;
}

async function refuse(response: ServerResponse): Promise<void> {
  const error = new AppError('The process behind this one does not answer. Try again in a moment.', {
    status: 503,
    code: 'ServiceUnavailableError',
    retryAfterSeconds: 2,
  });
  const answer = errorResponse(error, 'litellm');
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  response.end(await answer.text());
}
