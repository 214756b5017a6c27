// The embedded PostgreSQL: prepared on the first start, started or adopted on every one, restarted when it dies, ended in order.
import type { ChildProcess } from 'node:child_process';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '#lib/errors.ts';
import { accountFor, socketFolderFor } from './embedded-account.ts';
import { ensureCluster } from './embedded-cluster.ts';
import { linkLibraries, nativeFolder, reachableNative } from './embedded-package.ts';
import { answers, isAlive, lastComplaints, type ServerPlace, spawnServer, survivingServer } from './embedded-process.ts';

const READY_POLL_MS = 10;
/** Crash recovery replays at most max_wal_size, which takes seconds; this is for a very slow disk. */
const READY_TIMEOUT_MS = 120_000;
/** Backends of a killed postmaster hold its shared memory for a moment; until then a new one refuses to start. */
const FIRST_START_RETRY_MS = 15_000;
const STOP_TIMEOUT_MS = 30_000;
const ADOPTED_POLL_MS = 300;
const LONGEST_RESTART_DELAY_MS = 5_000;

export interface EmbeddedOptions {
  /** The server's own folder, for example <data>/postgres; its log stands beside it as <folder>.log. */
  folder: string;
  /** Default 20. */
  maxConnections?: number;
  /** Said before work that a person waits for (the first start). */
  onProgress?: (message: string) => void;
  /** Told when the server died by itself, and when it is back. */
  onEvent?: (event: { kind: 'died' | 'restarted' | 'restart-failed'; message: string }) => void;
}

export interface EmbeddedPostgres {
  /** For openRecords({ socketFolder }), in this and in other processes. */
  readonly socketFolder: string;
  /** True when a server that outlived its parent was taken over. */
  readonly adopted: boolean;
  /** Pid of the postmaster, null while it is being restarted. */
  pid(): number | null;
  /** Fast shutdown: ends sessions, writes a checkpoint, waits for the end. */
  stop(): Promise<void>;
}

/**
 * Starts the PostgreSQL of `folder`, or adopts the one that is still running there. The caller holds the data folder's lock.
 * @throws AppError with what to do when it cannot run here.
 */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const folder = path.resolve(options.folder);
  const onProgress = options.onProgress ?? (() => {});
  const account = accountFor(folder);
  const installed = nativeFolder();
  linkLibraries(installed);
  const native = account.uid === undefined ? installed : reachableNative(installed, onProgress);
  const survivor = survivingServer(folder);
  if (survivor === null) await ensureClusterWithProgress(native, folder, account, onProgress);
  const { socketFolder, argument } = socketFolderFor(folder, account);
  const place: ServerPlace = {
    native,
    folder,
    account,
    socketFolder,
    socketArgument: argument,
    logFile: `${folder}.log`,
    maxConnections: options.maxConnections ?? 20,
  };
  const server = new Supervisor(place, options.onEvent ?? (() => {}));
  await server.begin(survivor);
  return server;
}

async function ensureClusterWithProgress(
  native: string,
  folder: string,
  account: ReturnType<typeof accountFor>,
  onProgress: (message: string) => void,
): Promise<void> {
  const startedAtMs = performance.now();
  await ensureCluster(native, folder, account);
  const tookMs = performance.now() - startedAtMs;
  if (tookMs > 50) onProgress(`PostgreSQL prepared (${Math.round(tookMs)} ms)`);
}

class Supervisor implements EmbeddedPostgres {
  readonly socketFolder: string;
  adopted = false;
  readonly #place: ServerPlace;
  readonly #onEvent: NonNullable<EmbeddedOptions['onEvent']>;
  #pid: number | null = null;
  #child: ChildProcess | null = null;
  #watch: NodeJS.Timeout | null = null;
  #stopping = false;
  #restarting: Promise<void> | null = null;

  constructor(place: ServerPlace, onEvent: NonNullable<EmbeddedOptions['onEvent']>) {
    this.#place = place;
    this.#onEvent = onEvent;
    this.socketFolder = place.socketFolder;
  }

  pid(): number | null {
    return this.#pid;
  }

  async begin(survivor: number | null): Promise<void> {
    if (survivor !== null && (await this.#untilReady(survivor))) {
      this.adopted = true;
      this.#adopt(survivor);
      return;
    }
    const deadlineMs = performance.now() + FIRST_START_RETRY_MS;
    for (;;) {
      if (await this.#start()) return;
      if (performance.now() > deadlineMs) throw this.#cannotStart();
      await sleep(200);
    }
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#watch) clearInterval(this.#watch);
    await this.#restarting;
    const pid = this.#pid;
    if (pid === null) return;
    // SIGINT is PostgreSQL's fast shutdown, SIGQUIT the one that leaves recovery to the next start.
    signal(pid, 'SIGINT');
    if (!(await this.#untilGone(pid, STOP_TIMEOUT_MS))) {
      signal(pid, 'SIGQUIT');
      await this.#untilGone(pid, 5_000);
    }
    this.#pid = null;
  }

  /** One attempt. False when the process ended before it answered. */
  async #start(): Promise<boolean> {
    const child = spawnServer(this.#place);
    const exited = new Promise<void>((resolve) => {
      child.once('error', () => resolve());
      child.once('exit', () => resolve());
    });
    if (child.pid === undefined) {
      await exited;
      return false;
    }
    this.#child = child;
    if (!(await this.#untilReady(child.pid))) return false;
    this.#pid = child.pid;
    // Neither the handle nor a quiet server keeps this process alive.
    child.unref();
    void exited.then(() => this.#died(child.pid as number));
    return true;
  }

  #adopt(pid: number): void {
    this.#pid = pid;
    this.#watch = setInterval(() => {
      if (isAlive(pid)) return;
      if (this.#watch) clearInterval(this.#watch);
      this.#died(pid);
    }, ADOPTED_POLL_MS).unref();
  }

  #died(pid: number): void {
    if (this.#stopping || this.#pid !== pid) return;
    this.#pid = null;
    this.#onEvent({ kind: 'died', message: `PostgreSQL (pid ${pid}) ended by itself; starting it again. ${lastComplaints(this.#place.logFile)}`.trim() });
    this.#restarting = this.#restart().finally(() => {
      this.#restarting = null;
    });
  }

  async #restart(): Promise<void> {
    for (let delayMs = 50; !this.#stopping; delayMs = Math.min(delayMs * 2, LONGEST_RESTART_DELAY_MS)) {
      if (await this.#start()) {
        this.#onEvent({ kind: 'restarted', message: `PostgreSQL is back (pid ${this.#pid})` });
        return;
      }
      if (delayMs === LONGEST_RESTART_DELAY_MS) this.#onEvent({ kind: 'restart-failed', message: this.#cannotStart().message });
      await sleep(delayMs);
    }
  }

  async #untilReady(pid: number): Promise<boolean> {
    const deadlineMs = performance.now() + READY_TIMEOUT_MS;
    while (performance.now() < deadlineMs && this.#lives(pid)) {
      if (await answers(this.#place.socketFolder)) return this.#lives(pid);
      await sleep(READY_POLL_MS);
    }
    return false;
  }

  #lives(pid: number): boolean {
    if (this.#child?.pid === pid) return this.#child.exitCode === null && this.#child.signalCode === null;
    return isAlive(pid);
  }

  async #untilGone(pid: number, timeoutMs: number): Promise<boolean> {
    const deadlineMs = performance.now() + timeoutMs;
    while (this.#lives(pid)) {
      if (performance.now() > deadlineMs) return false;
      await sleep(READY_POLL_MS);
    }
    return true;
  }

  #cannotStart(): AppError {
    const complaints = lastComplaints(this.#place.logFile);
    return new AppError(`PostgreSQL does not start; its log ${this.#place.logFile} says: ${complaints || 'nothing'}`, {
      status: 500,
      code: 'embedded_postgres_start',
    });
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has just ended by itself.
  }
}
