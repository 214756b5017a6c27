// Lets journal segments go once every consumer has passed them: each is archived in the blob store first, and the archive has a bound of its own.
import type { Blobs } from '#stores/blobs/port.ts';
import type { JournalWriter } from '#stores/journal/port.ts';
import type { Log } from '#telemetry/log.ts';

export interface JanitorOptions {
  journal: JournalWriter;
  blobs: Blobs;
  /** The smallest sequence that every consumer has passed; null while it cannot be told. */
  consumedSequence: () => Promise<bigint | null>;
  /** False: segments only leave, because what they hold is archived by somebody else. */
  archives?: boolean;
  /** Where the segments go; ends with '/'. */
  archivePrefix: string;
  /** Oldest archives go first beyond this many bytes. */
  archiveLimitBytes: number;
  log: Log;
}

export interface Janitor {
  /** Closes the open segment, waits until everything in it is consumed, archives it. @throws AppError 503 when that takes too long. */
  roll(): Promise<{ archived: number }>;
  close(): Promise<void>;
}

const TIDY_EVERY_MS = 15_000;
/** An idle platform still closes a segment that holds something, so that the archive is never long behind. */
const ROLL_EVERY_MS = 15 * 60_000;
const ROLL_TIMEOUT_MS = 20_000;
const ROLL_POLL_MS = 50;

/** Starts tidying in the background; nothing runs on a call's way. */
export function startJanitor(options: JanitorOptions): Janitor {
  const { journal, blobs, log } = options;
  let lastRollAt = Date.now();
  let lastRolled = 0n;
  let running: Promise<number> | null = null;

  const tidy = async (): Promise<number> => {
    const consumed = await options.consumedSequence();
    if (consumed === null) return 0;
    const archived = await journal.release(consumed, async (name, path) => {
      if (options.archives !== false) await blobs.putFile(`${options.archivePrefix}${name}`, path);
    });
    if (archived > 0) await trimArchive(options);
    return archived;
  };
  /** One at a time: a slow blob store must not pile up rounds. */
  const once = (): Promise<number> => {
    running ??= tidy().finally(() => {
      running = null;
    });
    return running;
  };
  const timer = setInterval(() => {
    const { lastSequence } = journal.state();
    const due = Date.now() - lastRollAt > ROLL_EVERY_MS && lastSequence > lastRolled;
    const rolled = due ? journal.roll() : Promise.resolve();
    if (due) {
      lastRollAt = Date.now();
      lastRolled = lastSequence;
    }
    rolled.then(once).catch((error: unknown) => log.warn('journal segments could not be archived; tried again', { error }));
  }, TIDY_EVERY_MS);
  timer.unref();

  return {
    async roll() {
      await journal.flush();
      const target = journal.state().lastSequence;
      await journal.roll();
      const deadline = Date.now() + ROLL_TIMEOUT_MS;
      while (((await options.consumedSequence()) ?? -1n) < target && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, ROLL_POLL_MS));
      return { archived: await once() };
    },
    async close() {
      clearInterval(timer);
      await running?.catch(() => undefined);
    },
  };
}

/** Removes the oldest archives beyond the bound. */
export async function trimArchive(options: Pick<JanitorOptions, 'blobs' | 'archivePrefix' | 'archiveLimitBytes'>): Promise<void> {
  const archives = await options.blobs.list(options.archivePrefix, { limit: 10_000 });
  let totalBytes = archives.reduce((sum, archive) => sum + archive.sizeBytes, 0);
  // Keys begin with the first sequence, so the list is oldest first.
  for (const archive of archives) {
    if (totalBytes <= options.archiveLimitBytes) return;
    await options.blobs.remove(archive.key);
    totalBytes -= archive.sizeBytes;
  }
}
