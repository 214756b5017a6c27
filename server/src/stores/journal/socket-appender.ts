// Adapter: appends to the journal of another process of this machine (socket-host.ts). What has no answer when the connection breaks is told as failed; it may be there all the same.
import { connect, type Socket } from 'node:net';
import { AppError } from '#lib/errors.ts';
import { FrameReader, frameOf } from '#lib/frames.ts';
import type { JournalAppender, JournalClass, JournalKind, JournalState } from './port.ts';
import type { RecordAnswer, RecordMessage } from './socket-host.ts';

/** Records on their way at once. */
const LIMIT_BYTES = 64 * 1024 * 1024;

/** Connects. @throws AppError when nobody listens there. */
export async function openSocketAppender(path: string): Promise<JournalAppender> {
  const socket = connect(path);
  await new Promise<void>((resolve, reject) =>
    socket
      .once('connect', resolve)
      .once('error', (cause) => reject(new AppError('The journal of this machine does not answer.', { status: 503, code: 'journal_away', cause }))),
  );
  return new SocketAppender(socket);
}

interface Pending {
  readonly sizeBytes: number;
  readonly done: (error: Error | null) => void;
}

class SocketAppender implements JournalAppender {
  readonly #socket: Socket;
  readonly #pending = new Map<number, Pending>();
  readonly #listeners: ((sequence: bigint) => void)[] = [];
  #settled: (() => void)[] = [];
  #sent = 0;
  #heldBytes = 0;
  #lost = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    const reader = new FrameReader();
    socket.on('data', (piece) => {
      for (const { value } of reader.push(piece)) this.#finish(value as RecordAnswer);
      const { durableSequence } = this.state();
      for (const listener of this.#listeners) listener(durableSequence);
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#lost = true;
      for (const id of [...this.#pending.keys()]) this.#finish({ id, error: 'the connection to the journal broke' });
    });
  }

  // biome-ignore lint/complexity/useMaxParams: the port's form
  append(journalClass: JournalClass, kind: JournalKind, project: string, parts: readonly Uint8Array[], done: (error: Error | null) => void): bigint | null {
    const sizes = parts.map(({ byteLength }) => byteLength);
    const sizeBytes = sizes.reduce((sum, size) => sum + size, 0);
    if (!this.accepts(journalClass, sizeBytes)) return null;
    const id = ++this.#sent;
    this.#pending.set(id, { sizeBytes, done });
    this.#heldBytes += sizeBytes;
    const message: RecordMessage = { id, class: journalClass, kind, project, sizes };
    for (const piece of frameOf(message, parts)) this.#socket.write(piece);
    return BigInt(id);
  }

  accepts(_class: JournalClass, sizeBytes: number): boolean {
    return !this.#lost && (this.#heldBytes === 0 || this.#heldBytes + sizeBytes <= LIMIT_BYTES);
  }

  state(): JournalState {
    const [oldest] = this.#pending.keys();
    return {
      backlogBytes: this.#heldBytes,
      payloadLimitBytes: LIMIT_BYTES,
      level: this.accepts('payload', 0) ? 'ok' : 'full',
      lastSequence: BigInt(this.#sent),
      durableSequence: BigInt(oldest === undefined ? this.#sent : oldest - 1),
    };
  }

  onDurable(listener: (durableSequence: bigint) => void): void {
    this.#listeners.push(listener);
  }

  async flush(): Promise<void> {
    if (this.#pending.size > 0) await new Promise<void>((resolve) => this.#settled.push(resolve));
  }

  async close(): Promise<void> {
    await this.flush();
    if (this.#lost) return;
    await new Promise<void>((resolve) => this.#socket.once('close', () => resolve()).end());
  }

  #finish({ id, error }: RecordAnswer): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    this.#heldBytes -= pending.sizeBytes;
    pending.done(error === null ? null : new Error(error));
    if (this.#pending.size > 0) return;
    for (const settled of this.#settled.splice(0)) settled();
  }
}
