// The same-origin guard.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isSameOrigin } from './same-origin.ts';

test('lets safe methods pass and unsafe ones only with the origin of their own host', () => {
  const post = (origin: string | null, host: string | null): boolean => isSameOrigin({ method: 'POST', origin, host });
  expect(isSameOrigin({ method: 'GET', origin: 'https://evil.example', host: 'a' })).toBe(true);
  expect(post('http://localhost:3000', 'localhost:3000')).toBe(true);
  expect(post('https://Genai.Example', 'genai.example:443')).toBe(true);
  expect(post('http://[::1]:3000', '[::1]:3000')).toBe(true);
  for (const [origin, host] of [
    ['http://localhost:3001', 'localhost:3000'],
    ['http://localhost.evil.example', 'localhost'],
    ['http://user@localhost', 'localhost@evil.example'],
    ['file://localhost', 'localhost'],
    ['null', 'null'],
    ['', ''],
    ['http://a', 'a/b'],
  ]) {
    expect(post(origin as string, host as string)).toBe(false);
  }
  expect(post(null, 'a')).toBe(false);
  expect(post('http://a', null)).toBe(false);
});

test('never throws, whatever the headers hold', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (origin, host) => {
      expect(typeof isSameOrigin({ method: 'POST', origin: `http://${origin}`, host })).toBe('boolean');
    }),
  );
});
