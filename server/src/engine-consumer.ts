// Which consumer an engine runs: the one of this folder's journal, the one of the journal that machines share (role worker, under a lease), or none (role observe beside workers).
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { listProjects } from '#identity/projects.ts';
import { createDeletedTraces, type DeletedTraces, type LeftOut, withoutDeleted } from '#observe/deletion/deleted-traces.ts';
import { createDeletions, type DeletionDependencies, hide, resumeDeletions } from '#observe/deletion/deletions.ts';
import { deletionsElsewhere } from '#observe/deletion/deletions-elsewhere.ts';
import type { Deletions } from '#observe/deletion/port.ts';
import { noteLate } from '#observe/deletion/receipts.ts';
import { createFolder } from '#observe/fold/folder.ts';
import type { Folder, PriceUsage } from '#observe/fold/port.ts';
import { createProjectLinks } from '#observe/fold/project-links.ts';
import { TokenCounter } from '#observe/fold/token-count.ts';
import type { RetentionCounts } from '#observe/life/housekeeping.ts';
import { createMediaKeeper } from '#observe/media/keep-extracted.ts';
import type { ProjectModels } from '#observe/models/project-models.ts';
import { type RunnerDependencies, startRepricing } from '#observe/repricing/runner.ts';
import { openRetentionDirectory, type RetentionDirectory } from '#observe/retention/directory.ts';
import { distrustEverything } from '#observe/rollups/runner.ts';
import { openSampler, type Sampler } from '#observe/sampling/runner.ts';
import type { SamplingCounts, Storing } from '#observe/sampling/settle.ts';
import { type Consumer, startConsumer } from '#observe/store/consumer.ts';
import { consumerElsewhere } from '#observe/store/consumer-elsewhere.ts';
import { createLookup } from '#observe/store/lookup.ts';
import { createPositions, type Positions } from '#observe/store/positions.ts';
import { usagePricer } from '#observe/store/usage-pricer.ts';
import { createWriter, type Writer } from '#observe/store/writer.ts';
import { createTailHub, type TailHub } from '#observe/tail/hub.ts';
import { createLeasedTailHub } from '#observe/tail/leased-hub.ts';
import type { Prices } from '#prices/port.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import type { Blobs } from '#stores/blobs/port.ts';
import type { JournalReader } from '#stores/journal/port.ts';
import { openJournalReader } from '#stores/journal/reader.ts';
import { createShardLease } from '#stores/journal/shard-lease.ts';
import { registerStrays, releaseObjects, SHARED_ARCHIVE } from '#stores/journal/shared-janitor.ts';
import { openSharedReader } from '#stores/journal/shared-reader.ts';
import { backlogAfter, JOURNAL_CHANNEL } from '#stores/journal/shared-registry.ts';
import type { Records } from '#stores/records/port.ts';
import type { Log } from '#telemetry/log.ts';
import type { EngineInput } from './engine.ts';
import { openEngineBlobs, startLife } from './engine-life.ts';
import { trimArchive } from './journal-janitor.ts';
import { folderHolds, sharedEnd, sharedHolds } from './journal-left.ts';
import { leasedPositions, leasedWriter, startLeasedConsumer } from './leased-consumer.ts';

export interface Consumption {
  consumer: Consumer;
  deletions: Deletions;
  /** Who watches what is stored here; null where another process stores, or serves no reader. */
  tail: TailHub | null;
  /** What retention removed since the start; null where another process keeps house. */
  retained: () => RetentionCounts | null;
  /** What sampling left out since the start; null where another process stores. */
  sampled: () => SamplingCounts | null;
  stop(): Promise<void>;
}

interface Parts {
  input: EngineInput;
  analytics: Analytics;
  records: Records;
  /** Prices that projects set for their own models. */
  models: Pick<ProjectModels, 'pricer'>;
  /** Everybody's prices. */
  prices: Prices;
  log: Log;
}

/** What a storing process holds besides. */
interface StoringParts extends Parts {
  retention: RetentionDirectory;
  blobs: Blobs;
  sampler: Sampler;
}

/** Name of the shared journal's consumer in `consumer_positions`. */
const SHARED_CONSUMER = 'analytics@shared';
const ARCHIVE_LIMIT_BYTES = 64 * 1024 ** 3;

/** Starts what this engine's role asks for. @throws AppError when the bucket of a shared journal cannot be used. */
export async function startConsumption(parts: Parts): Promise<Consumption> {
  const { journal, role } = parts.input.settings;
  if (parts.input.restoring === true || (journal === 's3' && role !== 'worker')) return readOnly(parts);
  const { records, log } = parts;
  const blobs = await openEngineBlobs(parts.input.settings);
  const retention = await openRetentionDirectory(records, (error) =>
    log.warn('retention of projects could not be read; what is known so far stays', { error }),
  );
  const sampler = await openSampler({
    ...{ analytics: parts.analytics, records, blobs },
    onError: (error) => log.warn('traces that wait for the verdict of their sampling rule wait longer', { error }),
  });
  const consumption = await (journal === 'files' ? consumeFolder : consumeShared)({ ...parts, retention, blobs, sampler });
  return {
    ...consumption,
    sampled: () => sampler.counts(),
    async stop() {
      await sampler.stop();
      await consumption.stop();
      await retention.close();
      await blobs.close();
    },
  };
}

async function consumeFolder(parts: StoringParts): Promise<Omit<Consumption, 'sampled'>> {
  const { input, analytics, records, blobs, log } = parts;
  const reader = openJournalReader(join(input.settings.dataDir, 'journal'), {
    onCorrupt: (corruption) => log.error('a damaged place in the journal was passed over', { ...corruption }),
  });
  const folder = newFolder(parts);
  const tail = createTailHub();
  const { writer, deleted } = writing(parts, tail);
  const consumer = startConsumer({
    reader,
    folder,
    writer,
    positions: positionsOf(parts, input.consumer ?? 'analytics'),
    ...(input.roundBytes === undefined ? {} : { maxBytes: input.roundBytes }),
    onError: onError(log),
  });
  const deletion = { analytics, records, deleted, consumer, folder };
  const repricing = await repricingOf(parts, () => ({ consumer, writer: createWriter(analytics) }), null);
  parts.sampler.begin(() => ({ consumer, deleted }));
  resumeDeletions(deletion).catch((error: unknown) => log.warn('deletions of before this start wait for the next one', { error }));
  const life = await startLife({
    analytics,
    records,
    blobs,
    log,
    mayRun: () => true,
    hide: (asked) => hide(deletion, asked),
    journalHolds: async (sequence) => folderHolds(join(input.settings.dataDir, 'journal'), sequence),
    lookEveryMs: null,
  });
  return {
    consumer,
    deletions: createDeletions(deletion),
    tail,
    retained: life.counts,
    async stop() {
      await repricing.stop();
      await life.stop();
      await stopAll(consumer, reader);
    },
  };
}

async function consumeShared(parts: StoringParts): Promise<Omit<Consumption, 'sampled'>> {
  const { input, analytics, records, blobs, log } = parts;
  const reader = openSharedReader({
    blobs,
    records,
    onCorrupt: (place) => log.error('a damaged object of the shared journal was passed over', { ...place }),
  });
  const lease = createShardLease(records, randomBytes(8).toString('hex'));
  const archive = { blobs, archivePrefix: SHARED_ARCHIVE, archiveLimitBytes: ARCHIVE_LIMIT_BYTES };
  /** Of the time that this process holds the lease. */
  let storing: Pick<DeletionDependencies, 'deleted' | 'folder'> | null = null;
  const tail = createLeasedTailHub();
  const consumer = startLeasedConsumer({
    lease,
    end: () => tail.end(),
    begin: () => {
      const folder = newFolder(parts);
      const { writer, deleted } = writing(parts, tail.begin());
      storing = { deleted, folder };
      return startConsumer({
        reader,
        folder,
        writer: leasedWriter(lease, writer),
        positions: leasedPositions(lease, SHARED_CONSUMER, positionsOf(parts, SHARED_CONSUMER)),
        ...(input.roundBytes === undefined ? {} : { maxBytes: input.roundBytes }),
        onError: onError(log),
      });
    },
    backlogAfter: (number) => backlogAfter(records, number),
    async tidy(consumedSequence) {
      const strays = await registerStrays({ blobs, records }, Date.now());
      if (strays > 0) log.warn('objects whose writer died before it gave them a number were found', { strays });
      if ((await releaseObjects({ blobs, records }, consumedSequence)) > 0) await trimArchive(archive);
    },
    log,
  });
  parts.sampler.begin((): Storing | null => (storing !== null && lease.isSafe() ? { consumer, deleted: storing.deleted } : null));
  const wake = (): void => consumer.wake();
  const stopListening = await records.listen(JOURNAL_CHANNEL, wake, wake);
  const life = await startLife({
    analytics,
    records,
    blobs,
    log,
    mayRun: () => lease.isSafe(),
    async hide(asked) {
      if (storing === null) return;
      await hide({ analytics, records, consumer, ...storing, journalEnd: () => sharedEnd(records) }, asked);
    },
    journalHolds: (sequence, reachedAtMs) => sharedHolds(records, sequence, reachedAtMs),
    lookEveryMs: 15_000,
  });
  const repricing = await repricingOf(
    parts,
    () => (storing !== null && lease.isSafe() ? { consumer, writer: leasedWriter(lease, createWriter(analytics)) } : null),
    15_000,
  );
  return {
    consumer,
    deletions: deletionsElsewhere(records),
    tail,
    retained: life.counts,
    async stop() {
      await repricing.stop();
      await life.stop();
      await stopListening();
      await stopAll(consumer, reader);
    },
  };
}

function readOnly({ records }: Parts): Consumption {
  const consumer = consumerElsewhere();
  return { consumer, deletions: deletionsElsewhere(records), tail: null, retained: () => null, sampled: () => null, stop: () => consumer.stop() };
}

async function stopAll(consumer: Consumer, reader: JournalReader): Promise<void> {
  await consumer.stop();
  await reader.close();
}

const priceOf = ({ models, prices }: Pick<Parts, 'models' | 'prices'>): PriceUsage => models.pricer(usagePricer(prices));

async function repricingOf(parts: StoringParts, storing: RunnerDependencies['storing'], lookEveryMs: number | null): Promise<{ stop(): Promise<void> }> {
  const { analytics, records, log } = parts;
  const onError = (error: unknown): void => log.warn('a re-pricing could not go on; it is tried again', { error });
  return await startRepricing({ analytics, records, price: priceOf(parts), storing, onError, lookEveryMs });
}

/** Where roll-ups of before are not trusted once a release has written that knows none. */
const positionsOf = ({ records, analytics }: Parts, name: string): Positions => createPositions(records, name, () => distrustEverything(analytics));

function newFolder({ analytics, input, models, prices, retention, records, blobs }: StoringParts): Folder {
  const lookup = createLookup(analytics);
  const links = createProjectLinks({ lookup, now: Date.now, organizationOf: async (id) => (await listProjects(records, { id }))[0]?.organization.id ?? null });
  return createFolder({
    lookup,
    links,
    price: priceOf({ models, prices }),
    tokens: new TokenCounter(),
    media: createMediaKeeper({ records, blobs }),
    retentionClass: retention.classOf,
    now: Date.now,
    inferSessions: input.settings.inferSessions,
  });
}

/** Stored rows pass by who watches, once they are on the disk. */
function watched(writer: Writer, tail: TailHub | null): Writer {
  if (tail === null) return writer;
  return {
    async write(rows, options) {
      const written = await writer.write(rows, options);
      tail.publish(rows);
      return written;
    },
  };
}

function writing({ analytics, records, sampler, log }: StoringParts, tail: TailHub | null): { writer: Writer; deleted: DeletedTraces } {
  const deleted = createDeletedTraces(records);
  const inserts = createWriter(analytics, { onAway: (error) => log.warn('the analytics store is away; the insert is repeated', { error }) });
  const leftOut = async ({ rows, traces, lastSequence }: LeftOut): Promise<void> => {
    const sampledOut = traces.filter((trace) => trace.sampledOut);
    await sampler.late(sampledOut);
    if (sampledOut.length === traces.length) return;
    log.info('rows of deleted traces were left out', { rows });
    const projects = Map.groupBy(
      traces.filter((trace) => !trace.sampledOut),
      ({ projectId }) => projectId,
    );
    for (const [projectId, names] of projects)
      await noteLate(
        records,
        projectId,
        names.map(({ traceId }) => traceId),
        lastSequence,
      );
  };
  return { deleted, writer: withoutDeleted(sampler.noting(watched(inserts, tail)), deleted, leftOut) };
}

function onError(log: Log): (error: unknown) => void {
  return (error) => log.error('a round of the consumer failed; it is repeated', { error });
}
