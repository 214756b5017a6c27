// Writes the windows of scheduled exports that are over: a window's files first, then the mark. What is killed in between is written again under the same names.
// One window at a time in a process, and the exports take turns. Each is taken by one process (a lease that ends by itself).
import { rm } from 'node:fs/promises';
import { AppError } from '#lib/errors.ts';
import { Pump } from '#lib/pump.ts';
import type { Sealer } from '#lib/sealed.ts';
import type { Records } from '#stores/records/port.ts';
import type { Log } from '#telemetry/log.ts';
import { BLOB_EXPORT_CHANNEL, failed, type IntegrationRow, keepLease, letGo, reached, secretOf, takeDue, untilDueMs, waitUntil } from './integrations-sql.ts';
import { EXPORT_TABLES, type ExportTable, type FieldGroup, type FileType } from './schema.ts';
import { contentTypeOf, type ExportTarget, isPacked, nameOf, type OpenTarget } from './target.ts';
import { type ExportWindow, LAG_MS, periodStart, skipTo, windowAfter } from './windows.ts';

/** What the process with the analytics does for an export. */
export interface ExportEngine {
  /** The first stored instant of a project from an instant on; null when there is none. */
  first(projectId: string, fromMs: number): Promise<number | null>;
  /** Writes a table's rows of a window into a file of this machine; null when there are none. The caller removes the file. */
  write(asked: ExportAsked, signal: AbortSignal): Promise<string | null>;
}

export interface ExportAsked {
  projectId: string;
  table: ExportTable;
  fromMs: number;
  toMs: number;
  fileType: FileType;
  packed: boolean;
  groups: readonly FieldGroup[];
}

export interface ExportParts {
  records: Records;
  /** Names this process among all that export. One that follows a killed one under its name goes on at once. */
  worker: string;
  sealer: Sealer;
  engine: ExportEngine;
  openTarget: OpenTarget;
  /** How old the oldest event is that is accepted and not yet readable; null while the engine is away, or another process stores. */
  lagMs: () => Promise<number | null>;
  log: Log;
  /** Counts what was done. */
  count?: (what: 'written' | 'empty' | 'failed') => void;
  /** How long a killed writer keeps the others away; default 15 s. */
  leaseSeconds?: number;
  /** First wait after a failure, twice as long each time; default 60 s. */
  retrySeconds?: number;
}

export interface ExportRunner {
  /** The engine is there: what waited for it goes on. */
  wake(): void;
  /** What is being written is left and begun again by the next start. */
  close(): Promise<void>;
}

const LEASE_SECONDS = 15;
const RETRY_SECONDS = 60;
const LONGEST_RETRY_SECONDS = 3_600;
/** After the engine or the records were away, and while the window's events are not all readable. */
const AGAIN_MS = 30_000;
const SHORTEST_SLEEP_MS = 1_000;
const LONGEST_SLEEP_MS = 6 * 3_600_000;
const DAY_MS = 86_400_000;

/** Starts working. Idle while nothing is due: it is woken by NOTIFY and by the next window; without exports no timer runs. */
export async function startExports(parts: ExportParts): Promise<ExportRunner> {
  const runner = new Runner(parts);
  await runner.start();
  return runner;
}

class Runner implements ExportRunner {
  readonly #parts: ExportParts;
  readonly #worker: string;
  readonly #closing = new AbortController();
  #stopListening: () => Promise<void> = async () => {};
  readonly #pump: Pump;

  constructor(parts: ExportParts) {
    this.#parts = parts;
    this.#worker = parts.worker;
    this.#pump = new Pump({
      pass: () => this.#pass(),
      onError: (error) => parts.log.warn('scheduled exports cannot go on; tried again', { error }),
      againMs: AGAIN_MS,
      shortestMs: SHORTEST_SLEEP_MS,
      longestMs: LONGEST_SLEEP_MS,
    });
  }

  async start(): Promise<void> {
    const { wake } = this.#pump;
    this.#stopListening = await this.#parts.records.listen(BLOB_EXPORT_CHANNEL, wake, wake);
    wake();
  }

  wake(): void {
    this.#pump.wake();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const idle = this.#pump.close();
    await this.#stopListening();
    await idle;
  }

  async #pass(): Promise<number | null> {
    const { records, lagMs } = this.#parts;
    if ((await untilDueMs(records)) === null) return null;
    let lag = await lagMs();
    while (lag !== null && !this.#pump.closed && (await this.#exportOne(lag))) lag = await lagMs();
    return lag === null ? AGAIN_MS : ((await untilDueMs(records)) ?? LONGEST_SLEEP_MS);
  }

  /** Takes the one that is due and writes its next window. False when none is due. */
  async #exportOne(lagMs: number): Promise<boolean> {
    const { records, leaseSeconds = LEASE_SECONDS, retrySeconds = RETRY_SECONDS, count, log } = this.#parts;
    const row = await takeDue(records, this.#worker, leaseSeconds);
    if (row === null) return false;
    const lost = new AbortController();
    const beat = setInterval(
      () => {
        keepLease(records, row, this.#worker, leaseSeconds).then(
          (kept) => kept || lost.abort(),
          () => {},
        );
      },
      (leaseSeconds * 1_000) / 3,
    );
    const signal = AbortSignal.any([lost.signal, this.#closing.signal]);
    try {
      await this.#advance(row, lagMs, signal);
    } catch (error) {
      if (!signal.aborted) {
        count?.('failed');
        log.warn('a scheduled export failed', { projectId: row.project_id, error });
        const wait = Math.min(LONGEST_RETRY_SECONDS, retrySeconds * 2 ** Math.min(row.failures, 10));
        await failed(records, row, this.#worker, { message: wordsOf(error), retrySeconds: wait });
      }
    } finally {
      clearInterval(beat);
      await letGo(records, row, this.#worker);
    }
    return true;
  }

  async #advance(row: IntegrationRow, lagMs: number, signal: AbortSignal): Promise<void> {
    const { records, engine, count } = this.#parts;
    const frequency = row.export_frequency;
    const wait = (nextMs: number): Promise<void> => waitUntil(records, row, this.#worker, nextMs);
    const nowMs = Date.now();
    // What was accepted before this instant can be read.
    const overMs = nowMs - lagMs - LAG_MS;
    const lastMs = row.last_sync_at?.getTime() ?? (await this.#startOf(row));
    if (lastMs === null) return await wait(windowAfter(frequency, nowMs).dueAtMs);
    const window = windowAfter(frequency, lastMs);
    if (window.dueAtMs > nowMs) return await wait(window.dueAtMs);
    if (window.toMs > overMs) return await wait(nowMs + AGAIN_MS);
    const files = await this.#write(row, window, signal);
    if (signal.aborted) return;
    const nextMs = files > 0 ? null : await engine.first(row.project_id, window.toMs);
    const toMs = files > 0 ? window.toMs : skipTo(frequency, { window, nextMs, overMs });
    await reached(records, row, this.#worker, { toMs, nextMs: windowAfter(frequency, toMs).dueAtMs });
    count?.(files > 0 ? 'written' : 'empty');
  }

  /** Where the first window begins; null while nothing is stored. */
  async #startOf(row: IntegrationRow): Promise<number | null> {
    if (row.export_mode === 'FROM_CUSTOM_DATE' && row.export_start_date !== null) return row.export_start_date.getTime();
    if (row.export_mode === 'FROM_TODAY') return Math.floor(row.begun_at.getTime() / DAY_MS) * DAY_MS;
    const first = await this.#parts.engine.first(row.project_id, 0);
    return first === null ? null : periodStart(row.export_frequency, first);
  }

  /** How many files the window has. */
  async #write(row: IntegrationRow, { fromMs, toMs }: ExportWindow, signal: AbortSignal): Promise<number> {
    const { engine, sealer, openTarget } = this.#parts;
    let target: ExportTarget | null = null;
    let files = 0;
    try {
      for (const table of EXPORT_TABLES) {
        if (signal.aborted) return files;
        const asked = { projectId: row.project_id, table, fromMs, toMs, fileType: row.file_type, packed: isPacked(row), groups: row.export_field_groups };
        const file = await engine.write(asked, signal);
        if (file === null) continue;
        try {
          target ??= await openTarget(row, secretOf(sealer, row));
          await target.putFile(nameOf(row, table, toMs), file, { contentType: contentTypeOf(row), signal });
          files += 1;
        } finally {
          await rm(file, { force: true });
        }
      }
      return files;
    } finally {
      target?.close();
    }
  }
}

/** What is shown of a failure: our own words, or the store's where they are for people. */
function wordsOf(error: unknown): string {
  return error instanceof AppError ? error.message.slice(0, 1_000) : 'The export failed: the log of the platform says why.';
}
