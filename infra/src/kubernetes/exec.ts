// Runs a program in a pod over the API's exec WebSocket (v5.channel.k8s.io): the first byte of each message names the stream.
import { Agent, WebSocket } from 'undici';
import type { ClusterDoor } from './client.ts';
import { type ExecStreams, KubernetesError } from './port.ts';

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const STATUS = 3;
/** Closes one stream of the other side; only v5 has it, and without it a program that reads its input to the end never ends. */
const CLOSE = 255;
const PROTOCOL = 'v5.channel.k8s.io';
/** Bytes that may wait in the socket before more input is read. */
const MAX_WAITING_BYTES = 1024 * 1024;
const MAX_ERROR_CHARS = 2000;

interface Status {
  status?: string;
  message?: string;
}

/** @throws KubernetesError when the program cannot be started or ends with something other than 0; the message ends with its standard error */
export async function runInPod(
  door: ClusterDoor,
  pod: { namespace: string; name: string; container: string },
  command: readonly string[],
  streams: ExecStreams,
): Promise<void> {
  const query = new URLSearchParams({ container: pod.container, stdout: 'true', stderr: 'true', stdin: String(streams.input !== undefined) });
  for (const word of command) query.append('command', word);
  const url = new URL(`/api/v1/namespaces/${pod.namespace}/pods/${pod.name}/exec?${query}`, door.endpoint);
  url.protocol = 'wss:';
  const dispatcher = new Agent({ connect: { ca: door.certificateAuthority } });
  const socket = new WebSocket(url, { protocols: [PROTOCOL], headers: { authorization: `Bearer ${await door.token()}` }, dispatcher });
  socket.binaryType = 'arraybuffer';
  try {
    await converse(socket, streams, `${pod.name}: ${command[0]}`);
  } finally {
    socket.close();
    await dispatcher.destroy();
  }
}

function converse(socket: WebSocket, streams: ExecStreams, what: string): Promise<void> {
  let errorText = '';
  return new Promise((resolve, reject) => {
    const fail = (message: string, code: KubernetesError['code'] = 'other'): void => reject(new KubernetesError(code, `${what}: ${message}`));
    socket.addEventListener('open', () => {
      if (streams.input !== undefined) feed(socket, streams.input).catch((error: unknown) => fail(String(error)));
    });
    const hear = (frame: Buffer): void => {
      const body = frame.subarray(1);
      if (frame[0] === STDOUT && body.length > 0) streams.output?.(body);
      if (frame[0] === STDERR) errorText = (errorText + body.toString('utf8')).slice(-MAX_ERROR_CHARS);
      if (frame[0] !== STATUS) return;
      const status = JSON.parse(body.toString('utf8')) as Status;
      if (status.status === 'Success') resolve();
      else fail(`${status.message ?? 'it failed'} ${errorText.trim()}`.trim());
    };
    socket.addEventListener('message', ({ data }) => {
      try {
        hear(Buffer.from(data as ArrayBuffer));
      } catch (error) {
        // `output` may fail, on a full disk for example; nobody else would hear of it.
        reject(error);
      }
    });
    socket.addEventListener('error', (event) => fail(`the connection failed (${event.message || 'refused'})`, 'unreachable'));
    // A close without a status is a connection that broke.
    socket.addEventListener('close', () => fail('the connection ended before the program did', 'unreachable'));
  });
}

async function feed(socket: WebSocket, input: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of input) {
    socket.send(Buffer.concat([Buffer.from([STDIN]), chunk]));
    while (socket.bufferedAmount > MAX_WAITING_BYTES) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  socket.send(Buffer.from([CLOSE, STDIN]));
}
