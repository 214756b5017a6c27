import { createServer, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BytePool } from './byte-pool.ts';
import { SentAnswer } from './sent-answer.ts';

let answer: (response: ServerResponse) => void = () => {};
let server: Server;
let port = 0;

beforeAll(async () => {
  server = createServer((_request, response) => answer(response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const ROOMY = { hold: (_bytes: number) => true };

/** What a client receives of these parts and the tail, and what was kept of them. */
async function sent(parts: readonly Buffer[], tail: Buffer | null, memory = ROOMY): Promise<{ received: Buffer; kept: Buffer; unkeptBytes: number }> {
  let facts: { kept: Buffer; unkeptBytes: number } = { kept: Buffer.alloc(0), unkeptBytes: -1 };
  answer = (response) => {
    response.writeHead(200, ['content-type', 'text/event-stream']);
    const answered = new SentAnswer(response, memory);
    for (const part of parts) answered.write(part);
    facts = { kept: answered.bytes(tail), unkeptBytes: answered.unkeptBytes };
    response.end(tail ?? undefined);
  };
  const incoming = await new Promise<IncomingMessage>((resolve, reject) => get({ port, host: '127.0.0.1' }, resolve).on('error', reject));
  return { received: await buffer(incoming), ...facts };
}

describe('an answer that leaves part by part', () => {
  it('arrives as it was sent and is kept as it was sent, whatever the sizes of its parts', async () => {
    const part = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.integer({ min: 0, max: 70_000 }).map((length) => new Uint8Array(length).fill(length)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 40 }), fc.option(fc.uint8Array({ maxLength: 50 })), async (arrays, last) => {
        const parts = arrays.map((bytes) => Buffer.from(bytes));
        const tail = last === null ? null : Buffer.from(last);
        const all = Buffer.concat([...parts, ...(tail === null ? [] : [tail])]);
        const { received, kept, unkeptBytes } = await sent(parts, tail);
        expect(received.equals(all)).toBe(true);
        expect(kept.equals(all)).toBe(true);
        expect(unkeptBytes).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it('frames parts at each number of digits as the transfer coding says', async () => {
    const parts = [1, 15, 16, 255, 256, 4095, 4096, 65_535, 65_536].map((length) => Buffer.alloc(length, 0x61));
    const { received } = await sent(parts, null);
    expect(received.equals(Buffer.concat(parts))).toBe(true);
  });

  it('goes on when there is no room to keep more of it, and says how much was not kept', async () => {
    const pool = new BytePool(4096);
    const memory = { hold: (bytes: number) => pool.take(bytes) };
    const parts = Array.from({ length: 30 }, (_, index) => Buffer.alloc(500, index));
    const { received, kept, unkeptBytes } = await sent(parts, null, memory);
    expect(received.equals(Buffer.concat(parts))).toBe(true);
    expect(kept.equals(received.subarray(0, kept.length))).toBe(true);
    expect(kept.length + unkeptBytes).toBe(received.length);
    expect(kept.length).toBeGreaterThan(0);
    expect(unkeptBytes).toBeGreaterThan(0);
  });

  it('is not framed for a client of HTTP/1.0, which knows no chunks', async () => {
    const parts = [Buffer.from('data: one\n\n'), Buffer.from('data: two\n\n')];
    let kept = '';
    answer = (response) => {
      response.writeHead(200, ['content-type', 'text/event-stream']);
      const answered = new SentAnswer(response, ROOMY);
      for (const part of parts) answered.write(part);
      kept = answered.bytes(null).toString();
      response.end();
    };
    const socket = connect(port, '127.0.0.1');
    socket.write('GET / HTTP/1.0\r\nhost: test\r\n\r\n');
    const text = (await buffer(socket)).toString();
    expect(text.slice(text.indexOf('\r\n\r\n') + 4)).toBe('data: one\n\ndata: two\n\n');
    expect(kept).toBe('data: one\n\ndata: two\n\n');
  });
});
