// Whose word counts about who called.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createClientAddress, createProxyCheck } from './client-address.ts';

const request = (remoteAddress: string | undefined, forwarded?: string) =>
  ({ headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }, socket: { remoteAddress } }) as never;

describe('the client address', () => {
  it('is the connection’s when no proxy is listed, whatever headers say', () => {
    const addressOf = createClientAddress([]);
    expect(addressOf(request('198.51.100.9', '203.0.113.7'))).toBe('198.51.100.9');
    expect(addressOf(request('::ffff:198.51.100.9'))).toBe('198.51.100.9');
    expect(addressOf(request(undefined, '203.0.113.7'))).toBeNull();
  });

  it('is what listed proxies say, from the last to the first that is not listed', () => {
    const addressOf = createClientAddress(['10.0.0.0/8', '2001:db8::/32']);
    expect(addressOf(request('10.1.2.3', '203.0.113.7'))).toBe('203.0.113.7');
    expect(addressOf(request('::ffff:10.1.2.3', '6.6.6.6, 203.0.113.7:51234, 10.9.9.9'))).toBe('203.0.113.7');
    expect(addressOf(request('2001:db8::5', '[2001:db9::1]:443'))).toBe('2001:db9::1');
    expect(addressOf(request('10.1.2.3', '10.4.4.4'))).toBe('10.4.4.4');
    expect(addressOf(request('10.1.2.3'))).toBe('10.1.2.3');
    expect(addressOf(request('10.1.2.3', 'unknown'))).toBe('10.1.2.3');
    // Not listed: what it says is nobody's word.
    expect(addressOf(request('198.51.100.9', '203.0.113.7'))).toBe('198.51.100.9');
  });

  it('never throws, and without a listed proxy never listens', () => {
    const [open, strict] = [createClientAddress(['127.0.0.1']), createClientAddress(['10.0.0.0/8'])];
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(open(request('127.0.0.1', text))).not.toBe('');
        expect(strict(request('127.0.0.1', text))).toBe('127.0.0.1');
      }),
    );
  });

  it('refuses a list that is none', () => {
    for (const entry of ['proxy.example', '10.0.0.0/33', '10.0.0/8', '']) expect(() => createClientAddress([entry]), entry).toThrow(/--trusted-proxies/);
  });

  it('knows a listed proxy by the connection, or by what a process of this machine passes on', () => {
    const check = createProxyCheck(['10.0.0.0/8', '::1']);
    const from = (remoteAddress: string | undefined, headers = {}) => check({ headers, socket: { remoteAddress } } as never);
    expect([from('10.1.2.3'), from('::ffff:10.1.2.3'), from('::1'), from('11.0.0.1'), from(undefined)]).toEqual([true, true, true, false, false]);
    expect(from(undefined, { 'x-genai-peer-address': '10.0.0.9' })).toBe(true);
    expect(createProxyCheck([])({ headers: {}, socket: { remoteAddress: '10.0.0.1' } } as never)).toBe(false);
  });
});
