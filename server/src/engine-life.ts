// When the process that stores events keeps house: soon after its start, then every hour, and only while the events are its to store.
import { join } from 'node:path';
import { Pump } from '#lib/pump.ts';
import { type PurgeDependencies, purgeDeletions } from '#observe/deletion/purge.ts';
import { DELETIONS_CHANNEL, type DeletionRow, openDeletions } from '#observe/deletion/receipts.ts';
import { createHousekeeping, type Housekeeping } from '#observe/life/housekeeping.ts';
import { startSettling } from '#observe/rollups/runner.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import { openFilesystemBlobs } from '#stores/blobs/filesystem.ts';
import type { Blobs } from '#stores/blobs/port.ts';
import { recordsOfArchive } from '#stores/journal/archived-segment.ts';
import type { Records } from '#stores/records/port.ts';
import type { Log } from '#telemetry/log.ts';
import type { EngineInput } from './engine.ts';

const FIRST_AFTER_MS = 5_000;
const EVERY_MS = 3_600_000;

export interface Life {
  counts: Housekeeping['counts'];
  /** Ends after the run under way. */
  stop(): Promise<void>;
}

const PENDING_EVERY_MS = 3_000;
const LONGEST_SLEEP_MS = 300_000;

/** The blobs as the engine sees them, beside the front that writes them too. */
export async function openEngineBlobs(settings: EngineInput['settings']): Promise<Blobs> {
  if (settings.blobs === null) return await openFilesystemBlobs(join(settings.dataDir, 'blobs'), { beside: true });
  const { openS3Blobs } = await import('#stores/blobs/s3.ts');
  return await openS3Blobs(settings.blobs);
}

export interface LifeParts {
  analytics: Analytics;
  records: Records;
  blobs: Blobs;
  log: Log;
  /** Asked before each run: whether the events are this process's to store. */
  mayRun: () => boolean;
  /** Hides what a noted deletion names. */
  hide: (deletion: DeletionRow) => Promise<void>;
  journalHolds: PurgeDependencies['journalHolds'];
  /** How often deletions are looked for that somebody else noted; null = none is noted but by this process and by news. */
  lookEveryMs: number | null;
}

/** Starts keeping house. */
export async function startLife(parts: LifeParts): Promise<Life> {
  const { analytics, records, blobs, log, mayRun } = parts;
  const deletions = await tendDeletions(parts);
  const housekeeping = createHousekeeping({
    analytics,
    records,
    blobs,
    recordsOf: recordsOfArchive,
    onError: (error) => log.warn('retention could not end its run; it is tried again', { error }),
  });
  const settling = startSettling({
    analytics,
    mayRun,
    onError: (error) => log.warn('roll-ups could not be settled; it is tried again, and reads go without', { error }),
    onSettled: (untilMs, rows) => log.info('roll-ups are settled', { rows, until: untilMs === null ? null : new Date(untilMs).toISOString() }),
  });
  let running: Promise<void> = Promise.resolve();
  let timer = setTimeout(run, FIRST_AFTER_MS).unref();
  let stopped = false;
  function run(): void {
    running = (mayRun() ? housekeeping.retain(Date.now()) : Promise.resolve()).then(() => {
      if (!stopped) timer = setTimeout(run, EVERY_MS).unref();
    });
  }
  return {
    counts: housekeeping.counts,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
      await settling.stop();
      await deletions.stop();
    },
  };
}

const DELETIONS_A_LOOK = 100;

/** Hides deletions that were noted, and takes those that are hidden to their end; sleeps when none is open. */
async function tendDeletions(parts: LifeParts): Promise<{ stop(): Promise<void> }> {
  const { records, log, mayRun } = parts;
  const look = async (): Promise<boolean> => {
    if (!mayRun()) return false;
    for (const deletion of await openDeletions(records, DELETIONS_A_LOOK)) if (deletion.hidden_at === null) await parts.hide(deletion);
    return await purgeDeletions({ ...parts, recordsOf: recordsOfArchive });
  };
  const pump = new Pump({
    pass: async () => ((await look()) ? PENDING_EVERY_MS : parts.lookEveryMs),
    onError: (error) => log.warn('deletions could not be taken to their end; tried again', { error }),
    againMs: PENDING_EVERY_MS,
    shortestMs: PENDING_EVERY_MS,
    longestMs: LONGEST_SLEEP_MS,
  });
  const stopListening = await records.listen(DELETIONS_CHANNEL, pump.wake, pump.wake);
  pump.wake();
  return {
    async stop() {
      const idle = pump.close();
      await stopListening();
      await idle;
    },
  };
}
