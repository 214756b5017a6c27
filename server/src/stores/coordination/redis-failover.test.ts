// Two processes on a Redis whose master dies: Sentinel promotes the replica, a cluster promotes that of the lost shard. Within the stated bounds meanwhile, together again afterwards, without a restart.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, it } from 'vitest';
import type { Coordination } from './port.ts';
import { openRedisCoordination } from './redis.ts';
import { hasRedis, startTestCluster, startTestRedis, type TestRedis } from './test-redis.ts';

const DAY_MS = 86_400_000;
const LIMIT = 12;
/** Longer than any failover here takes; nobody waits so long when it works. */
const PATIENCE = { timeout: 30_000, interval: 50 };

describe.skipIf(!hasRedis())('processes on a Redis that fails over', () => {
  const closers: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  const keep = <Part extends { stop(): Promise<void> }>(part: Part): Part => {
    closers.push(() => part.stop());
    return part;
  };
  const two = async (url: string): Promise<[Coordination, Coordination]> => {
    const prefix = `t-${randomBytes(6).toString('hex')}:`;
    const open = async (): Promise<Coordination> => {
      const one = await openRedisCoordination({ url, prefix, storedSpend: async () => 100n, whenAway: 'alone', beatMs: 200 });
      closers.push(() => one.close());
      return one;
    };
    const pair: [Coordination, Coordination] = [await open(), await open()];
    await expect.poll(() => pair.map((one) => one.state().processes), PATIENCE).toEqual([2, 2]);
    return pair;
  };
  const ask = async <Answer>(server: TestRedis, question: (client: Redis) => Promise<Answer>): Promise<Answer> => {
    const client = new Redis({ port: server.port, host: '127.0.0.1', lazyConnect: true });
    try {
      await client.connect();
      return await question(client);
    } finally {
      client.disconnect();
    }
  };

  /**
   * Takes half of a window and a budget, loses what holds them, takes on without a pause until both processes share again. Never more than ADR 0005 says (the window under way once more, and one a process);
   * then the window is full for both, money is as the records say, and news are heard.
   */
  async function failsOver([one, other]: [Coordination, Coordination], lose: () => Promise<void>, mayAdmit = 2 * LIMIT + 2): Promise<void> {
    const limit = [{ key: 'rpm:{k}', windowMs: DAY_MS, max: LIMIT, cost: 1 }];
    let admitted = 0;
    const take = async (by: Coordination): Promise<void> => {
      if ((await by.take(limit, Date.now())).allowed) admitted++;
    };
    for (let index = 0; index < LIMIT / 2; index++) await take(index % 2 ? one : other);
    expect(await one.accounts.hold([{ key: 'key:k', maxPicos: 200n }], 60n, true)).toMatchObject({ held: true });
    await lose();
    let slowestMs = 0;
    await expect
      .poll(async () => {
        const startedAt = performance.now();
        await Promise.all([take(one), take(other)]);
        slowestMs = Math.max(slowestMs, performance.now() - startedAt);
        return [one.state().away, other.state().away, one.state().processes, other.state().processes].join(' ');
      }, PATIENCE)
      .toBe('false false 2 2');
    for (let index = 0; index < LIMIT; index++) await take(index % 2 ? one : other);
    expect(admitted).toBeGreaterThanOrEqual(LIMIT);
    expect(admitted).toBeLessThanOrEqual(mayAdmit);
    expect((await one.take(limit, Date.now())).allowed).toBe(false);
    expect((await other.take(limit, Date.now())).allowed).toBe(false);
    // A question has a bound; a busy machine adds to it.
    expect(slowestMs).toBeLessThan(10_000);
    // 100 are stored and 60 held: 50 more do not fit, whichever process asks.
    await expect.poll(async () => (await other.accounts.hold([{ key: 'key:k', maxPicos: 200n }], 50n, true)).held, PATIENCE).toBe(false);
    // Who has no connection for news yet hears of a gap when it has one, and believes nothing that it remembers.
    const heard: string[] = [];
    other.news.hear(
      'keys',
      (message) => void heard.push(message),
      () => void heard.push('gap'),
    );
    await one.news.tell('keys', 'blocked', true);
    await expect.poll(() => heard, PATIENCE).not.toEqual([]);
    await expect
      .poll(async () => {
        await one.news.tell('keys', 'again', true);
        return heard.includes('again');
      }, PATIENCE)
      .toBe(true);
  }

  it('goes on with the replica that Sentinel promotes', async () => {
    const master = keep(await startTestRedis());
    const replica = keep(await startTestRedis([`replicaof 127.0.0.1 ${master.port}`]));
    await expect.poll(() => ask(replica, (client) => client.info('replication')), PATIENCE).toContain('master_link_status:up');
    const watched = [`sentinel monitor main 127.0.0.1 ${master.port} 1`, 'sentinel down-after-milliseconds main 500', 'sentinel failover-timeout main 4000'];
    const sentinel = keep(await startTestRedis(watched, { sentinel: true }));
    await expect.poll(() => ask(sentinel, (client) => client.call('SENTINEL', 'REPLICAS', 'main') as Promise<unknown[]>), PATIENCE).toHaveLength(1);
    const pair = await two(`redis-sentinel://127.0.0.1:${sentinel.port}/main`);
    await failsOver(pair, () => master.kill());
    expect(await ask(replica, (client) => client.info('replication'))).toContain('role:master');
  }, 90_000);

  it('goes on with the replica of the cluster node that died', async () => {
    const cluster = keep(await startTestCluster());
    // Whoever holds the slot of the window dies: the harder half of the nodes.
    const slot = await ask(cluster.nodes[0] as TestRedis, (client) => client.cluster('KEYSLOT', 'k'));
    const lost = cluster.nodes[Math.min(2, Math.floor(slot / 5461))] as TestRedis;
    const replica = keep(await startTestRedis(['cluster-enabled yes', 'cluster-node-timeout 2000']));
    const id = await ask(lost, (client) => client.cluster('MYID'));
    const joining = ['--cluster', 'add-node', `127.0.0.1:${replica.port}`, `127.0.0.1:${lost.port}`, '--cluster-slave', '--cluster-master-id', id];
    expect(spawnSync('redis-cli', joining).status).toBe(0);
    await expect.poll(() => ask(replica, (client) => client.info('replication')), PATIENCE).toContain('master_link_status:up');
    const pair = await two(cluster.url);
    await failsOver(pair, () => lost.kill());
    expect(await ask(replica, (client) => client.info('replication'))).toContain('role:master');
  }, 120_000);

  it('decides alone while a cluster lacks a node that nobody takes over, and together when it is back', async () => {
    const cluster = keep(await startTestCluster());
    const pair = await two(cluster.url);
    const lost = cluster.nodes[1] as TestRedis;
    await failsOver(
      pair,
      async () => {
        await lost.kill();
        await expect
          .poll(async () => {
            await Promise.all(pair.map((one) => one.accounts.hold([{ key: `probe:${Math.random()}`, maxPicos: null }], 1n, false)));
            return pair.map((one) => one.state().away);
          }, PATIENCE)
          .toEqual([true, true]);
        await lost.start();
        // It kept nothing, so the window is forgotten as well.
      },
      3 * LIMIT + 2,
    );
  }, 120_000);
});
