// The records store on a PostgreSQL of one's own (GENAI_TEST_RECORDS_URL), and its behaviour when no server is there.
import os from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { testRecords } from './conformance.ts';
import { clientConfig } from './connection.ts';
import { openRecords } from './postgres.ts';
import { sql } from './sql.ts';

const url = process.env.GENAI_TEST_RECORDS_URL;
if (url) {
  testRecords('a server by URL', async () => openRecords({ connectionString: url }));
  const pooled = `${url}${url.includes('?') ? '&' : '?'}pgbouncer=true`;
  testRecords('a server as if behind a transaction pooler', async () => openRecords({ connectionString: pooled }));
} else if ((process.env.GENAI_REQUIRE ?? '').split(',').includes('postgres')) {
  throw new Error('a PostgreSQL server is required here: set GENAI_TEST_RECORDS_URL');
} else {
  console.info('skipped: the records suite on a server by URL (set GENAI_TEST_RECORDS_URL to run it)');
}

describe('openRecords without a server', () => {
  test('answers 503 no_db_connection with Retry-After and pings false', async () => {
    const records = openRecords({ socketFolder: path.join(os.tmpdir(), 'genai-no-such-folder') });
    await expect(records.query(sql`SELECT 1`)).rejects.toMatchObject({ status: 503, code: 'no_db_connection', retryable: true, retryAfterSeconds: 2 });
    await expect(records.transaction((session) => session.query(sql`SELECT 1`))).rejects.toMatchObject({ status: 503 });
    expect(await records.ping(1_000)).toBe(false);
    await records.close();
  });
});

describe('clientConfig', () => {
  test('joins the options of a URL with ours and drops the parameters of other clients', () => {
    const config = clientConfig({ connectionString: 'postgresql://u:p@h:5/d?schema=public&pgbouncer=true&options=-c%20work_mem%3D8MB' }, false);
    const parsed = new URL(config.connectionString as string);
    expect([...parsed.searchParams.keys()]).toEqual(['options']);
    expect(parsed.searchParams.get('options')).toMatch(/^-c work_mem=8MB -c search_path=genai/);
  });

  test('sends no start-up options to a pooler', () => {
    const config = clientConfig({ connectionString: 'postgresql://u:p@h:5/d?pgbouncer=true' }, true);
    expect(config.options).toBeUndefined();
    expect(config.connectionString).not.toContain('pgbouncer');
  });
});
