// ./genai migrate --dry-run: an upgrade rehearsed on a copy, of a database by URL, of a stopped folder and of a backup; the original stays as it is.
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrateRecords, ownMigrations } from '../server/src/stores/records/migrate.ts';
import { openRecords } from '../server/src/stores/records/postgres.ts';
import { generateKey } from './client.ts';
import { genai } from './json-command.ts';
import { type Platform, removeFolder, startPlatform, temporaryFolder } from './process.ts';

const admin = process.env.GENAI_TEST_RECORDS_URL;
if (admin === undefined && (process.env.GENAI_REQUIRE ?? '').split(',').includes('postgres'))
  throw new Error('a PostgreSQL server is required here: set GENAI_TEST_RECORDS_URL');
if (admin === undefined) console.info('skipped: a migration rehearsed on a PostgreSQL by URL (set GENAI_TEST_RECORDS_URL to run it)');

describe('the records of an earlier release', () => {
  const folder = temporaryFolder();
  let platform: Platform;
  beforeAll(async () => {
    platform = await startPlatform({ folder });
    await generateKey(platform);
  }, 180_000);
  afterAll(async () => {
    await platform?.stop().catch(() => null);
    removeFolder(folder);
  });

  it('of a running folder are rehearsed on a backup, of a stopped one on a copy', async () => {
    const busy = await genai(folder, ['migrate', '--dry-run', '--data-dir', platform.dataDir]);
    expect([busy.code, busy.err]).toEqual([1, expect.stringContaining('--from FOLDER')]);
    expect((await genai(folder, ['backup', '--data-dir', platform.dataDir, '--to', 'saved'])).code).toBe(0);
    await platform.stop();
    const last = ownMigrations().at(-1)?.name;
    for (const words of [
      ['--from', 'saved'],
      ['--data-dir', platform.dataDir],
    ]) {
      const done = await genai(folder, ['migrate', '--dry-run', ...words]);
      expect([done.code, done.result], done.err).toEqual([
        0,
        expect.objectContaining({ good: true, applied: last, pending: [], faults: [], changedTables: [] }),
      ]);
    }
    expect((await genai(folder, ['migrate'])).code).toBe(2);
  }, 120_000);

  it.skipIf(admin === undefined)(
    'behind a URL are read, and only the copy is migrated',
    async () => {
      const database = `genai_migrate_${process.pid}`;
      const url = Object.assign(new URL(admin as string), { pathname: `/${database}` }).toString();
      const query = async (to: string, statement: string) => {
        const client = new pg.Client({ connectionString: to });
        await client.connect();
        const { rows } = await client.query(statement);
        await client.end();
        return rows as Record<string, unknown>[];
      };
      await query(admin as string, `CREATE DATABASE ${database}`);
      try {
        const empty = await genai(folder, ['migrate', '--dry-run', '--data-dir', join(folder, 'none')], { GENAI_RECORDS_URL: url });
        expect([empty.code, empty.err]).toEqual([1, expect.stringContaining('nothing to rehearse')]);
        const records = openRecords({ connectionString: url });
        await migrateRecords(records, ownMigrations().slice(0, 9));
        await records.close();
        await query(url, "INSERT INTO genai.organizations (id, name) VALUES ('o', 'kept')");
        const done = await genai(folder, ['migrate', '--dry-run', '--data-dir', join(folder, 'none')], { GENAI_RECORDS_URL: url });
        expect(done.result, done.err).toMatchObject({ applied: '0009_shared_journal', rows: 2, changedTables: [] });
        const { pending } = done.result as { pending: { name: string }[] };
        expect(pending.map(({ name }) => name)).toEqual(
          ownMigrations()
            .slice(9)
            .map(({ name }) => name),
        );
        expect(await query(url, 'SELECT count(*)::int AS applied FROM genai.migrations')).toEqual([{ applied: 9 }]);
      } finally {
        await query(admin as string, `DROP DATABASE ${database} WITH (FORCE)`);
      }
    },
    120_000,
  );
});
