// The shared journal on a real S3-compatible server and a real PostgreSQL: the conformance, and its promises under kills, outages and concurrency.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Blobs } from '#stores/blobs/port.ts';
import { openS3Blobs } from '#stores/blobs/s3.ts';
import { hasS3, startTestS3, type TestS3 } from '#stores/blobs/test-s3.ts';
import { sql } from '#stores/records/sql.ts';
import { startTestRecords, type TestRecords } from '#stores/records/test-records.ts';
import { appended, appenderConformance, readAll } from './conformance-appender.ts';
import { JournalKind } from './port.ts';
import { createShardLease } from './shard-lease.ts';
import { registerStrays, releaseObjects, SHARED_ARCHIVE } from './shared-janitor.ts';
import { placeOf } from './shared-object.ts';
import { openSharedReader } from './shared-reader.ts';
import { SharedJournalWriter, type SharedWriterOptions } from './shared-writer.ts';

const here = hasS3();
if (!here && (process.env.GENAI_REQUIRE ?? '').split(',').includes('s3')) throw new Error('an S3 server is required here: run scripts/s3-server.sh');
if (!here) console.info('skipped: the journal on S3 (scripts/s3-server.sh builds a server, with Go)');

describe.skipIf(!here)('on S3 and PostgreSQL', () => {
  let server: TestS3;
  let database: TestRecords;
  let blobs: Blobs;
  let buckets = 0;

  beforeAll(async () => {
    server = await startTestS3();
    database = await startTestRecords();
  });
  afterAll(async () => {
    await database?.stop();
    await server?.stop();
  });

  /** An empty journal. */
  const fresh = async (): Promise<void> => {
    await database.records.query(sql`TRUNCATE journal_objects`);
    await database.records.query(sql`DELETE FROM journal_leases`);
    await database.records.query(sql`UPDATE journal_shards SET last_number = 0`);
    blobs = await openS3Blobs({ ...(await server.bucket(`journal-${++buckets}`)), timeoutMs: 500 });
  };
  const write = (options: Partial<SharedWriterOptions> = {}): SharedJournalWriter =>
    new SharedJournalWriter({ blobs, records: database.records, limitBytes: 64 << 20, lingerMs: 10, ...options });
  const reader = () => openSharedReader({ blobs, records: database.records });
  const isolated = (work: () => Promise<void>) => async (): Promise<void> => {
    await fresh();
    try {
      await work();
    } finally {
      server.process.kill('SIGCONT');
      await blobs.close();
    }
  };

  appenderConformance('S3', async () => {
    await fresh();
    return { openWriter: async () => write(), openReader: reader, remove: () => blobs.close() };
  });

  it(
    'keeps what several writers were told is durable, once each, for a reader that follows them, also when numbers come late',
    isolated(async () => {
      const acknowledged = new Set<string>();
      // A fifth of the registrations fails as if PostgreSQL were away for a moment.
      let asked = 0;
      const unsteady = {
        query: ((statement) => (++asked % 5 === 0 ? Promise.reject(new Error('away')) : database.records.query(statement))) as typeof database.records.query,
      };
      const writers = Array.from({ length: 4 }, () => write({ records: unsteady, objectBytes: 3_000 }));
      const work = writers.map(async (writer, index) => {
        for (let call = 0; call < 60; call++) {
          const name = `${index}-${call}`;
          await appended(writer, 'p', [Buffer.from(name), Buffer.alloc((call * 97) % 2_000)]);
          acknowledged.add(name);
        }
      });
      const seen: string[] = [];
      const follower = reader();
      let after = 0n;
      const follow = async (): Promise<void> => {
        const answer = await follower.read(after, { maxBytes: 5_000 });
        expect(answer.lastSequence >= after).toBe(true);
        after = answer.lastSequence;
        seen.push(...answer.records.map((record) => String(record.parts[0])));
      };
      let writing = true;
      const following = (async () => {
        while (writing) await follow();
      })();
      await Promise.all(work);
      writing = false;
      await following;
      await Promise.all(writers.map((writer) => writer.close()));
      // A number that came late is registered by a retry: reads alone, however many, are over before it on a busy machine.
      for (const untilMs = Date.now() + 20_000; seen.length < acknowledged.size && Date.now() < untilMs; ) await follow();
      expect(seen.length).toBe(240);
      expect(new Set(seen)).toEqual(acknowledged);
    }),
  );

  it(
    'finds what a writer stored before it died without a number',
    isolated(async () => {
      const dead = write({ records: { query: () => new Promise(() => {}) } });
      await appended(dead, 'p', [Buffer.from('kept')]);
      expect((await reader().read(0n, { maxBytes: 1_000 })).records).toEqual([]);
      expect(await registerStrays({ blobs, records: database.records }, Date.now())).toBe(0);
      expect(await registerStrays({ blobs, records: database.records }, Date.now() + 11_000)).toBe(1);
      expect(await registerStrays({ blobs, records: database.records }, Date.now() + 11_000)).toBe(0);
      expect((await readAll(reader(), 1)).map((record) => String(record.parts[0]))).toEqual(['kept']);
    }),
  );

  it(
    'takes its own object for written when the answer of the first try was lost',
    isolated(async () => {
      let lost = 0;
      const unsteady: Blobs = Object.assign(Object.create(blobs) as Blobs, {
        put: async (...args: Parameters<Blobs['put']>) => {
          await blobs.put(...args);
          if (++lost === 1) throw new Error('the connection was cut after the object had arrived');
        },
      });
      const writer = write({ blobs: unsteady });
      await appended(writer, 'p', [Buffer.from('once')]);
      expect(lost).toBe(1);
      await writer.close();
      expect((await readAll(reader(), 1)).map((record) => String(record.parts[0]))).toEqual(['once']);
    }),
  );

  it(
    'tells a failure within its patience while S3 is away, refuses beyond its bound, and goes on afterwards',
    isolated(async () => {
      const writer = write({ patienceMs: 1_000, limitBytes: 5_000 });
      server.process.kill('SIGSTOP');
      const failing = appended(writer, 'p', [Buffer.alloc(3_000)]);
      await expect(appended(writer, 'p', [Buffer.alloc(3_000)])).rejects.toThrow('full');
      expect(writer.accepts('payload', 3_000)).toBe(false);
      expect(writer.state()).toMatchObject({ payloadLimitBytes: 5_000, durableSequence: 0n });
      await expect(failing).rejects.toMatchObject({ status: 503, code: 'blobs_away' });
      server.process.kill('SIGCONT');
      await appended(writer, 'p', [Buffer.from('after')]);
      await writer.close();
      expect((await readAll(reader(), 1)).map((record) => String(record.parts[0])).at(-1)).toBe('after');
    }),
  );

  it(
    'passes over an object that is damaged or gone, and says so',
    isolated(async () => {
      const writer = write();
      for (const name of ['1', '2', '3', '4']) await appended(writer, 'p', [Buffer.from(name)]);
      await writer.close();
      const keys = (await blobs.list('journal/0/')).map(({ key }) => key);
      const body = Buffer.from((await blobs.get(keys[1] as string)) as Uint8Array);
      body[30] = (body[30] as number) ^ 1;
      await blobs.put(keys[1] as string, body);
      await blobs.remove(keys[2] as string);
      const corrupt = new Map<string, number | null>();
      const careful = openSharedReader({ blobs, records: database.records, onCorrupt: ({ key, offset }) => corrupt.set(key, offset) });
      const answer = await careful.read(0n, { maxBytes: 1_000 });
      expect(answer.records.map((record) => String(record.parts[0]))).toEqual(['1', '4']);
      // Objects are fetched side by side, so which of the two is noticed first is not promised, but what is said of each is.
      expect(Object.fromEntries(corrupt)).toEqual({ [keys[1] as string]: 0, [keys[2] as string]: null });
      expect(placeOf(answer.lastSequence)).toEqual({ number: 4n, place: 1 });
    }),
  );

  it(
    'releases only what was read, into the archive',
    isolated(async () => {
      const writer = write();
      for (let index = 0; index < 5; index++) await appended(writer, 'p', [Buffer.from(String(index))]);
      writer.append('payload', JournalKind.ingestionBatch, 'p', [Buffer.from('a')], () => {});
      writer.append('payload', JournalKind.ingestionBatch, 'p', [Buffer.from('b')], () => {});
      await writer.close();
      const records = await readAll(reader(), 7);
      // Half of the last object is read.
      expect(await releaseObjects({ blobs, records: database.records }, records[5]?.sequence as bigint)).toBe(5);
      expect((await blobs.list('journal/')).length).toBe(1);
      expect((await readAll(reader(), 2)).map((record) => String(record.parts[0]))).toEqual(['a', 'b']);
      expect(await releaseObjects({ blobs, records: database.records }, records[6]?.sequence as bigint)).toBe(1);
      expect(await blobs.list('journal/')).toEqual([]);
      expect((await blobs.list(SHARED_ARCHIVE)).length).toBe(2);
      // Numbers go on where they were.
      const again = write();
      await appended(again, 'p', [Buffer.from('later')]);
      await again.close();
      expect((await readAll(reader(), 1, records[6]?.sequence)).map((record) => String(record.parts[0]))).toEqual(['later']);
    }),
  );

  it(
    'lets one process hold the shard, and no other move its position',
    isolated(async () => {
      const [one, other] = [createShardLease(database.records, 'one'), createShardLease(database.records, 'other')];
      expect([await one.take(), await other.take(), await one.take()]).toEqual([true, false, true]);
      expect([one.isSafe(), other.isSafe()]).toEqual([true, false]);
      expect([await one.savePosition('test', 5n), await other.savePosition('test', 9n)]).toEqual([true, false]);
      await database.records.query(sql`UPDATE journal_leases SET lease_until = now() - interval '1 second'`);
      expect(await other.take()).toBe(true);
      expect(await one.savePosition('test', 6n)).toBe(false);
      await one.release();
      expect(await one.take()).toBe(false);
      await other.release();
      expect(await one.take()).toBe(true);
    }),
  );
});
