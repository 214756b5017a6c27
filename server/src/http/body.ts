// Reads a request body with a limit, counted while it arrives, and parses it with a schema.

import { promisify } from 'node:util';
import { gunzip as gunzipCallback } from 'node:zlib';
import type { Context } from 'hono';
import type { ZodType } from 'zod';
import { AppError } from '#lib/errors.ts';

const gunzip = promisify(gunzipCallback);
const DEFAULT_LIMIT_BYTES = 1 << 20;

/**
 * The whole body, gunzipped when `content-encoding: gzip`.
 * @throws AppError 413 beyond `maxBytes` (before or after decompression), 400 for a broken gzip stream, 415 for another encoding.
 */
export async function readBody(http: Context, maxBytes: number = DEFAULT_LIMIT_BYTES): Promise<Buffer> {
  const length = http.req.header('content-length');
  if (Number(length ?? 0) > maxBytes) throw tooLarge(maxBytes);
  // No more than the announced length can come; read so, no web stream is made for it.
  const body = length === undefined ? await readCounted(http, maxBytes) : Buffer.from(await http.req.raw.arrayBuffer());
  const encoding = http.req.header('content-encoding')?.trim().toLowerCase() ?? 'identity';
  if (encoding === 'identity' || encoding === '') return body;
  if (encoding !== 'gzip')
    throw new AppError(`Content-Encoding ${encoding.slice(0, 20)} is not supported: send gzip or none.`, { status: 415, code: 'unsupported_encoding' });
  return decompress(body, maxBytes);
}

/** A body of unknown length, counted while it comes. */
async function readCounted(http: Context, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of (http.req.raw.body ?? []) as AsyncIterable<Uint8Array>) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function decompress(body: Buffer, maxBytes: number): Promise<Buffer> {
  try {
    return await gunzip(body, { maxOutputLength: maxBytes });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes);
    throw new AppError('The body is not valid gzip.', { status: 400, code: 'InvalidRequestError', cause });
  }
}

function tooLarge(maxBytes: number): AppError {
  return new AppError(`The body is larger than ${maxBytes} bytes: send less at once.`, { status: 413, code: 'request_too_large' });
}

/**
 * A JSON body through a schema. An empty body counts as {}.
 * @throws AppError 400 `bad_request_error` for broken JSON, 400 `Invalid request data` with the issues for what the schema refuses.
 */
export async function readJson<Value>(http: Context, schema: ZodType<Value>, maxBytes?: number): Promise<Value> {
  const body = await readBody(http, maxBytes);
  let parsed: unknown;
  try {
    parsed = body.byteLength === 0 ? {} : JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new AppError(`The body is not valid JSON: ${(cause as Error).message.slice(0, 200)}`, { status: 400, code: 'bad_request_error', cause });
  }
  return check(parsed, schema);
}

/** Query parameters through a schema; repeated names become arrays. @throws AppError 400. */
export function readQuery<Value>(http: Context, schema: ZodType<Value>): Value {
  const flat: Record<string, string | string[]> = {};
  for (const [name, values] of Object.entries(http.req.queries())) flat[name] = values.length === 1 ? (values[0] as string) : values;
  return check(flat, schema);
}

function check<Value>(value: unknown, schema: ZodType<Value>): Value {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const first = result.error.issues[0];
  const where = first?.path.join('.') ?? '';
  throw new AppError(where === '' ? 'Invalid request data' : `Invalid request data: ${where}: ${first?.message}`, {
    status: 400,
    code: 'bad_request_error',
    ...(where === '' ? {} : { param: where }),
    details: result.error.issues,
  });
}
