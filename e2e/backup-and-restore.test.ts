// ./genai backup of a running platform and ./genai restore into an empty folder: what was there is there again, counted and compared; whoever asks wrongly is told what to do.
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, chat, generateKey, observe } from './client.ts';
import { genai } from './json-command.ts';
import { eventually, type Platform, removeFolder, startPlatform, temporaryFolder } from './process.ts';

const config = `
model_list:
  - model_name: priced
    litellm_params: { model: openai/priced, mock_response: "four words of answer", input_cost_per_token: 0.001, output_cost_per_token: 0.001 }
`;

describe('a backup of the running platform', () => {
  const folder = temporaryFolder();
  let platform: Platform;
  let key: string;
  let spend: number;
  let calls: string[];
  const batch = (id: string) => ({
    batch: [
      {
        id: `event-${id}`,
        type: 'trace-create',
        timestamp: new Date().toISOString(),
        body: { id, name: 'before the backup', input: { text: '日本語\n"quoted"' } },
      },
    ],
  });
  const send = (on: Platform, id: string) => call(`${on.observeUrl}/api/public/ingestion`, { basic: [on.keys.publicKey, on.keys.secretKey], body: batch(id) });

  beforeAll(async () => {
    platform = await startPlatform({ folder, config });
    key = await generateKey(platform, { key_alias: 'kept', max_budget: 100 });
    calls = [];
    for (let index = 0; index < 20; index++) {
      const answer = await chat(platform, key, 'priced');
      calls.push((answer.headers.get('x-litellm-call-id') as string).replaceAll('-', ''));
    }
    await send(platform, 'trace-one');
    await call(`${platform.observeUrl}/api/public/v2/prompts`, {
      basic: [platform.keys.publicKey, platform.keys.secretKey],
      body: { name: 'greeting', type: 'text', prompt: 'こんにちは {{name}}\nsecond line', labels: ['production'] },
    });
    await eventually('the traces', async () => (await observe(platform, `/api/public/traces/${calls.at(-1)}`)).status === 200);
    spend = await spendOf(platform);
  });
  afterAll(async () => {
    await platform.stop().catch(() => null);
    removeFolder(folder);
  });
  const spendOf = async (on: Platform): Promise<number> =>
    await eventually('the spend of the key', async () => {
      const { body } = await call(`${on.gatewayUrl}/key/info?key=${key}`, { key: on.keys.masterKey });
      const value = (body.info as unknown as { spend: number }).spend;
      return value > 0 ? value : null;
    });

  it('is restored into a new folder: same keys, ledger, traces, prompts, and spend', async () => {
    const made = await genai(folder, ['backup', '--data-dir', platform.dataDir, '--to', 'saved', '--with-secrets']);
    expect(made.code, made.err).toBe(0);
    expect(made.err).toContain('backup.with-secret');
    // What comes after the backup is not in it.
    await send(platform, 'after-the-backup');
    await eventually('it', async () => (await observe(platform, '/api/public/traces/after-the-backup')).status === 200);
    const secret = readFileSync(join(platform.dataDir, 'secret.key'), 'utf8');
    await platform.stop();

    const other = temporaryFolder();
    try {
      const restored = await genai(folder, ['restore', '--from', 'saved', '--data-dir', join(other, 'data')]);
      expect(restored.code, restored.err).toBe(0);
      expect(restored.result).toMatchObject({ records: made.result?.records, analytics: made.result?.analytics, dataDir: join(other, 'data') });
      expect(statSync(join(other, 'data', 'secret.key')).mode & 0o077).toBe(0);
      expect(readFileSync(join(other, 'data', 'secret.key'), 'utf8')).toBe(secret);
      const again = await startPlatform({ folder: other, config });
      try {
        expect(again.keys.masterKey).toBe(platform.keys.masterKey);
        expect(await spendOf(again)).toBe(spend);
        await eventually('reads', async () => (await observe(again, '/api/public/traces/trace-one')).status === 200);
        expect((await observe(again, '/api/public/traces/trace-one')).body).toMatchObject({ name: 'before the backup', input: { text: '日本語\n"quoted"' } });
        for (const id of calls) expect((await observe(again, `/api/public/traces/${id}`)).status).toBe(200);
        expect((await observe(again, '/api/public/traces/after-the-backup')).status).toBe(404);
        expect((await observe(again, '/api/public/v2/prompts/greeting')).body).toMatchObject({ prompt: 'こんにちは {{name}}\nsecond line' });
        expect((await chat(again, key, 'priced')).status).toBe(200);
        await send(again, 'after-the-restore');
        await eventually('a new trace', async () => (await observe(again, '/api/public/traces/after-the-restore')).status === 200);
      } finally {
        await again.stop();
      }
      // The restored folder is backed up while nothing runs, as well.
      const idle = await genai(other, ['backup', '--data-dir', join(other, 'data'), '--to', 'idle']);
      expect(idle.code, idle.err).toBe(0);
      expect(idle.result).toMatchObject({ hasSecrets: false });
      expect(existsSync(join(other, 'idle', 'secrets'))).toBe(false);
      const unsealed = await genai(other, ['restore', '--from', 'idle', '--data-dir', join(other, 'without')]);
      expect([unsealed.code, unsealed.err]).toEqual([1, expect.stringContaining('--secret-file')]);
      const sealed = await genai(other, ['restore', '--from', 'idle', '--data-dir', join(other, 'with'), '--secret-file', join(other, 'data', 'secret.key')]);
      expect(sealed.code, sealed.err).toBe(0);
    } finally {
      removeFolder(other);
    }
  }, 240_000);

  it('is refused by a folder that holds something, and a damaged one restores nothing', async () => {
    const target = join(folder, 'target');
    mkdirSync(target);
    writeFileSync(join(target, 'mine'), 'x');
    const filled = await genai(folder, ['restore', '--from', 'saved', '--data-dir', target]);
    expect([filled.code, filled.err]).toEqual([1, expect.stringContaining('is not empty')]);
    expect(readdirSync(target)).toEqual(['mine']);
    const taken = await genai(folder, ['backup', '--data-dir', platform.dataDir, '--to', 'saved']);
    expect([taken.code, taken.err]).toEqual([1, expect.stringContaining('is not empty')]);
    const piece = join(folder, 'saved', 'records', 'virtual_keys', '00001.gz');
    const bytes = readFileSync(piece);
    writeFileSync(piece, bytes.subarray(0, bytes.length - 1));
    const damaged = await genai(folder, ['restore', '--from', 'saved', '--data-dir', join(folder, 'fresh')]);
    expect([damaged.code, damaged.err]).toEqual([1, expect.stringContaining('records/virtual_keys/00001.gz was changed')]);
    expect(existsSync(join(folder, 'fresh'))).toBe(false);
    expect((await genai(folder, ['restore', '--from', 'nowhere', '--data-dir', join(folder, 'fresh')])).err).toContain('no finished backup');
    writeFileSync(piece, bytes);
    expect(existsSync(join(folder, 'nowhere'))).toBe(false);
    const repaired = await genai(folder, ['restore', '--from', 'saved', '--data-dir', join(folder, 'fresh')]);
    expect(repaired.code, repaired.err).toBe(0);
  }, 240_000);
});
