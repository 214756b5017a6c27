// Roll-ups over a real store: whatever is written, moved, deleted, re-priced, settled or cut off in between, they answer as single rows do; and what they cannot answer goes without.
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bury, keysOfTraces } from '#observe/deletion/tombstones.ts';
import type { MetricsQuery } from '#observe/metrics/query.ts';
import { rolledStatement } from '#observe/metrics/statement.ts';
import type { ObservationRow } from '#observe/rows.ts';
import { folded, observation, PROJECT, temporaryAnalytics } from '#observe/store/rows-fixture.ts';
import { createWriter } from '#observe/store/writer.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import { constantSql, sql } from '#stores/analytics/sql.ts';
import { coverageOf } from './coverage.ts';
import { removeSuperseded } from './remove.ts';
import { arbitraryObservation, arbitraryQuery, DAY_MS, expectEqualAnswers, isoOf } from './rollups-fixture.ts';
import { distrustEverything } from './runner.ts';
import { settle } from './settle.ts';

let analytics: Analytics;
let close: () => Promise<void>;
/** The clock of everything here; it only goes on. */
let nowMs = Date.now();
let sequence = 0n;

beforeEach(reset);

async function reset(): Promise<void> {
  for (const table of ['observations', 'observation_rollups', 'rollup_marks']) await analytics.command(constantSql(`TRUNCATE TABLE ${table}`));
}

async function write(rows: readonly ObservationRow[], store: Analytics = analytics): Promise<void> {
  sequence += 1n;
  const writer = createWriter(store, { now: () => nowMs, firstPauseMs: 1 });
  await writer.write(folded({ observations: [...rows] }), { firstSequence: sequence, lastSequence: sequence });
}

async function settleAll(store: Pick<Analytics, 'query' | 'insert' | 'command'> = analytics): Promise<void> {
  for (let looks = 0; looks < 500; looks += 1) if (!(await settle({ analytics: store, now: () => nowMs })).more) return;
  throw new Error('settling never ends');
}

/** A store that a kill cuts off from before the first insert into a table. */
function cutBefore(table: string): Analytics {
  return {
    ...analytics,
    insert: async (name, rows, token) => {
      if (name === table) throw new Error('killed');
      await analytics.insert(name, rows, token);
    },
  };
}

/** A store that settles between a mark and its rows. */
function slow(): Analytics {
  return {
    ...analytics,
    insert: async (name, rows, token) => {
      if (name === 'observations') await settleAll();
      await analytics.insert(name, rows, token);
    },
  };
}

const old = (id: string, daysAgo: number, over: Partial<ObservationRow> = {}): ObservationRow =>
  observation(id, { start_time: isoOf(nowMs - daysAgo * DAY_MS), name: 'chat', ...over });
const query = (over: Partial<MetricsQuery> = {}): MetricsQuery => ({
  view: 'observations',
  dimensions: [],
  metrics: [{ measure: 'count', aggregation: 'count' }],
  filters: [],
  fromTimestamp: new Date(nowMs - 10 * DAY_MS).toISOString(),
  toTimestamp: new Date(nowMs).toISOString(),
  ...over,
});
const OPTIONS = { projectId: PROJECT, highCardinality: true, rowLimit: 100 };
const rolledCount = async (): Promise<number | null> => {
  const statement = await rolledStatement(query(), OPTIONS, (range) => coverageOf(analytics, PROJECT, range));
  if (statement === null) return null;
  const [row] = await analytics.query<{ m0: string }>(statement);
  return Number(row?.m0);
};

describe.each(['chdb', 'http'] as const)('roll-ups on %s', (engine) => {
  beforeAll(async () => {
    ({ analytics, close } = await temporaryAnalytics(engine));
  });
  afterAll(async () => await close());

  it('answer any query as single rows do, whatever was written, deleted, settled or cut off before it', { timeout: 120_000 }, async () => {
    let answered = 0;
    const startMs = nowMs;
    const step = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({ kind: fc.constant('write' as const), rows: fc.array(arbitraryObservation(startMs), { minLength: 1, maxLength: 8 }) }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant('write, killed after its mark' as const),
          rows: fc.array(arbitraryObservation(startMs), { minLength: 1, maxLength: 4 }),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ kind: fc.constant('price again' as const), rows: fc.array(arbitraryObservation(startMs), { minLength: 1, maxLength: 4 }) }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant('write, settled before it arrives' as const),
          rows: fc.array(arbitraryObservation(startMs), { minLength: 1, maxLength: 4 }),
        }),
      },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('settle' as const) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('settle, killed in its middle' as const) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('merge' as const) }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait' as const), minutes: fc.constantFrom(1, 9, 11, 60) }) },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 4, maxLength: 14 }),
        fc.array(arbitraryQuery(startMs), { minLength: 3, maxLength: 3 }),
        async (steps, queries) => {
          await reset();
          const places = new Map<string, ObservationRow>();
          let version = 0;
          for (const [index, taken] of steps.entries()) {
            if ('rows' in taken) {
              const rows = taken.rows.flatMap((row) => {
                // The same version with another cost is a price that was computed again.
                if (taken.kind !== 'price again') version += 1;
                const before = places.get(row.id);
                const next = { ...row, row_version: String(version) };
                places.set(row.id, next);
                // As the fold does: a moved key leaves a tombstone with the new version.
                return before !== undefined && before.start_time !== row.start_time
                  ? [{ ...before, row_version: String(version), is_deleted: 1 as const }, next]
                  : [next];
              });
              if (taken.kind !== 'write, killed after its mark') await write(rows, taken.kind === 'write, settled before it arrives' ? slow() : analytics);
              else {
                await expect(write(rows, cutBefore('observations'))).rejects.toThrow('killed');
                // The journal gives them again.
                nowMs += 1_000;
                await write(rows);
              }
            } else if (taken.kind === 'settle') await settleAll();
            else if (taken.kind === 'settle, killed in its middle') await settleAll(cutBefore('rollup_marks')).catch(() => undefined);
            else if (taken.kind === 'merge') await analytics.command(sql`OPTIMIZE TABLE observation_rollups FINAL`);
            else nowMs += taken.minutes * 60_000;
            for (const asked of index === steps.length - 1 ? queries : [queries[index % queries.length] as MetricsQuery])
              if (await expectEqualAnswers(analytics, asked)) answered += 1;
          }
          await settleAll();
          nowMs += 20 * 60_000;
          await settleAll();
          for (const asked of queries) if (await expectEqualAnswers(analytics, asked)) answered += 1;
        },
      ),
      // A run takes a second: the first that fails is shown as it is.
      { numRuns: engine === 'chdb' ? 8 : 2, endOnFailure: true },
    );
    expect(answered).toBeGreaterThan(0);
  });

  it('count a late row, an update and a deletion at once, and again when they are settled', async () => {
    await write([old('a', 3), old('b', 3), old('c', 4)]);
    await settleAll();
    nowMs += 11 * 60_000;
    await settleAll();
    expect(await rolledCount()).toBe(3);
    await write([old('late', 3)]);
    expect(await rolledCount()).toBe(4);
    await write([{ ...old('a', 3), start_time: isoOf(nowMs - 3 * DAY_MS - 11 * 60_000), row_version: '2', is_deleted: 1 }]);
    expect(await rolledCount()).toBe(3);
    nowMs += 11 * 60_000;
    await settleAll();
    expect(await rolledCount()).toBe(3);
  });

  it('count a call once when the gateway’s record of it comes late, from another bucket', async () => {
    const cost = async (): Promise<number> => {
      const asked = query({ metrics: [{ measure: 'totalCost', aggregation: 'sum' }] });
      const statement = await rolledStatement(asked, OPTIONS, (range) => coverageOf(analytics, PROJECT, range));
      const [row] = await analytics.query<{ m0: number }>(statement ?? sql`SELECT -1 AS m0`);
      return Number(row?.m0);
    };
    await write([old('report', 3, { total_cost: '2' })]);
    nowMs += 11 * 60_000;
    await settleAll();
    expect(await cost()).toBe(2);
    const startTime = isoOf(nowMs - 3 * DAY_MS + 3 * 60 * 60_000);
    await write([old('record', 3, { start_time: startTime, parent_observation_id: 'report', cost_source: 'gateway', call_id: 'c', total_cost: '3' })]);
    expect(await cost()).toBe(3);
    nowMs += 11 * 60_000;
    await settleAll();
    expect(await cost()).toBe(3);
    await write([{ ...old('record', 3), start_time: startTime, row_version: '2', is_deleted: 1 }]);
    expect(await cost()).toBe(2);
  });

  it('forget a deleted trace before its deletion is answered', async () => {
    await write([old('a', 3, { trace_id: 'doomed' }), old('b', 3, { trace_id: 'kept' })]);
    nowMs += 11 * 60_000;
    await settleAll();
    expect(await rolledCount()).toBe(2);
    for (const [table, keys] of keysOfTraces(PROJECT, ['doomed'])) await bury(analytics, table, keys);
    expect(await rolledCount()).toBe(1);
    nowMs += 60 * 60_000;
    await settleAll();
    expect(await rolledCount()).toBe(1);
  });

  it('leave nothing behind of what was settled again', async () => {
    await write([old('a', 3, { name: 'secret' }), old('b', 3)]);
    nowMs += 11 * 60_000;
    await settleAll();
    await write([{ ...old('a', 3), start_time: isoOf(nowMs - 3 * DAY_MS - 11 * 60_000), row_version: '2', is_deleted: 1 }]);
    nowMs += 11 * 60_000;
    await settleAll();
    nowMs += 2 * 60 * 60_000;
    await removeSuperseded(analytics, nowMs);
    expect(await rolledCount()).toBe(1);
    expect(
      await analytics.query(sql`SELECT DISTINCT settled_as IN (SELECT version FROM rollup_marks FINAL WHERE is_clean = 1) AS named FROM observation_rollups`),
    ).toEqual([{ named: 1 }]);
  });

  it('are not trusted after a release that marks nothing wrote rows', async () => {
    await write([old('a', 3)]);
    nowMs += 11 * 60_000;
    await settleAll();
    await analytics.insert('observations', [old('unmarked', 3)], 'an earlier release');
    expect(await rolledCount()).toBe(1);
    await distrustEverything(analytics);
    expect(await rolledCount()).toBeNull();
    nowMs += 60 * 60_000;
    await settleAll();
    expect(await rolledCount()).toBe(2);
  });

  it('answer neither distinct values, nor minutes, nor filters by metadata, nor other views', async () => {
    const covering = async () => ({ rolled: [{ beginMs: 0, endMs: DAY_MS }], raw: [], versions: [1] });
    const refused: Partial<MetricsQuery>[] = [
      { metrics: [{ measure: 'traceId', aggregation: 'uniq' }] },
      { metrics: [{ measure: 'latency', aggregation: 'histogram' }] },
      { metrics: [{ measure: 'totalCost', aggregation: 'p95' }] },
      { timeDimension: { granularity: 'minute' } },
      { filters: [{ type: 'stringObject', column: 'metadata', key: 'tenant', operator: '=', value: 'a' }] },
      { dimensions: [{ field: 'traceName' }] },
      { view: 'traces' },
    ];
    for (const over of refused) expect(await rolledStatement(query(over), OPTIONS, covering)).toBeNull();
    expect(await rolledStatement(query(), OPTIONS, covering)).not.toBeNull();
  });
});
