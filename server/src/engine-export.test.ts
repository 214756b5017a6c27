// Scheduled exports over real stores: PostgreSQL, chDB, an S3 server. What is in the files, what a kill leaves, what is shown when the bucket is away.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type IntegrationRow, integrationOfProject, runNow } from '#observe/blob-export/integrations-sql.ts';
import { saveIntegration } from '#observe/blob-export/save.ts';
import type { ScheduleBody } from '#observe/blob-export/schema.ts';
import { syncStatus } from '#observe/blob-export/view.ts';
import { PROJECT, type TemporaryAnalytics, temporaryAnalytics } from '#observe/store/rows-fixture.ts';
import { sql as analyticsSql, text } from '#stores/analytics/sql.ts';
import type { Blobs } from '#stores/blobs/port.ts';
import { openS3Blobs } from '#stores/blobs/s3.ts';
import { hasS3, startTestS3, type TestS3 } from '#stores/blobs/test-s3.ts';
import { sql } from '#stores/records/sql.ts';
import { startTestRecords, type TestRecords } from '#stores/records/test-records.ts';
import { exportsInEngine } from './engine-export.ts';
import { type ExportPlatform, expectedNames, fill, openExportPlatform, SECRET, schedule, sealer } from './engine-export-fixture.ts';

const HOURS = 3;

describe.skipIf(!hasS3())('scheduled exports', () => {
  const folder = mkdtempSync(join(tmpdir(), 'genai-exports-'));
  let database: TestRecords;
  let store: TemporaryAnalytics;
  let server: TestS3;
  let blobs: Blobs;
  let platform: ExportPlatform | null = null;
  const children = new Set<ChildProcess>();

  beforeAll(async () => {
    [database, store, server] = await Promise.all([startTestRecords(), temporaryAnalytics(), startTestS3()]);
    await database.records.query(sql`INSERT INTO organizations (id, name) VALUES ('o', 'Organisation')`);
    await database.records.query(sql`INSERT INTO projects (id, organization_id, name) VALUES (${PROJECT}, 'o', 'First'), ('project-2', 'o', 'Second')`);
    blobs = await openS3Blobs({ ...(await server.bucket('somebody')), prefix: '' });
    await fill(store.analytics, HOURS);
  });
  afterEach(async () => {
    await platform?.close();
    platform = null;
    await database.records.query(sql`DELETE FROM blob_exports`);
    for (const { key } of await blobs.list('', { limit: 10_000 })) await blobs.remove(key);
  });
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    await Promise.all([blobs?.close(), store?.close(), database?.stop(), server?.stop()]);
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(): Promise<ExportPlatform> {
    platform = await openExportPlatform(database.records, store.analytics, folder);
    return platform;
  }
  const save = async (body: Partial<ScheduleBody> = {}): Promise<IntegrationRow> =>
    await saveIntegration((platform as ExportPlatform).exports.parts, PROJECT, schedule({ endpoint: server.endpoint, ...body }));
  const row = async (): Promise<IntegrationRow> => (await integrationOfProject(database.records, PROJECT)) as IntegrationRow;
  const names = async (): Promise<string[]> => (await blobs.list('', { limit: 10_000 })).map(({ key }) => key);
  const read = async (key: string): Promise<Buffer> => Buffer.from((await blobs.get(key)) ?? []);
  const settled = async (): Promise<void> => {
    await expect.poll(async () => syncStatus(await row(), Date.now()), { timeout: 25_000, interval: 50 }).toBe('up_to_date');
  };
  const idsOf = async (ending: string, ids: (bytes: Buffer) => string[] | Promise<string[]>): Promise<string[]> => {
    const found: string[] = [];
    for (const name of expectedNames(HOURS, ending)) found.push(...(await ids(await read(name))));
    return found.sort();
  };
  const ALL = ['t0', 't1', 't2', 's0', 's1', 's2', 'o0-0', 'o0-2', 'o1-0', 'o1-1', 'o1-2', 'o2-0', 'o2-1', 'o2-2'].sort();
  const linesOf = (bytes: Buffer): Record<string, unknown>[] =>
    bytes
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);

  it('write each stored entity once, one file a table and hour, under names that a consumer knows beforehand', async () => {
    await start();
    await save();
    await settled();
    expect(await names()).toEqual(expectedNames(HOURS, 'jsonl'));
    expect(await idsOf('jsonl', (bytes) => linesOf(bytes).map(({ id }) => String(id)))).toEqual(ALL);
    const [first] = linesOf(await read(`exports/${PROJECT}/traces/2026-11-20T13-00-00.jsonl`));
    expect(first).toMatchObject({
      project_id: PROJECT,
      id: 't0',
      timestamp: '2026-11-20 12:01:00.000000',
      public: true,
      bookmarked: false,
      tags: ['a', 'b'],
      metadata: { k: 'v,"1"' },
      input: '問い "0", a',
    });
    const observations = linesOf(await read(`exports/${PROJECT}/observations/2026-11-20T13-00-00.jsonl`)).sort((a, b) =>
      String(a.id) < String(b.id) ? -1 : 1,
    );
    expect(observations.map(({ id, name }) => [id, name])).toEqual([
      ['o0-0', 'newer'],
      ['o0-2', 'name of o0-2'],
    ]);
    expect(observations[1]).toMatchObject({ usage_details: { input: 7 }, cost_details: { input: 0.5 }, total_cost: 0.5, end_time: null });
    expect((await row()).last_sync_at?.getTime()).toBeGreaterThan(Date.now() - 81 * 60_000);
    expect(readdirSync(join(folder, 'exports'))).toEqual([]);
  });

  it('write packed JSON arrays, CSV and Parquet with the same rows', async () => {
    await start();
    await save({ fileType: 'JSON', compressed: true });
    await settled();
    expect(await names()).toEqual(expectedNames(HOURS, 'json.gz'));
    const ofArray = (bytes: Buffer): string[] => (JSON.parse(gunzipSync(bytes).toString()) as { id: string }[]).map(({ id }) => id);
    expect(await idsOf('json.gz', ofArray)).toEqual(ALL);

    await save({ fileType: 'CSV', exportMode: 'FROM_CUSTOM_DATE', exportStartDate: '2026-11-20T00:00:00Z' });
    await settled();
    const file = join(folder, 'read');
    const ofEngine = async (bytes: Buffer, format: 'CSVWithNames' | 'Parquet'): Promise<string[]> => {
      writeFileSync(file, bytes);
      return (await store.analytics.query<{ id: string }>(analyticsSql`SELECT id FROM file(${text(file)}, ${text(format)})`)).map(({ id }) => id);
    };
    expect(await idsOf('csv', (bytes) => ofEngine(bytes, 'CSVWithNames'))).toEqual(ALL);
    expect((await read(`exports/${PROJECT}/traces/2026-11-20T13-00-00.csv`)).toString()).toContain('"{""k"":""v,\\""1\\""""}"');

    await save({ fileType: 'PARQUET', compressed: true, exportMode: 'FULL_HISTORY' });
    await settled();
    expect(await idsOf('parquet', (bytes) => ofEngine(bytes, 'Parquet'))).toEqual(ALL);
    writeFileSync(file, await read(`exports/${PROJECT}/observations/2026-11-20T14-00-00.parquet`));
    const [typed] = await store.analytics.query(
      analyticsSql`SELECT usage_details['input'] AS input, toString(total_cost) AS cost, end_time FROM file(${text(file)}, 'Parquet') LIMIT 1`,
    );
    expect(typed).toEqual({ input: '7', cost: '0.5', end_time: null });
  });

  it('export the groups of fields that are wished, and all of a day in one window', async () => {
    await start();
    await save({ exportFrequency: 'daily', exportSource: 'LEGACY_TRACES_OBSERVATIONS', exportFieldGroups: ['core', 'io'] });
    await settled();
    expect(await names()).toEqual(['observations', 'scores', 'traces'].map((table) => `exports/${PROJECT}/${table}/2026-11-21T00-00-00.jsonl`));
    const lines = linesOf(await read(`exports/${PROJECT}/observations/2026-11-21T00-00-00.jsonl`));
    expect(lines).toHaveLength(8);
    expect(Object.keys(lines[0] ?? {}).sort()).toEqual(
      ['project_id', 'id', 'trace_id', 'start_time', 'end_time', 'parent_observation_id', 'type', 'input', 'output'].sort(),
    );
  });

  it('show why the bucket does not take them, without secrets, and go on from there when it does', async () => {
    await start();
    await save({ enabled: false });
    expect(syncStatus(await row(), Date.now())).toBe('disabled');
    await server.kill();
    await database.records.query(sql`UPDATE blob_exports SET enabled = true`);
    await runNow(database.records, (await row()).id);
    await expect.poll(async () => syncStatus(await row(), Date.now()), { timeout: 25_000, interval: 50 }).toBe('error');
    const away = await row();
    expect(away).toMatchObject({ last_sync_at: null, failures: 1, last_error: expect.stringContaining('does not answer') });
    expect(JSON.stringify(away)).not.toContain(SECRET);
    expect(away.retry_at?.getTime()).toBeGreaterThan(Date.now() + 20_000);
    await server.start();
    await runNow(database.records, away.id);
    await settled();
    expect(await row()).toMatchObject({ last_error: null, last_error_at: null, failures: 0 });
    expect(await names()).toEqual(expectedNames(HOURS, 'jsonl'));
  });

  it('wait until what was accepted before the end of a window and its lag can be read', async () => {
    const { lag } = await start();
    lag.ms = 30 * 86_400_000;
    await save();
    await expect.poll(async () => (await row()).next_sync_at?.getTime() ?? 0).toBeGreaterThan(Date.now());
    expect(await names()).toEqual([]);
    lag.ms = 0;
    await runNow(database.records, (await row()).id);
    await settled();
    expect(await names()).toEqual(expectedNames(HOURS, 'jsonl'));
  });

  it('are written by the worker that stores, and by no other process apart', async () => {
    for (const role of ['observe', 'worker'] as const) {
      platform = await openExportPlatform(database.records, store.analytics, folder, role);
      const { id } = await save();
      await runNow(database.records, id);
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect([(await row()).locked_by, await names()]).toEqual([null, []]);
      platform.stored.sequence = '7';
      await runNow(database.records, id);
      if (role === 'worker') await settled();
      else await platform.close();
    }
    expect(await names()).toEqual(expectedNames(HOURS, 'jsonl'));
  });

  it('say what helps when a window is too large to be read at once', async () => {
    const { analytics } = store;
    const endless = analyticsSql`SELECT sum(sipHash64(number)) AS s FROM numbers(100000000000)`;
    const small = { ...analytics, writeFile: (_, file) => analytics.writeFile(endless, file, { timeoutMs: 100 }) } satisfies typeof analytics;
    const engine = exportsInEngine(small, join(folder, 'large'));
    const asked = {
      projectId: PROJECT,
      table: 'traces',
      fromMs: Date.UTC(2026, 10, 20),
      toMs: Date.UTC(2026, 10, 21),
      fileType: 'CSV',
      packed: true,
      groups: ['core'],
    } as const;
    await expect(engine.write(asked, new AbortController().signal)).rejects.toMatchObject({ code: 'export_window_too_large' });
    expect(readdirSync(join(folder, 'large'))).toEqual([]);
  });

  it('begin anew when told to begin elsewhere, and keep how far they have come otherwise', async () => {
    await start();
    const { id } = await save();
    await settled();
    const { last_sync_at: before } = await row();
    for (const { key } of await blobs.list('')) await blobs.remove(key);
    const { secretAccessKey: _, ...same } = schedule({ endpoint: server.endpoint });
    expect((await saveIntegration((platform as ExportPlatform).exports.parts, PROJECT, { ...same, prefix: 'exports/' })).id).toBe(id);
    await settled();
    expect([(await row()).last_sync_at, await names()]).toEqual([before, []]);
    await save({ exportMode: 'FROM_CUSTOM_DATE', exportStartDate: '2026-11-20T13:00:00Z' });
    await settled();
    expect(await names()).toEqual(expectedNames(HOURS, 'jsonl').filter((name) => !name.includes('T13-00-00')));
  });

  it('are refused when the bucket takes no test object, and never send a kept secret to another place', async () => {
    await start();
    await expect(save({ bucketName: 'not-there' })).rejects.toMatchObject({ status: 400, message: expect.stringContaining('NoSuchBucket') });
    await expect(save({ type: 'AZURE_BLOB_STORAGE' })).rejects.toMatchObject({ status: 422 });
    await expect(save({ endpoint: 'https://169.254.169.254/' })).rejects.toMatchObject({ status: 400, message: expect.stringContaining('--egress-allow') });
    await save({ enabled: false });
    await expect(save({ secretAccessKey: null, endpoint: 'https://elsewhere.example' })).rejects.toMatchObject({ status: 400 });
    const kept = await row();
    expect(kept.sealed_secret).not.toContain(SECRET);
    expect(sealer.open(kept.sealed_secret, `blob-export:${PROJECT}`)).toBe(SECRET);
  });

  it('end with exactly the right objects after kill -9 before, in and after the upload of any of them', async () => {
    const place = mkdtempSync(join(tmpdir(), 'genai-export-kill-'));
    await start();
    await save({ enabled: false });
    await platform?.close();
    let killBefore: (() => void) | null = null;
    let killAfter: (() => void) | null = null;
    const proxy = await proxyTo(server.endpoint, {
      before: () => killBefore?.(),
      after: () => killAfter?.(),
    });
    await database.records.query(sql`UPDATE blob_exports SET enabled = true, endpoint = ${proxy.url}`);
    const program = join(import.meta.dirname, 'engine-export-fixture.ts');
    const given = [database.server.socketFolder, place, String(HOURS)];
    const run = (): ChildProcess => {
      const child = spawn(process.execPath, [program, ...given], { stdio: ['ignore', 'ignore', 'inherit'], env: { UV_THREADPOOL_SIZE: '16' } });
      children.add(child.once('exit', () => children.delete(child)));
      return child;
    };
    let kills = 0;
    // Objects that are begun: the first, one in a window, the last of a window, and one of the next window.
    for (const [nth, when] of [
      [1, 'before'],
      [2, 'after'],
      [3, 'after'],
      [2, 'before'],
    ] as const) {
      const child = run();
      const exited = once(child, 'exit');
      let seen = 0;
      const kill = (): void => {
        seen += 1;
        if (seen === nth) kills += child.kill('SIGKILL') ? 1 : 0;
      };
      [killBefore, killAfter] = when === 'before' ? [kill, null] : [null, kill];
      await exited;
    }
    expect(kills).toBe(4);
    [killBefore, killAfter] = [null, null];
    const last = run();
    const ended = once(last, 'exit');
    await settled();
    last.kill('SIGKILL');
    await ended;
    expect(await names()).toEqual(expectedNames(HOURS, 'jsonl'));
    expect(await idsOf('jsonl', (bytes) => linesOf(bytes).map(({ id }) => String(id)))).toEqual(ALL);
    if (existsSync(join(place, 'exports'))) expect(readdirSync(join(place, 'exports'))).toEqual([]);
    proxy.server.closeAllConnections();
    proxy.server.close();
    rmSync(place, { recursive: true, force: true });
  }, 120_000);
});

/** An S3 server's front that tells of each object that is written. */
async function proxyTo(endpoint: string, on: { before: () => void; after: () => void }): Promise<{ url: string; server: Server }> {
  const target = new URL(endpoint);
  const server = createServer((asked, answer) => {
    if (asked.method === 'PUT') on.before();
    const passed = request({ host: target.hostname, port: target.port, method: asked.method, path: asked.url, headers: asked.headers }, (answered) => {
      if (asked.method === 'PUT') on.after();
      answer.writeHead(answered.statusCode ?? 502, answered.headers);
      answered.pipe(answer);
    });
    passed.on('error', () => answer.destroy());
    asked.on('error', () => passed.destroy());
    asked.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}
