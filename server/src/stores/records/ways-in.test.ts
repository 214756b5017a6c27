// Other ways to PostgreSQL than a plain address: PgBouncer that pools transactions, TLS with an authority of one's own, IAM tokens that are never old.
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, createHmac } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testRecords } from './conformance.ts';
import { openRecords } from './postgres.ts';
import { sql } from './sql.ts';
import { openTestDoor, type TestAuthority, type TestDoor, testAuthority } from './test-door.ts';
import { startTestRecords, type TestRecords } from './test-records.ts';

const PGBOUNCER = '/usr/sbin/pgbouncer';
const hasPgbouncer = existsSync(PGBOUNCER);
if (!hasPgbouncer && (process.env.GENAI_REQUIRE ?? '').split(',').includes('pgbouncer')) throw new Error('pgbouncer is required here: install it');
if (!hasPgbouncer) console.info('skipped: the records suite behind PgBouncer (pgbouncer is not installed on this machine)');

let database: TestRecords;
const closers: (() => Promise<unknown> | unknown)[] = [];
beforeAll(async () => {
  database = await startTestRecords();
}, 60_000);
afterAll(async () => {
  for (const close of closers.reverse()) await close();
  await database?.stop();
});

describe.skipIf(!hasPgbouncer)('behind PgBouncer', () => {
  let url = '';
  let direct = '';
  let bouncer: ChildProcess;

  beforeAll(async () => {
    const { socketFolder } = database.server;
    // The folders above the server's socket are closed to it.
    const server = await openTestDoor({ socketFolder });
    closers.push(() => server.close());
    const port = await freePort();
    const lines = [
      '[databases]',
      `postgres = host=127.0.0.1 port=${server.port} user=genai`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${port}`,
      'unix_socket_dir =',
      'auth_type = any',
      'pool_mode = transaction',
      // Fewer than clients: a transaction is a server's only while it lasts.
      'default_pool_size = 3',
    ];
    const folder = mkdtempSync(path.join(tmpdir(), 'genai-pgbouncer-'));
    chmodSync(folder, 0o755);
    const file = path.join(folder, 'pgbouncer.ini');
    writeFileSync(file, `${lines.join('\n')}\n`);
    closers.push(() => rmSync(folder, { recursive: true }));
    // It refuses root: then it runs as the server's owner.
    bouncer = spawn(PGBOUNCER, [file], { stdio: 'ignore', ...accountOf(socketFolder) });
    closers.push(() => {
      const ended = new Promise((resolve) => bouncer.once('exit', resolve));
      bouncer.kill('SIGKILL');
      return ended;
    });
    url = `postgresql://genai@127.0.0.1:${port}/postgres`;
    direct = `postgresql://localhost/postgres?${new URLSearchParams({ host: socketFolder, user: 'genai' })}`;
    const probe = openRecords({ connectionString: url });
    closers.push(() => probe.close());
    for (let tries = 0; !(await probe.ping(2_000)) && tries < 200; tries++) await new Promise((resolve) => setTimeout(resolve, 50));
  }, 60_000);

  testRecords('PgBouncer that pools transactions', async () => openRecords({ connectionString: url, listenConnectionString: direct, poolSize: 6 }));

  test('connections come back when it was ended and started again, without a restart of ours', async () => {
    const records = openRecords({ connectionString: url, listenConnectionString: direct });
    expect(await records.query(sql`SELECT 1 AS one`)).toEqual([{ one: 1 }]);
    bouncer.kill('SIGKILL');
    await new Promise((resolve) => bouncer.once('exit', resolve));
    await expect(records.query(sql`SELECT 1 AS one`)).rejects.toMatchObject({ status: 503, code: 'no_db_connection' });
    bouncer = spawn(PGBOUNCER, bouncer.spawnargs.slice(1), { stdio: 'ignore', ...accountOf(database.server.socketFolder) });
    await expect.poll(() => records.ping(2_000), { timeout: 20_000 }).toBe(true);
    expect(await records.query(sql`SELECT current_schema() AS schema`)).toEqual([{ schema: 'genai' }]);
    await records.close();
  });
});

describe('over TLS', () => {
  let authority: TestAuthority;
  let other: TestAuthority;
  let door: TestDoor;
  beforeAll(async () => {
    [authority, other] = [testAuthority(), testAuthority()];
    door = await openTestDoor({ socketFolder: database.server.socketFolder, tls: authority });
    closers.push(
      () => door.close(),
      () => authority.remove(),
      () => other.remove(),
    );
  });
  const at = (parameters: Record<string, string>) =>
    openRecords({ connectionString: `postgresql://genai@localhost:${door.port}/postgres?${new URLSearchParams(parameters)}` });

  test('the authority that the address names is believed, and no other', async () => {
    const records = at({ sslmode: 'verify-full', sslrootcert: authority.file });
    expect(await records.query(sql`SELECT current_schema() AS schema`)).toEqual([{ schema: 'genai' }]);
    await records.close();
    for (const strange of [at({ sslmode: 'verify-full', sslrootcert: other.file }), at({ sslmode: 'verify-full' })]) {
      await expect(strange.query(sql`SELECT 1`)).rejects.toMatchObject({
        status: 503,
        code: 'no_db_connection',
        message: expect.stringContaining('sslrootcert'),
      });
      await strange.close();
    }
  });
});

describe('with IAM tokens', () => {
  const REGION = 'ap-northeast-1';
  const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
  const environment = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: SECRET, AWS_EC2_METADATA_DISABLED: 'true' };
  const before = { ...process.env };
  let door: TestDoor;
  const dates: number[] = [];
  let longestMs = 900_000;

  beforeAll(async () => {
    Object.assign(process.env, environment);
    const authority = testAuthority();
    door = await openTestDoor({ socketFolder: database.server.socketFolder, tls: authority, admits });
    closers.push(
      () => door.close(),
      () => authority.remove(),
    );
    url = `postgresql://genai@localhost:${door.port}/postgres?sslmode=verify-full&sslrootcert=${encodeURIComponent(authority.file)}`;
  });
  afterAll(() => {
    for (const name of Object.keys(environment)) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  });
  let url = '';

  /** As RDS checks one: made with the role's key for this host, port and user, not older than its time. */
  function admits(token: string, user: string): boolean {
    const presigned = new URL(`https://${token}`);
    const query = presigned.searchParams;
    const stamp = query.get('X-Amz-Date') ?? '';
    const atMs = Date.parse(stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
    const signature = query.get('X-Amz-Signature');
    query.delete('X-Amz-Signature');
    const encode = (text: string): string => encodeURIComponent(text).replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`);
    const canonicalQuery = [...query].map(([name, value]) => `${encode(name)}=${encode(value)}`).sort();
    const canonical = ['GET', '/', canonicalQuery.join('&'), `host:localhost:${door.port}`, '', 'host', createHash('sha256').update('').digest('hex')].join(
      '\n',
    );
    const scope = `${stamp.slice(0, 8)}/${REGION}/rds-db/aws4_request`;
    const toSign = ['AWS4-HMAC-SHA256', stamp, scope, createHash('sha256').update(canonical).digest('hex')].join('\n');
    const key = [stamp.slice(0, 8), REGION, 'rds-db', 'aws4_request'].reduce<Buffer | string>((last, part) => hmac(last, part), `AWS4${SECRET}`);
    dates.push(atMs);
    return (
      query.get('DBUser') === user && query.get('Action') === 'connect' && hmac(key, toSign).toString('hex') === signature && Date.now() - atMs < longestMs
    );
  }

  test('every connection signs in with one of its own, so that none is too old however long the process runs', async () => {
    // Tokens of this door end after two seconds instead of fifteen minutes.
    longestMs = 2_000;
    const records = openRecords({ connectionString: url, iam: { region: REGION }, poolSize: 1 });
    const heard: string[] = [];
    await records.listen(
      'genai_iam',
      (payload) => void heard.push(payload),
      () => {},
    );
    expect(await records.query(sql`SELECT 1 AS one`)).toEqual([{ one: 1 }]);
    await new Promise((resolve) => setTimeout(resolve, 2_200));
    door.cut();
    await expect.poll(() => records.ping(5_000), { timeout: 10_000 }).toBe(true);
    expect(dates.length).toBeGreaterThanOrEqual(3);
    expect(Math.max(...dates) - Math.min(...dates)).toBeGreaterThanOrEqual(2_000);
    await expect
      .poll(
        async () => {
          await records.query(sql`SELECT pg_notify('genai_iam', 'again')`);
          return heard.includes('again');
        },
        { timeout: 10_000 },
      )
      .toBe(true);
    await records.close();
  }, 30_000);

  test('a database that does not take the token is away, and the error shows none of it', async () => {
    longestMs = 0;
    const records = openRecords({ connectionString: url, iam: { region: REGION } });
    const error = (await records.query(sql`SELECT 1`).catch((reason: unknown) => reason)) as Error;
    expect(error).toMatchObject({ status: 503 });
    expect(`${error.message} ${error.stack} ${JSON.stringify(error)}`).not.toMatch(/X-Amz|AKID/);
    await records.close();
  });
});

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function accountOf(folder: string): { uid?: number; gid?: number } {
  const { uid, gid } = statSync(folder);
  return process.getuid?.() === 0 ? { uid, gid } : {};
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
