// For tests: an upstream that answers exactly the bytes it is told and records what it was sent.
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fieldsOf, parsed } from '#lib/json.ts';

export interface ScriptedAnswer {
  status?: number;
  headers?: Record<string, string>;
  /** Pieces as they are written; `hang` keeps the connection open after them, `cut` destroys it. */
  pieces: readonly (string | Buffer)[];
  after?: 'end' | 'hang' | 'cut';
}

export interface Seen {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: Record<string, unknown>;
  raw: string;
  bytes: Buffer;
  aborted: boolean;
}

export interface ScriptedUpstream {
  url: string;
  seen: Seen[];
  /** The answers to the next requests, first in first out; the last one is repeated. */
  script(...answers: ScriptedAnswer[]): void;
  close(): Promise<void>;
}

/** Starts on a free port. */
export async function startScriptedUpstream(): Promise<ScriptedUpstream> {
  const seen: Seen[] = [];
  let answers: ScriptedAnswer[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const bytes = Buffer.concat(chunks);
    const raw = bytes.toString('utf8');
    const record: Seen = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      body: fieldsOf(parsed(raw)),
      raw,
      bytes,
      aborted: false,
    };
    seen.push(record);
    response.on('close', () => {
      record.aborted = !response.writableFinished;
    });
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    if (answer !== undefined) await play(answer, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    script: (...next) => {
      answers = next;
      seen.length = 0;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function play({ status = 200, headers = {}, pieces, after = 'end' }: ScriptedAnswer, response: ServerResponse): Promise<void> {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  for (const piece of pieces) {
    response.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (after === 'end') response.end();
  else if (after === 'cut') response.socket?.destroy();
}
