// What a receiver has not taken yet, as files: durable before the journal's position passes it, bounded, oldest first.
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Delivery } from './receiver.ts';

/** Bytes that all outboxes of a process may hold together. */
export interface Space {
  readonly limitBytes: number;
  usedBytes: number;
}

export interface Outbox {
  /** Resolves when the delivery is on the disk; false when there is no room (nothing was written). The same name again replaces it. */
  put(name: string, delivery: Delivery): Promise<boolean>;
  /** The oldest, or null. One that cannot be read is taken away and told to `onDamaged`. */
  oldest(): Promise<{ name: string; delivery: Delivery } | null>;
  remove(name: string): Promise<void>;
  readonly waiting: number;
  readonly sizeBytes: number;
}

const NAME = /^[\w-]+\.delivery$/;

/** Opens a folder (made when absent); half-written files of a killed process are not part of it. @throws what the file system says. */
export function openOutbox(folder: string, space: Space, onDamaged: (name: string) => void): Outbox {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const sizes = new Map<string, number>();
  for (const name of readdirSync(folder)
    .filter((entry) => NAME.test(entry))
    .sort())
    sizes.set(name, statSync(join(folder, name)).size);
  space.usedBytes += total(sizes);
  const forget = (name: string): void => {
    space.usedBytes -= sizes.get(name) ?? 0;
    sizes.delete(name);
  };
  return {
    async put(name, delivery) {
      const file = `${name}.delivery`;
      const bytes = encode(delivery);
      if (space.usedBytes + bytes.length > space.limitBytes) return false;
      // The space is taken at once (several lanes share it); a delivery only when its file is whole: until then there is nothing to send.
      space.usedBytes += bytes.length;
      try {
        await writeDurably(folder, file, bytes);
      } catch (error) {
        space.usedBytes -= bytes.length;
        throw error;
      }
      forget(file);
      sizes.set(file, bytes.length);
      return true;
    },
    async oldest() {
      // In the order in which they were put: sequences only grow.
      for (const name of [...sizes.keys()]) {
        const delivery = decode(await readFile(join(folder, name)).catch(() => null));
        if (delivery !== null) return { name, delivery };
        onDamaged(name);
        forget(name);
        await rename(join(folder, name), join(folder, `${name}.damaged`)).catch(() => undefined);
      }
      return null;
    },
    async remove(name) {
      await rm(join(folder, name), { force: true });
      forget(name);
    },
    get waiting() {
      return sizes.size;
    },
    get sizeBytes() {
      return total(sizes);
    },
  };
}

const total = (sizes: ReadonlyMap<string, number>): number => [...sizes.values()].reduce((sum, size) => sum + size, 0);

function encode({ body, ...header }: Delivery): Buffer {
  return Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), body]);
}

function decode(bytes: Buffer | null): Delivery | null {
  const end = bytes?.indexOf(0x0a) ?? -1;
  if (bytes === null || end < 0) return null;
  try {
    return { ...(JSON.parse(bytes.toString('utf8', 0, end)) as Omit<Delivery, 'body'>), body: bytes.subarray(end + 1) };
  } catch {
    return null;
  }
}

async function writeDurably(folder: string, name: string, bytes: Buffer): Promise<void> {
  const temporary = join(folder, `${name}.part`);
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(bytes);
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(temporary, join(folder, name));
  const directory = await open(folder, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
