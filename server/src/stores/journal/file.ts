// The files under the journal, as small as the journal needs them: a real folder here, a double that forgets unsynced bytes in unsynced-file.ts.
import {
  closeSync,
  constants,
  fdatasync,
  fdatasyncSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  statSync,
  unlinkSync,
  writevSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';

export interface WritableFile {
  /** Writes at `position`; may write less than all (the number tells) and may throw (ENOSPC, EIO). Bytes written survive the process, not a power cut. */
  write(buffers: readonly Uint8Array[], position: number): number;
  /** Makes all bytes written before the call durable. */
  sync(done: (error: Error | null) => void): void;
  syncNow(): void;
  /** Cuts or extends (with zeros) to `sizeBytes`. */
  truncate(sizeBytes: number): void;
  close(): void;
}

export interface ReadableFile {
  /** Reads into `target` from `position`; fewer bytes than asked = the end of the file. */
  read(target: Buffer, position: number): Promise<number>;
  close(): Promise<void>;
}

export interface JournalFolder {
  /** Path of a file, for whoever archives it. */
  pathOf(name: string): string;
  list(): string[];
  sizeOf(name: string): number;
  create(name: string): WritableFile;
  openForCut(name: string): WritableFile;
  openForRead(name: string): Promise<ReadableFile>;
  remove(name: string): void;
  /** Makes names created and removed before the call durable. */
  sync(done: (error: Error | null) => void): void;
  syncNow(): void;
}

/** The real folder; creates it (0700) when absent. */
export function openJournalFolder(path: string): JournalFolder {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  syncFolderNow(path);
  return {
    pathOf: (name) => join(path, name),
    list: () => readdirSync(path),
    sizeOf: (name) => statSync(join(path, name)).size,
    create: (name) => writableFile(openSync(join(path, name), constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)),
    openForCut: (name) => writableFile(openSync(join(path, name), constants.O_WRONLY)),
    openForRead: async (name) => {
      const handle = await open(join(path, name), 'r');
      return {
        read: async (target, position) => (await handle.read(target, 0, target.byteLength, position)).bytesRead,
        close: () => handle.close(),
      };
    },
    remove: (name) => unlinkSync(join(path, name)),
    sync: (done) => syncFolder(path, done),
    syncNow: () => syncFolderNow(path),
  };
}

function writableFile(descriptor: number): WritableFile {
  return {
    write: (buffers, position) => writevSync(descriptor, buffers, position),
    sync: (done) => fdatasync(descriptor, done),
    syncNow: () => fdatasyncSync(descriptor),
    truncate: (sizeBytes) => ftruncateSync(descriptor, sizeBytes),
    close: () => closeSync(descriptor),
  };
}

function syncFolder(path: string, done: (error: Error | null) => void): void {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY);
  } catch (error) {
    done(error as Error);
    return;
  }
  fsync(descriptor, (error) => {
    closeSync(descriptor);
    done(error);
  });
}

function syncFolderNow(path: string): void {
  const descriptor = openSync(path, constants.O_RDONLY);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
