// The content of an upload, checked against what was announced while it arrives: type, length and SHA-256.
import { createHash } from 'node:crypto';
import type { Context } from 'hono';
import { invalidRequest } from '#observe/api/body.ts';

export interface Announced {
  contentType: string;
  contentLength: number;
  sha256Base64: string;
}

/** @throws AppError 400 when type, length, checksum header or content differ from what was announced. */
export async function receive(http: Context, announced: Announced): Promise<Buffer> {
  const contentType = http.req.header('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
  if (contentType !== announced.contentType) throw invalidRequest(`The Content-Type is ${contentType.slice(0, 100)}, announced was ${announced.contentType}.`);
  const checksum = http.req.header('x-amz-checksum-sha256');
  if (checksum !== undefined && checksum !== announced.sha256Base64) throw invalidRequest('The header x-amz-checksum-sha256 is not the announced SHA-256.');
  const said = http.req.header('content-length');
  if (said !== undefined && Number(said) !== announced.contentLength) throw wrongLength(said, announced);
  const hash = createHash('sha256');
  const bytes = Buffer.alloc(announced.contentLength);
  let length = 0;
  for await (const chunk of (http.req.raw.body ?? []) as AsyncIterable<Uint8Array>) {
    if (length + chunk.byteLength > announced.contentLength) throw wrongLength('more', announced);
    bytes.set(chunk, length);
    length += chunk.byteLength;
    hash.update(chunk);
  }
  if (length !== announced.contentLength) throw wrongLength(String(length), announced);
  if (hash.digest('base64') !== announced.sha256Base64) throw invalidRequest('The content does not have the announced SHA-256.');
  return bytes;
}

function wrongLength(found: string, announced: Announced): Error {
  return invalidRequest(`The content has ${found.slice(0, 20)} bytes, announced were ${announced.contentLength}.`);
}
