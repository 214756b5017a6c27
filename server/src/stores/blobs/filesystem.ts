// Blobs on the file system: one file an object, written aside, made durable, then renamed into place.
import { randomBytes } from 'node:crypto';
import { copyFile, type FileHandle, link, mkdir, open, readdir, readFile, rename, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '#lib/errors.ts';
import { checkKey } from './keys.ts';
import type { Blobs } from './port.ts';

/** Unfinished objects; the name cannot be a key's first part, because keys must not begin with a dot. */
const TEMPORARY = '.unfinished';
const DEFAULT_LIMIT = 1000;

interface BlobEntry {
  key: string;
  sizeBytes: number;
  modifiedAt: Date;
}

/** Opens (and creates, 0700) a folder of blobs; what an interrupted write left behind is removed, unless another process writes there (`beside`). */
export async function openFilesystemBlobs(folder: string, options: { beside?: boolean } = {}): Promise<Blobs> {
  const temporary = join(folder, TEMPORARY);
  if (options.beside !== true) await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { recursive: true, mode: 0o700 });
  return {
    put: async (key, body, options) => put({ path: pathOf(folder, key), temporary, folder }, key, body, options?.ifAbsent === true),
    putFile: async (key, source) => putFile({ path: pathOf(folder, key), temporary }, source),
    get: async (key) => orNull(readFile(pathOf(folder, key))),
    list: (prefix, options) => list(folder, prefix, options),
    remove: async (key) => {
      await orNull(unlink(pathOf(folder, key)));
    },
    downloadUrl: async () => null,
    close: async () => {},
  };
}

/** @throws AppError 400 for a key that could leave the folder or cannot be a path. */
function pathOf(folder: string, key: string): string {
  checkKey(key);
  return join(folder, ...key.split('/'));
}

async function put(place: { path: string; temporary: string; folder: string }, key: string, body: Uint8Array, ifAbsent: boolean): Promise<void> {
  const { path } = place;
  const aside = join(place.temporary, randomBytes(12).toString('hex'));
  const file = await open(aside, 'wx', 0o600);
  try {
    await writeAndSync(file, body);
    const firstNew = await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    if (ifAbsent) await link(aside, path);
    else await rename(aside, path);
    await syncFolders(dirname(path), firstNew === undefined ? dirname(path) : dirname(firstNew));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (ifAbsent && code === 'EEXIST') throw new AppError(`the blob ${key} exists already`, { status: 412, code: 'blob_exists' });
    if (code === 'ENOTDIR' || code === 'EISDIR' || code === 'EEXIST') {
      throw new AppError(`the blob ${key} cannot stand beside another one whose key is a part of it`, { status: 409, code: 'blob_key_conflict' });
    }
    throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

/** A second name for the same bytes on one file system (the source may then be unlinked), a copy across two. */
async function putFile(place: { path: string; temporary: string }, source: string): Promise<void> {
  const aside = join(place.temporary, randomBytes(12).toString('hex'));
  try {
    await link(source, aside).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EXDEV' && error.code !== 'EPERM') throw error;
      return copyFile(source, aside);
    });
    const file = await open(aside, 'r');
    await file.sync().finally(() => file.close());
    const firstNew = await mkdir(dirname(place.path), { recursive: true, mode: 0o700 });
    await rename(aside, place.path);
    await syncFolders(dirname(place.path), firstNew === undefined ? dirname(place.path) : dirname(firstNew));
  } finally {
    await rm(aside, { force: true });
  }
}

async function writeAndSync(file: FileHandle, body: Uint8Array): Promise<void> {
  try {
    await file.writeFile(body);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes the name durable: its folder, and each folder above it that was made for it. */
async function syncFolders(from: string, upTo: string): Promise<void> {
  for (let path = from; ; path = dirname(path)) {
    const handle = await open(path, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (path === upTo || path.length <= upTo.length) return;
  }
}

async function list(folder: string, prefix: string, options: { after?: string; limit?: number } = {}): Promise<BlobEntry[]> {
  // Only the folder that the prefix names can hold its keys; the rest of the prefix is compared as text.
  const start = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  if (start !== '') pathOf(folder, start.slice(0, -1));
  const after = options.after ?? '';
  const found: BlobEntry[] = [];
  await walk({ folder, prefix, after, limit: options.limit ?? DEFAULT_LIMIT, found }, start);
  return found;
}

interface Walk {
  readonly folder: string;
  readonly prefix: string;
  readonly after: string;
  readonly limit: number;
  readonly found: BlobEntry[];
}

/** Depth first, in the order of whole keys: a folder sorts as its name with a slash. */
async function walk(state: Walk, under: string): Promise<void> {
  const entries = (await orNull(readdir(join(state.folder, under), { withFileTypes: true }))) ?? [];
  const names = entries
    .filter((entry) => !entry.name.startsWith('.'))
    .map((entry) => (entry.isDirectory() ? `${under}${entry.name}/` : `${under}${entry.name}`))
    .sort(byBytes);
  for (const name of names) {
    if (state.found.length >= state.limit) return;
    if (name.endsWith('/')) {
      if (mayHold(state, name)) await walk(state, name);
      continue;
    }
    if (!name.startsWith(state.prefix) || (state.after !== '' && byBytes(name, state.after) <= 0)) continue;
    const facts = await orNull(stat(join(state.folder, name)));
    if (facts !== null) state.found.push({ key: name, sizeBytes: facts.size, modifiedAt: facts.mtime });
  }
}

function mayHold(state: Walk, folder: string): boolean {
  if (!folder.startsWith(state.prefix) && !state.prefix.startsWith(folder)) return false;
  return state.after === '' || state.after.startsWith(folder) || byBytes(folder, state.after) > 0;
}

/** The order of object stores: by the bytes of the key in UTF-8. */
function byBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

/** The result, or null when there is no such file. */
async function orNull<Result>(work: Promise<Result>): Promise<Result | null> {
  try {
    return await work;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return null;
    throw error;
  }
}
