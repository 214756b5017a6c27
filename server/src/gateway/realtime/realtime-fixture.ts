// For tests: an upstream that speaks realtime over a real socket exactly as it is told, and a client that remembers what it heard.
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import WebSocket, { WebSocketServer } from 'ws';
import { type Fields, fieldsOf, textOf } from '#lib/json.ts';

/** Events of a peer, in their order; whoever waits for one gets the next of its type that was not taken yet. */
export class Peer {
  readonly socket: WebSocket;
  readonly heard: Fields[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #taken = new Set<Fields>();
  #waiting: { type: string; resolve: (event: Fields) => void }[] = [];

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('message', (data) => this.#hear(JSON.parse(String(data)) as Fields));
    this.closed = new Promise((resolve) => socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() })));
  }

  #hear(event: Fields): void {
    this.heard.push(event);
    const waiting = this.#waiting.find(({ type }) => type === event.type);
    if (waiting === undefined) return;
    this.#waiting = this.#waiting.filter((one) => one !== waiting);
    this.#taken.add(event);
    waiting.resolve(event);
  }

  /** The next event of a type. */
  next(type: string): Promise<Fields> {
    const event = this.heard.find((one) => one.type === type && !this.#taken.has(one));
    if (event !== undefined) {
      this.#taken.add(event);
      return Promise.resolve(event);
    }
    return new Promise((resolve) => this.#waiting.push({ type, resolve }));
  }

  types(): string[] {
    return this.heard.map(({ type }) => textOf(type));
  }

  send(event: Fields): void {
    this.socket.send(JSON.stringify(event));
  }
}

export interface Usage {
  input_tokens: number;
  output_tokens: number;
  total_tokens: number;
  input_token_details?: Fields;
  output_token_details?: Fields;
}

export const USAGE: Usage = {
  input_tokens: 100,
  output_tokens: 50,
  total_tokens: 150,
  input_token_details: { cached_tokens: 40, text_tokens: 30, audio_tokens: 70, cached_tokens_details: { text_tokens: 10, audio_tokens: 30 } },
  output_token_details: { text_tokens: 20, audio_tokens: 30 },
};

/** One session at the upstream. */
export class UpstreamSession extends Peer {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  #answers = 0;

  constructor(socket: WebSocket, request: IncomingMessage) {
    super(socket);
    this.path = request.url ?? '';
    this.headers = request.headers;
  }

  begin(id = `resp_${++this.#answers}`): string {
    this.send({ type: 'response.created', event_id: 'e', response: { id, status: 'in_progress', output: [] } });
    return id;
  }

  /** The rest of an answer that has begun: its item, its words in pieces, its end. */
  speak(id: string, words: readonly string[], usage: Usage | null = USAGE): void {
    const [item_id, transcript] = [`item_${id}`, words.join('')];
    const at = { response_id: id, item_id, output_index: 0, content_index: 0 };
    const item = { id: item_id, type: 'message', role: 'assistant', status: 'completed', content: [{ type: 'output_audio', transcript }] };
    this.send({ type: 'response.output_item.added', response_id: id, item: { ...item, content: [] } });
    for (const delta of words) {
      this.send({ type: 'response.output_audio_transcript.delta', ...at, delta });
      this.send({ type: 'response.output_audio.delta', ...at, delta: Buffer.alloc(480).toString('base64') });
    }
    this.send({ type: 'response.output_audio_transcript.done', ...at, transcript });
    this.send({ type: 'response.content_part.done', ...at, part: { type: 'audio', transcript } });
    this.send({ type: 'response.output_item.done', response_id: id, item });
    this.finish(id, { output: [item], ...(usage === null ? {} : { usage }) });
  }

  finish(id: string, more: Fields = {}): void {
    this.send({ type: 'response.done', event_id: 'e', response: { id, object: 'realtime.response', status: 'completed', output: [], ...more } });
  }
}

export interface RealtimeUpstream {
  readonly url: string;
  readonly sessions: UpstreamSession[];
  /** Paths of handshakes that were refused. */
  readonly refused: string[];
  /** What becomes of a handshake: taken (null), refused with this answer, or left without any (`hang`). */
  refuse(decide: (path: string) => { status: number; body: string } | 'hang' | null): void;
  /** The next session that a gateway opens. */
  session(): Promise<UpstreamSession>;
  close(): Promise<void>;
}

/** Starts on a free port. */
export async function startRealtimeUpstream(): Promise<RealtimeUpstream> {
  const server = createServer((_request, response) => response.writeHead(404).end('{}'));
  const sockets = new WebSocketServer({ noServer: true });
  const sessions: UpstreamSession[] = [];
  const refused: string[] = [];
  let refusalOf: Parameters<RealtimeUpstream['refuse']>[0] = () => null;
  const connections = new Set<Duplex>();
  let waiting: ((session: UpstreamSession) => void)[] = [];
  let given = 0;
  server.on('upgrade', (request, socket, head) => {
    connections.add(socket);
    const refusal = refusalOf(request.url ?? '');
    if (refusal !== null) {
      refused.push(request.url ?? '');
      if (refusal !== 'hang')
        socket.end(
          `HTTP/1.1 ${refusal.status} Refused\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(refusal.body)}\r\nconnection: close\r\n\r\n${refusal.body}`,
        );
      return;
    }
    sockets.handleUpgrade(request, socket, head, (opened) => {
      const session = new UpstreamSession(opened, request);
      sessions.push(session);
      session.send({ type: 'session.created', event_id: 'e', session: { id: 'sess_1', model: 'upstream-model', instructions: '' } });
      const next = waiting.shift();
      if (next === undefined) return;
      given++;
      next(session);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sessions,
    refused,
    refuse: (decide) => {
      refusalOf = decide;
    },
    session() {
      const known = sessions[given];
      if (known !== undefined) {
        given++;
        return Promise.resolve(known);
      }
      return new Promise((resolve) => waiting.push(resolve));
    },
    async close() {
      waiting = [];
      for (const socket of connections) socket.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export interface Refusal {
  status: number;
  headers: IncomingHttpHeaders;
  body: Fields;
}

/** Opens a session; rejects with the HTTP answer (a Refusal) when it is refused. */
export function openClient(url: string, { headers = {}, protocols = [] }: { headers?: Record<string, string>; protocols?: string[] } = {}): Promise<Peer> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), protocols, { headers, perMessageDeflate: false });
  const peer = new Peer(socket);
  return new Promise((resolve, reject) => {
    socket.on('open', () => resolve(peer));
    socket.on('error', reject);
    socket.on('unexpected-response', async (request, response) => {
      let text = '';
      for await (const chunk of response) text += String(chunk);
      reject(Object.assign(new Error(text), { status: response.statusCode, headers: response.headers, body: fieldsOf(JSON.parse(text || '{}')) }));
      request.destroy();
    });
  });
}
