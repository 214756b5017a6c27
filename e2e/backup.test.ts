// What `down --save` writes and `up --from` reads, with PostgreSQL's real tools and server: roles, ownership, rows, and what is left out.
import { spawn } from 'node:child_process';
import { dumpDatabases, fillDatabase } from '@genai/infra/backup/databases';
import { bootstrapSql } from '@genai/infra/k8s/databases';
import type { KubernetesPort } from '@genai/infra/kubernetes/port';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const url = process.env.GENAI_TEST_RECORDS_URL;
if (url === undefined) console.log('skipped: tests of backups need GENAI_TEST_RECORDS_URL (a PostgreSQL server and its tools)');

const BIN = '/usr/lib/postgresql/15/bin';
const DATABASES = ['litellm', 'langfuse'];

/** Runs the pod's commands here, against the test's server. */
function local(user: string): Pick<KubernetesPort, 'run'> {
  const { hostname, port } = new URL(url ?? '');
  return {
    run: (_pod, [program = '', ...args], { output, input }) =>
      new Promise((resolve, reject) => {
        const env = { PATH: `${BIN}:${process.env.PATH}`, PGHOST: hostname, PGPORT: port, PGUSER: user, GATEWAY_PASSWORD: "it's", OBSERVE_PASSWORD: 'two' };
        const child = spawn(program, args, { env });
        let errors = '';
        child.stderr.on('data', (chunk: Buffer) => (errors += chunk));
        child.stdout.on('data', (chunk: Buffer) => output?.(chunk));
        child.on('error', reject);
        child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(errors))));
        void (async () => {
          for await (const chunk of input ?? []) child.stdin.write(chunk);
          child.stdin.end();
        })();
      }),
  };
}

async function sql(database: string, text: string): Promise<unknown[]> {
  const target = new URL(url ?? '');
  target.pathname = `/${database}`;
  const client = new pg.Client({ connectionString: target.href });
  await client.connect();
  try {
    const answer = await client.query(text);
    return Array.isArray(answer) ? [] : answer.rows;
  } finally {
    await client.end();
  }
}

async function clear(): Promise<void> {
  for (const name of DATABASES) await sql('postgres', `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
}

/** Aurora's administrator is no superuser: he may make roles and databases, and is a member of the owners. */
const ADMINISTRATOR = 'platform';

async function bootstrap(): Promise<void> {
  const text = async function* (): AsyncGenerator<Buffer> {
    yield Buffer.from(bootstrapSql());
  };
  const pod = { namespace: '', name: '', container: '' };
  await local(ADMINISTRATOR).run(pod, ['psql', '--no-psqlrc', '--quiet', '--dbname=postgres', '--file=-'], { input: text() });
}

describe.skipIf(url === undefined)('a backup of the databases', () => {
  beforeAll(async () => {
    await clear();
    for (const role of [ADMINISTRATOR, ...DATABASES]) await sql('postgres', `DROP ROLE IF EXISTS ${role}`);
    await sql('postgres', `CREATE ROLE ${ADMINISTRATOR} LOGIN CREATEDB CREATEROLE`);
    await bootstrap();
    await sql(
      'litellm',
      `SET ROLE litellm; CREATE TABLE "LiteLLM_VerificationToken" (token text PRIMARY KEY, spend numeric, metadata jsonb);
       CREATE TABLE "LiteLLM_SpendLogs" (request_id text PRIMARY KEY, messages text);
       INSERT INTO "LiteLLM_VerificationToken" SELECT 'hash-' || n, n * 0.125, '{"チーム": "検証"}' FROM generate_series(1, 20000) n;
       INSERT INTO "LiteLLM_SpendLogs" VALUES ('call-1', 'a private prompt');`,
    );
    await sql(
      'langfuse',
      `SET ROLE langfuse; CREATE TYPE "Role" AS ENUM ('OWNER', 'NONE'); CREATE TABLE prompts (id serial PRIMARY KEY, name text, role "Role"); INSERT INTO prompts (name, role) VALUES ('挨拶', 'OWNER');`,
    );
  }, 120_000);
  afterAll(clear);

  it('brings keys and prompts back into new databases, owned by their products, without the rows of single calls', async () => {
    const dumps = await dumpDatabases(local(ADMINISTRATOR) as KubernetesPort);
    expect(dumps.map(({ name }) => name)).toEqual(['database/litellm', 'database/langfuse']);
    expect(Buffer.concat(dumps.map(({ body }) => body)).includes('a private prompt')).toBe(false);
    await clear();
    await bootstrap();
    for (const { name, body } of dumps) expect(await fillDatabase(local(ADMINISTRATOR) as KubernetesPort, name.replace('database/', ''), body)).toBe(true);
    expect(await sql('litellm', 'SELECT count(*)::int AS count, sum(spend)::text AS spend FROM "LiteLLM_VerificationToken"')).toEqual([
      { count: 20_000, spend: '25001250.000' },
    ]);
    expect(await sql('litellm', 'SELECT count(*)::int AS count FROM "LiteLLM_SpendLogs"')).toEqual([{ count: 0 }]);
    expect(await sql('langfuse', 'SELECT * FROM prompts')).toEqual([{ id: 1, name: '挨拶', role: 'OWNER' }]);
    expect(await sql('langfuse', "SELECT tableowner FROM pg_tables WHERE schemaname = 'public'")).toEqual([{ tableowner: 'langfuse' }]);
    // The product itself may go on with it.
    expect(await sql('langfuse', "SET ROLE langfuse; INSERT INTO prompts (name, role) VALUES ('次', 'NONE')")).toEqual([]);
  }, 120_000);

  it('leaves a database alone that is not empty, and leaves one empty when the backup fails half way', async () => {
    const tools = local(ADMINISTRATOR) as KubernetesPort;
    expect(await fillDatabase(tools, 'litellm', Buffer.from('DROP TABLE "LiteLLM_VerificationToken"'))).toBe(false);
    expect(await sql('litellm', 'SELECT count(*)::int AS count FROM "LiteLLM_VerificationToken"')).toEqual([{ count: 20_000 }]);
    await clear();
    await bootstrap();
    await expect(fillDatabase(tools, 'litellm', Buffer.from('CREATE TABLE half (id int); SELECT broken;'))).rejects.toThrow('broken');
    expect(await sql('litellm', "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).toEqual([]);
    expect(await fillDatabase(tools, 'unknown', Buffer.from(''))).toBe(false);
  }, 120_000);
});
