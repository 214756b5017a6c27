// Counters that one process holds for others of its machine: the conformance on both ends of the socket, and what a process leaves that dies.
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { coordinationConformance } from './conformance.ts';
import type { Coordination } from './port.ts';
import { openSocketCoordination } from './socket-client.ts';
import { openCoordinationHost } from './socket-host.ts';

const none: ReadonlyMap<string, bigint> = new Map();

async function open(stored: ReadonlyMap<string, bigint> = none, newsPatienceMs = 5_000) {
  const folder = mkdtempSync(join(tmpdir(), 'genai-socket-'));
  const path = join(folder, 'limits.sock');
  const host = await openCoordinationHost({ path, storedSpend: async (account) => stored.get(account) ?? 0n, newsPatienceMs });
  return { host, path, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

coordinationConformance('the holder of the counters', async (stored) => {
  const { host, remove } = await open(stored);
  return { coordination: host, remove: async () => remove() };
});

coordinationConformance('a socket to the holder of the counters', async (stored) => {
  const { host, path, remove } = await open(stored);
  const client = await openSocketCoordination({ path, onLost: () => {} });
  // The conformance asks for one process that is alone; here the holder is the second.
  const coordination = new Proxy(client, { get: (target, name) => (name === 'state' ? () => ({ ...target.state(), processes: 1 }) : bound(target, name)) });
  return {
    coordination,
    async remove() {
      await host.close();
      remove();
    },
  };
});

function bound(target: Coordination, name: string | symbol): unknown {
  const value = Reflect.get(target, name) as unknown;
  return typeof value === 'function' ? value.bind(target) : value;
}

describe('several processes on one holder of counters', () => {
  it('share windows, places and accounts, and each knows how many they are', async () => {
    const { host, path, remove } = await open(new Map([['k', 5n]]));
    const [one, two] = [await openSocketCoordination({ path, onLost: () => {} }), await openSocketCoordination({ path, onLost: () => {} })];
    const limit = [{ key: 'k', windowMs: 1_000, max: 2, cost: 1 }];
    const taken = [await one.take(limit, 0), await two.take(limit, 0), await host.take(limit, 0)];
    expect(taken.map(({ allowed }) => allowed)).toEqual([true, true, false]);
    expect(await one.accounts.hold([{ key: 'k', maxPicos: 10n }], 5n, true)).toMatchObject({ held: true });
    expect(await two.accounts.hold([{ key: 'k', maxPicos: 10n }], 1n, true)).toEqual({ held: false, refusedBy: 0, spentPicos: 5n });
    await expect.poll(() => [one.state().processes, two.state().processes, host.state().processes]).toEqual([3, 3, 3]);
    await Promise.all([one.close(), two.close()]);
    await host.close();
    remove();
  });

  it('free the places of a process that dies, and count what it held as spent', async () => {
    const { host, path, remove } = await open();
    let lost = 0;
    const dying = await openSocketCoordination({ path, onLost: () => lost++ });
    expect(await dying.enter('p', 1, 'call', 60_000, 0)).toBe(true);
    await dying.accounts.hold([{ key: 'k', maxPicos: 100n }], 30n, true);
    expect(host.enter('p', 1, 'other', 60_000, 0)).toBe(false);
    await dying.close();
    await expect.poll(() => host.enter('p', 1, 'other', 60_000, 0)).toBe(true);
    expect(host.accounts.spentPicos('k')).toBe(30n);
    expect(lost).toBe(0);
    await host.close();
    remove();
  });

  it('lose one that does not act on news, so that nobody waits for it for ever', async () => {
    const { host, path, remove } = await open(none, 150);
    const deaf = connect(path);
    const cut = new Promise((resolve) => deaf.resume().once('close', resolve));
    await expect.poll(() => host.state().processes).toBe(2);
    await host.news.tell('keys', 'blocked', true);
    await cut;
    expect(host.state().processes).toBe(1);
    await host.close();
    remove();
  });

  it('know at once when the holder is gone, and refuse from then on', async () => {
    const { host, path, remove } = await open();
    const events: string[] = [];
    const client = await openSocketCoordination({ path, onLost: () => events.push('lost') });
    client.news.hear(
      'keys',
      () => {},
      () => events.push('gap'),
    );
    const hanging = client.values.get('k');
    await hanging;
    await host.close();
    await expect.poll(() => events).toEqual(['gap', 'lost']);
    await expect(client.take([], 0)).rejects.toMatchObject({ status: 503, code: 'coordination_away' });
    expect(client.state().away).toBe(true);
    await client.close();
    await expect(openSocketCoordination({ path, onLost: () => {} })).rejects.toMatchObject({ code: 'coordination_away' });
    remove();
  });
});
