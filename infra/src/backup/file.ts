// A backup as a file: written and read piece by piece, so that it may be larger than the memory.
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { type ByteSource, type Entry, entriesOf, Sealer } from './container.ts';

/** Writes synchronously on purpose: whoever hands over faster than the disk writes is made to wait. @throws what `work` throws; the file is then not a backup */
export async function writeBackup(path: string, key: Buffer, work: (sealer: Sealer) => Promise<void>): Promise<void> {
  const file = openSync(path, 'w', 0o600);
  try {
    const sealer = new Sealer((bytes) => writeAll(file, bytes), key);
    await work(sealer);
    sealer.end();
  } finally {
    closeSync(file);
  }
}

function writeAll(file: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}

/** One entry at a time. @throws BackupError */
export function* readBackup(path: string, key: Buffer): Generator<Entry> {
  const file = openSync(path, 'r');
  try {
    yield* entriesOf(sourceOf(file), key);
  } finally {
    closeSync(file);
  }
}

const sourceOf = (file: number): ByteSource => ({
  size: fstatSync(file).size,
  read: (at, length) => {
    const bytes = Buffer.alloc(length);
    let done = 0;
    for (let some = -1; some !== 0 && done < length; done += some) some = readSync(file, bytes, done, length - done, at + done);
    return bytes.subarray(0, done);
  },
});
