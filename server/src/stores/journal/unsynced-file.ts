// Test double of the journal's folder: keeps what the disk would hold apart from what the operating system holds, so that a power cut, a full disk and short writes can be played.
import type { JournalFolder, ReadableFile, WritableFile } from './file.ts';

interface Content {
  /** As a reader sees it. */
  now: Buffer;
  /** As it would be after a power cut. */
  onDisk: Buffer;
  /** Bytes that take space: written, not merely extended. */
  usedBytes: number;
}

/** A folder in memory with faults to switch on. */
export class UnsyncedFolder implements JournalFolder {
  /** Names as a reader sees them. */
  readonly #names = new Map<string, Content>();
  /** Names as they would be after a power cut. */
  #durableNames = new Map<string, Content>();
  /** Bytes that may still be written before ENOSPC. */
  freeBytes = Number.POSITIVE_INFINITY;
  /** Most bytes one write takes. */
  longestWriteBytes = Number.POSITIVE_INFINITY;
  /** Makes the next syncs fail. */
  syncFailures = 0;
  /** Makes creating files fail. */
  createFails = false;
  /** Makes cutting files fail. */
  truncateFails = false;
  syncs = 0;

  pathOf(name: string): string {
    return `/memory/${name}`;
  }

  list(): string[] {
    return [...this.#names.keys()];
  }

  sizeOf(name: string): number {
    return this.#content(name).now.byteLength;
  }

  create(name: string): WritableFile {
    if (this.createFails) throw fault('ENOSPC');
    if (this.#names.has(name)) throw fault('EEXIST');
    const content = { now: Buffer.alloc(0), onDisk: Buffer.alloc(0), usedBytes: 0 };
    this.#names.set(name, content);
    return this.#writable(content);
  }

  openForCut(name: string): WritableFile {
    return this.#writable(this.#content(name));
  }

  async openForRead(name: string): Promise<ReadableFile> {
    const content = this.#content(name);
    return {
      read: async (target, position) => content.now.copy(target, 0, Math.min(position, content.now.byteLength)),
      close: async () => {},
    };
  }

  remove(name: string): void {
    this.#content(name);
    this.#names.delete(name);
  }

  sync(done: (error: Error | null) => void): void {
    const names = new Map(this.#names);
    setImmediate(() => {
      this.#durableNames = names;
      done(null);
    });
  }

  syncNow(): void {
    this.#durableNames = new Map(this.#names);
  }

  /** The folder after a power cut: of each sector that was not synced, `survives` decides whether it reached the disk by chance. */
  powerCut(survives: () => boolean = () => false): UnsyncedFolder {
    const after = new UnsyncedFolder();
    for (const [name, content] of this.#durableNames) after.#put(name, afterPowerCut(content, survives));
    return after;
  }

  /** The folder after the process was killed: everything handed to the operating system is there. */
  processKilled(): UnsyncedFolder {
    const after = new UnsyncedFolder();
    for (const [name, content] of this.#names) after.#put(name, Buffer.from(content.now));
    return after;
  }

  /** Changes bytes of a file in place, for damage. */
  damage(name: string, change: (bytes: Buffer) => void): void {
    change(this.#content(name).now);
  }

  #put(name: string, bytes: Buffer): void {
    const content = { now: bytes, onDisk: Buffer.from(bytes), usedBytes: bytes.byteLength };
    this.#names.set(name, content);
    this.#durableNames.set(name, content);
  }

  #content(name: string): Content {
    const content = this.#names.get(name);
    if (content === undefined) throw fault('ENOENT');
    return content;
  }

  #writable(content: Content): WritableFile {
    return {
      write: (buffers, position) => this.#write(content, Buffer.concat(buffers), position),
      sync: (done) => {
        this.syncs++;
        const captured = Buffer.from(content.now);
        setImmediate(() => {
          if (this.syncFailures > 0) {
            this.syncFailures--;
            done(fault('EIO'));
            return;
          }
          content.onDisk = captured;
          done(null);
        });
      },
      syncNow: () => {
        if (this.syncFailures > 0) {
          this.syncFailures--;
          throw fault('EIO');
        }
        content.onDisk = Buffer.from(content.now);
      },
      truncate: (sizeBytes) => {
        if (this.truncateFails) throw fault('EIO');
        this.freeBytes += Math.max(content.usedBytes - sizeBytes, 0);
        content.usedBytes = Math.min(content.usedBytes, sizeBytes);
        content.now = sizeBytes <= content.now.byteLength ? Buffer.from(content.now.subarray(0, sizeBytes)) : grown(content.now, sizeBytes);
      },
      close: () => {},
    };
  }

  #write(content: Content, bytes: Buffer, position: number): number {
    const count = Math.min(bytes.byteLength, this.freeBytes, this.longestWriteBytes);
    if (count === 0 && bytes.byteLength > 0) throw fault('ENOSPC');
    const usedBytes = Math.max(content.usedBytes, position + count);
    this.freeBytes -= usedBytes - content.usedBytes;
    content.usedBytes = usedBytes;
    content.now = grown(content.now, position + count);
    bytes.copy(content.now, position, 0, count);
    return count;
  }
}

const SECTOR_BYTES = 512;

function afterPowerCut(content: Content, survives: () => boolean): Buffer {
  const result = Buffer.from(content.onDisk);
  const common = Math.min(content.now.byteLength, result.byteLength);
  for (let start = 0; start < common; start += SECTOR_BYTES) {
    const end = Math.min(start + SECTOR_BYTES, common);
    const same = content.now.compare(content.onDisk, start, end, start, end) === 0;
    if (!same && survives()) content.now.copy(result, start, start, end);
  }
  return result;
}

function grown(bytes: Buffer, sizeBytes: number): Buffer {
  return bytes.byteLength >= sizeBytes ? bytes : Buffer.concat([bytes, Buffer.alloc(sizeBytes - bytes.byteLength)]);
}

function fault(code: string): Error {
  return Object.assign(new Error(`${code}: played by the test`), { code });
}
