// Works started experiments off, a few items at a time; woken by news and by the next due item, idle otherwise. A process that dies loses its items to the next one when their lock ends.
import { Pump } from '#lib/pump.ts';
import type { Log } from '#telemetry/log.ts';
import { type AskParts, askItem, type Outcome } from './ask-item.ts';
import { type ClaimedItem, claim, EXPERIMENTS_CHANNEL, endItem, endJob, nextDue, putBack, releaseAll } from './jobs-sql.ts';

export interface RunnerParts extends AskParts {
  log: Log;
  /** No other process can be asking: what one held that died is taken at once. */
  alone?: boolean;
  /** Seconds after which a dead process's item is taken by another; longer than an answer may take. */
  lockSeconds?: number;
  /** First wait after a refusal that passes, four times longer each time. */
  retrySeconds?: number;
}

const LOCK_SECONDS = 300;
/** One fewer than a person's key lets through at once: the playground stays usable meanwhile. */
const SLOTS = 3;
const MOST_ATTEMPTS = 5;
const AGAIN_MS = 5_000;
const SHORTEST_SLEEP_MS = 50;
const LONGEST_SLEEP_MS = 300_000;

/** Starts working. */
export async function startExperiments(parts: RunnerParts): Promise<{ close(): Promise<void> }> {
  const runner = new ExperimentRunner(parts);
  await runner.start();
  return runner;
}

class ExperimentRunner {
  readonly #parts: RunnerParts;
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #stopListening: () => Promise<void> = async () => {};
  readonly #pump: Pump;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
    this.#pump = new Pump({
      pass: () => this.#pass(),
      onError: (error) => parts.log.warn('experiments could not be looked at; tried again', { error }),
      againMs: AGAIN_MS,
      shortestMs: SHORTEST_SLEEP_MS,
      longestMs: LONGEST_SLEEP_MS,
    });
  }

  async start(): Promise<void> {
    const { wake } = this.#pump;
    this.#stopListening = await this.#parts.records.listen(EXPERIMENTS_CHANNEL, wake, wake);
    const { records, alone = false, log } = this.#parts;
    if (alone) await releaseAll(records).catch((error: unknown) => log.warn('items of a process that died wait for the end of their lock', { error }));
    wake();
  }

  /** Calls under way are given back to the queue. */
  async close(): Promise<void> {
    this.#closing.abort();
    const idle = this.#pump.close();
    await this.#stopListening();
    await idle;
    await Promise.all(this.#running);
  }

  /** Takes items into free slots. */
  async #pass(): Promise<number | null> {
    const { records, lockSeconds = LOCK_SECONDS } = this.#parts;
    const free = SLOTS - this.#running.size;
    if (free <= 0) return null;
    for (const item of await claim(records, free, lockSeconds)) this.#run(item);
    const due = await nextDue(records);
    return due === null ? null : due.getTime() - Date.now();
  }

  #run(item: ClaimedItem): void {
    const running = this.#work(item)
      .catch((error: unknown) =>
        this.#parts.log.warn('an item of an experiment could not be ended; it is asked again when its lock ends', { jobId: item.job_id, error }),
      )
      .finally(() => {
        this.#running.delete(running);
        this.#pump.wake();
      });
    this.#running.add(running);
  }

  async #work(item: ClaimedItem): Promise<void> {
    const outcome = await askItem(this.#parts, item, this.#closing.signal);
    await this.#settle(item, outcome);
  }

  async #settle(item: ClaimedItem, outcome: Outcome): Promise<void> {
    const { records, retrySeconds = 5 } = this.#parts;
    if (outcome.kind === 'done') return await endItem(records, item, { state: 'done', cause: null, traceId: outcome.traceId, cost: outcome.cost });
    if (this.#pump.closed) return await putBack(records, item, { inSeconds: 0, cause: 'the process ended', counted: false });
    if (outcome.kind === 'again' && item.attempts < MOST_ATTEMPTS) {
      const inSeconds = Math.max(outcome.afterSeconds ?? 0, retrySeconds * 4 ** (item.attempts - 1));
      return await putBack(records, item, { inSeconds, cause: outcome.cause, counted: true });
    }
    if (outcome.kind === 'failed' && outcome.of === 'job') await endJob(records, item.job_id, 'failed', outcome.cause);
    await endItem(records, item, { state: 'failed', cause: outcome.cause, traceId: null, cost: null });
  }
}
