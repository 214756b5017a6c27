// The cache of keys: bounds, one load for all, changes during a load, the store away.
import { describe, expect, test } from 'vitest';
import { AppError } from '#lib/errors.ts';
import { KeyCache } from './key-cache.ts';

const away = (): AppError => new AppError('away', { status: 503, code: 'no_db_connection' });

describe('KeyCache', () => {
  test('loads once for all who wait', async () => {
    let loads = 0;
    const cache = new KeyCache<string>({ load: async (digest) => `value ${++loads} of ${digest}` });
    const values = await Promise.all(Array.from({ length: 50 }, () => cache.load('a')));
    expect([loads, new Set(values)]).toEqual([1, new Set(['value 1 of a'])]);
    expect(cache.find('a')).toBe('value 1 of a');
  });

  test('keeps the most recently used within its bounds, found and missing', async () => {
    const cache = new KeyCache<string>({ load: async (digest) => (digest.startsWith('no') ? null : digest), maxFound: 3, maxMissing: 2 });
    for (const digest of ['a', 'b', 'c']) await cache.load(digest);
    cache.find('a');
    await cache.load('d');
    expect(['a', 'b', 'c', 'd'].map((digest) => cache.find(digest))).toEqual(['a', undefined, 'c', 'd']);
    for (const digest of ['no1', 'no2', 'no3']) await cache.load(digest);
    expect(['no1', 'no2', 'no3'].map((digest) => cache.find(digest))).toEqual([undefined, null, null]);
  });

  test('believes "no such key" for a short time, and not after it was created', async () => {
    let nowMs = 0;
    const cache = new KeyCache<string>({ load: async () => null, missingForMs: 100, now: () => nowMs });
    await cache.load('a');
    expect(cache.find('a')).toBeNull();
    nowMs = 100;
    expect(cache.find('a')).toBeUndefined();
    await cache.load('a');
    cache.forget('a');
    expect(cache.find('a')).toBeUndefined();
  });

  test('reads again when a key is changed while it is being read', async () => {
    const answers = [Promise.withResolvers<string>(), Promise.withResolvers<string>()];
    let loads = 0;
    const cache = new KeyCache<string>({ load: () => (answers[loads++] as { promise: Promise<string> }).promise });
    const loaded = cache.load('a');
    cache.forget('a');
    answers[0]?.resolve('old');
    answers[1]?.resolve('new');
    expect(await loaded).toBe('new');
    expect(cache.find('a')).toBe('new');
  });

  test('keeps known keys working while the store is away, refuses unknown ones with 503, and asks it at most once a second', async () => {
    let nowMs = 0;
    let isAway = false;
    let loads = 0;
    const cache = new KeyCache<string>({
      load: async (digest) => {
        loads++;
        if (isAway) throw away();
        return digest;
      },
      freshForMs: 10,
      now: () => nowMs,
    });
    await cache.load('known');
    isAway = true;
    nowMs = 20;
    expect(cache.find('known')).toBe('known');
    await cache.load('known');
    for (let n = 0; n < 100; n++) expect(cache.find('known')).toBe('known');
    expect(loads).toBe(2);
    await expect(cache.load('unknown')).rejects.toMatchObject({ status: 503 });
    nowMs = 2_000;
    expect(cache.find('known')).toBe('known');
    await cache.load('known');
    expect(loads).toBe(4);
  });

  test('asks again for an old key without making anybody wait', async () => {
    let nowMs = 0;
    let version = 1;
    const cache = new KeyCache<number>({ load: async () => version, freshForMs: 10, now: () => nowMs });
    await cache.load('a');
    version = 2;
    nowMs = 10;
    expect(cache.find('a')).toBe(1);
    await cache.load('a');
    expect(cache.find('a')).toBe(2);
  });

  test('a key that was changed is not served from memory while the store is away; one that may have been is', async () => {
    let isAway = false;
    const cache = new KeyCache<string>({
      load: async (digest) => {
        if (isAway) throw away();
        return digest;
      },
    });
    await cache.load('changed');
    await cache.load('perhaps');
    isAway = true;
    cache.forget('changed');
    cache.distrustAll();
    await expect(cache.load('changed')).rejects.toMatchObject({ status: 503 });
    expect(cache.find('perhaps')).toBeUndefined();
    expect(await cache.load('perhaps')).toBe('perhaps');
  });

  test('looks up a bounded number of unknown keys at once', async () => {
    const never = new Promise<string>(() => {});
    const cache = new KeyCache<string>({ load: () => never, maxLoads: 2 });
    void cache.load('a');
    void cache.load('b');
    await expect(cache.load('c')).rejects.toMatchObject({ status: 503 });
  });
});
