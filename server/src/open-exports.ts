// Scheduled exports in this process: how their buckets are reached, and, in the whole platform and in workers, the runner that writes.
import { randomUUID } from 'node:crypto';
import type { Egress } from '#http/egress.ts';
import { startExports } from '#observe/blob-export/runner.ts';
import type { SaveParts } from '#observe/blob-export/save.ts';
import type { ExportPlace, ExportTarget } from '#observe/blob-export/target.ts';
import type { Metrics } from '#telemetry/metrics.ts';
import { lagOf } from './evaluation.ts';
import type { HouseInput } from './house.ts';
import type { Outgoing } from './outgoing.ts';

export interface Exports {
  /** What the routes need. */
  parts: SaveParts;
  close(): Promise<void>;
}

const CHECK_NAME = 'genai-export-check.txt';

/** Written where judges run: in the whole platform and in workers, by the one of them that stores. */
export async function openExports(
  { settings, stores, engine, log }: Pick<HouseInput, 'settings' | 'stores' | 'engine' | 'log'>,
  { egress, sealer }: Pick<Outgoing, 'egress' | 'sealer'>,
  metrics: Metrics,
): Promise<Exports> {
  const { records } = stores;
  const parts: SaveParts = { records, sealer, openTarget: (place, secret) => openTarget(egress, place, secret) };
  if (engine === null || (settings.role !== 'all' && settings.role !== 'worker')) return { parts, close: async () => {} };
  const windows = metrics.counter({ name: 'genai_export_windows_total', help: 'Windows of scheduled exports by outcome.', labels: ['outcome'] });
  const runner = await startExports({
    ...parts,
    // The data folder of a whole platform is one process's alone.
    worker: settings.role === 'all' ? stores.consumers.analytics : randomUUID(),
    engine: engine.exports,
    lagMs: () => lagOf(engine, settings.role),
    log,
    count: (outcome) => windows.add(1, outcome),
  });
  void engine.ready().then(() => runner.wake());
  return { parts, close: () => runner.close() };
}

/** The SDK is loaded by the first export. */
async function openTarget(egress: Egress, place: ExportPlace, secretAccessKey: string): Promise<ExportTarget> {
  if (place.endpoint !== null) egress.check(place.endpoint);
  const { openBucket } = await import('#stores/blobs/s3-bucket.ts');
  const bucket = openBucket({
    bucket: place.bucket_name,
    region: place.region,
    endpoint: place.endpoint,
    pathStyle: place.force_path_style,
    credentials: { accessKeyId: place.access_key_id, secretAccessKey },
    fetch: (url, init) => egress.fetch(url, init),
  });
  return {
    check: () => bucket.check(`${place.prefix}${CHECK_NAME}`),
    putFile: (name, path, options) => bucket.putFile(`${place.prefix}${name}`, path, options),
    close: () => bucket.close(),
  };
}
