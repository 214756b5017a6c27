// Two processes that share Redis, and Redis that stops, dies, loses everything or is unreachable: stated bounds, one answer for every question, never a hang.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Coordination, Hold } from './port.ts';
import { openRedisCoordination, type RedisOptions } from './redis.ts';
import { hasRedis, startTestRedis, type TestRedis } from './test-redis.ts';

const MINUTE = 60_000;

describe.skipIf(!hasRedis())('processes that share Redis', () => {
  let server: TestRedis;
  const opened: Coordination[] = [];
  const stored = new Map<string, bigint>();
  let prefix = '';

  beforeAll(async () => {
    server = await startTestRedis();
  });
  afterAll(() => server.stop());

  const open = async (options: Partial<RedisOptions> = {}): Promise<Coordination> => {
    const storedSpend = async (key: string): Promise<bigint> => stored.get(key) ?? 0n;
    const coordination = await openRedisCoordination({ url: server.url, prefix, storedSpend, whenAway: 'alone', timeoutMs: 250, beatMs: 200, ...options });
    opened.push(coordination);
    return coordination;
  };
  const two = async (options: Partial<RedisOptions> = {}): Promise<[Coordination, Coordination]> => {
    const pair: [Coordination, Coordination] = [await open(options), await open(options)];
    await expect.poll(() => pair.map((one) => one.state().processes)).toEqual([2, 2]);
    return pair;
  };
  /** Every test begins with an empty platform and ends with a server that answers. */
  const isolated = (work: () => Promise<void>) => async (): Promise<void> => {
    prefix = `t-${randomBytes(6).toString('hex')}:`;
    stored.clear();
    try {
      await work();
    } finally {
      server.process.kill('SIGCONT');
      if (server.process.signalCode !== null) await server.start();
      for (const one of opened.splice(0)) await one.close();
    }
  };
  const rate = (key: string, max: number) => [{ key: `rpm:{${key}}`, windowMs: MINUTE * 60 * 24, max, cost: 1 }];
  const budget = (key: string, maxPicos: bigint) => [{ key: `key:${key}`, maxPicos }];
  const held = async (one: Coordination, key: string, max: bigint, picos: bigint): Promise<Hold | null> => {
    const answer = await one.accounts.hold(budget(key, max), picos, true);
    return answer.held ? answer.hold : null;
  };
  const millis = async (work: () => unknown): Promise<number> => {
    const startedAt = performance.now();
    await work();
    return performance.now() - startedAt;
  };

  it(
    'take from the same windows, places and accounts',
    isolated(async () => {
      const [one, other] = await two();
      const taken = await Promise.all(Array.from({ length: 40 }, (_, index) => (index % 2 ? one : other).take(rate('k', 9), Date.now())));
      expect(taken.filter(({ allowed }) => allowed)).toHaveLength(9);
      const entered = await Promise.all(
        Array.from({ length: 20 }, (_, index) => (index % 2 ? one : other).enter('parallel:{k}', 3, `h${index}`, MINUTE, Date.now())),
      );
      expect(entered.filter(Boolean)).toHaveLength(3);
      const holds = await Promise.all(Array.from({ length: 40 }, (_, index) => held(index % 2 ? one : other, 'k', 50n, 10n)));
      expect(holds.filter((hold) => hold !== null)).toHaveLength(5);
      const mine = holds.find((hold) => hold !== null);
      await (holds.indexOf(mine as Hold) % 2 ? one : other).accounts.settle(mine as Hold, 4n);
      expect(await held(other, 'k', 50n, 6n)).not.toBe(null);
      expect(await held(other, 'k', 50n, 1n)).toBe(null);
    }),
  );

  it(
    'hear of news before its teller goes on',
    isolated(async () => {
      const [one, other] = await two();
      for (let round = 0; round < 50; round++) {
        let heard = '';
        const stop = other.news.hear('keys', (message) => (heard = message));
        await one.news.tell('keys', `key-${round}`, true);
        expect(heard).toBe(`key-${round}`);
        stop();
      }
    }),
  );

  it(
    'make what a silent process held spent, and take that back when it speaks again',
    isolated(async () => {
      const options = { leaseMs: 600, beatMs: 60_000 };
      const [one, other] = [await open(options), await open(options)];
      const hold = (await held(one, 'k', 100n, 80n)) as Hold;
      expect(await held(other, 'k', 100n, 30n)).toBe(null);
      await new Promise((resolve) => setTimeout(resolve, 700));
      expect(await held(other, 'k', 100n, 30n)).toBe(null);
      expect(other.accounts.spentPicos('key:k')).toBe(80n);
      await one.accounts.settle(hold, 5n);
      expect(one.accounts.spentPicos('key:k')).toBe(5n);
      expect(await held(other, 'k', 100n, 90n)).not.toBe(null);
    }),
  );

  for (const [what, lose, restore] of [
    ['is stopped', async () => void server.process.kill('SIGSTOP'), async () => void server.process.kill('SIGCONT')],
    ['dies and comes back empty', () => server.kill(), () => server.start()],
  ] as const) {
    it(
      `decide alone within their shares while Redis ${what}, and together again afterwards`,
      isolated(async () => {
        const [one, other] = await two();
        expect((await one.take(rate('k', 10), Date.now())).allowed).toBe(true);
        const before = (await held(one, 'k', 1_000n, 100n)) as Hold;
        stored.set('key:k', 0n);
        await lose();
        // Whoever meets the outage waits for one bound, everybody else not at all.
        expect(await millis(() => Promise.all([one.take(rate('k', 10), Date.now()), other.take(rate('k', 10), Date.now())]))).toBeLessThan(5_000);
        await expect.poll(() => [one.state().away, other.state().away], { timeout: 5_000 }).toEqual([true, true]);
        expect(await millis(() => one.take(rate('k', 10), Date.now()))).toBeLessThan(100);
        let allowed = 0;
        for (let index = 0; index < 20; index++) for (const each of [one, other]) if ((await each.take(rate('k', 10), Date.now())).allowed) allowed++;
        expect(allowed).toBeGreaterThanOrEqual(6);
        expect(allowed).toBeLessThanOrEqual(10);
        const alone = await Promise.all(Array.from({ length: 40 }, (_, index) => held(index % 2 ? one : other, 'k', 1_000n, 50n)));
        const open = alone.flatMap((hold, index) => (hold === null ? [] : [{ hold, from: index % 2 ? one : other }]));
        // 100 are held already and known to one of them: the shares of what was left are never more than the budget.
        expect(open.length * 50).toBeGreaterThanOrEqual(800);
        expect(open.length * 50).toBeLessThanOrEqual(1_000);
        for (const { hold, from } of open) await from.accounts.settle(hold, 50n);
        await one.accounts.settle(before, 30n);
        stored.set('key:k', BigInt(open.length) * 50n + 30n);
        await restore();
        await expect.poll(() => [one.state().away, other.state().away], { timeout: 15_000 }).toEqual([false, false]);
        expect(await held(other, 'k', BigInt(open.length) * 50n + 30n, 1n)).toBe(null);
        expect(await held(other, 'k', BigInt(open.length) * 50n + 31n, 1n)).not.toBe(null);
      }),
    );
  }

  it(
    'tell listeners that news may have been missed',
    isolated(async () => {
      const [one] = await two();
      let gaps = 0;
      one.news.hear(
        'keys',
        () => {},
        () => gaps++,
      );
      await server.kill();
      await expect.poll(() => gaps, { timeout: 5_000 }).toBeGreaterThan(0);
      // Nobody hears, nobody hangs.
      expect(await millis(() => one.news.tell('keys', 'x', true))).toBeLessThan(5_000);
    }),
  );

  it(
    'refuse what has a limit while Redis is away when the setting says so, and let the rest go on',
    isolated(async () => {
      const one = await open({ whenAway: 'refuse' });
      await server.kill();
      await expect(one.take(rate('k', 10), Date.now())).rejects.toMatchObject({ status: 503, code: 'coordination_away', retryAfterSeconds: 2 });
      await expect(one.accounts.hold(budget('k', 10n), 1n, false)).rejects.toMatchObject({ status: 503 });
      await expect(one.enter('p', 1, 'h', MINUTE, Date.now())).rejects.toMatchObject({ status: 503 });
      expect((await one.accounts.hold([{ key: 'key:k', maxPicos: null }], 1n, false)).held).toBe(true);
      await one.leave('p', 'h');
      await one.add('tpm:{k}', MINUTE, 5, Date.now());
    }),
  );

  it(
    'count in the time of Redis, whatever their own clocks say',
    isolated(async () => {
      const [one, other] = await two();
      const wrong = Date.now();
      const windows = [{ key: 'rpm:{k}', windowMs: 3_600_000, max: 1, cost: 1 }];
      const first = await one.take(windows, wrong);
      const second = await other.take(windows, wrong);
      expect([first.allowed, second.allowed]).toEqual([true, false]);
      expect(first.resetAtMs).toBe(second.resetAtMs);
    }),
  );
});
