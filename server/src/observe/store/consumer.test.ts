// The consumer over a real journal, real folder, real chDB and real PostgreSQL: everything arrives, failures are repeated, replays change nothing.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '#lib/errors.ts';
import { createFolder } from '#observe/fold/folder.ts';
import type { Folder } from '#observe/fold/port.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import { constantSql } from '#stores/analytics/sql.ts';
import { openJournalWriter } from '#stores/journal/open.ts';
import { JournalKind, type JournalWriter } from '#stores/journal/port.ts';
import { openJournalReader } from '#stores/journal/reader.ts';
import { sql as recordsSql } from '#stores/records/sql.ts';
import { startTestRecords, type TestRecords } from '#stores/records/test-records.ts';
import { type Consumer, type ConsumerOptions, startConsumer } from './consumer.ts';
import { createLookup } from './lookup.ts';
import { createPositions, type Positions } from './positions.ts';
import { folded, PROJECT, score, temporaryAnalytics } from './rows-fixture.ts';
import { createWriter } from './writer.ts';

let store: Awaited<ReturnType<typeof temporaryAnalytics>>;
let analytics: Analytics;
let testRecords: TestRecords;
let folder: string;
let journal: JournalWriter;
let name = 0;
let positions: Positions;
const open: Consumer[] = [];

beforeAll(async () => {
  store = await temporaryAnalytics();
  analytics = store.analytics;
  testRecords = await startTestRecords();
});
afterAll(async () => {
  await testRecords.stop();
  await store.close();
});
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'genai-journal-'));
  journal = await openJournalWriter(folder, { payloadLimitBytes: 1 << 30, moneyReserveBytes: 1 << 20 });
  name += 1;
  positions = createPositions(testRecords.records, `test-${name}`);
  for (const table of ['scores', 'dead_letters']) await analytics.command(constantSql(`TRUNCATE TABLE ${table}`));
  return async () => {
    for (const consumer of open.splice(0)) await consumer.stop();
    await journal.close();
    rmSync(folder, { recursive: true, force: true });
  };
});

/** Appends a score batch as the ingestion route would; resolves with its sequence once it is durable. */
async function append(ids: readonly string[]): Promise<bigint> {
  const batch = ids.map((id) => ({
    id: `event-${id}`,
    type: 'score-create',
    timestamp: '2026-11-20T12:00:00.000Z',
    body: { id, traceId: 't', name: 'quality', value: 1 },
  }));
  const parts = [
    Buffer.from(JSON.stringify({ receivedAt: '2026-11-20T12:00:00.000Z', receivedAtUs: 1_795_176_000_000_000 })),
    Buffer.from(JSON.stringify({ batch })),
  ];
  return await new Promise<bigint>((resolve, reject) => {
    const sequence = journal.append('payload', JournalKind.ingestionBatch, PROJECT, parts, (error) => (error ? reject(error) : resolve(sequence as bigint)));
  });
}

function start(over: Partial<ConsumerOptions> = {}): Consumer {
  const realFolder = createFolder({ lookup: createLookup(analytics), price: null, retentionClass: () => 0, now: Date.now });
  const consumer = startConsumer({
    reader: openJournalReader(folder),
    folder: realFolder,
    writer: createWriter(analytics),
    positions,
    pollMs: 60_000,
    minRoundMs: 10,
    ...over,
  });
  open.push(consumer);
  return consumer;
}

async function storedIds(): Promise<string[]> {
  return (
    await analytics.query<{ id: string }>(constantSql('SELECT id FROM scores FINAL ORDER BY id SETTINGS do_not_merge_across_partitions_select_final = 1'))
  ).map((row) => row.id);
}

describe('the consumer', () => {
  it('stores what was there before it and what comes after, and remembers where it is', async () => {
    const first = await append(['a', 'b']);
    const consumer = start();
    expect(await consumer.reached(first, 10_000)).toBe(true);
    const second = await append(['c']);
    consumer.wake(second);
    expect(await consumer.reached(second, 10_000)).toBe(true);
    expect(await storedIds()).toEqual(['a', 'b', 'c']);
    expect(await positions.load()).toBe(second);
    expect(consumer.state()).toMatchObject({ consumedSequence: second, lagRecords: 0, lagMs: 0, deadLetters: 0, writtenRows: 3 });
    expect(await consumer.reached(second + 1n, 20)).toBe(false);
  });

  it('finds new records by itself when no wake-up comes', async () => {
    const consumer = start({ pollMs: 20 });
    const sequence = await append(['quiet']);
    while (consumer.state().consumedSequence < sequence) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await storedIds()).toEqual(['quiet']);
  });

  it('goes on after failures of every neighbour, and tells the folder', async () => {
    const failures = { reads: 2, writes: 2, saves: 2, loads: 2 };
    const twice = async <Answer>(kind: keyof typeof failures, work: () => Promise<Answer>): Promise<Answer> => {
      failures[kind] -= 1;
      if (failures[kind] >= 0) throw new AppError('away', { status: 503, code: 'away' });
      return await work();
    };
    const reader = openJournalReader(folder);
    const writer = createWriter(analytics);
    const errors: unknown[] = [];
    const sequence = await append(['x', 'y']);
    const consumer = start({
      reader: { read: (...input) => twice('reads', () => reader.read(...input)), close: () => reader.close() },
      writer: { write: (...input) => twice('writes', () => writer.write(...input)) },
      positions: { load: () => twice('loads', () => positions.load()), save: (reached) => twice('saves', () => positions.save(reached)) },
      onError: (error) => errors.push(error),
    });
    expect(await consumer.reached(sequence, 20_000)).toBe(true);
    expect(await storedIds()).toEqual(['x', 'y']);
    expect([errors.length, consumer.state().failedRounds]).toEqual([8, 8]);
  });

  it('reads on while a round is being written, and leaves nothing behind that came after that look', async () => {
    const [first, second] = [await append(['one']), await append(['two'])];
    const reader = openJournalReader(folder);
    const writer = createWriter(analytics);
    let sawTheEnd = (): void => {};
    const endSeen = new Promise<void>((resolve) => {
      sawTheEnd = resolve;
    });
    let late: bigint | null = null;
    const consumer = start({
      // A record a round: the second finds the end while it is being written.
      maxBytes: 1,
      reader: {
        read: async (after, options) => {
          const read = await reader.read(after, options);
          if (after === second && read.atEnd) sawTheEnd();
          return read;
        },
        close: () => reader.close(),
      },
      writer: {
        write: async (rows, options) => {
          if (options.lastSequence === second) {
            await endSeen;
            late = await append(['late']);
            consumer.wake(late);
          }
          return await writer.write(rows, options);
        },
      },
    });
    expect(await consumer.reached(second, 20_000)).toBe(true);
    expect(await consumer.reached(late ?? first, 20_000)).toBe(true);
    expect(await storedIds()).toEqual(['late', 'one', 'two']);
  });

  it('stores every record once when writes fail while what follows is already read', async () => {
    const ids = Array.from({ length: 8 }, (_, index) => `n${index}`);
    let last = 0n;
    for (const id of ids) last = await append([id]);
    const writer = createWriter(analytics);
    const begun = new Set<bigint>();
    const consumer = start({
      maxBytes: 1,
      writer: {
        write: async (rows, options) => {
          const isFirst = !begun.has(options.lastSequence);
          begun.add(options.lastSequence);
          if (isFirst && begun.size % 3 === 0) throw new AppError('away', { status: 503, code: 'away' });
          return await writer.write(rows, options);
        },
      },
    });
    expect(await consumer.reached(last, 20_000)).toBe(true);
    expect(await storedIds()).toEqual(ids);
    expect(consumer.state().failedRounds).toBe(2);
  });

  it('replays from an old position without changing a row', async () => {
    const sequence = await append(['r1', 'r2']);
    const first = start();
    await first.reached(sequence, 10_000);
    await first.stop();
    const before = await analytics.query(constantSql('SELECT * FROM scores FINAL ORDER BY id'));
    positions = createPositions(testRecords.records, `test-${name}-again`);
    const second = start();
    expect(await second.reached(sequence, 10_000)).toBe(true);
    expect(await analytics.query(constantSql('SELECT * FROM scores FINAL ORDER BY id'))).toEqual(before);
    expect(before).toHaveLength(2);
  });

  it('hears of rows that a release stored which marks nothing, before its first round', async () => {
    let told = 0;
    const heard = () =>
      createPositions(testRecords.records, `test-${name}-unmarked`, async () => {
        told += 1;
      });
    expect(await heard().load()).toBe(0n);
    await heard().save(5n);
    expect(await heard().load()).toBe(5n);
    expect(told).toBe(0);
    // As an earlier release saves it.
    await testRecords.records.query(recordsSql`UPDATE consumer_positions SET sequence = 7 WHERE name = ${`test-${name}-unmarked`}`);
    expect(await heard().load()).toBe(7n);
    expect(told).toBe(1);
    await heard().save(8n);
    expect(await heard().load()).toBe(8n);
    expect(told).toBe(1);
  });

  it('sets one poisonous record aside whole and stores the others', async () => {
    const poisonous: Folder = {
      prepare: () => {},
      fold: async (records) => {
        if (records.some((record) => record.parts[1]?.includes('poison'))) throw new TypeError('a fault of ours');
        return folded({ scores: records.map((record) => score(`s${record.sequence}`)) });
      },
      committed: () => {},
      abandoned: () => {},
      forget: () => {},
    };
    await append(['fine-1']);
    const bad = await append(['poison']);
    const last = await append(['fine-2']);
    const consumer = start({ folder: poisonous });
    expect(await consumer.reached(last, 10_000)).toBe(true);
    expect(await storedIds()).toHaveLength(2);
    const letters = await analytics.query<{ sequence: string; reason: string; content: string }>(
      constantSql('SELECT sequence, reason, content FROM dead_letters'),
    );
    expect(letters).toMatchObject([{ sequence: String(bad), reason: 'TypeError: a fault of ours' }]);
    expect(Buffer.from(letters[0]?.content ?? '', 'base64').toString()).toContain('poison');
  });

  it('runs work between rounds, and says so when it cannot', async () => {
    const consumer = start();
    const sequence = await append(['before']);
    expect(await consumer.reached(sequence, 10_000)).toBe(true);
    expect(await consumer.exclusively(async () => (await storedIds()).length, 10_000)).toBe(1);
    await expect(
      consumer.exclusively(async () => {
        throw new RangeError('of the work');
      }, 10_000),
    ).rejects.toThrow('of the work');
    expect(await consumer.reached(await append(['after']), 10_000)).toBe(true);
    await consumer.stop();
    await expect(consumer.exclusively(async () => {}, 10_000)).rejects.toMatchObject({ status: 503 });
  });
});
