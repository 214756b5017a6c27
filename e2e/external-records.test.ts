// The platform on a PostgreSQL of one's own (--records-url): no plain credential is kept, set values work, and the database of a taken-over configuration is left alone.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, chat, generateKey, observe } from './client.ts';
import { eventually, type Platform, removeFolder, startPlatform, temporaryFolder } from './process.ts';

const url = process.env.GENAI_TEST_RECORDS_URL;
if (url === undefined && (process.env.GENAI_REQUIRE ?? '').split(',').includes('postgres'))
  throw new Error('a PostgreSQL server is required here: set GENAI_TEST_RECORDS_URL');
if (url === undefined) console.info('skipped: the platform on a PostgreSQL by URL (set GENAI_TEST_RECORDS_URL to run it)');

describe.skipIf(url === undefined)('with --records-url', () => {
  const folder = temporaryFolder();
  const own = `genai_e2e_${process.pid}`;
  const foreign = `langfuse_e2e_${process.pid}`;
  const at = (database: string) => Object.assign(new URL(url ?? 'postgres://none'), { pathname: `/${database}` }).toString();
  const environment = {
    LITELLM_MASTER_KEY: 'sk-master-of-the-test-0001',
    LANGFUSE_INIT_PROJECT_PUBLIC_KEY: 'pk-lf-external',
    LANGFUSE_INIT_PROJECT_SECRET_KEY: 'sk-lf-external-secret',
    LANGFUSE_INIT_USER_EMAIL: 'owner@example.jp',
    LANGFUSE_INIT_USER_PASSWORD: 'a-set-password-2026',
  };
  const config = `
model_list:
  - model_name: demo
    litellm_params: { model: openai/demo, mock_response: hello }
general_settings:
  database_url: "${at(foreign)}"
`;
  let platform: Platform;
  const start = async () => {
    platform = await startPlatform({ folder, config, environment, flags: ['--records-url', at(own)] });
    Object.assign(platform.keys, { masterKey: environment.LITELLM_MASTER_KEY, publicKey: 'pk-lf-external', secretKey: 'sk-lf-external-secret' });
  };
  const admin = async (statement: string, database = 'postgres') => {
    const client = new pg.Client({ connectionString: at(database) });
    await client.connect();
    const { rows } = await client.query(statement);
    await client.end();
    return rows as Record<string, unknown>[];
  };

  beforeAll(async () => {
    for (const database of [own, foreign]) await admin(`CREATE DATABASE ${database}`);
    await start();
  });
  afterAll(async () => {
    await platform?.stop();
    for (const database of [own, foreign]) await admin(`DROP DATABASE ${database} WITH (FORCE)`);
    removeFolder(folder);
  });

  it('serves with the set credentials and keeps no plain one', async () => {
    const key = await generateKey(platform);
    const answer = await chat(platform, key, 'demo');
    expect(answer.status).toBe(200);
    const traceId = (answer.headers.get('x-litellm-call-id') as string).replaceAll('-', '');
    await eventually('the trace', async () => (await observe(platform, `/api/public/traces/${traceId}`)).status === 200);
    expect(existsSync(join(platform.dataDir, 'keys.json'))).toBe(false);
    expect(existsSync(join(platform.dataDir, 'postgres'))).toBe(false);
    expect(platform.output()).not.toContain(environment.LANGFUSE_INIT_USER_PASSWORD);
  });
  it('finds everything again after a restart', async () => {
    const key = await generateKey(platform, { key_alias: 'stays' });
    expect(await platform.stop()).toBe(0);
    await start();
    expect((await chat(platform, key, 'demo')).status).toBe(200);
    expect((await call(`${platform.gatewayUrl}/key/info?key=${key}`, { key: environment.LITELLM_MASTER_KEY })).status).toBe(200);
  });
  it('names the database of the configuration at the start and writes nothing to it', async () => {
    expect(platform.output()).toContain('database_url');
    expect(platform.output()).not.toContain('postgres:postgres');
    const tables = await admin("SELECT table_name FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema')", foreign);
    expect(tables).toEqual([]);
  });
  it('keeps its tables in a schema of its own', async () => {
    const schemas = await admin(
      "SELECT DISTINCT table_schema FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema')",
      own,
    );
    expect(schemas).toEqual([{ table_schema: 'genai' }]);
  });
});
