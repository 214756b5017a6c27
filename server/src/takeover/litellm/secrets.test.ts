import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openSecret, sealSecret } from './secrets.ts';

/** Written by litellm 1.104.2 (encrypt_decrypt_utils.py) with the salt key `sk-salt-1`; the third by Python's cryptography from the form's definition. */
const WRITTEN = {
  nacl: 'wsQvglf0TUNnqvCPBrUdCAHYrtennDyn1QOhFisAUN6301DvAUx5ATX1GQtxyagxAXePBfppJFQOgg==',
  v2: 'v2:gcm:r4hQkkMc3nM2MiVo5GLOCK3Tt6WcMhHRS3BvUHNFNwVUTv-uooSqLiYJeR4ECg==',
  v3: 'v3:gcm:gFa-C1lamLXWLeB-jtDBVMLdH8zM-YGH9PWtgw5hrBvMfQsqN3wAJIaQqokSOQ==',
} as const;

describe('secrets of a LiteLLM database', () => {
  it.each(Object.entries(WRITTEN))('are opened in the form %s', (form, sealed) => {
    expect(openSecret(sealed, ['sk-wrong', 'sk-salt-1'])).toEqual({ text: 'sk-upstream-日本', form, candidate: 1 });
    expect(openSecret(sealed, ['sk-wrong'])).toBeNull();
    expect(openSecret(sealed, [])).toBeNull();
  });
  it('come back as they were sealed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (text, saltKey) => {
        const sealed = sealSecret(text, saltKey);
        expect(sealed).toMatch(/^[\w-]+={0,2}$/);
        expect(openSecret(sealed, [saltKey])?.text).toBe(text);
        expect(openSecret(sealed, [`${saltKey}x`])).toBeNull();
      }),
      { numRuns: 50 },
    );
  });
  it('that are none of the forms, or were changed, are null and never an error', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(openSecret(text, ['a'])).toBeNull();
      }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...Object.values(WRITTEN)), fc.nat(20), (sealed, at) => {
        const index = 10 + at;
        const changed = `${sealed.slice(0, index)}${sealed[index] === 'A' ? 'B' : 'A'}${sealed.slice(index + 1)}`;
        expect(openSecret(changed, ['sk-salt-1'])).toBeNull();
      }),
    );
  });
});
