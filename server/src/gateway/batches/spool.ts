// A file that is on its way through: on the disk, never whole in memory, without a name, so that nothing is left of it when the process ends in whatever way.
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';

/** Pieces that are written together. */
const WRITTEN_AT_ONCE = 1 << 20;
const READ_AT_ONCE = 256 * 1024;

export class Spool {
  readonly #file: FileHandle;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #size = 0;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** @param folder made when it is not there, for this user alone. */
  static async open(folder: string): Promise<Spool> {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, randomUUID());
    const file = await open(path, 'wx+', 0o600);
    await unlink(path);
    return new Spool(file);
  }

  get size(): number {
    return this.#size;
  }

  /** Adds a piece; resolves when there is room for another one. */
  async write(piece: Buffer): Promise<void> {
    this.#pending.push(piece);
    this.#pendingBytes += piece.length;
    this.#size += piece.length;
    if (this.#pendingBytes >= WRITTEN_AT_ONCE) await this.flush();
  }

  async flush(): Promise<void> {
    const pieces = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    if (pieces.length > 0) await this.#file.appendFile(pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces));
  }

  /** The whole content from its beginning, as often as wanted. */
  async *read(): AsyncGenerator<Buffer> {
    await this.flush();
    for (let at = 0; at < this.#size; ) {
      const { bytesRead, buffer } = await this.#file.read(Buffer.allocUnsafe(READ_AT_ONCE), 0, READ_AT_ONCE, at);
      if (bytesRead === 0) throw new Error('a file on its way through is shorter than what was written');
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }

  async close(): Promise<void> {
    this.#pending = [];
    await this.#file.close();
  }
}
