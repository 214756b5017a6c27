import { gzipSync } from 'node:zlib';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readJson } from './body.ts';
import { errorResponse } from './errors.ts';

const app = new Hono();
app.post('/', async (http) => {
  try {
    return http.json(await readJson(http, z.object({ limit: z.number().nonnegative() }), 1000));
  } catch (error) {
    return errorResponse(error, 'litellm');
  }
});
const post = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) => app.request('/', { method: 'POST', body, headers });

describe('a JSON body', () => {
  it('is parsed by its schema, gzip or not', async () => {
    expect(await (await post('{"limit":1}')).json()).toEqual({ limit: 1 });
    expect(await (await post(new Uint8Array(gzipSync('{"limit":2}')), { 'content-encoding': 'gzip' })).json()).toEqual({ limit: 2 });
  });
  it('gets a 400 that names the field', async () => {
    const response = await post('{"limit":-1}');
    expect(response.status).toBe(400);
    expect(((await response.json()) as { error: { param: string } }).error.param).toBe('limit');
  });
  it('gets a 400 when it is not JSON, not gzip or not text', async () => {
    for (const [body, headers] of [
      ['{', {}],
      ['x', { 'content-encoding': 'gzip' }],
      [new Uint8Array([0xff, 0xfe, 0x00]), {}],
    ] as const)
      expect((await post(body, headers as Record<string, string>)).status).toBe(400);
  });
  it('gets a 413 beyond its limit, also when it only grows by decompression', async () => {
    expect((await post('x'.repeat(1001))).status).toBe(413);
    expect((await post(new Uint8Array(gzipSync(' '.repeat(1_000_000))), { 'content-encoding': 'gzip' })).status).toBe(413);
  });
  it('gets a 415 for an encoding that we do not read', async () => {
    expect((await post('{}', { 'content-encoding': 'br' })).status).toBe(415);
  });
});
