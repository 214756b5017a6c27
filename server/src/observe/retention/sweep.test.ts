// Retention against stored rows with a moved clock: nothing goes before its age, everything goes a week after it at the latest, by partition where it can.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { FoldedRows } from '#observe/rows.ts';
import { folded, logRow, metricRow, observation, score, type TemporaryAnalytics, temporaryAnalytics, trace } from '#observe/store/rows-fixture.ts';
import { createWriter } from '#observe/store/writer.ts';
import { float64, sql } from '#stores/analytics/sql.ts';
import { classOf, type RetentionPolicy } from './policy.ts';
import { sweepRows } from './sweep.ts';

const DAY_MS = 86_400_000;
/** A Monday; rows lie in the week that begins with it. */
const WEEK = Date.UTC(2026, 10, 2);
const at = (day: number) => `${new Date(WEEK + day * DAY_MS + 3_600_000).toISOString().slice(0, -1)}000Z`;

let store: TemporaryAnalytics;
let sequence = 0n;
beforeAll(async () => {
  store = await temporaryAnalytics();
});
afterAll(() => store?.close());
beforeEach(async () => {
  for (const table of ['observations', 'traces', 'scores', 'otel_logs', 'otel_metrics', 'dead_letters'] as const)
    await store.analytics.command({ text: `TRUNCATE TABLE ${table}`, parameters: {} });
});

async function write(rows: Partial<FoldedRows>): Promise<void> {
  sequence += 1n;
  await createWriter(store.analytics).write(folded(rows), { firstSequence: sequence, lastSequence: sequence });
}
const left = async (): Promise<string[]> => {
  const rows = await store.analytics.query<{ id: string }>(
    sql`SELECT id FROM (SELECT id FROM observations UNION ALL SELECT id FROM traces UNION ALL SELECT id FROM scores UNION ALL SELECT id FROM otel_logs UNION ALL SELECT id FROM otel_metrics) ORDER BY id`,
  );
  return rows.map(({ id }) => id);
};
const sweep = (policies: Record<string, RetentionPolicy>, afterDays: number) =>
  sweepRows(store.analytics, new Map(Object.entries(policies)), WEEK + afterDays * DAY_MS);

describe('retention', () => {
  it('drops a partition when its week has ended and its age has passed, and not a day before', async () => {
    const policy = { days: 30, rules: [] };
    const kept = { retention_class: classOf(policy, 'default', []) };
    await write({
      traces: [trace('t', { timestamp: at(6), ...kept })],
      observations: [observation('o', { start_time: at(6), ...kept })],
      scores: [score('s', { timestamp: at(6), ...kept })],
    });
    expect(await sweep({ 'project-1': policy }, 36)).toMatchObject({ partitions: 0, rows: 0 });
    expect(await left()).toEqual(['o', 's', 't']);
    const swept = await sweep({ 'project-1': policy }, 37);
    expect(swept).toMatchObject({ partitions: 3, rows: 3 });
    expect(swept.bytes).toBeGreaterThan(0);
    expect(await left()).toEqual([]);
    // What was added up of the week is not trusted any longer.
    const distrusted = sql`SELECT toUnixTimestamp(begins) < ${float64(WEEK / 1_000)} AND toUnixTimestamp(ends) > ${float64((WEEK + 7 * DAY_MS) / 1_000)} AS whole
      FROM rollup_marks WHERE project_id = '' AND is_clean = 0`;
    expect(await store.analytics.query(distrusted)).toEqual([{ whole: 1 }]);
  });

  it('takes log records and data points by partition and by row, by their environment and the tag of their trace', async () => {
    const week = { timestamp: at(0), retention_class: 2 };
    await write({
      traces: [trace('tagged', { timestamp: at(0), tags: ['keep'], retention_class: 7 })],
      otelLogs: [logRow('log', week), logRow('prod-log', { ...week, environment: 'prod' }), logRow('kept-log', { ...week, trace_id: 'tagged' })],
      otelMetrics: [metricRow('point', week), metricRow('prod-point', { ...week, environment: 'prod' })],
    });
    const policy: RetentionPolicy = {
      days: 7,
      rules: [
        { tag: 'keep', days: 0 },
        { environment: 'prod', days: 90 },
      ],
    };
    await sweep({ 'project-1': policy }, 20);
    expect(await left()).toEqual(['kept-log', 'prod-log', 'prod-point', 'tagged']);
    await sweep({ 'project-1': { days: 7, rules: [] } }, 400);
    expect(await left()).toEqual([]);
  });

  it('keeps what a rule of today keeps longer, and the rest of the partition goes by row', async () => {
    await write({
      observations: [
        observation('short', { start_time: at(0), retention_class: 2 }),
        observation('now-long', { project_id: 'p2', start_time: at(0), retention_class: 2 }),
      ],
    });
    expect(await sweep({ 'project-1': { days: 7, rules: [] }, p2: { days: 90, rules: [] } }, 15)).toEqual({ partitions: 0, rows: 1, bytes: 0 });
    expect(await left()).toEqual(['now-long']);
    await sweep({ 'project-1': { days: 7, rules: [] }, p2: { days: 90, rules: [] } }, 98);
    expect(await left()).toEqual([]);
  });

  it('removes by row what no class stands for: another age, a rule that came later, a dead letter', async () => {
    await write({
      observations: [observation('o', { start_time: at(0), retention_class: 0 }), observation('for-ever', { project_id: 'p2', start_time: at(0) })],
      deadLetters: [{ project_id: 'project-1', received_at: at(0), sequence: '1', place: 'x', reason: 'y', content: 'z' }],
    });
    const policies = { 'project-1': { days: 400, rules: [] }, p2: { days: 0, rules: [] } };
    expect((await sweep(policies, 406)).rows).toBe(0);
    expect((await sweep(policies, 407)).rows).toBe(2);
    expect(await left()).toEqual(['for-ever']);
  });

  it('follows environments and tags, a trace’s tags for what belongs to it', async () => {
    const policy: RetentionPolicy = {
      days: 30,
      rules: [
        { tag: 'keep', days: 90 },
        { environment: 'dev', days: 7 },
      ],
    };
    const row = (environment: string, tags: string[]) => ({ environment, retention_class: classOf(policy, environment, tags) });
    await write({
      traces: [
        trace('t-keep', { timestamp: at(0), tags: ['keep'], ...row('dev', ['keep']) }),
        trace('t-dev', { timestamp: at(0), ...row('dev', []) }),
        trace('t-plain', { timestamp: at(0), ...row('default', []) }),
      ],
      observations: [
        observation('o-keep', { trace_id: 't-keep', start_time: at(8), ...row('dev', []) }),
        observation('o-dev', { trace_id: 't-dev', start_time: at(0), ...row('dev', []) }),
        observation('o-plain', { trace_id: 't-plain', start_time: at(0), ...row('default', []) }),
      ],
      scores: [score('s-keep', { trace_id: 't-keep', timestamp: at(0), ...row('dev', []) })],
    });
    const policies = { 'project-1': policy };
    await sweep(policies, 14);
    expect(await left()).toEqual(['o-keep', 'o-plain', 's-keep', 't-keep', 't-plain']);
    await sweep(policies, 37);
    expect(await left()).toEqual(['o-keep', 's-keep', 't-keep']);
    // The trace's row stays while something of it does: it says how long that is kept.
    await sweep(policies, 97);
    expect(await left()).toEqual(['o-keep', 't-keep']);
    await sweep(policies, 103);
    expect(await left()).toEqual(['o-keep', 't-keep']);
    await sweep(policies, 104);
    expect(await left()).toEqual([]);
  });
});
