// Flags, environment, .env and config.yaml together, in real temporary folders.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readFlags } from './flags.ts';
import { type LoadedSettings, loadSettings, reloadGatewayConfig } from './load.ts';
import { formatNote, hasFaults, Notes } from './notes.ts';
import { parseBytes, parseZone } from './setting-values.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'genai-settings-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const load = (argv: string[] = [], env: Record<string, string> = {}): LoadedSettings => loadSettings({ argv, env, cwd: folder });
const messages = (loaded: LoadedSettings, level: 'error' | 'warning'): string[] => loaded.notes.filter((note) => note.level === level).map(formatNote);

describe('a mail server', () => {
  it('needs its address and a sender, and its password is never echoed', () => {
    const env = { GENAI_SMTP_URL: 'smtps://user:secret@mail.example:465', GENAI_MAIL_FROM: 'Alerts <alerts@example.com>' };
    expect(load([], env).settings.mail).toEqual({ url: env.GENAI_SMTP_URL, from: env.GENAI_MAIL_FROM });
    expect(load().settings.mail).toBeNull();
    expect(messages(load([], { GENAI_SMTP_URL: env.GENAI_SMTP_URL }), 'error')).toEqual(['--mail-from: belongs to GENAI_SMTP_URL: set both or none']);
    const [wrong] = messages(load(['--mail-from', 'a@example.com'], { GENAI_SMTP_URL: 'https://user:secret@mail.example' }), 'error');
    expect(wrong).toContain('smtps://user:password@host:465');
    expect(wrong).not.toContain('secret@');
  });
});

describe('a start without anything', () => {
  it('uses the documented defaults and the starter config, and writes nothing', () => {
    const loaded = load();
    expect(loaded.notes).toEqual([]);
    expect(loaded.settings).toMatchObject({
      host: '127.0.0.1',
      port: 4000,
      observePort: 3000,
      role: 'all',
      dataDir: join(folder, '.data'),
      recordsUrl: null,
      clickhouse: null,
      masterKey: null,
    });
    expect(loaded.settings.limits.maxRequestBytes).toBe(32 * 1024 * 1024);
    expect(loaded.starterConfigPath).toBe(join(folder, '.data', 'config.yaml'));
    expect(loaded.gatewayConfig.deployments.some((deployment) => deployment.modelName === 'demo')).toBe(true);
  });

  it('finds the config that an earlier start wrote', () => {
    mkdirSync(join(folder, '.data'));
    writeFileSync(join(folder, '.data', 'config.yaml'), 'model_list: []\n');
    expect(load()).toMatchObject({ starterConfigPath: null, gatewayConfig: { deployments: [] }, configFiles: [join(folder, '.data', 'config.yaml')] });
  });
});

describe('layers', () => {
  it('a flag wins over a variable, a variable over .env beside the config, that over .env of the folder, that over the file itself', () => {
    mkdirSync(join(folder, 'conf'));
    writeFileSync(join(folder, '.env'), 'GENAI_PORT=1\nGENAI_HOST=1.1.1.1\nA=cwd\nB=cwd\n');
    writeFileSync(join(folder, 'conf', '.env'), 'GENAI_HOST=2.2.2.2\nA=beside\nAZURE_API_KEY="from env file"\nLANGFUSE_INIT_PROJECT_ID=p1\n');
    writeFileSync(
      join(folder, 'conf', 'c.yaml'),
      'environment_variables: {A: file, C: file}\nmodel_list: [{model_name: m, litellm_params: {model: azure/m, api_base: "https://a.example", api_key: os.environ/AZURE_API_KEY, extra_headers: {a: os.environ/A, b: os.environ/B, c: os.environ/C}}}]',
    );
    const loaded = load(['--config', 'conf/c.yaml', '--port=4100'], { GENAI_PORT: '9', GENAI_OBSERVE_PORT: '3100' });
    expect(loaded.notes).toEqual([]);
    expect(loaded.settings).toMatchObject({ port: 4100, observePort: 3100, host: '2.2.2.2', init: { projectId: 'p1' } });
    expect(loaded.gatewayConfig.deployments[0]).toMatchObject({ apiKey: 'from env file', extraHeaders: { a: 'beside', b: 'cwd', c: 'file' } });
  });

  it('takes the names that existing deployments set', () => {
    const ca = join(folder, 'ca.pem');
    writeFileSync(ca, 'pem');
    const loaded = load([], {
      LITELLM_MASTER_KEY: 'sk-1234',
      LANGFUSE_INIT_USER_EMAIL: 'a@example.com',
      LANGFUSE_INIT_PROJECT_SECRET_KEY: 'sk-lf-1',
      https_proxy: 'http://proxy:3128',
      NO_PROXY: 'localhost, .internal',
      NODE_EXTRA_CA_CERTS: ca,
      CLICKHOUSE_URL: 'http://clickhouse:8123',
      CLICKHOUSE_PASSWORD: 'p',
      LITELLM_LOG: 'WARNING',
      DATABASE_URL: 'postgresql://u:p@h/langfuse',
    });
    expect(messages(loaded, 'warning')).toEqual([expect.stringContaining('DATABASE_URL: names the database of another application (h/langfuse)')]);
    expect(messages(loaded, 'error')).toEqual([]);
    expect(loaded.settings).toMatchObject({
      masterKey: 'sk-1234',
      init: { userEmail: 'a@example.com', projectSecretKey: 'sk-lf-1' },
      network: { httpsProxy: 'http://proxy:3128', httpProxy: null, noProxy: ['localhost', '.internal'], extraCaFile: ca },
      clickhouse: { url: 'http://clickhouse:8123', user: 'default', password: 'p', database: 'default' },
      logLevel: 'warn',
      recordsUrl: null,
    });
    expect(loaded.gatewayConfig.foreignDatabaseUrl).toBe('postgresql://u:p@h/langfuse');
  });

  it("the file's master key wins over the variable, and a difference is said without showing either", () => {
    writeFileSync(join(folder, 'c.yaml'), 'general_settings: {master_key: sk-file}');
    const loaded = load(['--config', 'c.yaml'], { LITELLM_MASTER_KEY: 'sk-variable' });
    expect(loaded.settings.masterKey).toBe('sk-file');
    expect(messages(loaded, 'warning')).toEqual([
      'LITELLM_MASTER_KEY: differs from general_settings.master_key; the key of the file is in force, as in LiteLLM',
    ]);
  });
});

describe('faults', () => {
  it('of flags, variables and file come together', () => {
    writeFileSync(join(folder, 'c.yaml'), 'model_list: 7\n');
    const loaded = load(['--config', 'c.yaml', '--port', 'abc', '--nonsense', '--timezone', 'Mars/Base', '--host', '--role', 'worker', 'stray'], {
      GENAI_MAX_REQUEST_SIZE: 'big',
      GENAI_TYPO: '1',
    });
    expect(messages(loaded, 'error').toSorted()).toEqual(
      [
        '--host: needs a value',
        '--nonsense: is not a flag; see ./genai help start',
        '--port: must be a port number from 1 to 65535 (0 = any free port)',
        '--role: worker stores the events of a journal that machines share: it needs --journal s3',
        '--timezone: must be an IANA time zone, for example Asia/Tokyo or UTC',
        'GENAI_MAX_REQUEST_SIZE: must be a size, for example 32MiB, 500MB or 1048576',
        'c.yaml:1 model_list: must be a list',
        'stray: is not understood; see ./genai help start',
      ].toSorted(),
    );
    expect(messages(loaded, 'warning')).toEqual(['GENAI_TYPO: is not a setting of this platform; docs/settings.md lists them all']);
    expect(loaded.settings.port).toBe(4000);
  });

  it('a named config that is absent or a folder is one', () => {
    expect(messages(load(['--config', 'none.yaml']), 'error')).toEqual([`${join(folder, 'none.yaml')} --config: does not exist`]);
    expect(hasFaults(load(['--config', '.']).notes)).toBe(true);
    expect(hasFaults(load([], { SSL_CERT_FILE: '/absent.pem' }).notes)).toBe(true);
  });
});

describe("LiteLLM's container arguments", () => {
  it('start unchanged; what has no effect is named, and TLS files are refused', () => {
    writeFileSync(join(folder, 'c.yaml'), 'model_list: []');
    const loaded = load(['--config', 'c.yaml', '--port', '4000', '--num_workers', '8', '--detailed_debug', '--run_gunicorn']);
    expect(messages(loaded, 'error')).toEqual([]);
    expect(messages(loaded, 'warning')).toEqual([
      '--num_workers: is a flag of LiteLLM that has no effect here',
      '--run_gunicorn: is a flag of LiteLLM that has no effect here',
    ]);
    expect(loaded.settings.logLevel).toBe('debug');
    expect(hasFaults(load(['--ssl_keyfile_path', 'k.pem']).notes)).toBe(true);
  });
});

describe('reload', () => {
  it('reads the file again and reports faults instead of throwing', () => {
    const path = join(folder, 'c.yaml');
    writeFileSync(path, 'model_list: [{model_name: a, litellm_params: {model: openai/a}}]');
    expect(reloadGatewayConfig(path, { env: {}, cwd: folder }).gatewayConfig.deployments).toHaveLength(1);
    writeFileSync(path, 'model_list: [');
    expect(hasFaults(reloadGatewayConfig(path, { env: {}, cwd: folder }).notes)).toBe(true);
    rmSync(path);
    expect(hasFaults(reloadGatewayConfig(path, { env: {}, cwd: folder }).notes)).toBe(true);
  });
});

describe('parsers', () => {
  it('sizes and zones', () => {
    expect(parseBytes('1.5 GiB')).toEqual({ value: 1_610_612_736 });
    expect(parseBytes('0')).toHaveProperty('fault');
    expect(parseBytes('12 parsecs')).toHaveProperty('fault');
    expect(parseZone('asia/tokyo')).toEqual({ value: 'Asia/Tokyo' });
  });

  it('flags never throw, whatever stands on the command line', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), fc.constantFrom('--port', '--config=', '--', '-', '-p', '--__proto__', '--constructor=1', '--host=--x'))),
        (argv) => void readFlags(argv, new Notes()),
      ),
    );
  });

  it('an .env file of arbitrary bytes never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        writeFileSync(join(folder, '.env'), bytes);
        load();
      }),
      { numRuns: 50 },
    );
  });
});
