// The bootstrap's script on a real PostgreSQL, run by psql as an administrator that, as on Aurora, is no superuser.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { need } from '../../../e2e/needs.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../../server/src/stores/records/embedded.ts';
import { BOOTSTRAP_PASSWORDS, bootstrapSql } from './databases.ts';
import { DATABASE_ADMINISTRATOR } from './names.ts';

const psql = need('psql');
const SUPERUSER = 'genai';

describe.skipIf(psql === null)('the bootstrap of the databases', () => {
  let folder: string;
  let server: EmbeddedPostgres;
  let script: string;

  const run = (user: string, database: string, ...args: string[]): string =>
    execFileSync(psql as string, ['--no-psqlrc', '--quiet', '--tuples-only', '--no-align', ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PGHOST: server.socketFolder,
        PGUSER: user,
        PGDATABASE: database,
        [BOOTSTRAP_PASSWORDS.gateway]: "it's %gateway",
        [BOOTSTRAP_PASSWORDS.observe]: 'observe"password',
      },
    }).trim();
  const bootstrap = (): string => run(DATABASE_ADMINISTRATOR, 'postgres', `--file=${script}`);
  const passwords = (): string =>
    run(
      SUPERUSER,
      'postgres',
      '--command',
      "SELECT string_agg(rolname || ' ' || (rolpassword IS NOT NULL), ',' ORDER BY rolname) FROM pg_authid WHERE rolname IN ('litellm', 'langfuse')",
    );

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'genai-bootstrap-'));
    server = await startEmbeddedPostgres({ folder: join(folder, 'postgres') });
    script = join(folder, 'bootstrap.sql');
    writeFileSync(script, bootstrapSql());
    run(SUPERUSER, 'postgres', '--command', `CREATE ROLE ${DATABASE_ADMINISTRATOR} LOGIN CREATEROLE CREATEDB`);
  });
  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('makes two databases with an owner each', () => {
    bootstrap();
    const owners = run(
      SUPERUSER,
      'postgres',
      '--command',
      "SELECT datname || ' ' || pg_get_userbyid(datdba) FROM pg_database WHERE datname IN ('litellm', 'langfuse') ORDER BY 1",
    );
    expect(owners).toBe('langfuse langfuse\nlitellm litellm');
    expect(passwords()).toBe('langfuse true,litellm true');
  });

  it('run again, changes nothing and loses nothing', () => {
    run('litellm', 'litellm', '--command', 'CREATE TABLE kept (id int)');
    bootstrap();
    expect(run('litellm', 'litellm', '--command', "SELECT count(*) FROM pg_tables WHERE tablename = 'kept'")).toBe('1');
  });

  it("keeps each product out of the other one's database", () => {
    const allowed = (user: string, database: string): string =>
      run(SUPERUSER, 'postgres', '--command', `SELECT has_database_privilege('${user}', '${database}', 'CONNECT')`);
    expect([allowed('litellm', 'litellm'), allowed('langfuse', 'langfuse')]).toEqual(['t', 't']);
    expect([allowed('litellm', 'langfuse'), allowed('langfuse', 'litellm')]).toEqual(['f', 'f']);
    expect(() => run('litellm', 'langfuse', '--command', 'SELECT 1')).toThrow(/permission denied for database/);
  });

  it('lets each owner make what its migrations make', () => {
    expect(() =>
      run('langfuse', 'langfuse', '--command', 'CREATE SCHEMA s; CREATE TABLE public._prisma_migrations (id text); CREATE EXTENSION IF NOT EXISTS plpgsql'),
    ).not.toThrow();
  });

  it('ends at the first fault', () => {
    expect(() => run('litellm', 'litellm', `--file=${script}`)).toThrow();
  });
});
