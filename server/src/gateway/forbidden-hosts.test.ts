// Addresses that are never called, in every spelling and behind every name.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { guardedLookup, refuseForbiddenHost } from './forbidden-hosts.ts';

const refused = (origin: string) => () => refuseForbiddenHost(new URL(origin).origin);

describe('a metadata service', () => {
  it.each([
    'http://169.254.169.254',
    'http://2852039166',
    'http://0xa9fea9fe',
    'http://0251.0376.0251.0376',
    'http://169.254.43518',
    'http://[::ffff:169.254.169.254]',
    'http://[::ffff:a9fe:a9fe]',
    'http://[fd00:ec2::254]',
    'http://[fe80::1]',
    'http://169.254.170.2',
    'http://168.63.129.16',
    'http://100.100.100.200',
    'http://metadata.google.internal',
    'http://METADATA.google.internal.',
    'http://metadata',
    'http://instance-data.ec2.internal',
  ])('is no upstream: %s', (origin) => expect(refused(origin)).toThrow(/metadata service/));

  it('whatever the last two numbers are', () => {
    const octet = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(octet, octet, (c, d) => {
        expect(refused(`http://169.254.${c}.${d}:8080`)).toThrow(/metadata service/);
      }),
    );
  });

  it('leaves private addresses, loopback and names that look alike to whoever serves models there', () => {
    for (const origin of ['http://127.0.0.1:11434', 'http://10.0.0.7', 'http://[::1]', 'https://api.openai.com', 'https://metadata.example.com'])
      expect(refused(origin)).not.toThrow();
  });

  it('is not reached through a name either, and the connection goes to the address that was looked at', async () => {
    const resolver = (addresses: string[]) => (_host: string, _options: object, done: (error: null, found: object[]) => void) =>
      done(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
    const look = (addresses: string[], all: boolean) =>
      new Promise((resolve, reject) =>
        guardedLookup(resolver(addresses) as never)('rebound.example', { all }, (error, found) => (error === null ? resolve(found) : reject(error))),
      );
    await expect(look(['93.184.216.34', '169.254.169.254'], true)).rejects.toThrow(/rebound.example/);
    expect(await look(['93.184.216.34', '10.0.0.1'], false)).toBe('93.184.216.34');
  });
});
