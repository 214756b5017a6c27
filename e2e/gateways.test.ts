// Two gateway processes on one PostgreSQL and one Redis: limits, budgets and blocked keys hold for both together, and every cent of both is in one ledger.
import { createHash } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasRedis, startTestRedis, type TestRedis } from '../server/src/stores/coordination/test-redis.ts';
import { call, chat, generateKey } from './client.ts';
import { eventually, type Platform, startPlatform } from './process.ts';

const url = process.env.GENAI_TEST_RECORDS_URL;
const required = (process.env.GENAI_REQUIRE ?? '').split(',');
if (url === undefined && required.includes('postgres')) throw new Error('a PostgreSQL server is required here: set GENAI_TEST_RECORDS_URL');
if (!hasRedis() && required.includes('redis')) throw new Error('redis is required here: install redis-server');
const here = url !== undefined && hasRedis();
if (!here) console.info('skipped: several gateways on one PostgreSQL and one Redis (needs redis-server and GENAI_TEST_RECORDS_URL)');

describe.skipIf(!here)('two gateways', () => {
  const database = `genai_gateways_${process.pid}`;
  const at = (name: string) => Object.assign(new URL(url ?? 'postgres://none'), { pathname: `/${name}` }).toString();
  const config = `
model_list:
  - model_name: priced
    litellm_params: { model: openai/priced, mock_response: "four words of answer", input_cost_per_token: 0.001, output_cost_per_token: 0.001 }
litellm_settings: { cache: true, cache_params: { type: redis, mode: default_off } }
`;
  const environment = {
    LITELLM_MASTER_KEY: 'sk-master-of-the-test-0001',
    GENAI_INSTANCE_SECRET: Buffer.alloc(32, 7).toString('base64'),
  };
  let redis: TestRedis;
  const gateways: Platform[] = [];

  const query = async (statement: string, name = 'postgres'): Promise<Record<string, unknown>[]> => {
    const client = new pg.Client({ connectionString: at(name) });
    await client.connect();
    const { rows } = await client.query(statement);
    await client.end();
    return rows as Record<string, unknown>[];
  };
  const start = async (): Promise<Platform> => {
    const flags = ['--role', 'gateway', '--records-url', at(database), '--redis-url', redis.url];
    const platform = await startPlatform({ config, environment, flags });
    Object.assign(platform.keys, { masterKey: environment.LITELLM_MASTER_KEY });
    return platform;
  };
  const readiness = async (platform: Platform) =>
    (await call(`${platform.gatewayUrl}/health/readiness`)).body.coordination as unknown as Record<string, unknown>;
  const [first, second] = [() => gateways[0] as Platform, () => gateways[1] as Platform];

  beforeAll(async () => {
    await query(`CREATE DATABASE ${database}`);
    redis = await startTestRedis();
    gateways.push(await start());
    gateways.push(await start());
    await eventually('both to know of each other', async () => (await readiness(first())).processes === 2 && (await readiness(second())).processes === 2);
  });
  afterAll(async () => {
    for (const platform of gateways) await platform.stop();
    await redis?.stop();
    await query(`DROP DATABASE ${database} WITH (FORCE)`);
  });

  it('refuse a blocked key on the next request to either', async () => {
    const key = await generateKey(first());
    for (let round = 0; round < 10; round++) {
      const [teller, other] = round % 2 ? [first(), second()] : [second(), first()];
      expect((await chat(other, key, 'priced')).status).toBe(200);
      expect((await call(`${teller.gatewayUrl}/key/block`, { key: environment.LITELLM_MASTER_KEY, body: { key } })).status).toBe(200);
      expect((await chat(other, key, 'priced')).status).toBe(401);
      expect((await call(`${teller.gatewayUrl}/key/unblock`, { key: environment.LITELLM_MASTER_KEY, body: { key } })).status).toBe(200);
      expect((await chat(other, key, 'priced')).status).toBe(200);
    }
  });

  it('go on from each other’s responses, for the owner alone, and forget them together', async () => {
    const [key, stranger] = [await generateKey(first()), await generateKey(first())];
    const at = (platform: Platform, path = '') => `${platform.gatewayUrl}/v1/responses${path}`;
    const begun = await call(at(first()), { key, body: { model: 'priced', input: 'one' } });
    const body = { model: 'priced', input: 'two', previous_response_id: begun.body.id };
    expect((await call(at(second()), { key: stranger, body })).status).toBe(404);
    const gone = await call(at(second()), { key, body });
    expect([gone.status, gone.body.previous_response_id]).toEqual([200, begun.body.id]);
    expect((await call(at(second(), `/${begun.body.id}`), { key, method: 'DELETE' })).status).toBe(200);
    expect((await call(at(first(), `/${begun.body.id}`), { key })).status).toBe(404);
    expect((await call(at(first()), { key, body: { ...body, previous_response_id: gone.body.id } })).status).toBe(404);
  });

  it('answer from one cache, each owner from his own', async () => {
    const [key, stranger] = [await generateKey(first()), await generateKey(first())];
    const ask = (platform: Platform, who: string) => chat(platform, who, 'priced', { body: { cache: { 'use-cache': true } } });
    expect((await ask(first(), key)).headers.get('x-litellm-cache-key')).toBeNull();
    const again = await ask(second(), key);
    expect([again.status, again.headers.get('x-litellm-response-cost')]).toEqual([200, '0']);
    const cacheKey = again.headers.get('x-litellm-cache-key');
    expect(cacheKey).toMatch(/^[0-9a-f]{64}$/);
    expect((await ask(second(), stranger)).headers.get('x-litellm-cache-key')).toBeNull();
    const forget = { key: environment.LITELLM_MASTER_KEY, body: { keys: [cacheKey] } };
    expect((await call(`${first().gatewayUrl}/cache/delete`, forget)).body).toEqual({ status: 'success', deleted: 1 });
    expect((await ask(second(), key)).headers.get('x-litellm-cache-key')).toBeNull();
    expect((await call(`${second().gatewayUrl}/cache/ping`, { key: environment.LITELLM_MASTER_KEY })).body).toMatchObject({
      status: 'healthy',
      cache_type: 'redis',
    });
  });

  it('count requests and budgets together', async () => {
    const limited = await generateKey(first(), { rpm_limit: 7 });
    const statuses = await Promise.all(Array.from({ length: 30 }, async (_, index) => (await chat(index % 2 ? first() : second(), limited, 'priced')).status));
    // A minute may begin in between.
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(7);
    expect(statuses.filter((status) => status === 200).length).toBeLessThanOrEqual(14);
    const budget = await generateKey(second(), { max_budget: 0.1 });
    let refused = 0;
    let cost = 0;
    for (let index = 0; index < 40 && refused < 2; index++) {
      const answer = await chat(index % 2 ? first() : second(), budget, 'priced');
      if (answer.status === 200) cost += Number(answer.headers.get('x-litellm-response-cost'));
      else refused++;
    }
    expect(refused).toBe(2);
    expect(cost).toBeGreaterThanOrEqual(0.1);
    // Beyond the maximum by no more than the last call.
    expect(cost).toBeLessThan(0.2);
    const info = async () => {
      const { body } = await call(`${first().gatewayUrl}/key/info?key=${budget}`, { key: environment.LITELLM_MASTER_KEY });
      return (body.info as unknown as { spend: number }).spend;
    };
    await eventually('every cent of both in one ledger', async () => Math.abs((await info()) - cost) < 1e-9);
  });

  it('go on within their shares while Redis is away, and say so', async () => {
    const key = await generateKey(first());
    const limited = await generateKey(first(), { rpm_limit: 10 });
    await redis.kill();
    const startedAt = performance.now();
    expect((await chat(first(), key, 'priced')).status).toBe(200);
    const statuses: number[] = [];
    for (let index = 0; index < 30; index++) statuses.push((await chat(index % 2 ? first() : second(), limited, 'priced')).status);
    expect(performance.now() - startedAt).toBeLessThan(20_000);
    // 10 a minute for two processes: 5 each, and again when a minute begins in between.
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(10);
    expect(statuses.filter((status) => status === 200).length).toBeLessThanOrEqual(20);
    expect(statuses.every((status) => status === 200 || status === 429)).toBe(true);
    expect((await readiness(first())).state).toBe('away');
    // The records' own news still reach everybody.
    expect((await call(`${first().gatewayUrl}/key/block`, { key: environment.LITELLM_MASTER_KEY, body: { key } })).status).toBe(200);
    await eventually('the block to be known by the other', async () => (await chat(second(), key, 'priced')).status === 401);
    await redis.start();
    await eventually('Redis to be back', async () => (await readiness(first())).state === 'connected' && (await readiness(second())).state === 'connected');
  });

  it('lose no cent when one is killed and started again', async () => {
    const key = await generateKey(first());
    let cost = 0;
    const calls = async (platform: Platform): Promise<void> => {
      for (let index = 0; index < 200; index++) {
        const answer = await chat(platform, key, 'priced').catch(() => null);
        if (answer === null) return;
        if (answer.status === 200) cost += Number(answer.headers.get('x-litellm-response-cost'));
      }
    };
    const killed = second();
    const all = [calls(first()), calls(killed), calls(killed)];
    await new Promise((resolve) => setTimeout(resolve, 300));
    await killed.crash();
    await Promise.all(all);
    const flags = ['--role', 'gateway', '--records-url', at(database), '--redis-url', redis.url];
    gateways[1] = await startPlatform({ folder: killed.folder, config, environment, flags });
    const id = createHash('sha256').update(key).digest('hex');
    const [row] = await query(
      `SELECT count(*) FILTER (WHERE outcome = 'unknown')::int AS unknown, COALESCE(sum(cost) FILTER (WHERE outcome = 'success'), 0)::float AS settled FROM genai.ledger WHERE key_id = '${id}'`,
      database,
    );
    const { unknown, settled } = row as { unknown: number; settled: number };
    // What a client saw is billed once; beyond it only what was on its way when the process died.
    expect(settled).toBeGreaterThanOrEqual(cost - 1e-9);
    expect(settled).toBeLessThanOrEqual(cost + 2 * (cost / 200));
    expect(unknown).toBeLessThanOrEqual(2);
  });
});
