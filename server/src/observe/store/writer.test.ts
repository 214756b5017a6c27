// The writer and the look-ups on a real chDB: exact rows back, one row for one token, bad rows become dead letters, many weeks, a store that is away.
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '#lib/errors.ts';
import type { ObservationRow } from '#observe/rows.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import { constantSql, sql } from '#stores/analytics/sql.ts';
import { createLookup } from './lookup.ts';
import { folded, observation, PROJECT, score, temporaryAnalytics, trace } from './rows-fixture.ts';
import { TABLE_NAMES } from './tables.ts';
import { createWriter, partitionOf } from './writer.ts';

let analytics: Analytics;
let close: () => Promise<void>;
beforeAll(async () => {
  ({ analytics, close } = await temporaryAnalytics());
});
afterAll(async () => await close());
beforeEach(async () => {
  for (const table of TABLE_NAMES) await analytics.command(constantSql(`TRUNCATE TABLE ${table}`));
});

const full = observation('full', {
  end_time: '2026-11-20T12:00:01.000001Z',
  completion_start_time: '2026-11-20T12:00:00.500000Z',
  type: 'GENERATION',
  input: '{"messages":[{"role":"user","content":"こんにちは"}]}',
  output: '"ok"',
  metadata: { a: 'b', ネスト: '{"x":1}' },
  provided_model_name: 'gpt-4o-mini',
  usage_details: { input: '9007199254740993', output: '2' },
  cost_details: { input: '10000000.000000000001' },
  total_cost: '10000000.000000000001',
  prompt_version: 3,
  tags: ['x', 'y'],
  is_trace: 1,
  http_status: 200,
  row_version: '1099511627777',
});

async function count(table: string): Promise<number> {
  const [row] = await analytics.query<{ c: string }>(constantSql(`SELECT count() AS c FROM ${table}`));
  return Number(row?.c);
}

describe('writing and looking up', () => {
  it('gives every column back as it was written', async () => {
    await createWriter(analytics).write(folded({ observations: [full], traces: [trace('t')], scores: [score('s')] }), { firstSequence: 1n, lastSequence: 2n });
    const lookup = createLookup(analytics);
    expect(await lookup.observations([{ projectId: PROJECT, id: 'full' }])).toEqual([full]);
    expect(await lookup.traceCarriers([{ projectId: PROJECT, id: 'trace-1' }])).toEqual([full]);
    expect(await lookup.traces([{ projectId: PROJECT, id: 't' }])).toEqual([trace('t')]);
    expect(await lookup.scores([{ projectId: PROJECT, id: 's' }])).toEqual([score('s')]);
    expect(await lookup.traces([{ projectId: 'another', id: 't' }])).toEqual([]);
    expect(await lookup.traces([])).toEqual([]);
  });

  it('finds the newest version, follows a moved key and forgets a deleted row', async () => {
    const writer = createWriter(analytics);
    const old = observation('moved', { start_time: '2026-11-20T12:00:00.000000Z', row_version: '5' });
    await writer.write(folded({ observations: [old, observation('gone', { row_version: '5' })] }), { firstSequence: 5n, lastSequence: 5n });
    const moved = observation('moved', { start_time: '2026-10-01T12:00:00.000000Z', row_version: '6', name: 'earlier' });
    await writer.write(
      folded({ observations: [{ ...old, row_version: '6', is_deleted: 1 }, moved, observation('gone', { row_version: '6', is_deleted: 1 })] }),
      {
        firstSequence: 6n,
        lastSequence: 6n,
      },
    );
    const keys = ['moved', 'gone'].map((id) => ({ projectId: PROJECT, id }));
    expect(await createLookup(analytics).observations(keys)).toEqual([moved]);
    expect(await analytics.query(sql`SELECT name FROM observations FINAL SETTINGS do_not_merge_across_partitions_select_final = 1`)).toEqual([
      { name: 'earlier' },
    ]);
  });

  it('writes the same range once, whatever is repeated', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 8 }), async (ranges) => {
        await analytics.command(sql`TRUNCATE TABLE scores`);
        // Truncating forgets the tokens as well, so every run begins anew.
        for (const range of ranges)
          await createWriter(analytics).write(folded({ scores: [score(`a${range}`), score(`b${range}`)] }), {
            firstSequence: BigInt(range),
            lastSequence: BigInt(range),
          });
        expect(await count('scores')).toBe(new Set(ranges).size * 2);
      }),
      { numRuns: 8 },
    );
  });

  it('takes rows of 150 different weeks in one batch', async () => {
    const weeks = Array.from({ length: 150 }, (_, week) =>
      observation(`w${week}`, { start_time: new Date(Date.UTC(2024, 0, 3) + week * 7 * 86_400_000).toISOString().replace('Z', '000Z') }),
    );
    const answer = await createWriter(analytics).write(folded({ observations: weeks }), { firstSequence: 1n, lastSequence: 150n });
    expect(answer).toEqual({ written: 150, deadLetters: 0 });
    expect(await count('observations')).toBe(150);
  });

  it('halves a refused insert down to the bad rows, which become dead letters, and stores all others', async () => {
    const rows: ObservationRow[] = Array.from({ length: 100 }, (_, index) => observation(`o${index}`));
    rows[17] = { ...observation('bad-1'), total_cost: 'ten million' };
    rows[80] = { ...observation('bad-2'), usage_details: { input: '-1' } };
    const answer = await createWriter(analytics).write(folded({ observations: rows }), { firstSequence: 1n, lastSequence: 9n });
    expect(answer).toEqual({ written: 98, deadLetters: 2 });
    expect(await count('observations')).toBe(98);
    const letters = await analytics.query<{ place: string; content: string }>(sql`SELECT place, content FROM dead_letters ORDER BY content`);
    expect(letters.map((letter) => [letter.place, JSON.parse(letter.content).id])).toEqual([
      ['observations', 'bad-1'],
      ['observations', 'bad-2'],
    ]);
  });

  it('repeats an insert while the store is away, without halving it', async () => {
    let failures = 3;
    const sizes: number[] = [];
    const flaky: Analytics = {
      ...analytics,
      insert: async (table, rows, token) => {
        sizes.push(rows.length);
        failures -= 1;
        if (failures >= 0) throw new AppError('away', { status: 503, code: 'analytics_away' });
        await analytics.insert(table, rows, token);
      },
    };
    await createWriter(flaky, { firstPauseMs: 1 }).write(folded({ traces: [trace('a'), trace('b')] }), { firstSequence: 1n, lastSequence: 1n });
    expect(new Set(sizes).size).toBe(1);
    expect([sizes.length, await count('traces')]).toEqual([4, 2]);
    const ending = new AbortController();
    const endless: Analytics = { ...analytics, insert: async () => Promise.reject(new AppError('away', { status: 503, code: 'analytics_away' })) };
    const writing = createWriter(endless).write(folded({ traces: [trace('c')] }), { firstSequence: 2n, lastSequence: 2n, signal: ending.signal });
    ending.abort(new Error('stopping'));
    await expect(writing).rejects.toThrow('stopping');
  });

  it('names partitions exactly as the engine does', async () => {
    await fc.assert(
      fc.asyncProperty(fc.date({ min: new Date('2021-01-01T00:00:00Z'), max: new Date('2027-12-31T00:00:00Z'), noInvalidDate: true }), async (date) => {
        const iso = date.toISOString();
        const [row] = await analytics.query<{ monday: string }>(
          constantSql(`SELECT toMonday(toDateTime64('${iso.slice(0, 23).replace('T', ' ')}', 6, 'UTC')) AS monday`),
        );
        expect(partitionOf(3, iso)).toBe(`3:${row?.monday}`);
        // As the folder writes them, in a run of one day, and not for another class.
        const micros = `${iso.slice(0, 23)}000Z`;
        expect([partitionOf(3, micros), partitionOf(3, micros), partitionOf(4, micros)]).toEqual([`3:${row?.monday}`, `3:${row?.monday}`, `4:${row?.monday}`]);
      }),
      { numRuns: 40 },
    );
  });
});
