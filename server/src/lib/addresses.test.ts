import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressList, isAddressOrNetwork } from './addresses.ts';

describe('a list of addresses', () => {
  it('knows addresses and networks of both versions', () => {
    const has = addressList(['10.0.0.0/8', '203.0.113.7', '2001:db8::/32']);
    expect(['10.1.2.3', '203.0.113.7', '2001:db8::1'].every(has)).toBe(true);
    expect(['11.1.2.3', '203.0.113.8', '2001:db9::1'].some(has)).toBe(false);
  });
  it('takes no text for an address that is none', () => {
    for (const entry of ['', 'localhost', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/-1', '::/129', '10.0.0']) expect(isAddressOrNetwork(entry), entry).toBe(false);
    fc.assert(
      fc.property(fc.string(), (entry) => {
        expect(typeof isAddressOrNetwork(entry)).toBe('boolean');
      }),
    );
    fc.assert(
      fc.property(fc.ipV4(), (entry) => {
        expect(addressList([entry])(entry)).toBe(true);
      }),
    );
  });
});
