// The doctor on this machine, with real folders, ports and sockets.
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
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

  it('upstreams are reached step by step, without a key, and once for all models behind one address', async () => {
    const asked: unknown[] = [];
    const server = createHttpServer((request, response) => {
      asked.push([request.method, request.url, request.headers.authorization, request.headers['api-key']]);
      response.writeHead(401).end();
    });
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
    expect(findings.map(({ id, state }) => [id.replace(/:.*/, ''), state])).toEqual([
      ['network.proxy', 'ok'],
      ['network.ca', 'ok'],
      ['network.127.0.0.1', 'ok'],
      ['network.127.0.0.1', 'problem'],
      ['network.127.0.0.1', 'warning'],
    ]);
    expect(findings[2]?.detail).toMatch(/^address 127\.0\.0\.1, connected, HTTP 401 in \d+ ms \(a, b\)$/);
    expect(findings[3]?.detail).toContain('address 127.0.0.1, then ECONNREFUSED');
    expect(asked).toEqual([['GET', '/v1', undefined, undefined]]);
    await new Promise((resolve) => server.close(resolve));
  });

  it('TLS is named with who vouches for it, and a file of authorities that does not help is found by itself', async () => {
    const fixtures = join(import.meta.dirname, '../../../server/src/gateway/fixtures');
    const server = createTlsServer(
      { key: readFileSync(join(fixtures, 'test-server.key.pem')), cert: readFileSync(join(fixtures, 'test-server.pem')) },
      (_request, response) => response.writeHead(404).end(),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `https://localhost:${(server.address() as AddressInfo).port}/v1`;
    writeFileSync(join(folder, 'c.yaml'), `model_list: [{model_name: a, litellm_params: {model: openai/m, api_key: k, api_base: "${url}"}}]\n`);
    const look = async (file: string) => {
      const { settings, gatewayConfig } = localSettings({ env: { SSL_CERT_FILE: file }, cwd: folder }, { config: 'c.yaml' });
      return await checkUpstreams(gatewayConfig, settings.network);
    };
    const [, authorities, upstream] = await look(join(fixtures, 'test-authority.pem'));
    expect(authorities).toMatchObject({ state: 'ok', detail: expect.stringContaining('and 1 of') });
    expect(upstream).toMatchObject({
      state: 'ok',
      detail: expect.stringMatching(/^DNS .*127\.0\.0\.1.*, connected, TLSv1\.\d by .+ until \d{4}-.*, HTTP 404 in/),
    });
    expect((await look(join(folder, 'c.yaml'))).map(({ state }) => state)).toEqual(['ok', 'problem', 'problem']);
    const [, , refused] = await look(join(folder, 'none.pem'));
    expect(refused).toMatchObject({ state: 'problem', detail: expect.stringContaining('connected, then UNABLE_TO_VERIFY') });
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
