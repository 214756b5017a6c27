// `./genai import litellm` beside a started platform, on LiteLLM's own schema of three ages (made by the migrations of its PyPI package): the same virtual keys call on.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../server/src/stores/records/embedded.ts';
import { createSource, fillSource, KEYS, SALT, type Source } from '../server/src/takeover/litellm/source-fixture.ts';
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
      expect((await chat(platform, KEYS.team, 'db-model')).status).toBe(200);
      // The table of replaced keys is younger than the first two schemas.
      expect((await chat(platform, KEYS.old, 'gpt')).status).toBe(tables === 82 ? 200 : 401);
    });

    it('says in Japanese and English what was left, and that nothing is new the second time', { timeout: TIMEOUT_MS }, async () => {
      const english = await genai('--apply');
      expect(english.stdout).toMatch(/virtual keys +5 +0 +0 +4 +1/);
      expect(english.stdout).toContain('1 × virtual keys: its team does not exist (orphan)');
      const japanese = await genai('--lang', 'ja');
      expect(japanese.stdout).toContain('1 × 仮想キー: 所属チームがありません (orphan)');
    });
  });

  it('says what to do when no platform runs, and when the address is wrong', { timeout: TIMEOUT_MS }, async () => {
    const alone = await runGenai(['import', 'litellm', '--data-dir', join(folder, 'none'), '--database-url', 'postgresql://x'], { cwd: folder });
    expect([alone.code, alone.stderr]).toEqual([1, expect.stringContaining('Start it with ./genai start')]);
    expect((await runGenai(['import', 'something'], { cwd: folder })).code).toBe(2);
  });
});
