// The two secret files of the data folder: secret.key (the instance secret) and keys.json (the first credentials, until they are sealed). Both 0600.
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { AppError } from '#lib/errors.ts';

/** What the first start made and `./genai keys show` reads. `password` is null once it was changed. */
export interface Credentials {
  masterKey: string | null;
  virtualKey: string | null;
  publicKey: string | null;
  secretKey: string | null;
  email: string | null;
  password: string | null;
  urls: Readonly<Record<string, string>>;
}

const SECRET_BYTES = 32;

/** The instance secret (32 random bytes), made on the first call. @throws AppError when the file is damaged. */
export function instanceSecret(dataDir: string): Buffer {
  const file = path.join(dataDir, 'secret.key');
  if (!existsSync(file)) writeWhole(file, `${randomBytes(SECRET_BYTES).toString('base64url')}\n`);
  const secret = Buffer.from(readFileSync(file, 'utf8').trim(), 'base64url');
  if (secret.length !== SECRET_BYTES) {
    throw new AppError(`${file} is damaged: restore it from a backup, or remove it (every session ends then).`, { status: 500, code: 'secret_damaged' });
  }
  return secret;
}

export function keysFile(dataDir: string): string {
  return path.join(dataDir, 'keys.json');
}

/** The credentials, or null when they were sealed or never written. */
export function readCredentials(dataDir: string): Credentials | null {
  const file = keysFile(dataDir);
  if (!existsSync(file)) return null;
  const empty: Credentials = { masterKey: null, virtualKey: null, publicKey: null, secretKey: null, email: null, password: null, urls: {} };
  try {
    return { ...empty, ...(JSON.parse(readFileSync(file, 'utf8')) as Partial<Credentials>) };
  } catch {
    throw new AppError(`${file} is not readable JSON: correct it, or remove it (the keys themselves keep working).`, {
      status: 500,
      code: 'keys_file_damaged',
    });
  }
}

/** Writes the credentials, unless they are already so. */
export function writeCredentials(dataDir: string, credentials: Credentials): void {
  const text = `${JSON.stringify(credentials, null, 2)}\n`;
  const file = keysFile(dataDir);
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return;
  writeWhole(file, text);
}

export function removeCredentials(dataDir: string): void {
  rmSync(keysFile(dataDir), { force: true });
}

/** The whole file or none of it, on disk before it returns; readable by its owner only. */
function writeWhole(file: string, text: string): void {
  const partial = `${file}.partial`;
  rmSync(partial, { force: true });
  const descriptor = openSync(partial, 'wx', 0o600);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(partial, file);
  const folder = openSync(path.dirname(file), 'r');
  fsyncSync(folder);
  closeSync(folder);
}
