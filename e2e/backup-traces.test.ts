// `down --save … --with-traces` and `up --from` on a real ClickHouse with its real client: every row of every table, once, through the encrypted backup.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readBackup, writeBackup } from '@genai/infra/backup/file';
import { dumpTraces, fillTraces } from '@genai/infra/backup/traces';
import type { KubernetesPort } from '@genai/infra/kubernetes/port';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ClickhouseServer, startClickhouse } from './clickhouse-server.ts';
import { need } from './needs.ts';

const program = need('clickhouse');
const KEY = randomBytes(32);
/** Rows of 200 random characters: more than one piece of the backup. */
const ROWS = 100_000;

/** What Langfuse's migrations make, in little: replacing tables, a table that views write into, a null table, a view, and their own log. */
const MIGRATIONS = [
  'CREATE TABLE traces (id String, name String, tags Array(String), timestamp DateTime, event_ts DateTime, day Date) ENGINE = ReplacingMergeTree(day, (id), 8192, event_ts)',
  'CREATE TABLE scores (id String, value Nullable(Float64), event_ts DateTime, day Date) ENGINE = ReplacingMergeTree(day, (id), 8192, event_ts)',
  'CREATE TABLE environments (name String, count UInt64, day Date) ENGINE = SummingMergeTree(day, (name), 8192)',
  "CREATE MATERIALIZED VIEW environments_mv TO environments AS SELECT 'default' AS name, toUInt64(count()) AS count, toDate('2026-01-01') AS day FROM traces",
  'CREATE TABLE nothing (id String) ENGINE = Null',
  'CREATE VIEW names AS SELECT name FROM traces',
  'CREATE TABLE schema_migrations (version Int64, dirty UInt8, sequence UInt64) ENGINE = TinyLog',
  'INSERT INTO schema_migrations VALUES (33, 0, 1)',
];
const TRACE_ROWS = `SELECT toString(number), concat('挨拶 \\' \\n', arrayStringConcat(arrayMap(n -> toString(cityHash64(number, n)), range(10)))), ['a', toString(number)], toDateTime(1780000000 + number), toDateTime(1780000000), toDate('2026-05-01') FROM system.numbers`;
const SUMS = [
  'SELECT count(), sum(cityHash64(id, name, arrayStringConcat(tags), toString(timestamp))) FROM traces FINAL',
  'SELECT count(), sum(cityHash64(id)), sum(value), countIf(isNull(value)) FROM scores FINAL',
  'SELECT sum(count) FROM environments',
  'SELECT count() FROM schema_migrations',
];

describe.skipIf(program === null)('the traces of a backup', () => {
  const folder = mkdtempSync(join(tmpdir(), 'genai-backup-traces-'));
  const path = join(folder, 'saved');
  let server: ClickhouseServer;
  /** Stops the input of an INSERT into this table half way. */
  let breaks: string | null = null;

  const kubernetes: Pick<KubernetesPort, 'run'> = {
    run: (_pod, [name = '', ...args], { output, input }) =>
      new Promise((resolve, reject) => {
        const child = spawn(name, ['--host=127.0.0.1', `--port=${server.port}`, ...args], { env: { PATH: process.env.PATH ?? '', HOME: folder } });
        let errors = '';
        child.stderr.on('data', (chunk: Buffer) => (errors += chunk));
        child.stdout.on('data', (chunk: Buffer) => output?.(chunk));
        child.stdin.on('error', () => {});
        child.on('error', reject);
        child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(errors || `it ended with ${code}`))));
        void (async () => {
          let bytes = 0;
          for await (const chunk of input ?? []) {
            bytes += chunk.length;
            if (breaks !== null && args.at(-1)?.includes(`INSERT INTO default.\`${breaks}\``) && bytes > 12_000_000) return child.kill('SIGKILL');
            if (!child.stdin.write(chunk)) await new Promise((drained) => child.stdin.once('drain', drained));
          }
          child.stdin.end();
        })();
      }),
  };
  const port = kubernetes as KubernetesPort;

  async function migrate(): Promise<void> {
    for (const name of ['environments_mv', 'names', 'traces', 'scores', 'environments', 'nothing', 'schema_migrations'])
      await server.ask(`DROP TABLE IF EXISTS ${name}`);
    for (const statement of MIGRATIONS) await server.ask(statement);
  }
  const sums = async (): Promise<string[]> => {
    const answers: string[] = [];
    for (const query of SUMS) answers.push(await server.ask(query));
    return answers;
  };
  const saved = () => {
    const names = new Set([...readBackup(path, KEY)].map(({ name }) => name));
    return [...names].map((wanted) => ({
      name: wanted,
      *pieces() {
        for (const { name, body } of readBackup(path, KEY)) if (name === wanted) yield body;
      },
    }));
  };
  const fill = async (): Promise<[string, boolean][]> => {
    const said: [string, boolean][] = [];
    await fillTraces(port, saved(), (table, isFilled) => said.push([table, isFilled]));
    return said;
  };
  let before: string[];

  beforeAll(async () => {
    server = await startClickhouse(program as string);
    await migrate();
    await server.ask(`INSERT INTO traces ${TRACE_ROWS} LIMIT ${ROWS}`);
    await server.ask(
      "INSERT INTO scores SELECT toString(number), if(number % 3 = 0, NULL, number / 8), toDateTime(1780000000), toDate('2026-05-01') FROM system.numbers LIMIT 1000",
    );
    before = await sums();
  }, 120_000);
  afterAll(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('are every row of every table that has rows of its own, encrypted and in pieces', async () => {
    await writeBackup(path, KEY, async (sealer) => await dumpTraces(port, (name, body) => sealer.add({ name, body })));
    const entries = [...readBackup(path, KEY)];
    expect(new Set(entries.map(({ name }) => name))).toEqual(new Set(['environments', 'scores', 'traces']));
    expect(entries.filter(({ name }) => name === 'traces').length).toBeGreaterThan(2);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  }, 120_000);

  it('come back into tables that the migrations made anew, and a second restore adds nothing', async () => {
    await migrate();
    expect((await fill()).toSorted()).toEqual([
      ['environments', true],
      ['scores', true],
      ['traces', true],
    ]);
    expect(await sums()).toEqual(before);
    expect((await fill()).every(([, isFilled]) => !isFilled)).toBe(true);
    expect(await sums()).toEqual(before);
    expect(await server.ask("SELECT count() FROM system.tables WHERE name LIKE 'genai_%'")).toBe('0');
  }, 120_000);

  it('come back whole after a restore that broke in the middle of a table', async () => {
    await migrate();
    breaks = 'traces';
    await expect(fill()).rejects.toThrow();
    breaks = null;
    // What such a try may leave: some rows, and what a view made of them.
    expect(await server.ask("SELECT count() FROM system.tables WHERE name LIKE 'genai_restoring_%'")).toBe('2');
    await server.ask(`INSERT INTO traces ${TRACE_ROWS} LIMIT 500`);
    expect((await fill()).toSorted()).toEqual([
      ['environments', true],
      ['scores', false],
      ['traces', true],
    ]);
    expect(await sums()).toEqual(before);
  }, 120_000);

  it('are not saved when the client fails, and say why', async () => {
    await server.ask('DETACH TABLE traces');
    const refused: KubernetesPort['run'] = (pod, words, streams) =>
      port.run(
        pod,
        words.at(-1)?.includes('system.tables')
          ? [...words.slice(0, -1), "SELECT 'traces' AS name, 'MergeTree' AS engine, '' AS create_table_query FORMAT JSONEachRow"]
          : words,
        streams,
      );
    await expect(dumpTraces({ ...port, run: refused }, () => {})).rejects.toThrow(/traces/);
    await server.ask('ATTACH TABLE traces');
  }, 120_000);
});
