// The embedded PostgreSQL as a real process: first start, the conformance suite, kill -9 of it and of its parent, adoption, restart, long paths.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testRecords } from './conformance.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded.ts';
import { isAlive } from './embedded-process.ts';
import { openRecords } from './postgres.ts';
import { sql } from './sql.ts';

const root = mkdtempSync(path.join(os.tmpdir(), 'genai-records-'));
const folder = path.join(root, 'postgres');
let server: EmbeddedPostgres;
const progress: string[] = [];
const events: string[] = [];

beforeAll(async () => {
  server = await startEmbeddedPostgres({ folder, onProgress: (message) => progress.push(message), onEvent: ({ kind }) => events.push(kind) });
});
afterAll(async () => {
  await server?.stop();
  rmSync(root, { recursive: true, force: true });
});

testRecords('embedded', async () => openRecords({ socketFolder: server.socketFolder }));
testRecords('embedded, as if behind a transaction pooler', async () => {
  const socket = encodeURIComponent(server.socketFolder);
  return openRecords({ connectionString: `postgresql://genai@/postgres?host=${socket}&pgbouncer=true` });
});

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 1_000; attempt++) {
    if (await condition()) return;
    await sleep(20);
  }
  throw new Error('waited 20 s in vain');
}

describe('embedded PostgreSQL', () => {
  test('says that it prepared its folder, once', async () => {
    expect(progress.filter((message) => message.startsWith('PostgreSQL prepared'))).toHaveLength(1);
    expect(existsSync(`${folder}.partial`)).toBe(false);
  });

  test('listens on no network port, syncs its writes and stores UTF-8', async () => {
    const records = openRecords({ socketFolder: server.socketFolder });
    const [row] = await records.query(sql`
      SELECT current_setting('listen_addresses') AS addresses, current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit,
        current_setting('server_encoding') AS encoding, current_setting('full_page_writes') AS pages, lower('ÄÉ漢') AS lowered`);
    expect(row).toEqual({ addresses: '', fsync: 'on', commit: 'on', encoding: 'UTF8', pages: 'on', lowered: 'äé漢' });
    await records.close();
  });

  test('comes back after kill -9 of the postmaster during inserts; every acknowledged row is there, and LISTEN goes on after a gap', async () => {
    const records = openRecords({ socketFolder: server.socketFolder });
    await records.query(sql`CREATE TABLE IF NOT EXISTS genai.survivors (n int PRIMARY KEY)`);
    let gaps = 0;
    const heard: string[] = [];
    await records.listen(
      'genai_survivors',
      (payload) => heard.push(payload),
      () => gaps++,
    );
    const acknowledged: number[] = [];
    const before = server.pid() as number;
    let refused = 0;
    const failures = new Set<unknown>();
    for (let n = 0; acknowledged.length < 300; n++) {
      if (n === 100) process.kill(before, 'SIGKILL');
      const done = await records.query(sql`INSERT INTO genai.survivors VALUES (${n})`).then(
        () => true,
        (error: { status?: number }) => {
          failures.add(error.status);
          return false;
        },
      );
      if (done) acknowledged.push(n);
      else {
        refused++;
        await sleep(10);
      }
    }
    expect(refused).toBeGreaterThan(0);
    expect([...failures]).toEqual([503]);
    const rows = await records.query<{ n: number }>(sql`SELECT n FROM genai.survivors`);
    const stored = new Set(rows.map((row) => row.n));
    expect(acknowledged.filter((n) => !stored.has(n))).toEqual([]);
    await until(() => server.pid() !== null);
    expect(server.pid()).not.toBe(before);
    expect(events).toContain('died');
    await until(() => gaps > 0);
    await records.query(sql`SELECT pg_notify('genai_survivors', 'after')`);
    await until(() => heard.includes('after'));
    await records.close();
  });

  test('survives kill -9 of one of its sessions', async () => {
    const records = openRecords({ socketFolder: server.socketFolder, poolSize: 1 });
    const [row] = await records.query<{ pid: number }>(sql`SELECT pg_backend_pid() AS pid`);
    process.kill(row?.pid as number, 'SIGKILL');
    await until(() => records.ping(1_000));
    await records.close();
  });

  test('is adopted by the next start when its parent was killed with kill -9, and started anew after a stop', async () => {
    const other = path.join(root, 'orphan');
    const script = `const { startEmbeddedPostgres } = await import(${JSON.stringify(path.join(import.meta.dirname, 'embedded.ts'))});
      const server = await startEmbeddedPostgres({ folder: ${JSON.stringify(other)} }); console.log(server.pid()); setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      cwd: path.join(import.meta.dirname, '..', '..', '..'),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const pid = await new Promise<number>((resolve) => parent.stdout.once('data', (chunk: Buffer) => resolve(Number(chunk.toString()))));
    parent.kill('SIGKILL');
    await new Promise((resolve) => parent.once('exit', resolve));
    expect(isAlive(pid)).toBe(true);

    const adopting = await startEmbeddedPostgres({ folder: other });
    expect([adopting.adopted, adopting.pid()]).toEqual([true, pid]);
    process.kill(pid, 'SIGKILL');
    await until(() => adopting.pid() !== pid && adopting.pid() !== null);
    await adopting.stop();
    expect(adopting.pid()).toBeNull();

    const again = await startEmbeddedPostgres({ folder: other });
    expect(again.adopted).toBe(false);
    await again.stop();
  });

  test('starts over a pid file whose number belongs to another process by now', async () => {
    const other = path.join(root, 'orphan');
    writeFileSync(path.join(other, 'postmaster.pid'), `${process.pid}\n${other}\n1\n5432\n.\n\n0\n`);
    const again = await startEmbeddedPostgres({ folder: other });
    expect(again.adopted).toBe(false);
    await again.stop();
  });

  test('begins again after an initdb that was cut off', async () => {
    const other = path.join(root, 'cut');
    mkdirSync(`${other}.partial`);
    writeFileSync(path.join(`${other}.partial`, 'PG_VERSION'), '18\n');
    const again = await startEmbeddedPostgres({ folder: other });
    await again.stop();
    expect(readFileSync(path.join(other, 'PG_VERSION'), 'utf8')).toBe('18\n');
  });

  test('works below a path that is too long for a socket and closed to others', async () => {
    const other = path.join(root, 'closed', 'x'.repeat(100), 'postgres');
    mkdirSync(path.dirname(other), { recursive: true, mode: 0o700 });
    const long = await startEmbeddedPostgres({ folder: other });
    expect(long.socketFolder.length).toBeLessThan(90);
    const records = openRecords({ socketFolder: long.socketFolder });
    expect(await records.ping(5_000)).toBe(true);
    await records.close();
    await long.stop();
    rmSync(long.socketFolder, { recursive: true, force: true });
  });

  test('refuses a folder of another major version with what to do', async () => {
    const other = path.join(root, 'old');
    mkdirSync(other);
    writeFileSync(path.join(other, 'PG_VERSION'), '17\n');
    await expect(startEmbeddedPostgres({ folder: other })).rejects.toMatchObject({ code: 'embedded_postgres_version' });
  });
});
