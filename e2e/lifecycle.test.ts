// The life of one data folder: first start, second start refused, restart, kill -9 of each process, drain on SIGTERM.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { call, chat, generateKey, observe } from './client.ts';
import { startFakeProvider } from './fake-provider/fake-provider.ts';
import { gatewayConfig } from './gateway-config.ts';
import { eventually, freePort, removeFolder, startPlatform, temporaryFolder } from './process.ts';

const root = join(import.meta.dirname, '..');
const folders: string[] = [];
const newFolder = () => {
  const folder = temporaryFolder();
  folders.push(folder);
  return folder;
};
afterAll(() => {
  for (const folder of folders) removeFolder(folder);
});

describe('a first start without a config file', () => {
  it('writes a commented starter config and keys that only the owner can read, and answers the demo model', async () => {
    const platform = await startPlatform({ folder: newFolder() });
    const config = readFileSync(join(platform.dataDir, 'config.yaml'), 'utf8');
    expect(config).toContain('os.environ/AZURE_API_KEY');
    expect(config).toContain('mock_response');
    expect(statSync(join(platform.dataDir, 'keys.json')).mode & 0o777).toBe(0o600);
    expect(platform.output()).not.toContain(platform.keys.virtualKey);
    expect((await chat(platform, platform.keys.virtualKey, 'demo')).status).toBe(200);
    expect((await observe(platform, '/api/public/projects')).status).toBe(200);
    expect(await platform.stop()).toBe(0);
  });
});

describe('a data folder', () => {
  it('is refused to a second start, which says who holds it and exits 2', async () => {
    const platform = await startPlatform({ folder: newFolder() });
    const second = spawnSync(
      join(root, 'genai'),
      ['start', '--data-dir', platform.dataDir, '--port', String(await freePort()), '--observe-port', String(await freePort())],
      { cwd: platform.folder, encoding: 'utf8', timeout: 30_000 },
    );
    expect(second.status).toBe(2);
    expect(second.stdout + second.stderr).toContain(String(platform.pid));
    await platform.stop();
  });
  it('keeps everything over a restart and over kill -9 of the front', async () => {
    const folder = newFolder();
    const first = await startPlatform({ folder });
    const key = await generateKey(first, { key_alias: 'survivor' });
    const answer = await chat(first, key, 'demo');
    const traceId = (answer.headers.get('x-litellm-call-id') as string).replaceAll('-', '');
    await first.crash();
    const second = await startPlatform({ folder });
    expect({ ...second.keys, urls: null }).toEqual({ ...first.keys, urls: null });
    expect((await chat(second, key, 'demo')).status).toBe(200);
    await eventually('the trace of before the crash', async () => (await observe(second, `/api/public/traces/${traceId}`)).status === 200);
    expect(await second.stop()).toBe(0);
    const third = await startPlatform({ folder });
    expect((await chat(third, key, 'demo')).status).toBe(200);
    await third.stop();
  });
  it('keeps serving known keys while the engine is killed, answers reads with 503 until it is back, and loses no trace', async () => {
    const platform = await startPlatform({ folder: newFolder() });
    const children = () =>
      spawnSync('ps', ['-o', 'pid=,args=', '--ppid', String(platform.pid)], { encoding: 'utf8' })
        .stdout.split('\n')
        .filter((line) => line.includes('engine.ts'))
        .map((line) => Number(line.trim().split(' ')[0]));
    const [engine] = children();
    expect(engine).toBeGreaterThan(0);
    process.kill(engine as number, 'SIGKILL');
    const answer = await chat(platform, platform.keys.virtualKey, 'demo');
    expect(answer.status).toBe(200);
    const statuses: number[] = [];
    const traceId = (answer.headers.get('x-litellm-call-id') as string).replaceAll('-', '');
    await eventually(
      'the trace once the engine is back',
      async () => {
        const read = await observe(platform, `/api/public/traces/${traceId}`);
        statuses.push(read.status);
        if (read.status === 503) expect(Number(read.headers.get('retry-after'))).toBeGreaterThan(0);
        return read.status === 200;
      },
      30_000,
    );
    expect(statuses.every((status) => [200, 404, 503].includes(status))).toBe(true);
    expect(children()[0]).not.toBe(engine);
    await platform.stop();
  });
});

describe('SIGTERM', () => {
  it('lets answers in flight finish and flushes the journal', async () => {
    const upstream = await startFakeProvider();
    const folder = newFolder();
    const platform = await startPlatform({ folder, config: gatewayConfig(upstream.url) });
    upstream.script('sse;deltas=10;pace=100');
    const pending = chat(platform, platform.keys.virtualKey, 'gpt-4o-mini', { body: { stream: true } });
    await eventually('the stream to be under way', async () => upstream.requests.length === 1);
    const stopped = platform.stop();
    const answer = await pending;
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('[DONE]');
    expect(await stopped).toBe(0);
    const again = await startPlatform({ folder, config: gatewayConfig(upstream.url) });
    const callId = answer.headers.get('x-litellm-call-id') as string;
    const rows = (await call(`${again.gatewayUrl}/spend/logs?request_id=${callId}`, { key: again.keys.masterKey })).body as unknown as unknown[];
    expect(rows).toHaveLength(1);
    await again.stop();
    await upstream.close();
  });
});

describe('a changed configuration', () => {
  const config = (name: string) => `model_list:\n  - model_name: ${name}\n    litellm_params: { model: openai/demo, mock_response: hello }\n`;
  it('is in force without a restart; a faulty one is named and the old one stays', async () => {
    const platform = await startPlatform({ folder: newFolder(), config: config('first') });
    const path = join(platform.folder, 'config.yaml');
    const ask = async (model: string) => (await chat(platform, platform.keys.virtualKey, model)).status;
    expect(await ask('first')).toBe(200);
    writeFileSync(path, config('second'));
    await eventually('the second model', async () => (await ask('second')) === 200);
    expect(await ask('first')).toBe(400);
    writeFileSync(path, 'model_list: 7\n');
    await eventually('the fault in the log', async () => platform.output().includes('the old one stays in force'));
    expect(await ask('second')).toBe(200);
    await platform.stop();
  });
});

describe('a faulty configuration', () => {
  it('prints every fault at once with its line and exits 2, leaving no data behind', async () => {
    const folder = newFolder();
    const config = join(folder, 'bad.yaml');
    writeFileSync(
      config,
      'model_list:\n  - model_name: a\n    litellm_params: {}\n  - litellm_params: { model: openai/x }\n  - model_name: b\n    litellm_params: { model: openai/x, rpm: -5 }\nlitellm_settings: 3\n',
    );
    const result = spawnSync(join(root, 'genai'), ['start', '--data-dir', join(folder, 'data'), '--config', config], {
      cwd: folder,
      encoding: 'utf8',
      timeout: 30_000,
    });
    expect(result.status).toBe(2);
    const output = result.stdout + result.stderr;
    for (const line of ['3', '4', '6', '7']) expect(output).toMatch(new RegExp(`(line |:)${line}\\b`));
    expect(existsSync(join(folder, 'data', 'postgres'))).toBe(false);
  });
});
