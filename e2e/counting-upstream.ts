// A provider that remembers what it served: each request names itself by its `user`, takes a while and costs the same.
import { createServer, type ServerResponse } from 'node:http';

export interface CountingUpstream {
  readonly url: string;
  /** Requests whose answer was sent whole. */
  readonly served: Map<string, number>;
  /** Longest time that an answer takes. */
  delayMs: number;
  close(): Promise<void>;
}

const USAGE = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };

export async function startCountingUpstream(delayMs = 200): Promise<CountingUpstream> {
  const served = new Map<string, number>();
  const upstream = { url: '', served, delayMs, close: async () => {} };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { user, stream } = JSON.parse(Buffer.concat(chunks).toString()) as { user?: string; stream?: boolean };
    await new Promise((resolve) => setTimeout(resolve, Math.random() * upstream.delayMs));
    if (stream) await streamed(response);
    else whole(response);
    if (user !== undefined) served.set(user, (served.get(user) ?? 0) + 1);
  });
  // A connection that the provider closes while it is idle is another test's subject.
  server.keepAliveTimeout = 3_600_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  upstream.url = `http://127.0.0.1:${(server.address() as { port: number }).port}/v1`;
  upstream.close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return upstream;
}

const HEAD = { id: 'chatcmpl-counted', object: 'chat.completion', created: 1_700_000_000, model: 'counted' };

function whole(response: ServerResponse): void {
  const choices = [{ index: 0, message: { role: 'assistant', content: 'counted' }, finish_reason: 'stop' }];
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ ...HEAD, choices, usage: USAGE }));
}

async function streamed(response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const frame = (fields: object): void => void response.write(`data: ${JSON.stringify({ ...HEAD, object: 'chat.completion.chunk', ...fields })}\n\n`);
  for (const content of ['count', 'ed']) {
    frame({ choices: [{ index: 0, delta: { role: 'assistant', content }, finish_reason: null }] });
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  frame({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
  frame({ choices: [], usage: USAGE });
  response.end('data: [DONE]\n\n');
}
