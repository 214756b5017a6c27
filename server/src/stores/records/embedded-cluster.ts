// Creates the embedded server's data folder once (initdb), whole or not at all, and checks that this PostgreSQL can open it.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { AppError } from '#lib/errors.ts';
import { type Account, makeOwnFolder } from './embedded-account.ts';

const MAJOR_VERSION = '18';

/**
 * Runs initdb beside `folder` and renames the result, so that a kill in the middle leaves nothing half made.
 * @throws AppError when initdb fails, or the folder was made by another major version.
 */
export async function ensureCluster(native: string, folder: string, account: Account): Promise<void> {
  const versionFile = path.join(folder, 'PG_VERSION');
  if (existsSync(versionFile)) {
    const version = readFileSync(versionFile, 'utf8').trim();
    if (version === MAJOR_VERSION) return;
    throw new AppError(`${folder} was made by PostgreSQL ${version}; this release brings ${MAJOR_VERSION}. Use the release that made it.`, {
      status: 500,
      code: 'embedded_postgres_version',
    });
  }
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  makeOwnFolder(partial, account);
  await initdb(native, partial, account);
  renameSync(partial, folder);
}

function initdb(native: string, folder: string, account: Account): Promise<void> {
  const parameters = [
    ['-D', account.dataArgument(folder)],
    ['--username', 'genai'],
    // Nobody but the folder's owner reaches the socket, so there is nothing for a password to add.
    ['--auth', 'trust'],
    ['--encoding', 'UTF8'],
    ['--locale', 'C'],
    ['--locale-provider', 'builtin'],
    ['--builtin-locale', 'C.UTF-8'],
    ['--no-instructions'],
  ].flat();
  return new Promise((resolve, reject) => {
    const child = spawn(path.join(native, 'bin', 'initdb'), parameters, {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
      ...(account.uid === undefined ? {} : { uid: account.uid, gid: account.gid as number }),
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      said = (said + chunk).slice(-2_000);
    });
    const fail = (cause: unknown): void => {
      reject(
        new AppError(`PostgreSQL could not prepare its folder: ${said.trim() || String(cause)}`, { status: 500, code: 'embedded_postgres_initdb', cause }),
      );
    };
    child.once('error', fail);
    child.once('close', (code) => (code === 0 ? resolve() : fail(`initdb ended with ${code}`)));
  });
}
