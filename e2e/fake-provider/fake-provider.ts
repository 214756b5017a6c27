// A scripted OpenAI/Azure-like upstream for tests and benchmarks: it answers as told (by `script` or by the model's name) and records what it saw.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Asked } from './answers.ts';
import { CONTENT_FILTER_ERROR, chatAnswer, chatFrames, embeddingsAnswer, errorBody, quotaError } from './answers.ts';
import { FakeBatches } from './batches.ts';
import type { Mode } from './modes.ts';
import { numberOption, parseMode, RETRY_AFTER_FORMS } from './modes.ts';
import { FakeResponses } from './responses.ts';

/** One request as the upstream saw it. */
export interface RecordedRequest {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: Buffer;
  mode: string;
  receivedAtMs: number;
  /** When the client's connection went away before the answer was complete, else null. */
  abortedAtMs: number | null;
  /** True once the whole answer was handed to the network. */
  finished: boolean;
}

export interface FakeProvider {
  /** http://127.0.0.1:<port>, without a path. */
  url: string;
  requests: RecordedRequest[];
  /** Its stored responses. */
  responses: FakeResponses;
  /** Its files and batches. */
  batches: FakeBatches;
  /** TCP connections accepted so far. */
  connections(): number;
  /** Modes for the next requests, first in first out; they win over the model's name. */
  script(...modes: string[]): void;
  /** Forgets scripted modes and recorded requests. */
  reset(): void;
  close(): Promise<void>;
}

/**
 * Starts the upstream on a free port (or `port`). Modes: `fixed`, `sse`, `stall;at=accept|headers`, `truncated-json`, `cut-json`, `error-frame`,
 * `rate-limit;form=…`, `content-filter`, `status;code=…`, `disappear`, `not-json`; their options are documented in answers.ts and modes.ts.
 */
export async function startFakeProvider(port = 0): Promise<FakeProvider> {
  const requests: RecordedRequest[] = [];
  const queue: string[] = [];
  let connections = 0;
  const responses = new FakeResponses();
  const batches = new FakeBatches();
  const server = createServer({ keepAliveTimeout: 60_000, noDelay: true }, (request, response) => {
    receive(request, response, { requests, queue, responses, batches }).catch(() => response.destroy());
  });
  server.on('connection', () => connections++);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    responses,
    batches,
    connections: () => connections,
    script: (...modes) => queue.push(...modes),
    reset: () => {
      queue.length = 0;
      requests.length = 0;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Heard {
  requests: RecordedRequest[];
  queue: string[];
  responses: FakeResponses;
  batches: FakeBatches;
}

async function receive(request: IncomingMessage, response: ServerResponse, { requests, queue, responses, batches }: Heard): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const path = request.url ?? '/';
  const asked = readAsked(path, body);
  const mode = parseMode(queue.shift() ?? (request.headers['x-fake-mode'] as string | undefined) ?? asked.model);
  const record: RecordedRequest = {
    method: request.method ?? 'GET',
    path,
    headers: request.headers,
    body,
    mode: mode.name,
    receivedAtMs: Date.now(),
    abortedAtMs: null,
    finished: false,
  };
  requests.push(record);
  response.on('finish', () => {
    record.finished = true;
  });
  response.on('close', () => {
    if (!record.finished) record.abortedAtMs = Date.now();
  });
  if (responses.serve(record, response) || batches.serve(record, response)) return;
  await answer(mode, asked, path, response);
}

function readAsked(path: string, body: Buffer): Asked {
  const deployment = /^\/openai\/deployments\/([^/]+)\//.exec(path)?.[1];
  const azure = path.startsWith('/openai/');
  try {
    const parsed = JSON.parse(body.toString('utf8')) as { model?: string; stream?: boolean; stream_options?: { include_usage?: boolean } };
    return {
      model: deployment ? decodeURIComponent(deployment) : (parsed.model ?? ''),
      stream: parsed.stream === true,
      includeUsage: parsed.stream_options?.include_usage === true,
      azure,
    };
  } catch {
    return { model: deployment ?? '', stream: false, includeUsage: false, azure };
  }
}

const UPSTREAM_HEADERS = { 'x-request-id': 'req_fake', 'x-ratelimit-remaining-requests': '99', 'openai-organization': 'org-secret', 'set-cookie': 'leak=1' };

function sendJson(response: ServerResponse, status: number, body: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...UPSTREAM_HEADERS, ...headers });
  response.end(body);
}

async function answer(mode: Mode, asked: Asked, path: string, response: ServerResponse): Promise<void> {
  const delayMs = numberOption(mode, 'delay', 0);
  if (delayMs > 0) await sleep(delayMs);
  switch (mode.name) {
    case 'stall':
      if (mode.options.get('at') === 'headers') {
        response.writeHead(200, { 'content-type': asked.stream ? 'text/event-stream' : 'application/json' });
        response.flushHeaders();
      }
      return;
    case 'disappear':
      response.socket?.destroy();
      return;
    case 'status':
      return sendJson(response, numberOption(mode, 'code', 500), errorBody(numberOption(mode, 'code', 500), mode));
    case 'rate-limit': {
      const form = RETRY_AFTER_FORMS[mode.options.get('form') ?? 'none'];
      const body = mode.options.get('form') === 'google' ? quotaError(mode.options.get('value') ?? '0.02s') : errorBody(429, mode);
      return sendJson(response, 429, body, form?.(mode.options.get('value')));
    }
    case 'content-filter':
      return sendJson(response, 400, CONTENT_FILTER_ERROR);
    case 'not-json':
      response.writeHead(numberOption(mode, 'code', 200), { 'content-type': 'text/html' });
      response.end('<html><body>Bad gateway</body></html>');
      return;
    case 'truncated-json': {
      const text = chatAnswer(mode, asked);
      return sendJson(response, 200, text.slice(0, text.length >> 1));
    }
    case 'cut-json': {
      const text = chatAnswer(mode, asked);
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
      response.write(text.slice(0, text.length >> 1), () => response.socket?.destroy());
      return;
    }
    case 'error-frame':
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end(`data: ${errorBody(numberOption(mode, 'code', 500), mode)}\n\n`);
      return;
  }
  if (path.includes('/embeddings')) return sendJson(response, 200, embeddingsAnswer(mode));
  if (asked.stream) return stream(mode, chatFrames(mode, asked), response);
  return sendJson(response, 200, chatAnswer(mode, asked));
}

/** Sends frames; options: `pace` ms between frames, `split` bytes a write, `cut`/`stall`/`end` (an ordinary end) after n frames. Without any of them everything is one write. */
async function stream(mode: Mode, frames: string[], response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', ...UPSTREAM_HEADERS });
  const paceMs = numberOption(mode, 'pace', -1);
  const split = numberOption(mode, 'split', 0);
  const cut = numberOption(mode, 'cut', -1);
  const stall = numberOption(mode, 'stall', -1);
  const end = numberOption(mode, 'end', -1);
  if (split > 0) {
    const bytes = Buffer.from(frames.join(''));
    for (let offset = 0; offset < bytes.length; offset += split) {
      response.write(bytes.subarray(offset, offset + split));
      await new Promise((resolve) => setImmediate(resolve));
    }
    response.end();
    return;
  }
  if (paceMs < 0 && cut < 0 && stall < 0 && end < 0) {
    response.end(frames.join(''));
    return;
  }
  for (let index = 0; index < frames.length; index++) {
    if (index === cut) return void response.socket?.destroy();
    if (index === stall) return;
    if (index === end) break;
    if (response.destroyed) return;
    if (!response.write(frames[index])) await new Promise((resolve) => response.once('drain', resolve).once('close', resolve));
    if (paceMs > 0) await sleep(paceMs);
    else await new Promise((resolve) => setImmediate(resolve));
  }
  response.end();
}
