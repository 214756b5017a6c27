// Which addresses of Redis are understood; no text makes the parser throw.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseRedisUrl } from './redis-connect.ts';

it('reads every form of address', () => {
  const plain = { tls: false, username: undefined, password: undefined, database: 0, master: undefined };
  expect(parseRedisUrl('redis://cache')).toEqual({ ...plain, mode: 'standalone', hosts: [{ host: 'cache', port: 6379 }] });
  expect(parseRedisUrl('rediss://user:p%40ss%2F@[::1]:7000/3')).toEqual({
    ...plain,
    mode: 'standalone',
    tls: true,
    username: 'user',
    password: 'p@ss/',
    hosts: [{ host: '::1', port: 7000 }],
    database: 3,
  });
  expect(parseRedisUrl('rediss-cluster://:secret@a:1,b:2')).toMatchObject({ mode: 'cluster', tls: true, username: undefined, password: 'secret' });
  expect(parseRedisUrl('redis-sentinel://a,b:2/main')).toMatchObject({ mode: 'sentinel', hosts: [{ host: 'a', port: 26_379 }, { port: 2 }], master: 'main' });
});

it('refuses what is none', () => {
  for (const url of [
    '',
    'http://a',
    'redis://',
    'redis://a,b',
    'redis://a:0',
    'redis://a:99999',
    'redis://a/x',
    'redis-sentinel://a',
    'redis://u:%@a',
    'redis://a b',
  ]) {
    expect(parseRedisUrl(url), url).toBe(null);
  }
});

it('throws at no text', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string().map((text) => `redis://${text}`),
      ),
      (text) => parseRedisUrl(text) === null || true,
    ),
  );
});
