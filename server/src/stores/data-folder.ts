// The data folder: created, its format checked and locked by exactly one process before any store is opened.
import { execFile } from 'node:child_process';
import { closeSync, existsSync, fsyncSync, linkSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { AppError } from '#lib/errors.ts';

/** What this release reads and writes. A release that changes the folder incompatibly counts it up and migrates. */
export const DATA_FOLDER_FORMAT = 1;

export interface DataFolder {
  /** Absolute path. */
  readonly path: string;
  /** Gives the lock back. */
  close(): Promise<void>;
}

/** Who holds a lock: the start time tells a process from a later one with the same number. */
interface Holder {
  pid: number;
  startedAt: string;
  isReleased: boolean;
}

/**
 * Creates the folder (0700), checks its format and takes its lock.
 * @throws AppError `data_folder_locked` when another live process holds it, `data_folder_format` when a newer release wrote it, `data_folder_unusable` when it cannot be created.
 */
export async function openDataFolder(path: string): Promise<DataFolder> {
  const folder = resolve(path);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new AppError(`the data folder ${folder} cannot be created (${(error as NodeJS.ErrnoException).code}): choose another with --data-dir`, {
      status: 500,
      code: 'data_folder_unusable',
      cause: error,
    });
  }
  const mine: Holder = { pid: process.pid, startedAt: (await startOf(process.pid)) ?? 'unknown', isReleased: false };
  const release = await takeLock(folder, mine);
  try {
    checkFormat(folder);
  } catch (error) {
    release();
    throw error;
  }
  let isClosed = false;
  return {
    path: folder,
    close: async () => {
      if (isClosed) return;
      isClosed = true;
      release();
    },
  };
}

/** The process that holds a folder's lock now, or null: for verbs that must talk to it. */
export async function holderOf(path: string): Promise<number | null> {
  const turns = join(resolve(path), 'lock');
  if (!existsSync(turns)) return null;
  const holder = readHolder(join(turns, String(highestTurn(turns))));
  return holder !== null && !holder.isReleased && (await isAlive(holder)) ? holder.pid : null;
}

function checkFormat(folder: string): void {
  const path = join(folder, 'format');
  const text = readOrNull(path);
  if (text === null) {
    writeDurably(path, `${DATA_FOLDER_FORMAT}\n`);
    return;
  }
  const format = Number(text.trim());
  if (Number.isInteger(format) && format >= 1 && format <= DATA_FOLDER_FORMAT) return;
  throw new AppError(
    `the data folder ${folder} has format ${text.trim().slice(0, 20) || '(empty)'}, this release reads up to ${DATA_FOLDER_FORMAT}: start the newer release that wrote it, or choose another folder with --data-dir`,
    { status: 500, code: 'data_folder_format' },
  );
}

/**
 * The lock is a folder of numbered turns, each a file that names its holder; the highest turn is the lock. A turn is linked into place whole, so exactly one
 * process gets it, and only the holder of a higher turn removes lower ones: whoever comes late with a lower turn sees the higher one and gives way.
 * So no two rivals for a dead holder's lock can both win, at whatever moment any of them stops.
 */
async function takeLock(folder: string, mine: Holder): Promise<() => void> {
  const turns = join(folder, 'lock');
  mkdirSync(turns, { recursive: true, mode: 0o700 });
  for (let attempt = 0; attempt < 100; attempt++) {
    const highest = highestTurn(turns);
    const holder = highest === 0 ? null : readHolder(join(turns, String(highest)));
    if (holder !== null && !holder.isReleased && (await isAlive(holder))) throw locked(folder, holder.pid);
    const turn = highest + 1;
    if (!linkHolder(turns, turn, mine)) continue;
    if (highestTurn(turns) !== turn) {
      unlinkIfThere(join(turns, String(turn)));
      continue;
    }
    for (const lower of turnsIn(turns)) if (lower < turn) unlinkIfThere(join(turns, String(lower)));
    return () => replaceHolder(turns, turn, { ...mine, isReleased: true });
  }
  throw new AppError(`the lock of the data folder ${folder} cannot be taken, because many processes try at once: try again`, {
    status: 409,
    code: 'data_folder_locked',
  });
}

function turnsIn(turns: string): number[] {
  return readdirSync(turns)
    .filter((name) => /^\d{1,15}$/.test(name))
    .map(Number);
}

function highestTurn(turns: string): number {
  return Math.max(0, ...turnsIn(turns));
}

function locked(folder: string, pid: number): AppError {
  return new AppError(`the data folder ${folder} is in use by process ${pid}: stop that one first, or choose another folder with --data-dir`, {
    status: 409,
    code: 'data_folder_locked',
    details: { pid, folder },
  });
}

/** True when the turn was free and is now this holder's. */
function linkHolder(turns: string, turn: number, holder: Holder): boolean {
  const aside = writeAside(turns, holder);
  try {
    linkSync(aside, join(turns, String(turn)));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    unlinkSync(aside);
  }
}

function replaceHolder(turns: string, turn: number, holder: Holder): void {
  renameSync(writeAside(turns, holder), join(turns, String(turn)));
}

function writeAside(turns: string, holder: Holder): string {
  const aside = join(turns, `.${holder.pid}.${process.hrtime.bigint()}`);
  writeFileSync(aside, `${JSON.stringify(holder)}\n`, { mode: 0o600, flag: 'wx' });
  return aside;
}

function readHolder(path: string): Holder | null {
  try {
    const value = JSON.parse(readFileSync(path, 'utf8')) as Partial<Holder> | null;
    if (typeof value?.pid !== 'number' || typeof value.startedAt !== 'string') return null;
    return { pid: value.pid, startedAt: value.startedAt, isReleased: value.isReleased === true };
  } catch {
    return null;
  }
}

async function isAlive(holder: Holder): Promise<boolean> {
  const startedAt = await startOf(holder.pid);
  // A start time that neither side could read does not prove death: then the number alone decides.
  return startedAt !== null && (startedAt === holder.startedAt || startedAt === 'unknown' || holder.startedAt === 'unknown');
}

/** When a process started (in whatever unit the system counts), null when there is none, 'unknown' when the system does not say. */
async function startOf(pid: number): Promise<string | null> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return null;
  }
  return process.platform === 'linux' ? await startFromProc(pid) : await startFromPs(pid);
}

async function startFromProc(pid: number): Promise<string | null> {
  try {
    const [stat, boot] = await Promise.all([readFile(`/proc/${pid}/stat`, 'latin1'), readFile('/proc/sys/kernel/random/boot_id', 'latin1').catch(() => '')]);
    // Fields after the command's closing bracket; the command itself may hold anything. State is the 1st of them, the start time the 20th.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return null;
    return `${boot.trim()}/${fields[19]}`;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ESRCH' ? null : 'unknown';
  }
}

async function startFromPs(pid: number): Promise<string | null> {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)], { env: { LC_ALL: 'C', PATH: '/bin:/usr/bin' } });
    return stdout.trim() === '' ? null : stdout.trim();
  } catch {
    return 'unknown';
  }
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

function writeDurably(path: string, text: string): void {
  const aside = `${path}.new`;
  const descriptor = openSync(aside, 'w', 0o600);
  try {
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(aside, path);
}
