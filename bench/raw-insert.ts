// What the engine could store at most: the rows that the bench's events become, made beforehand, inserted into the same tables with the same durability and nothing else to do.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFolder } from '../server/src/observe/fold/folder.ts';
import type { FoldLookup } from '../server/src/observe/fold/port.ts';
import { encodeHeader } from '../server/src/observe/ingest/header.ts';
import { SEARCH_INDEX_NAME } from '../server/src/observe/search/folded.ts';
import { migrateAnalytics } from '../server/src/observe/store/migrate.ts';
import { usagePricer } from '../server/src/observe/store/usage-pricer.ts';
import { createPrices } from '../server/src/prices/model-prices.ts';
import { openChdb } from '../server/src/stores/analytics/chdb.ts';
import { JournalKind, type JournalRecord } from '../server/src/stores/journal/port.ts';
import { ingestionBatch } from './events.ts';

/** Events of one round of the consumer at full speed: its 4 MiB of journal. */
const EVENTS_A_ROUND = 4_000;
const EVENTS_A_BATCH = 100;

const nothingStored: FoldLookup = { traces: async () => [], observations: async () => [], traceCarriers: async () => [], scores: async () => [] };

export interface RawInsert {
  /** An event being the row that it becomes. */
  eventsPerSecond: number;
  /** CPU of this process: the engine runs in it. */
  cpuUsPerEvent: number;
}

export async function measureRawInsert(seconds: number): Promise<RawInsert> {
  const folder = await mkdtemp(join(tmpdir(), 'genai-raw-'));
  const analytics = await openChdb({ path: join(folder, 'analytics'), maxMemoryBytes: 768 * 1024 * 1024, indexesByMerge: [SEARCH_INDEX_NAME] });
  try {
    await migrateAnalytics(analytics);
    const rounds = await Promise.all(Array.from({ length: 6 }, rowsOfARound));
    let events = 0;
    const before = process.cpuUsage();
    const startMs = performance.now();
    for (let round = 0; performance.now() - startMs < seconds * 1000; round++) {
      const { observations, traces } = rounds[round % rounds.length] as (typeof rounds)[number];
      await analytics.insert('observations', observations, `observations-${round}`);
      await analytics.insert('traces', traces, `traces-${round}`);
      events += EVENTS_A_ROUND;
    }
    const { user, system } = process.cpuUsage(before);
    return { eventsPerSecond: events / ((performance.now() - startMs) / 1000), cpuUsPerEvent: (user + system) / events };
  } finally {
    await analytics.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function rowsOfARound(): Promise<{ observations: Buffer; traces: Buffer }> {
  const folder = createFolder({ lookup: nothingStored, price: usagePricer(createPrices()), retentionClass: () => 0, now: Date.now });
  const header = encodeHeader({
    receivedAtUs: Date.now() * 1000,
    contentType: 'application/json',
    sdk: { name: '', version: '', integration: '' },
    refused: [],
  });
  const records = Array.from(
    { length: EVENTS_A_ROUND / EVENTS_A_BATCH },
    (_, index): JournalRecord => ({
      sequence: BigInt(index + 1),
      kind: JournalKind.ingestionBatch,
      project: 'raw',
      parts: [header, ingestionBatch(EVENTS_A_BATCH).body],
    }),
  );
  const rows = await folder.fold(records);
  const lines = (list: readonly object[]): Buffer => Buffer.from(list.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return { observations: lines(rows.observations), traces: lines(rows.traces) };
}
