// ./genai promote: the data folder of one machine becomes the platform apart; killed in the middle it goes on, and afterwards roles apart serve the same keys, traces, prompts, models and money.
// Then the platform apart is backed up while it runs, and restored into other stores.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, chat, generateKey, observe } from './client.ts';
import { type Cluster, clusterIsPossible, startCluster } from './cluster.ts';
import { genai, startGenai } from './json-command.ts';
import { eventually, removeFolder, startPlatform, temporaryFolder } from './process.ts';

const here = clusterIsPossible();
const config = `
model_list:
  - model_name: priced
    litellm_params: { model: openai/priced, mock_response: "four words of answer", input_cost_per_token: 0.001, output_cost_per_token: 0.001 }
`;
const one = { gateway: 1, observe: 1, worker: 1 };

interface Manifest {
  records: { table: string; rows: number; digest: string }[];
  analytics: { table: string; rows: number; digest: string }[];
}

describe.skipIf(!here)('a data folder that has outgrown its machine', () => {
  const folder = temporaryFolder();
  const dataDir = join(folder, 'data');
  let cluster: Cluster | null = null;
  let key: string;
  let basic: [string, string];
  let masterKey: string;
  let traces: string[];
  let spend: number;

  beforeAll(async () => {
    const platform = await startPlatform({ folder, config });
    ({ masterKey } = platform.keys);
    basic = [platform.keys.publicKey, platform.keys.secretKey];
    key = await generateKey(platform, { key_alias: 'kept', max_budget: 100 });
    await call(`${platform.gatewayUrl}/model/new`, {
      key: masterKey,
      body: {
        model_name: 'registered',
        litellm_params: { model: 'openai/registered', api_key: 'sk-sealed-at-rest', mock_response: 'from a registered model' },
      },
    });
    await call(`${platform.observeUrl}/api/public/v2/prompts`, {
      basic,
      body: { name: 'greeting', type: 'text', prompt: 'こんにちは', labels: ['production'] },
    });
    traces = [];
    for (let index = 0; index < 30; index++) {
      const answer = await chat(platform, key, index % 3 === 0 ? 'registered' : 'priced');
      expect(answer.status, answer.text).toBe(200);
      traces.push((answer.headers.get('x-litellm-call-id') as string).replaceAll('-', ''));
    }
    await eventually('the last trace', async () => (await observe(platform, `/api/public/traces/${traces.at(-1)}`)).status === 200);
    spend = await eventually('the spend', async () => {
      const { body } = await call(`${platform.gatewayUrl}/key/info?key=${key}`, { key: masterKey });
      return (body.info as unknown as { spend: number }).spend;
    });
    await platform.stop();
  }, 240_000);
  afterAll(async () => {
    await cluster?.close();
    removeFolder(folder);
  }, 120_000);

  const state = async (name: string): Promise<Manifest> => {
    const made = await genai(folder, ['backup', '--data-dir', dataDir, '--config', join(folder, 'config.yaml'), '--to', name]);
    expect(made.code, made.err).toBe(0);
    const { records, analytics } = JSON.parse(readFileSync(join(folder, name, 'manifest.json'), 'utf8')) as Manifest;
    return { records, analytics };
  };
  const facts = (manifest: Manifest) => ({
    // The start that makes the backup notes its own positions and settings.
    records: manifest.records
      .filter(({ table }) => !['consumer_positions', 'instance_settings', 'sessions'].includes(table))
      .map(({ table, rows, digest }) => [table, rows, digest]),
    analytics: manifest.analytics.map(({ table, rows, digest }) => [table, rows, digest]),
  });

  it('is moved: a dry run first, killed at several points, nothing lost, the folder as it was', async () => {
    const before = await state('before');
    const instanceSecret = readFileSync(join(dataDir, 'secret.key'), 'utf8').trim();
    let kills = 0;
    cluster = await startCluster(config, one, {
      instanceSecret,
      async before({ environment, flags }) {
        const stores = flags.filter(
          (flag, index) => ['--blobs-url', '--s3-endpoint'].includes(flag) || ['--blobs-url', '--s3-endpoint'].includes(flags[index - 1] ?? ''),
        );
        const words = ['promote', '--data-dir', dataDir, '--config', join(folder, 'config.yaml'), ...stores];
        const schema = async () => await tablesIn(environment.GENAI_RECORDS_URL as string);
        const unnamed = await genai(folder, ['promote', '--data-dir', dataDir], {});
        expect([unnamed.code, unnamed.err]).toEqual([2, expect.stringContaining('GENAI_RECORDS_URL')]);
        const wrong = await genai(folder, words, { ...environment, GENAI_INSTANCE_SECRET: Buffer.alloc(32, 9).toString('base64') });
        expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining('secret.key')]);
        const early = startGenai(folder, [...words, '--dry-run'], environment);
        setTimeout(() => early.child.kill('SIGKILL'), 2_000);
        await early.ended;
        const dry = await genai(folder, [...words, '--dry-run'], environment);
        expect([dry.code, dry.err]).toEqual([0, expect.any(String)]);
        expect(await schema()).toBe(0);
        // Killed later and later, until it once ends by itself. The steps grow with the time that it takes: on a fast machine it is over after little more than a second.
        for (let delayMs = 300; ; delayMs *= 1.4) {
          const run = startGenai(folder, [...words, '--yes'], environment);
          const timer = setTimeout(() => run.child.kill('SIGKILL'), delayMs);
          const { code, err, result } = await run.ended;
          clearTimeout(timer);
          if (code === null) {
            kills += 1;
            continue;
          }
          expect(code, err).toBe(0);
          expect(result).toMatchObject({ records: expect.any(Number), analytics: before.analytics.reduce((sum, { rows }) => sum + rows, 0) });
          break;
        }
        const again = await genai(folder, [...words, '--yes'], environment);
        expect([again.code, again.err]).toEqual([1, expect.stringContaining('not empty')]);
      },
    });
    expect(kills).toBeGreaterThan(1);
    console.info(`promote: killed ${kills} times before it ended`);

    expect(
      (await call(`${cluster.gatewayUrl}/v1/chat/completions`, { key, body: { model: 'priced', messages: [{ role: 'user', content: 'x' }] } })).status,
    ).toBe(200);
    const registered = await call(`${cluster.gatewayUrl}/v1/chat/completions`, {
      key,
      body: { model: 'registered', messages: [{ role: 'user', content: 'x' }] },
    });
    expect([registered.status, registered.text]).toEqual([200, expect.stringContaining('from a registered model')]);
    for (const id of traces) expect((await call(`${cluster.observeUrl}/api/public/traces/${id}`, { basic })).status).toBe(200);
    expect((await call(`${cluster.observeUrl}/api/public/v2/prompts/greeting`, { basic })).body).toMatchObject({ prompt: 'こんにちは' });
    const ledger = await cluster.sql("SELECT count(*)::int AS calls FROM genai.ledger WHERE outcome = 'success'");
    expect(Number(ledger[0]?.calls)).toBeGreaterThanOrEqual(30);
    const info = await call(`${cluster.gatewayUrl}/key/info?key=${key}`, { key: cluster.masterKey });
    expect((info.body.info as unknown as { spend: number }).spend).toBeGreaterThanOrEqual(spend);
    const id = `new-${Date.now()}`;
    const batch = [{ id, type: 'trace-create', timestamp: new Date().toISOString(), body: { id, name: 'after the move' } }];
    expect((await call(`${cluster.observeUrl}/api/public/ingestion`, { basic, body: { batch } })).status).toBe(207);
    await eventually('a new trace', async () => (await call(`${(cluster as Cluster).observeUrl}/api/public/traces/${id}`, { basic })).status === 200, 30_000);
    expect(facts(await state('after'))).toEqual(facts(before));
  }, 600_000);

  it('is backed up as a cluster, and comes back in other stores with events that were not stored yet', async () => {
    const from = cluster as Cluster;
    const flags = from.flags.filter(
      (_, index, all) => all[index] !== '--config' && all[index - 1] !== '--config' && all[index] !== '--drain-delay' && all[index - 1] !== '--drain-delay',
    );
    // Nobody stores: the event lies in the journal alone.
    for (const worker of from.of('worker')) await from.stop(worker);
    const batch = [{ id: 'waiting', type: 'trace-create', timestamp: new Date().toISOString(), body: { id: 'waiting', name: 'in the journal' } }];
    expect((await call(`${from.observeUrl}/api/public/ingestion`, { basic, body: { batch } })).status).toBe(207);
    const bucket = await genai(folder, ['backup', ...flags, '--to', 's3://genai-cluster/genai/backups/one'], from.environment);
    expect(bucket.code, bucket.err).toBe(0);
    const made = await genai(folder, ['backup', ...flags, '--to', 'cluster'], from.environment);
    expect(made.code, made.err).toBe(0);
    expect(made.result).toMatchObject({ analytics: bucket.result?.analytics, blobs: bucket.result?.blobs });
    const here = await genai(folder, ['restore', ...flags, '--from', 's3://genai-cluster/genai/backups/one'], from.environment);
    expect([here.code, here.err]).toEqual([1, expect.stringContaining('not empty')]);
    const other = await startCluster(config, one, {
      instanceSecret: from.environment.GENAI_INSTANCE_SECRET as string,
      async before({ environment, flags: given }) {
        const stores = given.filter(
          (_, index, all) =>
            ['--blobs-url', '--s3-endpoint', '--journal'].includes(all[index] ?? '') ||
            ['--blobs-url', '--s3-endpoint', '--journal'].includes(all[index - 1] ?? ''),
        );
        const restored = await genai(folder, ['restore', '--from', 'cluster', ...stores], environment);
        expect(restored.code, restored.err).toBe(0);
      },
    });
    try {
      for (const id of traces) expect((await call(`${other.observeUrl}/api/public/traces/${id}`, { basic })).status).toBe(200);
      await eventually('the event of the journal', async () => (await call(`${other.observeUrl}/api/public/traces/waiting`, { basic })).status === 200, 60_000);
      expect(
        (await call(`${other.gatewayUrl}/v1/chat/completions`, { key, body: { model: 'registered', messages: [{ role: 'user', content: 'x' }] } })).status,
      ).toBe(200);
    } finally {
      await other.close();
    }
  }, 600_000);
});

async function tablesIn(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query("SELECT count(*)::int AS tables FROM pg_tables WHERE schemaname = 'genai'");
  await client.end();
  return (rows[0] as { tables: number }).tables;
}
