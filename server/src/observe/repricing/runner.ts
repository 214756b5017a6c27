// Takes re-pricings to their end, batch by batch between two rounds of the consumer, in the process that stores events; goes on where an earlier process was.
import { Pump } from '#lib/pump.ts';
import type { Consumer } from '#observe/store/consumer.ts';
import type { Records } from '#stores/records/port.ts';
import { type BatchDependencies, repriceBatch } from './batch.ts';
import { REPRICING_CHANNEL, type RepricingJob, runningJobs, saveJob } from './jobs.ts';

export interface RunnerDependencies extends Omit<BatchDependencies, 'writer'> {
  records: Records;
  /** What stores events now; null while another process does. */
  storing: () => { consumer: Pick<Consumer, 'exclusively'>; writer: BatchDependencies['writer'] } | null;
  onError: (error: unknown) => void;
  /** How often jobs are looked for that another process was told of; null = news are enough. */
  lookEveryMs: number | null;
}

const WAIT_MS = 10_000;
/** After a failure (the store is away), and between two batches: events go first. */
const AGAIN_MS = 3_000;
const LONGEST_SLEEP_MS = 300_000;

/** Starts looking for jobs. */
export async function startRepricing(dependencies: RunnerDependencies): Promise<{ stop(): Promise<void> }> {
  const { records, lookEveryMs, onError } = dependencies;
  const pump = new Pump({
    pass: async () => {
      await look(dependencies, () => pump.closed);
      return lookEveryMs;
    },
    onError,
    againMs: AGAIN_MS,
    shortestMs: AGAIN_MS,
    longestMs: LONGEST_SLEEP_MS,
  });
  const stopListening = await records.listen(REPRICING_CHANNEL, pump.wake, pump.wake);
  pump.wake();
  return {
    async stop() {
      const idle = pump.close();
      await stopListening();
      await idle;
    },
  };
}

async function look(dependencies: RunnerDependencies, isStopped: () => boolean): Promise<void> {
  if (dependencies.storing() === null) return;
  for (const job of await runningJobs(dependencies.records)) await run(dependencies, job, isStopped);
}

async function run(dependencies: RunnerDependencies, first: RepricingJob, isStopped: () => boolean): Promise<void> {
  for (let job = first; job.state === 'running' && !isStopped(); ) {
    const storing = dependencies.storing();
    if (storing === null) return;
    const current = job;
    job = await storing.consumer.exclusively(() => repriceBatch({ ...dependencies, writer: storing.writer }, current), WAIT_MS);
    // Somebody called it off: what is written stays.
    if (!(await saveJob(dependencies.records, job))) return;
  }
}
