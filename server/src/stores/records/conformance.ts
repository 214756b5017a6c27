// What every records store must do; run on the embedded server always and on GENAI_TEST_RECORDS_URL when it is set. A behaviour not here may not be relied on.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AppError } from '#lib/errors.ts';
import { migrateRecords, ownMigrations } from './migrate.ts';
import type { Records } from './port.ts';
import { isUniqueViolation, sql, sqlState } from './sql.ts';

/** Runs the suite; `open` gives a store on a server whose schema genai may be written to. */
export function testRecords(name: string, open: () => Promise<Records>): void {
  describe(`records: ${name}`, () => {
    let records: Records;
    const run = randomUUID();
    const key = (suffix: string): string => `${run}:${suffix}`;
    beforeAll(async () => {
      records = await open();
      await migrateRecords(records);
    });
    afterAll(async () => {
      await records.query(sql`DELETE FROM instance_settings WHERE key LIKE ${`${run}%`}`);
      await records.close();
    });

    const insert = (suffix: string) => sql`INSERT INTO instance_settings (key, value) VALUES (${key(suffix)}, '{"a": 1}')`;
    const count = async (suffix: string): Promise<number> => (await records.query(sql`SELECT 1 FROM instance_settings WHERE key = ${key(suffix)}`)).length;

    test('gives bigint and numeric as text, timestamptz as Date, date as text, jsonb and arrays parsed, null as null', async () => {
      const [row] = await records.query(sql`
        SELECT ${'9007199254740993'}::bigint AS big, 1.000000000001::numeric(38,12) AS money, '2026-01-02T03:04:05.678Z'::timestamptz AS at,
          '2026-01-02'::date AS day, '{"a":[1]}'::jsonb AS json, ARRAY['x','y'] AS list, NULL AS nothing, 7 AS small, true AS yes`);
      expect(row).toEqual({
        big: '9007199254740993',
        money: '1.000000000001',
        at: new Date('2026-01-02T03:04:05.678Z'),
        day: '2026-01-02',
        json: { a: [1] },
        list: ['x', 'y'],
        nothing: null,
        small: 7,
        yes: true,
      });
    });

    test('takes Dates, arrays, objects and bigints as values', async () => {
      const at = new Date('1999-12-31T23:59:59.999Z');
      const [row] = await records.query(
        sql`SELECT ${at}::timestamptz AS at, ${['a', 'b"{},\\']}::text[] AS list, ${{ q: "'" }}::jsonb AS json, ${10n ** 30n}::numeric AS big`,
      );
      expect(row).toEqual({ at, list: ['a', 'b"{},\\'], json: { q: "'" }, big: (10n ** 30n).toString() });
    });

    test('commits a transaction that resolves and rolls back one that rejects', async () => {
      await records.transaction((session) => session.query(insert('committed')));
      expect(await count('committed')).toBe(1);
      const failing = records.transaction(async (session) => {
        await session.query(insert('rolled-back'));
        throw new AppError('no', { status: 418, code: 'no' });
      });
      await expect(failing).rejects.toMatchObject({ status: 418 });
      expect(await count('rolled-back')).toBe(0);
    });

    test('does not call a transaction committed when one of its statements failed unnoticed', async () => {
      const failing = records.transaction(async (session) => {
        await session.query(insert('half'));
        await session.query(insert('half')).catch(() => {});
      });
      await expect(failing).rejects.toThrow('rolled back');
      expect(await count('half')).toBe(0);
    });

    test('leaves constraint errors to the caller with their SQLSTATE', async () => {
      await records.query(insert('twice'));
      const error = await records.query(insert('twice')).catch((reason: unknown) => reason);
      expect(isUniqueViolation(error, 'instance_settings_pkey')).toBe(true);
      expect(sqlState(await records.query(sql`SELECT 1/0`).catch((reason: unknown) => reason))).toBe('22012');
    });

    test('answers a NUL in a text with 400 and goes on', async () => {
      await expect(records.query(sql`SELECT ${'a\u0000b'}::text`)).rejects.toMatchObject({ status: 400, code: 'invalid_text' });
      await expect(records.query(sql`SELECT ${{ a: '\u0000' }}::jsonb ->> 'a'`)).rejects.toMatchObject({ status: 400 });
      expect(await records.ping(5_000)).toBe(true);
    });

    test('refuses statements that were not made by the tag', async () => {
      await expect(records.query({ text: 'SELECT 1', values: [] })).rejects.toThrow(TypeError);
    });

    test('delivers notifications of committed transactions only, also from triggers', async () => {
      const heard: string[] = [];
      const arrived = Promise.withResolvers<void>();
      const end = await records.listen(
        'genai_conformance',
        (payload) => {
          heard.push(payload);
          if (payload === `${run} last`) arrived.resolve();
        },
        () => {},
      );
      await records
        .transaction(async (session) => {
          await session.query(sql`SELECT pg_notify('genai_conformance', ${`${run} lost`})`);
          throw new Error('roll back');
        })
        .catch(() => {});
      await records.query(sql`SELECT pg_notify('genai_conformance', ${`${run} first`})`);
      await records.query(sql`SELECT pg_notify('genai_conformance', ${`${run} last`})`);
      await arrived.promise;
      await end();
      expect(heard.filter((payload) => payload.startsWith(run))).toEqual([`${run} first`, `${run} last`]);
    });

    test('serves more callers than it has connections', async () => {
      const rows = await Promise.all(Array.from({ length: 60 }, (_, index) => records.query<{ n: number }>(sql`SELECT ${index}::int AS n`)));
      expect(rows.map(([row]) => row?.n)).toEqual(Array.from({ length: 60 }, (_, index) => index));
    });

    test('keeps to its own schema', async () => {
      const [row] = await records.query(sql`SELECT current_schema() AS schema`);
      expect(row).toEqual({ schema: 'genai' });
      const strangers = await records.query(
        sql`SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename IN ('ledger', 'virtual_keys', 'migrations')`,
      );
      expect(strangers).toEqual([]);
    });

    test('migrates once, whoever comes at the same moment, and refuses a newer database and edited files', async () => {
      const applied = await Promise.all([migrateRecords(records), migrateRecords(records), migrateRecords(records)]);
      expect(applied).toEqual([[], [], []]);
      const own = ownMigrations();
      await expect(migrateRecords(records, own.slice(0, -1))).rejects.toMatchObject({ code: 'records_newer' });
      const edited = own.map((migration) => ({ ...migration, checksum: 'x' }));
      await expect(migrateRecords(records, edited)).rejects.toMatchObject({ code: 'records_changed_migration' });
    });

    test('applies nothing of a migration that fails', async () => {
      const broken = { number: ownMigrations().length + 1, name: '9999_broken', checksum: 'x', text: 'CREATE TABLE half_made (a int); SELECT 1/0;' };
      await expect(migrateRecords(records, [...ownMigrations(), broken])).rejects.toThrow('division by zero');
      expect(await records.query(sql`SELECT to_regclass('genai.half_made') AS found`)).toEqual([{ found: null }]);
    });
  });
}
