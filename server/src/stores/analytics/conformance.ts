// What every analytics adapter must do; run on chDB and on ClickHouse's HTTP interface. A behaviour that is not here may not be relied on.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '#lib/errors.ts';
import type { Analytics } from './port.ts';
import { constantSql, decimal, float64, instant, join, oneOf, sql, text, texts, uint32, uint64 } from './sql.ts';

const TABLE = `CREATE TABLE IF NOT EXISTS probe (id String, n UInt64, money Decimal(38, 12), at DateTime64(6, 'UTC'), tags Array(String),
  details Map(LowCardinality(String), UInt64), note Nullable(String)) ENGINE = MergeTree ORDER BY id
  SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1`;

interface ProbeRow {
  id: string;
  n: string;
  money: string;
  at: string;
  tags: string[];
  details: Record<string, string>;
  note: string | null;
}

function row(id: string, over: Partial<ProbeRow> = {}): ProbeRow {
  return {
    id,
    n: '18446744073709551615',
    money: '10000000.123456789012',
    at: '2026-11-23T21:40:00.123456Z',
    tags: ['日本', "a'b"],
    details: { input: '7' },
    note: null,
    ...over,
  };
}

async function failure(work: Promise<unknown>): Promise<AppError> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AppError);
  return error as AppError;
}

/** Runs the suite; `open` gives an adapter over an empty store. */
export function testAnalytics(name: string, open: () => Promise<{ analytics: Analytics; close: () => Promise<void> }>): void {
  describe(`analytics on ${name}`, () => {
    let analytics: Analytics;
    let close: () => Promise<void>;
    beforeAll(async () => {
      ({ analytics, close } = await open());
      await analytics.command(constantSql(TABLE));
    });
    afterAll(async () => await close());

    it('gives rows back exactly: 64-bit integers, decimals, microseconds, maps, text beyond ASCII', async () => {
      const odd = "tab\t quote' back\\slash {p0:String} newline\n nul\0 emoji 🙂";
      await analytics.insert('probe', [row('exact', { note: odd })], 'exact');
      const [found] = await analytics.query<ProbeRow>(sql`SELECT * FROM probe WHERE id = ${text('exact')}`);
      expect(found).toEqual(row('exact', { note: odd }));
    });

    it('binds every kind of value', async () => {
      const odd = "a'b\\c\td\ne {x:String} -- ;";
      const statement = sql`SELECT ${text(odd)} AS t, ${texts([odd, '', '日本'])} AS list, ${texts([])} AS none, ${uint64('18446744073709551615')} AS big, ${uint32(7)} AS small,
        ${decimal('0.000000000001')} AS money, ${instant('2026-11-23T21:40:00.123456Z')} AS at, ${float64(0.5)} AS f`;
      const [found] = await analytics.query(statement);
      expect(found).toEqual({
        t: odd,
        list: [odd, '', '日本'],
        none: [],
        big: '18446744073709551615',
        small: 7,
        money: '0.000000000001',
        at: '2026-11-23T21:40:00.123456Z',
        f: 0.5,
      });
    });

    it('composes fragments and takes identifiers from fixed lists only', async () => {
      const conditions = join([sql`number > ${uint32(2)}`, sql`number < ${uint32(5)}`], ' AND ');
      const found = await analytics.query(sql`SELECT ${oneOf(['number'], 'number')} AS x FROM numbers(10) WHERE ${conditions} ORDER BY x`);
      expect(found).toEqual([{ x: '3' }, { x: '4' }]);
      expect(() => oneOf(['number'], 'number; DROP TABLE probe')).toThrow(RangeError);
    });

    it('inserts the same token once, and other tokens each', async () => {
      await Promise.all([1, 2, 3].map(() => analytics.insert('probe', [row('same')], 'token-1')));
      await analytics.insert('probe', [row('same')], "token-2 with 'quotes' and \\ backslash");
      await analytics.insert('probe', [row('same')], "token-2 with 'quotes' and \\ backslash");
      expect(await analytics.query(sql`SELECT count() AS c FROM probe WHERE id = 'same'`)).toEqual([{ c: '2' }]);
    });

    it('takes rows that are already newline-separated JSON, and nothing at all', async () => {
      await analytics.insert('probe', Buffer.from(`${JSON.stringify(row('ready-1'))}\n${JSON.stringify(row('ready-2'))}\n`), 'ready');
      await analytics.insert('probe', [], 'empty');
      expect(await analytics.query(sql`SELECT id FROM probe WHERE startsWith(id, 'ready') ORDER BY id`)).toEqual([{ id: 'ready-1' }, { id: 'ready-2' }]);
    });

    it('stores a lone surrogate instead of refusing the row', async () => {
      await analytics.insert('probe', [row('surrogate', { note: 'x\ud83d' })], 'surrogate');
      expect(await analytics.query(sql`SELECT note FROM probe WHERE id = 'surrogate'`)).toEqual([{ note: 'x\\ud83d' }]);
    });

    it('refuses a batch with a bad row whole, as rows_refused', async () => {
      const error = await failure(analytics.insert('probe', [row('good'), { ...row('bad'), n: 'not a number' }], 'bad'));
      expect(error).toMatchObject({ status: 400, code: 'rows_refused' });
      expect(error.message).not.toContain('not a number');
      expect(await analytics.query(sql`SELECT count() AS c FROM probe WHERE id IN ('good', 'bad')`)).toEqual([{ c: '0' }]);
    });

    it('answers 422 when a read passes its time or its memory, and works on', async () => {
      const slow = sql`SELECT sum(sipHash64(number)) FROM numbers(100000000000)`;
      expect(await failure(analytics.query(slow, { timeoutMs: 100 }))).toMatchObject({ status: 422 });
      const large = sql`SELECT groupArray(number) AS g FROM numbers(50000000)`;
      expect(await failure(analytics.query(large, { memoryBytes: 20_000_000 }))).toMatchObject({ status: 422 });
      expect(await analytics.query(sql`SELECT 1 AS one`)).toEqual([{ one: 1 }]);
    });

    it('begins no answer with the rows of a read that broke off before it', async () => {
      const broken = sql`SELECT throwIf(number = 400000) AS secret FROM numbers(1000000)`;
      const one = async (): Promise<unknown> => await analytics.query(sql`SELECT 1 AS one`);
      const streamed = async (): Promise<unknown> => [await firstOf(analytics.stream(sql`SELECT 1 AS one`))];
      for (const next of [one, streamed]) {
        await Promise.all([1, 2, 3, 4].map(() => failure(analytics.query(broken))));
        expect(await Promise.all([next(), next(), next(), next()])).toEqual(new Array(4).fill([{ one: 1 }]));
        await failure(firstOf(analytics.stream(sql`SELECT throwIf(number = 0) AS secret FROM numbers(1000000)`)));
        expect(await Promise.all([next(), next(), next(), next()])).toEqual(new Array(4).fill([{ one: 1 }]));
      }
      await failure(analytics.query(broken, { lane: 'writer' }));
      expect(await analytics.query(sql`SELECT 1 AS one`, { lane: 'writer' })).toEqual([{ one: 1 }]);
    });

    it('keeps settings of one statement away from the next', async () => {
      await analytics.query(sql`SELECT 1 SETTINGS max_threads = 1, join_use_nulls = 1`);
      expect(await analytics.query(sql`SELECT getSetting('join_use_nulls') AS j`)).toEqual([{ j: false }]);
    });

    it('streams rows, and a reader may leave early', async () => {
      let count = 0;
      for await (const found of analytics.stream<{ number: string }>(sql`SELECT number FROM numbers(200000)`)) {
        expect(found.number).toBe(String(count));
        count += 1;
        if (count === 1000) break;
      }
      let all = 0;
      for await (const _ of analytics.stream(sql`SELECT number FROM numbers(200000)`)) all += 1;
      expect([count, all]).toEqual([1000, 200_000]);
      expect(await failure(firstOf(analytics.stream(sql`SELECT sum(sipHash64(number)) AS s FROM numbers(100000000000)`, { timeoutMs: 100 })))).toMatchObject({
        status: 422,
      });
    });

    describe('as files', () => {
      const folder = mkdtempSync(joinPath(tmpdir(), 'genai-analytics-files-'));
      afterAll(() => rmSync(folder, { recursive: true, force: true }));
      const rows = sql`SELECT number AS n, toDecimal128(number, 12) / 8 AS money, toDateTime64('2026-11-23 21:40:00.5', 6, 'UTC') AS at, toBool(number) AS flag,
        if(number = 0, NULL, 'a "b", c') AS note, map('k', number) AS details FROM numbers(3000) SETTINGS join_use_nulls = 1`;
      const first = { n: 0, money: 0, at: '2026-11-23 21:40:00.500000', flag: false, note: null, details: { k: 0 } };
      const last = { n: 2999, money: 374.875, at: '2026-11-23 21:40:00.500000', flag: true, note: 'a "b", c', details: { k: 2999 } };

      it('writes JSON lines, a JSON array and CSV, packed or not, each as one whole file', async () => {
        for (const gzip of [false, true]) {
          const read = async (format: 'JSONEachRow' | 'JSONArray' | 'CSVWithNames'): Promise<string> => {
            const path = joinPath(folder, `${format}-${gzip}`);
            await analytics.writeFile(rows, { path, format, gzip });
            return (gzip ? gunzipSync(readFileSync(path)) : readFileSync(path)).toString();
          };
          const lines = (await read('JSONEachRow')).trimEnd().split('\n');
          expect([lines.length, JSON.parse(lines[0] ?? ''), JSON.parse(lines.at(-1) ?? '')]).toEqual([3000, first, last]);
          const array = JSON.parse(await read('JSONArray')) as unknown[];
          expect([array.length, array[0], array.at(-1)]).toEqual([3000, first, last]);
          const csv = (await read('CSVWithNames')).trimEnd().split('\n');
          expect([csv.length, csv[0]]).toEqual([3001, '"n","money","at","flag","note","details"']);
          expect(csv[1]).toBe(`0,0,"2026-11-23 21:40:00.500000",false,,"{'k':0}"`);
          expect(csv.at(-1)).toContain('"a ""b"", c"');
        }
      });

      it('writes Parquet that an engine reads, also when it is more than one row group', async () => {
        const path = joinPath(folder, 'rows.parquet');
        await analytics.writeFile(sql`SELECT number AS n, toString(number) AS t FROM numbers(50000)`, { path, format: 'Parquet', gzip: false });
        const bytes = readFileSync(path);
        expect([bytes.subarray(0, 4).toString(), bytes.subarray(-4).toString()]).toEqual(['PAR1', 'PAR1']);
        const [read] = await analytics.query(sql`SELECT count() AS c, sum(n) AS s, countIf(t = toString(n)) AS same FROM file(${text(path)}, 'Parquet')`);
        expect(read).toEqual({ c: '50000', s: '1249975000', same: '50000' });
      });

      it('leaves nothing of a file whose read broke off or passed its limits', async () => {
        const path = joinPath(folder, 'broken');
        const broken = sql`SELECT throwIf(number = 400000) AS x FROM numbers(1000000)`;
        await expect(analytics.writeFile(broken, { path, format: 'CSVWithNames', gzip: true })).rejects.toBeInstanceOf(AppError);
        const slow = sql`SELECT sum(sipHash64(number)) AS s FROM numbers(100000000000)`;
        expect(await failure(analytics.writeFile(slow, { path, format: 'Parquet', gzip: false }, { timeoutMs: 100 }))).toMatchObject({ status: 422 });
        expect(existsSync(path)).toBe(false);
        expect(readdirSync(folder).filter((name) => name.startsWith('broken'))).toEqual([]);
        await analytics.writeFile(sql`SELECT 1 AS one`, { path, format: 'JSONEachRow', gzip: false });
        expect(readFileSync(path, 'utf8')).toBe('{"one":1}\n');
      });
    });

    it('answers 503 for a table that is not there yet', async () => {
      expect(await failure(analytics.query(sql`SELECT 1 FROM absent`))).toMatchObject({ status: 503, retryable: true });
    });

    it('serves many reads at once on few connections', async () => {
      const answers = await Promise.all(Array.from({ length: 30 }, (_, index) => analytics.query(sql`SELECT ${uint32(index)} AS i, sleep(0.01) AS s`)));
      expect(answers.map(([found]) => found?.i)).toEqual(Array.from({ length: 30 }, (_, index) => index));
    });
  });
}

async function firstOf(rows: AsyncIterable<unknown>): Promise<unknown> {
  for await (const found of rows) return found;
  return null;
}
