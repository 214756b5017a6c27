// The DDL's two renderings against golden texts, and its columns against rows.ts.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Analytics } from '#stores/analytics/port.ts';
import { sql } from '#stores/analytics/sql.ts';
import { migrateAnalytics } from './migrate.ts';
import { logRow, metricRow, observation, score, temporaryAnalytics, trace } from './rows-fixture.ts';
import { ALL_TABLE_NAMES, columnsOf, createTable } from './tables.ts';

describe('the DDL template', () => {
  it('renders plain tables as recorded', async () => {
    await expect(`${ALL_TABLE_NAMES.map((name) => createTable(name)).join(';\n\n')};\n`).toMatchFileSnapshot('./golden/plain.sql');
  });

  it('renders replicated tables on a cluster as recorded', async () => {
    await expect(`${ALL_TABLE_NAMES.map((name) => createTable(name, 'genai')).join(';\n\n')};\n`).toMatchFileSnapshot('./golden/replicated.sql');
  });

  it('has exactly the columns of rows.ts', () => {
    expect([...columnsOf('observations')].sort()).toEqual(Object.keys(observation('x')).sort());
    expect([...columnsOf('traces')].sort()).toEqual(Object.keys(trace('x')).sort());
    expect([...columnsOf('scores')].sort()).toEqual(Object.keys(score('x')).sort());
    expect([...columnsOf('otel_logs')].sort()).toEqual(Object.keys(logRow('x')).sort());
    expect([...columnsOf('otel_metrics')].sort()).toEqual(Object.keys(metricRow('x')).sort());
  });
});

describe('migrating', () => {
  let analytics: Analytics;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ analytics, close } = await temporaryAnalytics());
  });
  afterAll(async () => await close());

  it('may be repeated', async () => {
    await migrateAnalytics(analytics);
    expect(await analytics.query(sql`SELECT count() AS c FROM system.tables WHERE database = currentDatabase()`)).toEqual([
      { c: String(ALL_TABLE_NAMES.length) },
    ]);
  });

  it('refuses a store whose table lacks a column', async () => {
    await analytics.command(sql`ALTER TABLE traces DROP COLUMN bookmarked`);
    await expect(migrateAnalytics(analytics)).rejects.toMatchObject({
      code: 'analytics_schema',
      message: expect.stringContaining('traces has no column bookmarked'),
    });
  });
});
