// `./genai import litellm` beside a started platform, on LiteLLM's own schema of three ages (made by the migrations of its PyPI package): the same virtual keys call on.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../server/src/stores/records/embedded.ts';
import { createSource, fillSource, hashOf, KEYS, SALT, type Source } from '../server/src/takeover/litellm/source-fixture.ts';
import { chat } from './client.ts';
import { type FakeProvider, startFakeProvider } from './fake-provider/fake-provider.ts';
import { runGenai } from './genai.ts';
import { LITELLM_SCHEMAS, litellmMigrations, migrateLitellm } from './litellm-schema.ts';
import { need } from './needs.ts';
import { type Platform, startPlatform } from './process.ts';

const migrations = need('litellm') === null ? null : litellmMigrations();
const TIMEOUT_MS = 180_000;

describe.skipIf(migrations === null)('genai import litellm', () => {
  let upstream: FakeProvider;
  let server: EmbeddedPostgres;
  const folder = mkdtempSync(join(tmpdir(), 'genai-takeover-'));
  beforeAll(async () => {
    upstream = await startFakeProvider();
    server = await startEmbeddedPostgres({ folder: join(folder, 'postgres') });
  });
  afterAll(async () => {
    await server?.stop();
    await upstream?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  describe.each(LITELLM_SCHEMAS)('from the schema $name', ({ last, tables }) => {
    let source: Source;
    let platform: Platform;
    beforeAll(async () => {
      source = await createSource(server.socketFolder, `litellm_${tables}`);
      await migrateLitellm(source.client, migrations as string, last);
      await fillSource(source, `${upstream.url}/v1`);
      platform = await startPlatform({
        config: `model_list:\n  - model_name: gpt\n    litellm_params: { model: openai/gpt-4o-mini, api_base: "${upstream.url}/v1", api_key: sk-upstream-openai }\n`,
      });
    }, TIMEOUT_MS);
    afterAll(async () => {
      await platform?.stop();
      await source?.close();
    });
    const genai = (...args: string[]) =>
      runGenai(['import', 'litellm', '--data-dir', platform.dataDir, '--database-url', source.url, ...args], {
        cwd: platform.folder,
        environment: { LITELLM_SALT_KEY: SALT },
      });

    it('looks first, then takes everything over, and the same virtual keys call through the gateway', { timeout: TIMEOUT_MS }, async () => {
      const before = await source.fingerprint();
      const looked = await genai('--json');
      expect([looked.code, looked.stderr]).toEqual([0, '']);
      const dry = JSON.parse(looked.stdout) as { applied: boolean; source: { tables: number }; counts: unknown };
      expect(dry).toMatchObject({ applied: false, source: { tables } });
      expect((await chat(platform, KEYS.plain, 'gpt')).status).toBe(401);

      const done = await genai('--apply', '--spend-from', '2026-01-01', '--json');
      expect(done.code).toBe(0);
      const report = JSON.parse(done.stdout) as { counts: { kind: string; new: number }[]; spendAdded: object };
      expect(report.counts).toEqual(
        expect.arrayContaining([expect.objectContaining({ kind: 'key', new: 4 }), expect.objectContaining({ kind: 'call', new: 2 })]),
      );
      expect(await source.fingerprint()).toBe(before);

      expect((await chat(platform, KEYS.plain, 'gpt')).status).toBe(200);
      expect((await chat(platform, KEYS.team, 'short')).status).toBe(200);
      // Only the newest schema says which models a member may use; this one may not use the registered model.
      expect((await chat(platform, KEYS.team, 'db-model')).status).toBe(tables === 82 ? 401 : 200);
      // The table of replaced keys is younger than the first two schemas.
      expect((await chat(platform, KEYS.old, 'gpt')).status).toBe(tables === 82 ? 200 : 401);
    });

    it('is looked at by the doctor, who says what would differ', { timeout: TIMEOUT_MS }, async () => {
      const flags = ['--data-dir', platform.dataDir, '--database-url', source.url, '--salt-key', SALT, '--json'];
      const { stdout } = await runGenai(['doctor', ...flags], { cwd: platform.folder });
      const { findings } = JSON.parse(stdout) as { findings: { id: string; state: string; detail: string }[] };
      expect(findings).toEqual(
        expect.arrayContaining([
          { id: 'litellm.database', state: 'ok', detail: expect.stringContaining('virtual keys 4/5') },
          { id: 'litellm.key.no-team', state: 'warning', detail: expect.stringContaining('orphan') },
          { id: 'litellm.left', state: 'warning', detail: expect.stringContaining('LiteLLM_Config') },
        ]),
      );
    });

    it('says in Japanese and English what was left, and that nothing is new the second time', { timeout: TIMEOUT_MS }, async () => {
      const english = await genai('--apply');
      expect(english.stdout).toMatch(/virtual keys +5 +0 +0 +4 +1/);
      expect(english.stdout).toContain('1 × virtual keys: its team does not exist (orphan)');
      const japanese = await genai('--lang', 'ja');
      expect(japanese.stdout).toContain('1 × 仮想キー: 所属チームがありません (orphan)');
    });
  });

  it('gives everything back into the schema of litellm 1.104.2, as LiteLLM’s own types and secrets read it', { timeout: TIMEOUT_MS }, async () => {
    const source = await createSource(server.socketFolder, 'litellm_there');
    const target = await createSource(server.socketFolder, 'litellm_back');
    for (const { client } of [source, target]) await migrateLitellm(client, migrations as string, null);
    await fillSource(source, `${upstream.url}/v1`);
    const platform = await startPlatform();
    try {
      const genai = (...args: string[]) => runGenai([...args, '--data-dir', platform.dataDir, '--salt-key', SALT, '--json'], { cwd: platform.folder });
      expect((await genai('import', 'litellm', '--database-url', source.url, '--spend-from', '2026-01-01', '--apply')).code).toBe(0);
      const dry = await genai('export', 'litellm', '--database-url', target.url, '--spend-from', '2026-01-01');
      expect([dry.code, JSON.parse(dry.stdout)]).toEqual([0, expect.objectContaining({ applied: false })]);
      const done = await genai('export', 'litellm', '--database-url', target.url, '--spend-from', '2026-01-01', '--apply');
      expect(done.code).toBe(0);
      const report = JSON.parse(done.stdout) as { counts: { kind: string; written: number }[]; findings: { level: string }[] };
      expect(report.findings.filter(({ level }) => level === 'refused')).toEqual([]);
      expect(report.counts).toEqual(
        expect.arrayContaining([expect.objectContaining({ kind: 'key', written: expect.any(Number) }), expect.objectContaining({ kind: 'call', written: 2 })]),
      );
      const tables = [
        'BudgetTable',
        'OrganizationTable',
        'TeamTable',
        'UserTable',
        'VerificationToken',
        'EndUserTable',
        'TeamMembership',
        'TagTable',
        'ProxyModelTable',
      ];
      const rows: Record<string, unknown[]> = {};
      for (const table of tables) rows[table] = (await target.client.query(`SELECT to_jsonb(t) AS row FROM "LiteLLM_${table}" t`)).rows.map(({ row }) => row);
      // The same hash: LiteLLM takes the same virtual key.
      const hashes = (rows.VerificationToken as { token: string }[]).map(({ token }) => token);
      expect(hashes).toEqual(expect.arrayContaining([hashOf(KEYS.plain), hashOf(KEYS.team), hashOf(KEYS.poor)]));
      const file = join(folder, 'rows.json');
      writeFileSync(file, JSON.stringify(rows));
      const python = join(import.meta.dirname, '../.cache/python-litellm-image/bin/python');
      const { stdout } = await promisify(execFile)(python, [join(import.meta.dirname, 'python/litellm_types.py'), file], {
        env: { PATH: process.env.PATH ?? '', LITELLM_SALT_KEY: SALT, LITELLM_LOCAL_MODEL_COST_MAP: 'True' },
        timeout: TIMEOUT_MS,
      });
      const read = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { counts: Record<string, number>; params: Record<string, unknown>[] };
      expect(read.counts).toMatchObject({ VerificationToken: hashes.length, TeamTable: 2, UserTable: 3 });
      expect(read.params).toEqual(
        expect.arrayContaining([expect.objectContaining({ model: 'openai/gpt-4o-mini', api_key: 'sk-of-the-provider', input_cost_per_token: 0.001 })]),
      );
      const again = await genai('export', 'litellm', '--database-url', target.url, '--apply');
      expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('not empty')]);
    } finally {
      await platform.stop();
      await source.close();
      await target.close();
    }
  });

  it('says what to do when no platform runs, and when the address is wrong', { timeout: TIMEOUT_MS }, async () => {
    const alone = await runGenai(['import', 'litellm', '--data-dir', join(folder, 'none'), '--database-url', 'postgresql://x'], { cwd: folder });
    expect([alone.code, alone.stderr]).toEqual([1, expect.stringContaining('Start it with ./genai start')]);
    expect((await runGenai(['import', 'something'], { cwd: folder })).code).toBe(2);
  });
});
