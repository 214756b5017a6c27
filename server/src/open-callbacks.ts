// Joins the callbacks' room to the house: the journal whose calls are told, connections through the proxy, buckets with keys of their own.
import { createOutside, INSTANCE_HEADER } from '#callbacks/outside.ts';
import { type Callbacks, instanceIdOf, openCallbacks } from '#callbacks/service.ts';
import { Transport } from '#gateway/transport.ts';
import type { Sealer } from '#lib/sealed.ts';
import type { GatewayConfig, Settings } from '#settings/settings.ts';
import type { Blobs } from '#stores/blobs/port.ts';
import type { News } from '#stores/coordination/port.ts';
import type { Log } from '#telemetry/log.ts';
import type { Metrics } from '#telemetry/metrics.ts';
import type { Stores } from './open-stores.ts';

export interface HouseCallbacksParts {
  settings: Settings;
  stores: Stores;
  identity: { instanceSecret: Buffer };
  sealer: Sealer;
  news: News;
  metrics: Metrics;
  log: Log;
  config: () => Pick<GatewayConfig, 'alerting' | 'callbackTargets'>;
  ledger: { flush(): Promise<void> };
}

const CONNECT_TIMEOUT_MS = 5_000;

/** Whether a process of this role answers calls, and so has calls to tell of. */
export function servesCalls(role: Settings['role']): boolean {
  return role === 'all' || role === 'gateway';
}

/** Whether this process tells receivers of calls: a call worker leaves it to its front, which stores the same calls. */
export function tellsCalls({ role, front }: Pick<Settings, 'role' | 'front'>): boolean {
  return servesCalls(role) && front?.journal == null;
}

/** @throws when the records are away. */
export async function openHouseCallbacks(parts: HouseCallbacksParts): Promise<Callbacks> {
  const { settings, stores } = parts;
  const transport = new Transport(settings.network, { connectTimeoutMs: CONNECT_TIMEOUT_MS });
  const outside = createOutside({
    pool: (origin) => transport.pool(origin, true),
    blobs: stores.blobs,
    openBucket,
    instanceId: instanceIdOf(parts.identity.instanceSecret),
  });
  const { journal } = stores;
  const callbacks = await openCallbacks({
    ...parts,
    alerting: () => parts.config().alerting,
    flushLedger: () => parts.ledger.flush(),
    records: stores.records,
    outside,
    dataDir: settings.dataDir,
    limitBytes: settings.limits.callbackQueueBytes,
    journal: !tellsCalls(settings)
      ? null
      : {
          reader: stores.openReader(),
          consumer: stores.consumers.callbacks,
          durableSequence: () => journal.state().durableSequence,
          onDurable: (listener) => journal.onDurable(listener),
        },
  });
  await callbacks.useTargets(parts.config().callbackTargets);
  return {
    ...callbacks,
    async close() {
      await callbacks.close();
      await transport.close();
    },
  };
}

/** The header by which a platform recognises itself, as its health route sends it. */
export function instanceHeader(instanceSecret: Buffer): [string, string] {
  return [INSTANCE_HEADER, instanceIdOf(instanceSecret)];
}

/** A bucket of s3_v2: with its own keys where it names some, else by AWS's chain. */
async function openBucket(variables: Readonly<Record<string, string>>): Promise<Blobs> {
  const { openS3Blobs } = await import('#stores/blobs/s3.ts');
  const accessKeyId = variables.S3_AWS_ACCESS_KEY_ID;
  const secretAccessKey = variables.S3_AWS_SECRET_ACCESS_KEY;
  const sessionToken = variables.S3_AWS_SESSION_TOKEN;
  const own =
    accessKeyId === undefined || secretAccessKey === undefined
      ? {}
      : { credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) } };
  const endpoint = variables.S3_ENDPOINT_URL ?? null;
  return await openS3Blobs({
    bucket: variables.S3_BUCKET_NAME ?? '',
    prefix: '',
    region: variables.S3_REGION_NAME ?? null,
    endpoint,
    publicEndpoint: null,
    pathStyle: endpoint !== null,
    ...own,
  });
}
