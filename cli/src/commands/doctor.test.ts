// The doctor on this machine, with real folders, ports and sockets.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkPort, checkRuntime } from '#doctor/machine.ts';
import { checkUpstreams, proxyFor } from '#doctor/network.ts';
import { localSettings } from '#local.ts';
import { run } from '#main.ts';
import { recordingIo } from '#recording-io.ts';
import { startScriptedAdmin } from '#scripted-platform.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'genai-doctor-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Report {
  good: boolean;
  findings: { id: string; state: string; detail: string }[];
}

async function doctor(
  words: string[] = [],
  env: Record<string, string> = {},
): Promise<{ code: number; report: Report; of(id: string): { state: string; detail: string } | undefined }> {
  const recorder = recordingIo('json');
  const code = await run(['doctor', '--data-dir', join(folder, 'data'), ...words], {
    env: { GENAI_PORT: '0', GENAI_OBSERVE_PORT: '0', ...env },
    cwd: folder,
    io: recorder.io,
  });
  const report = JSON.parse(recorder.out()) as Report;
  return { code, report, of: (id) => report.findings.find((finding) => finding.id === id) };
}

describe('doctor', () => {
  it('finds nothing wrong with a fresh folder, and says which models wait for their variables', async () => {
    const { code, report, of } = await doctor();
    expect(report.findings.filter(({ state }) => state === 'problem')).toEqual([]);
    expect(code).toBe(0);
    expect(of('model.gpt-4o-mini')).toMatchObject({
      state: 'warning',
      detail: expect.stringContaining('AZURE_API_BASE, AZURE_API_KEY, AZURE_API_VERSION are not set'),
    });
    expect(of('model.demo')?.state).toBe('ok');
    expect(of('process')?.detail).toBe('not running');
    expect(of('network')?.state).toBe('skipped');
  });

  it('names every fault of the configuration, and that no model can answer', async () => {
    writeFileSync(join(folder, 'c.yaml'), 'model_list: [{model_name: a, litellm_params: {model: openai/a, rpm: -1}}]\nnonsense: 1\n');
    const { code, report, of } = await doctor(['--config', join(folder, 'c.yaml')]);
    expect(code).toBe(1);
    const config = report.findings.filter(({ id }) => id === 'config');
    expect(config).toEqual([
      expect.objectContaining({ state: 'problem', detail: 'c.yaml:1 model_list[0].litellm_params.rpm: must be a whole number of 0 or more' }),
      expect.objectContaining({ state: 'warning' }),
    ]);
    expect(of('model')?.state).toBe('problem');
  });

  it('notices a data folder that is a file, and keys that others may read', async () => {
    writeFileSync(join(folder, 'file'), '');
    const words = (dataDir: string): string[] => ['--data-dir', dataDir];
    expect((await doctor(words(join(folder, 'file')))).of('data.rights')?.state).toBe('problem');
    mkdirSync(join(folder, 'data'));
    writeFileSync(join(folder, 'data', 'keys.json'), '{}');
    chmodSync(join(folder, 'data', 'keys.json'), 0o644);
    expect((await doctor()).of('keys.file')?.detail).toContain('chmod 600');
  });

  it('shows the state of the running process instead of its ports', async () => {
    mkdirSync(join(folder, 'data'));
    const admin = await startScriptedAdmin(join(folder, 'data', 'admin.sock'), {
      'GET /status': () => ({
        version: '0.1.0',
        role: 'all',
        pid: 7,
        urls: { gateway: 'http://127.0.0.1:4000', observe: null, console: null },
        records: { kind: 'embedded', ok: true },
        analytics: { kind: 'chdb', state: 'away', observations: null, lagRecords: null },
        journal: { backlogBytes: 1, payloadLimitBytes: 2, level: 'warning' },
        memoryBytes: { front: 1024 ** 2, engine: null },
      }),
    });
    try {
      const { code, of } = await doctor();
      expect(of('process')?.detail).toContain('running (pid 7');
      expect(of('process.analytics')?.state).toBe('problem');
      expect(of('process.journal')?.state).toBe('warning');
      expect(of('port.gateway')).toBeUndefined();
      expect(code).toBe(1);
    } finally {
      await admin.close();
    }
  });
});

describe('parts', () => {
  it('a taken port is a problem for the gateway and a warning for the other door', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const wanted = { id: 'p', flag: '--port', host: '127.0.0.1', port };
    expect(await checkPort({ ...wanted, required: true })).toMatchObject({ state: 'problem', detail: expect.stringContaining('taken') });
    expect((await checkPort({ ...wanted, required: false })).state).toBe('warning');
    await new Promise((resolve) => server.close(resolve));
  });

  it('old runtimes are refused with what to do', () => {
    expect(checkRuntime('v20.20.2')).toMatchObject({ state: 'problem', detail: expect.stringContaining('npm ci') });
    expect(checkRuntime('v22.18.0').state).toBe('ok');
  });

  it('upstreams are reached without sending anything, and once for all models behind one address', async () => {
    let bytes = 0;
    const server = createServer((socket) => socket.on('data', (chunk) => (bytes += chunk.length)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const entry = (name: string, to: number): string =>
      `  - {model_name: ${name}, litellm_params: {model: openai/m, api_key: k, api_base: "http://127.0.0.1:${to}/v1"}}\n`;
    writeFileSync(
      join(folder, 'c.yaml'),
      `model_list:\n${entry('a', port)}${entry('b', port)}${entry('dead', 1)}${entry('away', 9)}litellm_settings: {fallbacks: [{away: [a]}]}\n`,
    );
    const { settings, gatewayConfig } = localSettings({ env: {}, cwd: folder }, { config: 'c.yaml' });
    const findings = await checkUpstreams(gatewayConfig, settings.network);
    expect(findings.map(({ state }) => state)).toEqual(['ok', 'problem', 'warning']);
    expect(findings[0]?.detail).toContain('(a, b)');
    expect(bytes).toBe(0);
    await new Promise((resolve) => server.close(resolve));
  });

  it('the proxy is chosen by the rules of NO_PROXY', () => {
    const network = { httpsProxy: 'http://p:1', httpProxy: null, noProxy: ['localhost', '.internal', 'x.example:8443'] };
    const of = (url: string): string | null => proxyFor(new URL(url), network);
    expect(of('https://api.openai.com/v1')).toBe('http://p:1');
    expect(of('https://a.internal')).toBeNull();
    expect(of('https://notinternal')).toBe('http://p:1');
    expect(of('https://x.example:8443')).toBeNull();
    expect(of('https://x.example')).toBe('http://p:1');
    expect(of('http://api.example')).toBeNull();
    expect(proxyFor(new URL('https://a'), { ...network, noProxy: ['*'] })).toBeNull();
  });
});
