// The reliability table, the process itself: draining, new configurations under load, a fault nobody caught, a lost database, a start without what limits need.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { call, chat, generateKey } from './client.ts';
import { startFakeProvider } from './fake-provider/fake-provider.ts';
import { gatewayConfig } from './gateway-config.ts';
import { eventually, freePort, type Platform, removeFolder, startPlatform, temporaryFolder } from './process.ts';

// Some of these start the platform twice; a busy machine takes its time for that.
vi.setConfig({ testTimeout: 300_000 });

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) removeFolder(folder);
});
const newFolder = () => {
  const folder = temporaryFolder();
  folders.push(folder);
  return folder;
};
const config = (url: string) => `${gatewayConfig(url)}  request_timeout: 60\n`;
const STREAMED = { body: { stream: true, max_tokens: 50 } };

/** How many rows of the ledger a key has, by outcome. */
async function outcomes(platform: Platform, keyAlias: string): Promise<Record<string, number>> {
  const count: Record<string, number> = {};
  for (let page = 1, pages = 1; page <= pages; page++) {
    const path = `/spend/logs/v2?key_alias=${keyAlias}&page=${page}&page_size=500`;
    const { body } = await call(`${platform.gatewayUrl}${path}`, { key: platform.keys.masterKey });
    const { data, total_pages } = body as unknown as { data: { metadata: { outcome: string } }[]; total_pages: number };
    for (const { metadata } of data) count[metadata.outcome] = (count[metadata.outcome] ?? 0) + 1;
    pages = total_pages;
  }
  return count;
}

describe('Drain', () => {
  it('SIGTERM under 200 streams: none is cut, new calls are told to come back, and every one has its row', async () => {
    const upstream = await startFakeProvider();
    const folder = newFolder();
    const started = await startPlatform({ folder, config: config(upstream.url) });
    const key = await generateKey(started, { key_alias: 'drained' });
    const ask = () => chat(started, key, 'gpt-4o-mini', STREAMED);
    upstream.script(...Array.from({ length: 200 }, () => 'sse;deltas=30;pace=150'));
    const streams = Array.from({ length: 200 }, ask);
    await eventually('200 streams under way', async () => upstream.requests.length === 200, 60_000);
    const stopping = started.stop();
    // A new connection is refused, or answered with 503 by one that was open.
    const late = await eventually('a refusal', async () => {
      const status = await ask().then(
        (answer) => answer.status,
        () => 'refused' as const,
      );
      return status === 200 ? null : status;
    });
    expect([503, 'refused']).toContain(late);
    const texts = await Promise.all(streams.map(async (stream) => (await stream).text));
    expect(texts.filter((text) => text.endsWith('data: [DONE]\n\n'))).toHaveLength(200);
    expect(await stopping).toBe(0);
    const again = await startPlatform({ folder, config: config(upstream.url) });
    const rows = await outcomes(again, 'drained');
    expect(rows.success).toBeGreaterThanOrEqual(200);
    expect(Object.keys(rows)).toEqual(['success']);
    await again.stop();
    await upstream.close();
  });
});

describe('Client pools', () => {
  it('a new configuration under load closes nothing that is in use: no call fails', async () => {
    const upstream = await startFakeProvider();
    const platform = await startPlatform({ folder: newFolder(), config: config(upstream.url) });
    const path = join(platform.folder, 'config.yaml');
    let done = false;
    const failures: string[] = [];
    let calls = 0;
    const loads = Array.from({ length: 8 }, async (_, worker) => {
      while (!done) {
        upstream.script(worker % 2 ? 'sse;deltas=10;pace=30' : 'fixed;delay=100');
        const answer = await chat(platform, platform.keys.masterKey, 'gpt-4o-mini', worker % 2 ? STREAMED : {});
        calls++;
        if (answer.status !== 200 || (answer.text.startsWith('data') && !answer.text.endsWith('[DONE]\n\n'))) failures.push(answer.text);
      }
    });
    for (let version = 1; version <= 6; version++) {
      writeFileSync(path, `${config(upstream.url)}router_settings: { model_group_alias: { "version-${version}": gpt-4o-mini } }\n`);
      await eventually(`version ${version}`, async () => (await chat(platform, platform.keys.masterKey, `version-${version}`)).status === 200);
    }
    done = true;
    await Promise.all(loads);
    expect(failures).toEqual([]);
    expect(calls).toBeGreaterThan(20);
    await platform.stop();
    await upstream.close();
  });
});

describe('Process faults', () => {
  it('an exception nobody caught is logged, the calls in flight finish, and the process ends with 1', async () => {
    const upstream = await startFakeProvider();
    const folder = newFolder();
    // What a faulty hook would do: throw from a callback of its own. SIGUSR2 plants it.
    const plant = join(folder, 'plant.mjs');
    writeFileSync(plant, "process.on('SIGUSR2', () => setImmediate(() => { throw new Error('planted fault sk-canary-0123456789abcdef'); }));\n");
    const platform = await startPlatform({ folder, config: config(upstream.url), environment: { NODE_OPTIONS: `--import=${plant}` } });
    await eventually('the end of the start', async () => platform.output().includes('Ready in'), 100_000);
    const key = await generateKey(platform, { key_alias: 'faulty' });
    upstream.script('sse;deltas=20;pace=60');
    const stream = chat(platform, key, 'gpt-4o-mini', STREAMED);
    await eventually('the stream upstream', async () => upstream.requests.length === 1);
    process.kill(platform.pid, 'SIGUSR2');
    expect((await stream).text.endsWith('data: [DONE]\n\n')).toBe(true);
    expect(await platform.exited).toBe(1);
    expect(platform.output()).toContain('planted fault');
    expect(platform.output()).toContain('nobody caught it');
    expect(platform.output()).not.toContain('canary');
    const again = await startPlatform({ folder, config: config(upstream.url) });
    expect(await outcomes(again, 'faulty')).toEqual({ success: 1 });
    await again.stop();
    await upstream.close();
  });
});

describe('Budgets when the database dies', () => {
  it('known keys go on within their budgets, unknown keys wait, and no cent is lost', async () => {
    const upstream = await startFakeProvider();
    const platform = await startPlatform({ folder: newFolder(), config: config(upstream.url) });
    const key = await generateKey(platform, { key_alias: 'orphan', max_budget: 0.0004 });
    expect((await chat(platform, key, 'priced')).status).toBe(200);
    const postmaster = Number(readFileSync(join(platform.dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]);
    process.kill(postmaster, 'SIGKILL');
    const statuses: number[] = [];
    for (let index = 0; index < 20; index++) statuses.push((await chat(platform, key, 'priced')).status);
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(1);
    // The budget holds in memory while nobody can look it up.
    expect(statuses.at(-1)).toBe(400);
    expect((await chat(platform, 'sk-never-seen-before-0000', 'priced')).status).not.toBe(200);
    await platform.stop();
    const again = await startPlatform({ folder: platform.folder, config: config(upstream.url) });
    const admitted = 1 + statuses.filter((status) => status === 200).length;
    expect((await outcomes(again, 'orphan')).success).toBe(admitted);
    expect(upstream.requests).toHaveLength(admitted);
    await again.stop();
    await upstream.close();
  });
});

describe('Config sanity', () => {
  it.each([
    ['the store of limits is named and does not answer', ['--redis-url', 'redis://127.0.0.1:9']],
    ['the records are named and do not answer', ['--records-url', 'postgres://nobody@127.0.0.1:9/none']],
    ['a role that stands apart has no records to share', ['--role', 'gateway', '--journal', 's3']],
  ])('does not start when %s', async (_name, flags) => {
    const folder = newFolder();
    const ports = ['--port', String(await freePort()), '--observe-port', String(await freePort()), '--otlp-grpc-port', String(await freePort())];
    const result = spawnSync(join(import.meta.dirname, '..', 'genai'), ['start', '--data-dir', join(folder, 'data'), ...ports, ...flags], {
      cwd: folder,
      encoding: 'utf8',
      timeout: 90_000,
      env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', LANG: 'C.UTF-8' },
    });
    expect([result.status, result.stdout + result.stderr]).toEqual([2, expect.stringMatching(/redis|records|--blobs-url|needs/i)]);
  });
});
