// The analytics suite on chDB, and what only the embedded engine can get wrong.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openChdb } from './chdb.ts';
import { testAnalytics } from './conformance.ts';
import { constantSql, sql } from './sql.ts';

const MEMORY_BYTES = 1_000_000_000;

testAnalytics('chDB', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'genai-chdb-'));
  const analytics = await openChdb({ path: join(folder, 'analytics'), maxMemoryBytes: MEMORY_BYTES });
  return {
    analytics,
    close: async () => {
      await analytics.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
});

it('waits for queries in flight when it closes, refuses later ones, and finds its rows and tokens again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'genai-chdb-'));
  const path = join(folder, 'analytics');
  try {
    const first = await openChdb({ path, maxMemoryBytes: MEMORY_BYTES });
    await first.command(constantSql('CREATE TABLE kept (id String) ENGINE = MergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 1000'));
    const inFlight = first.query(sql`SELECT sum(sipHash64(number)) AS s FROM numbers(20000000)`);
    const insert = first.insert('kept', [{ id: 'a' }], 'one');
    await first.close();
    expect(await inFlight).toHaveLength(1);
    await insert;
    await expect(first.query(sql`SELECT 1`)).rejects.toMatchObject({ status: 503 });
    const second = await openChdb({ path, maxMemoryBytes: MEMORY_BYTES });
    await second.insert('kept', [{ id: 'a' }], 'one');
    expect(await second.query(sql`SELECT count() AS c FROM kept`)).toEqual([{ c: '1' }]);
    expect(await second.query(sql`SELECT value FROM system.server_settings WHERE name = 'max_server_memory_usage'`)).toEqual([{ value: String(MEMORY_BYTES) }]);
    await second.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

it('answers 503 to reads beyond the queue, and serves the writer lane while every reader is busy', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'genai-chdb-'));
  const analytics = await openChdb({ path: join(folder, 'analytics'), maxMemoryBytes: MEMORY_BYTES, readers: 1, maxWaitingReads: 1 });
  try {
    const slow = analytics.query(sql`SELECT sum(sipHash64(number)) AS s FROM numbers(100000000000)`, { timeoutMs: 300 }).catch((error: unknown) => error);
    const waiting = analytics.query(sql`SELECT 1 AS one`);
    await expect(analytics.query(sql`SELECT 1`)).rejects.toMatchObject({ status: 503, code: 'analytics_busy' });
    expect(await analytics.query(sql`SELECT 2 AS two`, { lane: 'writer' })).toEqual([{ two: 2 }]);
    expect(await slow).toMatchObject({ status: 422 });
    expect(await waiting).toEqual([{ one: 1 }]);
  } finally {
    await analytics.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
