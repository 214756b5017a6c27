// Key formats and hashes.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { displaySecretKey, hashKey, isKeyHash, keyName, matchesHash, mintProjectKeys, mintVirtualKey } from './keys.ts';

describe('keys', () => {
  test('mints virtual keys of sk- and 22 url-safe characters, never twice', () => {
    const minted = Array.from({ length: 500 }, () => mintVirtualKey());
    for (const { key, hash, name } of minted) {
      expect(key).toMatch(/^sk-[A-Za-z0-9_-]{22}$/);
      expect(hash).toBe(hashKey(key));
      expect(name).toBe(`sk-...${key.slice(-4)}`);
    }
    expect(new Set(minted.map(({ key }) => key)).size).toBe(500);
  });

  test('hashes as LiteLLM does, so its keys can be taken over', () => {
    expect(hashKey('sk-1234')).toBe('88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b');
  });

  test('mints project pairs in Langfuse’s form', () => {
    const { publicKey, secretKey } = mintProjectKeys();
    expect(publicKey).toMatch(/^pk-lf-[0-9a-f-]{36}$/);
    expect(secretKey).toMatch(/^sk-lf-[0-9a-f-]{36}$/);
    expect(displaySecretKey(secretKey)).toBe(`sk-lf-...${secretKey.slice(-4)}`);
  });

  test('shows nothing of a key that is too short to hide anything', () => {
    expect(keyName('sk-1234')).toBe('sk-...');
    expect(displaySecretKey('secret')).toBe('...');
  });

  test('compares any text with any hash without throwing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (key, hash) => {
        expect(matchesHash(key, hash)).toBe(false);
        expect(matchesHash(key, hashKey(key))).toBe(true);
        expect(isKeyHash(hashKey(key))).toBe(true);
      }),
    );
  });
});
