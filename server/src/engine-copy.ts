// How the front reads and fills the analytics through the engine (backup, restore): GET /copy, GET and POST /copy/rows on engine.sock, and the client of these.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Pool } from 'undici';
import type { AnalyticsCopy, CopiedTable } from '#backup/analytics-copy.ts';
import { AppError } from '#lib/errors.ts';

/** A partition may take long to read, and a piece long to store. */
const TIMEOUT_MS = 4 * 3_600_000;
/** Written as the last line, so that an answer that was cut off is not taken for a whole one. */
const END = '{"end":true}';

/** Answers one request under /copy; never throws. */
export async function answerCopy(copy: AnalyticsCopy, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://engine');
  const asked = (name: string): string => url.searchParams.get(name) ?? '';
  try {
    if (url.pathname === '/copy') {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(await copy.tables()));
    } else if (request.method === 'POST') {
      const body = await Readable.from(request).toArray();
      await copy.insert(
        asked('table'),
        Buffer.concat(body as Buffer[])
          .toString('utf8')
          .split('\n'),
        asked('token'),
      );
      response.writeHead(204).end();
    } else {
      const lines = copy.lines(asked('table'), asked('columns').split(','), asked('partition'));
      await pipeline(Readable.from(withEnd(lines)), response);
    }
  } catch (error) {
    if (response.headersSent) response.destroy();
    else {
      const status = error instanceof AppError ? error.status : 500;
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ message: (error as Error).message }));
    }
  }
}

async function* withEnd(lines: AsyncIterable<string>): AsyncIterable<string> {
  for await (const line of lines) yield `${line}\n`;
  yield `${END}\n`;
}

/** The engine's analytics over its socket. @throws AppError 503 when the engine is away or ends in the middle. */
export function analyticsThroughEngine(pool: Pool): AnalyticsCopy {
  const ask = async (method: 'GET' | 'POST', path: string, body?: string) => {
    try {
      const answer = await pool.request({ method, path, headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS, ...(body === undefined ? {} : { body }) });
      if (answer.statusCode < 300) return answer.body;
      const { message } = (await answer.body.json()) as { message: string };
      throw new AppError(message, { status: answer.statusCode, code: 'analytics_copy' });
    } catch (error) {
      throw error instanceof AppError ? error : away(error);
    }
  };
  return {
    tables: async () => (await (await ask('GET', '/copy')).json()) as CopiedTable[],
    async *lines(table, columns, partition) {
      const body = await ask('GET', `/copy/rows?${new URLSearchParams({ table, partition, columns: columns.join(',') })}`);
      let isWhole = false;
      body.on('error', () => undefined);
      for await (const line of createInterface({ input: body, crlfDelay: Number.POSITIVE_INFINITY })) {
        if (line === END) isWhole = true;
        else yield line;
      }
      if (!isWhole) throw away(undefined);
    },
    async insert(table, lines, token) {
      await (await ask('POST', `/copy/rows?${new URLSearchParams({ table, token })}`, lines.join('\n'))).dump();
    },
  };
}

function away(cause: unknown): AppError {
  return new AppError('The analytics engine ended in the middle: try again in a few seconds.', {
    status: 503,
    code: 'ServiceUnavailableError',
    retryAfterSeconds: 5,
    cause,
  });
}
