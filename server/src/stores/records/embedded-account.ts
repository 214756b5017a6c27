// Under which account PostgreSQL runs and by which path it sees its folder: it refuses root, so root lends it another uid.

import { createHash } from 'node:crypto';
import { chownSync, existsSync, lstatSync, mkdirSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { AppError } from '#lib/errors.ts';

const NOBODY = 65534;
/** sun_path holds 108 bytes on Linux and 104 on macOS, the closing NUL included. */
const LONGEST_SOCKET_PATH = 103;
const SOCKET_NAME = '.s.PGSQL.5432';

/** How to start a program of the server. */
export interface Account {
  /** Set when this process is root. */
  uid?: number;
  gid?: number;
  /**
   * What follows -D. As root on Linux it is the working directory by its kernel link: that is reached without passing the folders above it,
   * which may be closed to everybody else (/root is).
   */
  dataArgument(folder: string): string;
}

/**
 * The account for a data folder that exists or will be made.
 * @throws AppError when the folder belongs to somebody else, or root runs on a system without /proc.
 */
export function accountFor(folder: string): Account {
  const ownUid = process.getuid?.() ?? 0;
  const owner = existsSync(folder) ? statSync(folder) : null;
  if (ownUid !== 0) {
    if (owner && owner.uid !== ownUid) throw wrongOwner(folder, owner.uid);
    return { dataArgument: (data) => data };
  }
  if (process.platform !== 'linux') {
    throw new AppError('PostgreSQL does not run as root: start the platform as an ordinary user.', { status: 500, code: 'embedded_postgres_root' });
  }
  const lent = owner && owner.uid !== 0 ? { uid: owner.uid, gid: owner.gid } : { uid: NOBODY, gid: NOBODY };
  return { ...lent, dataArgument: () => '/proc/self/cwd' };
}

/** Makes `folder` (0700) for the account. */
export function makeOwnFolder(folder: string, account: Account): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (account.uid !== undefined) chownSync(folder, account.uid, account.gid as number);
}

/**
 * The folder of the Unix socket: the data folder itself, or, when that path is too long for a socket, a folder of the same owner
 * under the temporary directory whose name is made from it. `argument` is what the server is told.
 * @throws AppError when somebody else holds that temporary name.
 */
export function socketFolderFor(folder: string, account: Account): { socketFolder: string; argument: string } {
  if (Buffer.byteLength(path.join(folder, SOCKET_NAME)) <= LONGEST_SOCKET_PATH) return { socketFolder: folder, argument: '.' };
  const name = `genai-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}`;
  const short = path.join(account.uid === undefined ? os.tmpdir() : '/tmp', name);
  if (!existsSync(short)) makeOwnFolder(short, account);
  const state = lstatSync(short);
  const expectedUid = account.uid ?? process.getuid?.();
  if (!state.isDirectory() || state.uid !== expectedUid || (state.mode & 0o077) !== 0) {
    throw new AppError(`${short} belongs to somebody else: remove it, or use a shorter --data-dir.`, { status: 500, code: 'embedded_postgres_socket' });
  }
  return { socketFolder: short, argument: short };
}

function wrongOwner(folder: string, uid: number): AppError {
  return new AppError(`${folder} belongs to uid ${uid} (was the platform started as root before?): start it as that user or root, or chown -R the folder.`, {
    status: 500,
    code: 'embedded_postgres_owner',
  });
}
