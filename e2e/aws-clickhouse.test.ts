// ClickHouse's configuration of the AWS objects, read by ClickHouse itself (chDB, the engine as a library) with a local S3: tables lie in the bucket from the first one on.
// Not proved here: Keeper inside a server, users, and Pod Identity's credentials; those need the server's own process and an account.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLICKHOUSE_DATA, clickhouseConfig } from '../infra/src/k8s/clickhouse-config.ts';
import { need } from './needs.ts';
import { freePort } from './process.ts';

const moto = need('moto');
const root = join(import.meta.dirname, '..');
const hasEngine = existsSync(join(root, 'node_modules/chdb'));
const REGION = 'us-east-1';
const BUCKET = 'clickhouse-bucket';

/** Runs in a process of its own: the engine reads the configuration when it is loaded. Prints one JSON line. */
const PROGRAM = `
const { Session } = require('chdb');
const session = new Session(process.argv[1], { connectionArgs: ['--config-file=' + process.argv[2]] });
const ask = (sql) => session.query(sql, 'JSONCompact');
ask('CREATE DATABASE d');
ask('CREATE TABLE d.t (id UInt64, text String) ENGINE = MergeTree ORDER BY id');
ask("INSERT INTO d.t SELECT number, repeat('x', 100) FROM numbers(50000)");
const rows = (sql) => JSON.parse(ask(sql)).data;
console.log('ANSWER ' + JSON.stringify({
  disks: rows("SELECT DISTINCT disk_name FROM system.parts WHERE database = 'd'"),
  policy: rows("SELECT storage_policy FROM system.tables WHERE database = 'd'"),
  count: rows('SELECT count() FROM d.t'),
  macros: rows('SELECT macro, substitution FROM system.macros ORDER BY macro'),
  logs: rows("SELECT name FROM system.tables WHERE database = 'system' AND name LIKE '%\\\\_log'"),
}));
process.exit(0);
`;

describe.skipIf(moto === null || !hasEngine)("ClickHouse's configuration", () => {
  let folder: string;
  let server: ChildProcess;
  let endpoint: string;
  let answer: Record<'disks' | 'policy' | 'count' | 'macros' | 'logs', unknown[][]>;
  /** moto takes any signature, but wants one. */
  const headers = {
    authorization: `AWS4-HMAC-SHA256 Credential=test/20261126/${REGION}/s3/aws4_request, SignedHeaders=host, Signature=test`,
    'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'genai-clickhouse-'));
    const port = await freePort();
    endpoint = `http://127.0.0.1:${port}/${BUCKET}`;
    server = spawn(moto as string, ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
    const deadline = Date.now() + 60_000;
    while (
      !(await fetch(endpoint, { method: 'PUT', headers }).then(
        ({ ok }) => ok,
        () => false,
      ))
    ) {
      if (Date.now() > deadline) throw new Error('the local S3 did not start');
      await sleep(200);
    }
    const config = clickhouseConfig({ bucket: BUCKET, region: REGION, cacheGib: 1 });
    const real = `https://${BUCKET}.s3.${REGION}.amazonaws.com/`;
    expect(config).toContain(real);
    const file = join(folder, 'config.xml');
    writeFileSync(file, config.replace(real, `${endpoint}/`).replaceAll(CLICKHOUSE_DATA, join(folder, 'data')));
    const output = execFileSync(process.execPath, ['-e', PROGRAM, join(folder, 'session'), file], {
      cwd: root,
      encoding: 'utf8',
      timeout: 120_000,
      maxBuffer: 64 * 1024 * 1024,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { PATH: process.env.PATH ?? '', AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', CLICKHOUSE_PASSWORD: 'test' },
    });
    answer = JSON.parse(
      output
        .split('\n')
        .find((line) => line.startsWith('ANSWER '))
        ?.slice('ANSWER '.length) ?? 'null',
    ) as typeof answer;
  });
  afterAll(async () => {
    const ended = new Promise((resolve) => server.once('exit', resolve));
    if (server.kill()) await ended;
    rmSync(folder, { recursive: true, force: true });
  });

  it('lets the engine start, with the S3 disk as the place of every table', () => {
    expect(answer.disks).toEqual([['s3_cache']]);
    expect(answer.policy).toEqual([['s3_main']]);
    expect(Number(answer.count[0]?.[0])).toBe(50_000);
  });

  it('puts the rows below many prefixes of the bucket', async () => {
    const listing = await (await fetch(`${endpoint}?list-type=2`, { headers })).text();
    const keys = [...listing.matchAll(/<Key>([^<]*)/g)].map((match) => match[1] as string);
    expect(keys.length).toBeGreaterThan(3);
    for (const key of keys) expect(key).toMatch(/^clickhouse\/[a-z]{3}\/[a-z]+$/);
    expect(new Set(keys.map((key) => key.split('/')[1])).size).toBeGreaterThan(3);
  });

  it('names shard and replica, and keeps no log of its own in tables', () => {
    expect(answer.macros).toEqual([
      ['cluster', 'default'],
      ['replica', 'clickhouse-0'],
      ['shard', '1'],
    ]);
    expect(answer.logs).toEqual([]);
  });
});
