// `--workers N`: N processes that answer calls on one port. This one hands them connections, holds what they must agree on, stores what they settled, and starts again who dies.
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '#lib/errors.ts';
import { socketPath } from '#lib/socket-path.ts';
import type { Settings } from '#settings/settings.ts';
import { serveJournal } from '#stores/journal/socket-host.ts';
import type { Log } from '#telemetry/log.ts';
import type { CallWorkerInput, FromCallWorker, ToCallWorker } from './call-worker-input.ts';
import type { Stores } from './open-stores.ts';

export interface CallWorkersStart {
  stores: Pick<Stores, 'events' | 'recordsAddress'>;
  instanceSecret: Buffer;
  argv: readonly string[];
  cwd: string;
  log: Log;
}

type CallWorkersOptions = CallWorkersStart & { settings: Settings };

export interface CallWorkers {
  state(): { ready: number; wanted: number };
  /** Prometheus texts by number of the process; who does not answer soon is left out. */
  metrics(): Promise<ReadonlyMap<string, string>>;
  /** @throws AppError with the reason of the first that refuses. */
  start(start: CallWorkersStart): Promise<void>;
  /** Each lets its answers in flight end and hands over what it alone holds. */
  stop(): Promise<void>;
}

const FIRST_RESTART_MS = 200;
const LONGEST_RESTART_MS = 10_000;
const STEADY_MS = 30_000;
/** Longer than a process asks its stores. */
const METRICS_TIMEOUT_MS = 3_000;

/** Where the sockets of a front lie that has call workers. */
export const limitsSocket = (dataDir: string): string => socketPath(dataDir, 'limits.sock');
export const frontSocket = (dataDir: string): string => socketPath(dataDir, 'front.sock');
const eventsSocket = (dataDir: string): string => socketPath(dataDir, 'events.sock');

/** Whether this process has call workers. */
export function hasCallWorkers({ workers }: Pick<Settings, 'workers'>): boolean {
  return (workers ?? 1) > 1;
}

/** Nothing runs before `start`, which waits until each answers. */
export function createCallWorkers(settings: Settings): CallWorkers {
  const wanted = hasCallWorkers(settings) ? (settings.workers ?? 1) : 0;
  let slots: Slot[] = [];
  let events: { close(): Promise<void> } | null = null;
  const stop = async (): Promise<void> => {
    await Promise.all(slots.map((slot) => slot.stop()));
    await events?.close();
    events = null;
  };
  return {
    state: () => ({ ready: slots.filter(({ ready }) => ready).length, wanted }),
    async metrics() {
      const texts = await Promise.all(slots.map(async (slot) => [String(slot.index), await slot.metrics()] as const));
      return new Map(texts.filter((entry): entry is readonly [string, string] => entry[1] !== null));
    },
    async start(start) {
      const left = settings.front === undefined ? foldersBeyond(settings.dataDir, wanted) : [];
      if (wanted === 0 && left.length === 0) return;
      const options = { settings, ...start };
      events = settings.journal === 'files' ? await serveJournal(eventsSocket(settings.dataDir), start.stores.events) : null;
      cluster.setupPrimary({ exec: join(import.meta.dirname, 'call-worker.ts'), args: [] });
      cluster.schedulingPolicy = cluster.SCHED_RR;
      slots = Array.from({ length: wanted }, (_, index) => new Slot(options, index));
      try {
        await Promise.all([...left.map((index) => handOver(options, index)), ...slots.map((slot) => slot.start())]);
      } catch (error) {
        await stop();
        throw error;
      }
    },
    stop,
  };
}

/** Folders of call workers that an earlier start had and this one has not: what lies there is handed over once more. */
function foldersBeyond(dataDir: string, wanted: number): number[] {
  try {
    return readdirSync(join(dataDir, 'workers'))
      .filter((name) => /^\d{1,3}$/.test(name) && Number(name) >= wanted)
      .map(Number);
  } catch {
    return [];
  }
}

async function handOver(options: CallWorkersOptions, index: number): Promise<void> {
  const slot = new Slot(options, index, false);
  await slot.start();
  await slot.stop();
}

class Slot {
  readonly index: number;
  ready = false;
  readonly #options: CallWorkersOptions;
  readonly #serves: boolean;
  readonly #asked = new Map<number, (text: string | null) => void>();
  #worker: Worker | null = null;
  #timer: NodeJS.Timeout | null = null;
  #restartMs = FIRST_RESTART_MS;
  #stopping = false;
  #questions = 0;

  constructor(options: CallWorkersOptions, index: number, serves = true) {
    this.#options = options;
    this.index = index;
    this.#serves = serves;
  }

  /** @throws AppError when it ends before it is ready. */
  async start(): Promise<void> {
    const worker = cluster.fork();
    const startedAt = performance.now();
    this.#worker = worker;
    let reason = '';
    const first = new Promise<void>((resolve, reject) => {
      worker.on('message', (message: FromCallWorker) => {
        if (message.kind === 'refused') reason = message.reason;
        if (message.kind === 'metrics') this.#answer(message.id, message.text);
        if (message.kind !== 'ready') return;
        this.ready = true;
        resolve();
      });
      worker.once('exit', (code, signal) => {
        this.ready = false;
        for (const id of [...this.#asked.keys()]) this.#answer(id, null);
        reject(new AppError(reason || `a process for calls ended with ${signal ?? code} before it was ready`, { status: 500, code: 'worker_ended' }));
      });
    });
    worker.send(this.#input() satisfies ToCallWorker);
    await first;
    worker.once('exit', (code, signal) => this.#ended(code, signal, performance.now() - startedAt));
  }

  metrics(): Promise<string | null> {
    const worker = this.#worker;
    if (worker === null || !this.ready) return Promise.resolve(null);
    return new Promise((resolve) => {
      const id = ++this.#questions;
      this.#asked.set(id, resolve);
      setTimeout(() => this.#answer(id, null), METRICS_TIMEOUT_MS).unref();
      worker.send({ kind: 'metrics', id } satisfies ToCallWorker);
    });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const worker = this.#worker;
    if (worker === null || worker.isDead()) return;
    const ended = once(worker, 'exit');
    worker.send({ kind: 'stop' } satisfies ToCallWorker);
    await ended;
  }

  #answer(id: number, text: string | null): void {
    this.#asked.get(id)?.(text);
    this.#asked.delete(id);
  }

  #ended(code: number, signal: string, livedMs: number): void {
    if (this.#stopping) return;
    if (livedMs > STEADY_MS) this.#restartMs = FIRST_RESTART_MS;
    this.#options.log.error('a process for calls ended; it is started again', { worker: this.index, code, signal, restartMs: this.#restartMs });
    this.#again();
  }

  #again(): void {
    this.#timer = setTimeout(() => {
      this.start().catch((error: unknown) => {
        this.#options.log.error('a process for calls could not be started; it is tried again', { worker: this.index, error });
        if (!this.#stopping) this.#again();
      });
    }, this.#restartMs);
    this.#restartMs = Math.min(2 * this.#restartMs, LONGEST_RESTART_MS);
  }

  #input(): CallWorkerInput {
    const { settings, stores, instanceSecret, argv, cwd } = this.#options;
    const { dataDir } = settings;
    return {
      kind: 'start',
      index: this.index,
      workers: settings.workers ?? 1,
      argv,
      cwd,
      dataDir: join(dataDir, 'workers', String(this.index)),
      recordsUrl: addressOf(stores.recordsAddress),
      instanceSecret: instanceSecret.toString('base64'),
      front: {
        socket: frontSocket(dataDir),
        limits: settings.redis === null && hasCallWorkers(settings) ? limitsSocket(dataDir) : null,
        journal: settings.journal === 'files' ? eventsSocket(dataDir) : null,
        serves: this.#serves,
      },
    };
  }
}

/** The embedded server's socket as an address that pg reads. */
function addressOf(address: Stores['recordsAddress']): string {
  if ('connectionString' in address) return address.connectionString;
  return `postgres://localhost/postgres?${new URLSearchParams({ host: address.socketFolder, port: '5432', user: 'genai' })}`;
}
