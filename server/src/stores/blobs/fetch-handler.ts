// How the AWS SDK reaches an address that people gave: by a `fetch` of ours, which guards where it goes.
import { Readable } from 'node:stream';
import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { AppError } from '#lib/errors.ts';

export type GuardedFetch = (url: string, init: RequestInit) => Promise<Response>;

/** As much as is used of the SDK's request. */
interface SdkRequest {
  protocol: string;
  hostname: string;
  port?: number;
  path: string;
  query?: Record<string, string | string[] | null>;
  method: string;
  headers: Record<string, string>;
  body?: unknown;
}

interface SdkAnswer {
  response: { statusCode: number; reason: string; headers: Record<string, string>; body: Readable };
}

/** The connection itself sets these. */
const OF_CONNECTION = new Set(['host', 'content-length', 'expect', 'connection']);

/** Bodies must be bytes: what may have to be sent again is not a stream. */
export function fetchHandler(fetch: GuardedFetch, timeoutMs: number): NonNullable<S3ClientConfig['requestHandler']> {
  return {
    metadata: { handlerProtocol: 'http/1.1' },
    async handle(request: SdkRequest, { abortSignal }: { abortSignal?: AbortSignal } = {}): Promise<SdkAnswer> {
      const timeout = AbortSignal.timeout(timeoutMs);
      const signal = abortSignal === undefined ? timeout : AbortSignal.any([abortSignal, timeout]);
      try {
        return answerOf(await fetch(urlOf(request), { method: request.method, signal, ...contentOf(request) }));
      } catch (error) {
        const isFinal = abortSignal?.aborted || (error instanceof AppError && !error.retryable);
        throw isFinal ? error : passing(error, timeout.aborted ? timeoutMs : null);
      }
    },
    httpHandlerConfigs: () => ({}),
    updateHttpClientConfig: () => {},
  } as unknown as NonNullable<S3ClientConfig['requestHandler']>;
}

function contentOf({ method, headers, body }: SdkRequest): Pick<RequestInit, 'headers' | 'body'> {
  const own = Object.entries(headers).filter(([name]) => !OF_CONNECTION.has(name.toLowerCase()));
  if (body === undefined || method === 'GET' || method === 'HEAD') return { headers: own };
  return { headers: own, body: body as NonNullable<RequestInit['body']> };
}

function answerOf({ status, statusText, headers, body }: Response): SdkAnswer {
  const stream = body === null ? Readable.from([]) : Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]);
  return { response: { statusCode: status, reason: statusText, headers: Object.fromEntries(headers), body: stream } };
}

/** By its name the SDK knows that it may try again. */
function passing(cause: unknown, timedOutMs: number | null): Error {
  const why = timedOutMs === null ? (cause as Error).message : `no answer within ${timedOutMs / 1000} s`;
  return Object.assign(new Error(why, { cause }), { name: 'TimeoutError' });
}

function urlOf({ protocol, hostname, port, path, query = {} }: SdkRequest): string {
  const pairs = Object.entries(query).flatMap(([name, value]) => {
    if (Array.isArray(value)) return value.map((one) => `${escaped(name)}=${escaped(one)}`);
    return [value === null ? escaped(name) : `${escaped(name)}=${escaped(value)}`];
  });
  return `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}${path}${pairs.length === 0 ? '' : `?${pairs.join('&')}`}`;
}

/** As it was signed. */
const escaped = (text: string): string => encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
