// Migrations only expand: after each of them, what the release before it reads and writes is still there. And the check itself finds what would break it.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrateRecords, ownMigrations } from './migrate.ts';
import { expandFaults, readShape, type Shape } from './schema-shape.ts';
import { migrationScript, sql } from './sql.ts';
import { startTestRecords, type TestRecords } from './test-records.ts';

/** Known before anything was released: each was made together with the only code that used it. None may be added after a release. */
const BEFORE_THE_FIRST_RELEASE: Readonly<Record<string, readonly string[]>> = {
  // It takes the place of "> 0": every older row meets it.
  '0013_retention': ['projects has a new constraint that older rows may not meet: CHECK ((retention_days >= 0))'],
};

let test: TestRecords;
beforeAll(async () => {
  test = await startTestRecords();
}, 60_000);
afterAll(() => test.stop());

const shapeNow = () => test.records.transaction((session) => readShape(session));

describe('the migrations of this release', () => {
  it('take nothing from the release before', async () => {
    await test.records.query(migrationScript('DROP SCHEMA genai CASCADE'));
    const migrations = ownMigrations();
    const found: Record<string, string[]> = {};
    let before: Shape = { columns: {}, constraints: {} };
    for (const migration of migrations) {
      await migrateRecords(test.records, migrations.slice(0, migration.number));
      const after = await shapeNow();
      const faults = expandFaults(before, after);
      if (faults.length > 0) found[migration.name] = faults;
      before = after;
    }
    expect(found).toEqual(BEFORE_THE_FIRST_RELEASE);
  }, 120_000);

  it('let the previous release write rows that know nothing of new columns', async () => {
    // A row as an older release writes it, in a table that a later one has widened.
    await test.records.query(
      migrationScript("CREATE TABLE genai.widened (id text PRIMARY KEY, name text NOT NULL); INSERT INTO genai.widened VALUES ('1', 'a')"),
    );
    const before = await shapeNow();
    await test.records.query(migrationScript('ALTER TABLE genai.widened ADD COLUMN note text, ADD COLUMN level int NOT NULL DEFAULT 3'));
    expect(expandFaults(before, await shapeNow())).toEqual([]);
    await test.records.query(sql`INSERT INTO widened (id, name) VALUES ('2', 'b')`);
    expect(await test.records.query(sql`SELECT id, name FROM widened ORDER BY id`)).toEqual([
      { id: '1', name: 'a' },
      { id: '2', name: 'b' },
    ]);
  });
});

describe('the check', () => {
  it.each([
    ['ALTER TABLE genai.t DROP COLUMN b', ['t.b is gone']],
    ['ALTER TABLE genai.t RENAME COLUMN b TO c', ['t.b is gone']],
    ['ALTER TABLE genai.t ALTER COLUMN b TYPE bigint', ['t.b was integer and is bigint']],
    ['ALTER TABLE genai.t ALTER COLUMN b SET NOT NULL', ['t.b may not be null any more']],
    ['ALTER TABLE genai.t ADD COLUMN d text NOT NULL', ['t.d is new and must be given: rows of the previous release are refused']],
    ['ALTER TABLE genai.t ADD CHECK (b > 0)', ['t has a new constraint that older rows may not meet: CHECK ((b > 0))']],
    ['CREATE UNIQUE INDEX t_b ON genai.t (b)', [expect.stringContaining('UNIQUE INDEX')]],
    ['ALTER TABLE genai.t ALTER COLUMN e DROP DEFAULT', ['t.e has lost its default']],
    ['DROP TABLE genai.t', ['table t is gone']],
    ['ALTER TABLE genai.t ADD COLUMN f int, ADD COLUMN g int NOT NULL DEFAULT 1', []],
    ['ALTER TABLE genai.t ADD COLUMN h int CHECK (h > 0)', []],
    ['CREATE INDEX ON genai.t (b)', []],
  ])('judges %s', async (change, faults) => {
    await test.records.query(migrationScript('DROP TABLE IF EXISTS genai.t; CREATE TABLE genai.t (a text PRIMARY KEY, b integer, e int NOT NULL DEFAULT 1)'));
    const before = await shapeNow();
    await test.records.query(migrationScript(change));
    expect(expandFaults(before, await shapeNow())).toEqual(faults);
  });
});
