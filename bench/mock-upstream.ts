// The mock upstream: an OpenAI-compatible answerer on raw node:net that costs far less than any gateway. Started as a child; prints its port.
// A body whose first 2 KB hold "stream":true is answered with server-sent events: `"user":"bench-burst"` as fast as it can, else one delta each 20 ms;
// `"user":"bench-long"` has 300 deltas in the place of 64.
import { createServer, type Socket } from 'node:net';

const DELTAS = 64;
const LONG_DELTAS = 300;
const DELTA_MS = 20;
/** A gateway that rebuilds the body may put `stream` last, so a whole 1 KB body is looked at. */
const HEAD_LOOK_BYTES = 2_048;

const answer = JSON.stringify({
  id: 'chatcmpl-bench',
  object: 'chat.completion',
  created: 1_764_000_000,
  model: 'gpt-4o-mini-2024-07-18',
  choices: [{ index: 0, message: { role: 'assistant', content: 'x'.repeat(640), refusal: null }, logprobs: null, finish_reason: 'stop' }],
  usage: { prompt_tokens: 250, completion_tokens: 160, total_tokens: 410, prompt_tokens_details: { cached_tokens: 0 } },
  system_fingerprint: 'fp_bench',
});
const fixed = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(answer)}\r\nx-request-id: bench\r\n\r\n${answer}`,
);

const streamHead = Buffer.from('HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n');
const base = { id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1_764_000_000, model: 'gpt-4o-mini-2024-07-18' };
const framesOf = (deltas: number): Buffer[] => [
  chunk({ ...base, choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }], usage: null }),
  ...Array.from({ length: deltas }, (_, index) =>
    chunk({ ...base, choices: [{ index: 0, delta: { content: ` word${index}` }, finish_reason: null }], usage: null }),
  ),
  chunk({ ...base, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], usage: null }),
  chunk({ ...base, choices: [], usage: { prompt_tokens: 250, completion_tokens: 64, total_tokens: 314 } }),
];
const frames = framesOf(DELTAS);
const longFrames = framesOf(LONG_DELTAS);
const lastFrame = Buffer.concat([framed('data: [DONE]\n\n'), Buffer.from('0\r\n\r\n')]);

function chunk(value: object): Buffer {
  return framed(`data: ${JSON.stringify(value)}\n\n`);
}

function framed(text: string): Buffer {
  return Buffer.from(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`);
}

/** What is known of the request that a socket is sending. */
interface Reading {
  held: Buffer;
  /** Body bytes still to come; -1 = the head is not complete; Infinity = chunked. */
  left: number;
  start: string;
}

function onData(socket: Socket, reading: Reading, data: Buffer): void {
  let bytes = data;
  if (reading.left === -1) {
    bytes = reading.held.byteLength > 0 ? Buffer.concat([reading.held, data]) : data;
    const end = bytes.indexOf('\r\n\r\n');
    if (end === -1) {
      reading.held = bytes;
      return;
    }
    const head = bytes.toString('latin1', 0, end).toLowerCase();
    const at = head.indexOf('\r\ncontent-length:');
    reading.left = at === -1 ? (head.includes('\r\ntransfer-encoding: chunked') ? Number.POSITIVE_INFINITY : 0) : Number.parseInt(head.slice(at + 17), 10);
    reading.held = Buffer.alloc(0);
    reading.start = '';
    bytes = bytes.subarray(end + 4);
  }
  if (reading.start.length < HEAD_LOOK_BYTES) reading.start += bytes.toString('latin1', 0, HEAD_LOOK_BYTES);
  if (reading.left === Number.POSITIVE_INFINITY) {
    // Our callers never end a chunk of data with these very bytes.
    if (!bytes.subarray(-5).equals(Buffer.from('0\r\n\r\n'))) return;
  } else {
    reading.left -= bytes.byteLength;
    if (reading.left > 0) return;
  }
  reading.left = -1;
  reply(socket, reading.start);
}

function reply(socket: Socket, bodyStart: string): void {
  if (!/"stream": ?true/.test(bodyStart)) {
    socket.write(fixed);
    return;
  }
  socket.write(streamHead);
  if (bodyStart.includes('bench-burst')) {
    for (const frame of frames) socket.write(frame);
    socket.write(lastFrame);
    return;
  }
  const paced = bodyStart.includes('bench-long') ? longFrames : frames;
  let next = 0;
  const timer = setInterval(() => {
    if (socket.destroyed) clearInterval(timer);
    else if (next < paced.length) socket.write(paced[next++] as Buffer);
    else {
      clearInterval(timer);
      socket.write(lastFrame);
    }
  }, DELTA_MS);
}

const server = createServer({ noDelay: true }, (socket) => {
  const reading: Reading = { held: Buffer.alloc(0), left: -1, start: '' };
  socket.on('data', (data) => onData(socket, reading, data));
  socket.on('error', () => socket.destroy());
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${JSON.stringify({ port: typeof address === 'object' && address !== null ? address.port : 0 })}\n`);
});
process.on('disconnect', () => process.exit(0));
process.stdin.on('end', () => process.exit(0)).resume();
