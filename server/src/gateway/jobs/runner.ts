// Looks after what ends long after it was asked for (batches, responses in the background), until it has ended and is counted. Woken by NOTIFY and by the next one that
// is due; with nothing open no timer runs. Each is taken by one process at a time (a lock that ends by itself), so that several gateways and a kill -9 make no difference.
import type { Clock } from '#gateway/deps.ts';
import { Pump } from '#lib/pump.ts';
import type { Log } from '#telemetry/log.ts';

export interface Job {
  readonly id: string;
  readonly createdAtMs: number;
  /** Looks in vain, one after the other. */
  readonly failures: number;
}

/** Every method fails with AppError 503 when the records are away. */
export interface JobQueue<One extends Job> {
  /** Takes those that are due, for `lockMs` nobody else's. */
  claim(most: number, lockMs: number): Promise<One[]>;
  /** A look in vain: why, and when the next one is. */
  noteFailure(id: string, why: string, nextAtMs: number): Promise<void>;
  /** It is over and counted. False when somebody else has said so already. */
  settle(id: string): Promise<boolean>;
  /** When the next open one is due; null = there is none. */
  nextDueMs(): Promise<number | null>;
  /** Removes what was over long ago. */
  sweep(): Promise<void>;
  /** Hears that there is something to look at. @returns how to stop. */
  listen(wake: () => void): Promise<() => Promise<void>>;
}

export interface JobRunner {
  /** What is under way is finished; what waits goes on with the next start. */
  close(): Promise<void>;
}

export interface JobWork<One extends Job> {
  /** For the log: `a batch`. */
  readonly name: string;
  readonly queue: JobQueue<One>;
  readonly clock: Clock;
  readonly log: Log;
  /** A look in vain, doubled each time up to `longestRetryMs`. */
  readonly retryMs: number;
  readonly longestRetryMs: number;
  /** After a look in vain at this age nobody will ever say what became of it: it stays counted at its reservation. */
  readonly givenUpMs: number;
  /** One look at a job that is ours for a while. @throws when it was in vain. */
  look(job: One): Promise<void>;
}

/** Longer than most looks take. A second one beside a longer one changes nothing: the ledger takes a call once. */
export const LOCK_MS = 120_000;
const AT_ONCE = 4;
const SHORTEST_SLEEP_MS = 50;
const LONGEST_SLEEP_MS = 300_000;
const AGAIN_MS = 10_000;
const SWEEP_EVERY_MS = 3_600_000;

/** Starts working. Never throws: while the records are away it tries again. */
export async function startJobs<One extends Job>(work: JobWork<One>): Promise<JobRunner> {
  const runner = new Runner(work);
  await runner.start();
  return runner;
}

class Runner<One extends Job> implements JobRunner {
  readonly #work: JobWork<One>;
  #stopListening: () => Promise<void> = async () => {};
  readonly #pump: Pump;
  #sweptAtMs = 0;

  constructor(work: JobWork<One>) {
    this.#work = work;
    this.#pump = new Pump({
      pass: () => this.#pass(),
      onError: (error) => work.log.warn(`${work.name} could not be looked for; tried again`, { error }),
      againMs: AGAIN_MS,
      shortestMs: SHORTEST_SLEEP_MS,
      longestMs: LONGEST_SLEEP_MS,
    });
  }

  async start(): Promise<void> {
    this.#stopListening = await this.#work.queue.listen(this.#pump.wake);
    this.#pump.wake();
  }

  async close(): Promise<void> {
    const idle = this.#pump.close();
    await this.#stopListening();
    await idle;
  }

  async #pass(): Promise<number | null> {
    const { queue, clock } = this.#work;
    for (let taken = AT_ONCE; taken === AT_ONCE && !this.#pump.closed; ) {
      const due = await queue.claim(AT_ONCE, LOCK_MS);
      await Promise.all(due.map((job) => this.#look(job)));
      taken = due.length;
    }
    const dueMs = await queue.nextDueMs();
    if (clock.nowMs() - this.#sweptAtMs >= SWEEP_EVERY_MS) {
      this.#sweptAtMs = clock.nowMs();
      await queue.sweep();
    }
    return dueMs === null ? null : dueMs - clock.nowMs();
  }

  async #look(job: One): Promise<void> {
    const { queue, clock, log, name, retryMs, longestRetryMs, givenUpMs } = this.#work;
    try {
      await this.#work.look(job);
    } catch (error) {
      const nowMs = clock.nowMs();
      if (nowMs - job.createdAtMs > givenUpMs) {
        log.error(`${name} is given up: nobody says what became of it, and it stays counted at its reservation`, { id: job.id, error });
        await queue.settle(job.id);
        return;
      }
      log.warn(`${name} could not be looked at; tried again`, { id: job.id, failures: job.failures + 1, error });
      const wait = Math.min(longestRetryMs, retryMs * 2 ** Math.min(job.failures, 16));
      await queue.noteFailure(job.id, (error as Error).message, nowMs + Math.round(wait * (0.9 + Math.random() * 0.2)));
    }
  }
}
