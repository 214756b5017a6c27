// The front's side of the engine: starts the engine process, restarts it when it dies, forwards reads to it, wakes it after group commits.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { type Dispatcher, Pool } from 'undici';
import type { AnalyticsCopy } from '#backup/analytics-copy.ts';
import type { Principal } from '#identity/principal.ts';
import { AppError } from '#lib/errors.ts';
import { socketPath } from '#lib/socket-path.ts';
import type { ExportEngine } from '#observe/blob-export/runner.ts';
import { TAIL_PATH } from '#observe/tail/routes.ts';
import type { EngineAnswer, EngineInput } from './engine.ts';
import { analyticsThroughEngine } from './engine-copy.ts';
import { exportsThroughEngine } from './engine-export.ts';

export interface EngineLink {
  /** Answers a request by the engine; `body` is sent along with it. @throws AppError 503 with Retry-After while the engine is away. */
  forward(request: Request, principal: Principal, body?: Buffer): Promise<Response>;
  /** Tells the engine that records up to here are durable; coalesced, never throws. */
  wake(durableSequence: bigint): void;
  status(): Promise<EngineAnswer | null>;
  /** Resolves when the engine answers for the first time. */
  ready(): Promise<void>;
  pid(): number | null;
  /** The analytics themselves, for backup and restore. */
  copy: AnalyticsCopy;
  /** Files for scheduled exports. */
  exports: ExportEngine;
  /** Ends answers that have no end of their own (the live tail): the process is going. */
  endStreams(): void;
  stop(): Promise<void>;
}

export interface EngineLinkOptions {
  settings: EngineInput['settings'];
  /** What the engine needs beyond the settings, for example where the records are; passed on its standard input, never on argv. */
  extra: Record<string, unknown>;
  /** Environment of the child: what Node itself reads (proxies, authorities, locale), nothing secret of ours. */
  environment: Record<string, string>;
  log: (level: 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>) => void;
}

const FIRST_RESTART_MS = 200;
const LONGEST_RESTART_MS = 10_000;
const WAKE_EVERY_MS = 20;
const READ_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 20_000;

/** Starts the engine and keeps it running until `stop`. */
export async function startEngineLink(options: EngineLinkOptions): Promise<EngineLink> {
  const path = socketPath(options.settings.dataDir, 'engine.sock');
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const pool = new Pool('http://engine', { socketPath: path, connections: 16, headersTimeout: READ_TIMEOUT_MS, bodyTimeout: READ_TIMEOUT_MS });
  // What has no end must not keep the connections of reads.
  const streams = new Pool('http://engine', { socketPath: path, connections: 32, headersTimeout: READ_TIMEOUT_MS, bodyTimeout: READ_TIMEOUT_MS });
  const process = superviseEngine(options);
  const wakeEngine = createWaker(pool);
  let durableSequence = 0n;
  const wake = (sequence: bigint): void => {
    durableSequence = sequence;
    wakeEngine(sequence);
  };

  const status = async (): Promise<EngineAnswer | null> => {
    try {
      const answer = await pool.request({ method: 'GET', path: '/status', headersTimeout: 2000 });
      return (await answer.body.json()) as EngineAnswer;
    } catch {
      return null;
    }
  };

  return {
    async forward(request, principal, body) {
      const url = new URL(request.url);
      try {
        const answer = await (url.pathname === TAIL_PATH ? streams : pool).request({
          method: request.method as 'GET',
          path: url.pathname + url.search,
          headers: {
            'x-genai-principal': Buffer.from(JSON.stringify(principal)).toString('base64url'),
            'x-genai-durable-sequence': String(durableSequence),
            accept: request.headers.get('accept') ?? '*/*',
            ...lastEventOf(request),
          },
          ...(body === undefined ? {} : { body }),
          signal: request.signal,
        });
        return responseOf(answer);
      } catch (cause) {
        if (request.signal.aborted) throw cause;
        throw new AppError('Reads are not available for a moment: the analytics engine is starting again. Nothing that was accepted is lost.', {
          status: 503,
          code: 'ServiceUnavailableError',
          retryAfterSeconds: 2,
          cause,
        });
      }
    },
    wake,
    status,
    async ready() {
      while ((await status()) === null) await new Promise((resolve) => setTimeout(resolve, 50));
    },
    pid: () => process.pid(),
    copy: analyticsThroughEngine(pool),
    exports: exportsThroughEngine(pool),
    endStreams: () => void streams.destroy(),
    async stop() {
      await process.stop();
      await streams.destroy();
      await pool.close().catch(() => undefined);
    },
  };
}

function lastEventOf(request: Request): Record<string, string> {
  const id = request.headers.get('last-event-id');
  return id === null ? {} : { 'last-event-id': id };
}

function responseOf(answer: Dispatcher.ResponseData): Response {
  const headers = new Headers();
  for (const [name, value] of Object.entries(answer.headers)) {
    if (value !== undefined && name !== 'connection' && name !== 'keep-alive' && name !== 'transfer-encoding') headers.set(name, String(value));
  }
  return new Response(answer.statusCode === 204 ? null : (Readable.toWeb(answer.body) as ReadableStream), { status: answer.statusCode, headers });
}

/** At most one wake-up under way and one waiting: the engine only needs to know that there is something new. */
function createWaker(pool: Pool): (durableSequence: bigint) => void {
  let latest = 0n;
  let timer: NodeJS.Timeout | null = null;
  return (durableSequence) => {
    latest = durableSequence;
    if (timer !== null) return;
    timer = setTimeout(() => {
      timer = null;
      pool
        .request({ method: 'POST', path: '/wake', body: JSON.stringify({ durableSequence: String(latest) }), headers: { 'content-type': 'application/json' } })
        .then((answer) => answer.body.dump())
        // An engine that is away reads the journal when it is back.
        .catch(() => undefined);
    }, WAKE_EVERY_MS);
    timer.unref();
  };
}

function superviseEngine(options: EngineLinkOptions): { pid(): number | null; stop(): Promise<void> } {
  let child: ChildProcess | null = null;
  let stopping = false;
  let restartMs = FIRST_RESTART_MS;
  let restartTimer: NodeJS.Timeout | null = null;

  const start = (): void => {
    const startedAt = performance.now();
    // chDB works on libuv's threads: with the default of four, file reads of the same process starve.
    const started = spawn(process.execPath, [join(import.meta.dirname, 'engine.ts')], {
      // What ./genai asks of glibc is for the front at rest; the engine's many threads would share two arenas (peak with a trace of 100,000 spans 1,612 to 1,668 MB, without 1,585 to 1,621).
      env: { ...options.environment, UV_THREADPOOL_SIZE: '16', MALLOC_ARENA_MAX: undefined, MALLOC_TRIM_THRESHOLD_: undefined },
      stdio: ['pipe', 'inherit', 'inherit'],
    });
    child = started;
    started.stdin?.on('error', () => undefined);
    // The pipe stays open: its end tells the engine that its parent is gone.
    started.stdin?.write(`${JSON.stringify({ settings: options.settings, ...options.extra })}\n`);
    started.once('exit', (code, signal) => {
      child = null;
      if (stopping) return;
      if (performance.now() - startedAt > 30_000) restartMs = FIRST_RESTART_MS;
      options.log('error', 'the analytics engine ended; it is started again', { code, signal, restartMs });
      restartTimer = setTimeout(start, restartMs);
      restartMs = Math.min(restartMs * 2, LONGEST_RESTART_MS);
    });
  };
  start();

  return {
    pid: () => child?.pid ?? null,
    async stop() {
      stopping = true;
      if (restartTimer !== null) clearTimeout(restartTimer);
      const running = child;
      if (running === null) return;
      await new Promise<void>((resolve) => {
        const force = setTimeout(() => running.kill('SIGKILL'), STOP_TIMEOUT_MS);
        running.once('exit', () => {
          clearTimeout(force);
          resolve();
        });
        running.kill('SIGTERM');
      });
    },
  };
}
