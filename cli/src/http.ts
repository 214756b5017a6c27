// HTTP of the command line: plain fetch to the doors, node:http to the Unix socket of the running process. Answers are values; only an unreachable server throws.
import { request } from 'node:http';

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** The body as JSON; undefined when it is none. */
  json: unknown;
  elapsedMs: number;
}

export interface CallOptions {
  method?: string;
  headers?: Record<string, string>;
  /** Sent as JSON unless it is text. */
  body?: unknown;
  timeoutMs?: number;
  redirect?: 'follow' | 'manual';
}

/** The server could not be reached or did not answer in time. */
export class Unreachable extends Error {
  constructor(url: string, cause: unknown) {
    super(`${new URL(url).origin} ${reasonOf(cause)}`, { cause });
    this.name = 'Unreachable';
  }
}

function reasonOf(cause: unknown): string {
  if (cause instanceof Error && cause.name === 'TimeoutError') return 'did not answer in time';
  const code = (cause as { cause?: { code?: string } }).cause?.code ?? (cause as { code?: string }).code;
  return `cannot be reached (${code ?? (cause instanceof Error ? cause.message : 'unknown reason')})`;
}

/** @throws Unreachable */
export async function call(url: string, options: CallOptions = {}): Promise<Answer> {
  const started = performance.now();
  const isText = typeof options.body === 'string';
  const headers: Record<string, string> = { ...(options.body === undefined || isText ? {} : { 'content-type': 'application/json' }), ...options.headers };
  try {
    const response = await fetch(url, {
      method: options.method ?? (options.body === undefined ? 'GET' : 'POST'),
      headers,
      redirect: options.redirect ?? 'follow',
      signal: AbortSignal.timeout(options.timeoutMs ?? 30_000),
      ...(options.body === undefined ? {} : { body: isText ? String(options.body) : JSON.stringify(options.body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: parse(text), elapsedMs: performance.now() - started };
  } catch (error) {
    throw new Unreachable(url, error);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export interface AdminAnswer {
  status: number;
  json: unknown;
}

/** One request to the running process; null when none listens on the socket. */
export function callAdmin(socketPath: string, method: string, path: string, timeoutMs = 10_000): Promise<AdminAnswer | null> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, method, path, timeout: timeoutMs, headers: { host: 'admin', 'content-length': 0 } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, json: parse(Buffer.concat(chunks).toString('utf8')) }));
      response.on('error', reject);
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('the running process did not answer on its admin socket in time')));
    outgoing.on('error', (error: NodeJS.ErrnoException) => (['ENOENT', 'ECONNREFUSED', 'ENOTSOCK'].includes(error.code ?? '') ? resolve(null) : reject(error)));
    outgoing.end();
  });
}

/** A POST whose answer is one JSON document a line, given to `onLine` as they come. @returns what a refusal says; '' for a good answer or when nobody listens. */
export function streamAdmin(socketPath: string, path: string, body: unknown, onLine: (line: unknown) => void): Promise<{ refusal: string }> {
  return new Promise((resolve, reject) => {
    const text = JSON.stringify(body);
    const headers = { host: 'admin', 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    const outgoing = request({ socketPath, method: 'POST', path, headers }, (response) => {
      let rest = '';
      const isGood = (response.statusCode ?? 500) < 300;
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        if (isGood) for (const line of lines) onLine(parse(line));
      });
      response.on('close', () => resolve({ refusal: isGood ? '' : rest.slice(0, 500) }));
      response.on('error', () => undefined);
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) =>
      ['ENOENT', 'ECONNREFUSED', 'ENOTSOCK'].includes(error.code ?? '') ? resolve({ refusal: '' }) : reject(error),
    );
    outgoing.end(text);
  });
}
