// When the process that stores events keeps house: soon after its start, then every hour, and only while the events are its to store.
import { join } from 'node:path';
import { createHousekeeping, type Housekeeping } from '#observe/life/housekeeping.ts';
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

/** The blobs as the engine sees them, beside the front that writes them too. */
export async function openEngineBlobs(settings: EngineInput['settings']): Promise<Blobs> {
  if (settings.blobs === null) return await openFilesystemBlobs(join(settings.dataDir, 'blobs'), { beside: true });
  const { openS3Blobs } = await import('#stores/blobs/s3.ts');
  return await openS3Blobs(settings.blobs);
}

/** Starts keeping house. `mayRun` is asked before each run. */
export function startLife(parts: { analytics: Analytics; records: Pick<Records, 'query'>; blobs: Blobs; log: Log; mayRun: () => boolean }): Life {
  const { analytics, records, blobs, log, mayRun } = parts;
  const housekeeping = createHousekeeping({
    analytics,
    records,
    blobs,
    recordsOf: recordsOfArchive,
    onError: (error) => log.warn('retention could not end its run; it is tried again', { error }),
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
    },
  };
}
