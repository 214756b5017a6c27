// The postmaster as a process: start it, find one that outlived its parent, tell whether it lives and answers, end it.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, readlinkSync, realpathSync, rmSync, statSync, truncateSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import type { Account } from './embedded-account.ts';

const LARGEST_LOG_BYTES = 8 * 1024 * 1024;

/** Small on purpose: one machine, some megabytes of facts. fsync and synchronous_commit stay on. */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '',
  unix_socket_permissions: '0700',
  cluster_name: 'genai',
  shared_buffers: '32MB',
  work_mem: '4MB',
  maintenance_work_mem: '32MB',
  effective_cache_size: '128MB',
  fsync: 'on',
  synchronous_commit: 'on',
  wal_level: 'minimal',
  max_wal_senders: '0',
  min_wal_size: '32MB',
  max_wal_size: '192MB',
  wal_buffers: '1MB',
  // The default starts three more processes; 32 MB of cache does not need them.
  io_method: 'sync',
  max_worker_processes: '2',
  max_parallel_workers_per_gather: '0',
  max_logical_replication_workers: '0',
  autovacuum_max_workers: '1',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_min_messages: 'warning',
  log_checkpoints: 'off',
};

export interface ServerPlace {
  /** Folder with `bin/postgres`. */
  native: string;
  folder: string;
  account: Account;
  socketFolder: string;
  socketArgument: string;
  logFile: string;
  maxConnections: number;
}

/** Starts the postmaster in a session of its own, so that Ctrl-C at the terminal reaches only this process, which ends it in order. */
export function spawnServer(place: ServerPlace): ChildProcess {
  const settings = { ...SETTINGS, max_connections: String(place.maxConnections), unix_socket_directories: place.socketArgument };
  const parameters = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  if (existsSync(place.logFile) && statSync(place.logFile).size > LARGEST_LOG_BYTES) truncateSync(place.logFile);
  // A file, not a pipe: the server must be able to go on writing when this process is gone.
  const log = openSync(place.logFile, 'a', 0o600);
  try {
    return spawn(path.join(place.native, 'bin', 'postgres'), ['-D', place.account.dataArgument(place.folder), ...parameters], {
      cwd: place.folder,
      detached: true,
      stdio: ['ignore', log, log],
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
      ...(place.account.uid === undefined ? {} : { uid: place.account.uid, gid: place.account.gid as number }),
    });
  } finally {
    closeSync(log);
  }
}

/**
 * The pid of a postmaster that still serves this folder, else null. A pid file left by a dead one is removed when its number now belongs
 * to something else (in containers the same numbers come again), because PostgreSQL would refuse to start over it.
 */
export function survivingServer(folder: string): number | null {
  const pidFile = path.join(folder, 'postmaster.pid');
  if (!existsSync(pidFile)) return null;
  const pid = Number.parseInt(readFileSync(pidFile, 'utf8'), 10);
  if (!Number.isInteger(pid) || pid <= 1 || !isAlive(pid)) return null;
  if (serves(pid, folder)) return pid;
  rmSync(pidFile, { force: true });
  return null;
}

/** True while the process runs; a zombie does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    // No /proc (macOS), or it ended between the two looks.
    return process.platform !== 'linux';
  }
}

function serves(pid: number, folder: string): boolean {
  try {
    if (process.platform === 'linux') {
      return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'postgres' && readlinkSync(`/proc/${pid}/cwd`) === realpathSync(folder);
    }
    return execFileSync('ps', ['-p', String(pid), '-o', 'command='], { encoding: 'utf8' }).includes(folder);
  } catch {
    return false;
  }
}

/** True when the server answers a query now. */
export async function answers(socketFolder: string): Promise<boolean> {
  const client = new pg.Client({ host: socketFolder, port: 5432, user: 'genai', database: 'postgres', connectionTimeoutMillis: 2_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

/** The last complaints in the server's log, for an error message. */
export function lastComplaints(logFile: string): string {
  if (!existsSync(logFile)) return '';
  const lines = readFileSync(logFile, 'utf8')
    .split('\n')
    .filter((line) => /(FATAL|PANIC|error while loading)/.test(line) && !line.includes('starting up'));
  return lines.slice(-3).join(' | ').slice(0, 600);
}
