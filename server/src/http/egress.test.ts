// Where requests to addresses that people gave may go.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEgress } from './egress.ts';

let server: Server;
let port: number;
let seen = 0;
beforeAll(async () => {
  server = createServer((request, response) => {
    seen += 1;
    if (request.url === '/moved') return void response.writeHead(302, { location: 'http://127.0.0.1/elsewhere' }).end();
    if (request.url === '/slow') return;
    response.writeHead(200, { 'content-type': 'text/plain' }).end(`got ${request.method}`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const asked = (url: string) => ({ url, headers: {}, body: '{}', timeoutMs: 5_000 });
/** A resolver that leads every name to these addresses. */
const leadingTo =
  (...addresses: string[]) =>
  (_host: string, _options: object, done: (error: null, found: { address: string; family: number }[]) => void) =>
    done(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );

describe('the way out', () => {
  it('refuses what is not public, in every spelling', () => {
    const egress = createEgress({ allow: [] });
    const refused = [
      'http://127.0.0.1/',
      'https://2130706433/',
      'https://0x7f.1/',
      'https://10.1.2.3/',
      'https://169.254.169.254/latest/meta-data',
      'https://[::1]/',
      'https://[::ffff:10.0.0.1]/',
      'https://[fd00::1]/',
      'https://[2002:7f00:1::]/',
      'https://localhost/',
      'https://a.localhost:3000/',
      'http://example.com/',
      'ftp://example.com/',
      'https://user:secret@example.com/',
      'file:///etc/passwd',
      'nonsense',
    ];
    for (const url of refused) expect(() => egress.check(url), url).toThrow(/not allowed/);
    for (const url of ['https://example.com/hook', 'https://8.8.8.8/', 'https://[2606:4700::1111]/']) expect(() => egress.check(url)).not.toThrow();
  });

  it('never lets an address of a private network pass, whatever its digits', () => {
    const egress = createEgress({ allow: [] });
    const octet = fc.integer({ min: 0, max: 255 });
    const first = fc.constantFrom('10', '127', '0', '192.168', '172.16', '169.254', '100.64');
    fc.assert(
      fc.property(first, octet, octet, octet, (network, a, b, c) => {
        const address = [...network.split('.'), a, b, c].slice(0, 4).join('.');
        expect(() => egress.check(`https://${address}/`)).toThrow(/not allowed/);
      }),
    );
  });

  it('looks at the address that it connects to, not at the name', async () => {
    const before = seen;
    const egress = createEgress({ allow: [], lookup: leadingTo('93.184.216.34', '127.0.0.1') as never });
    await expect(egress.request(asked(`https://rebound.example:${port}/`))).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining('127.0.0.1'),
    });
    expect(seen).toBe(before);
    await egress.close();
  });

  it('goes where the operator allows it, by network and by name', async () => {
    const byNetwork = createEgress({ allow: ['127.0.0.0/8'] });
    expect(await byNetwork.request(asked(`http://127.0.0.1:${port}/x`))).toMatchObject({ status: 200, body: 'got POST' });
    const byName = createEgress({ allow: ['hooks.intra'], lookup: leadingTo('127.0.0.1') as never });
    expect(await byName.request(asked(`http://hooks.intra:${port}/x`))).toMatchObject({ status: 200 });
    await Promise.all([byNetwork.close(), byName.close()]);
  });

  it('follows no redirect, and says when nobody answers', async () => {
    const egress = createEgress({ allow: ['127.0.0.1'] });
    expect(await egress.request(asked(`http://127.0.0.1:${port}/moved`))).toMatchObject({ status: 302 });
    await expect(egress.request({ ...asked(`http://127.0.0.1:${port}/slow`), timeoutMs: 50 })).rejects.toMatchObject({ status: 504 });
    await expect(egress.request(asked('http://127.0.0.1:1/'))).rejects.toMatchObject({ status: 502 });
    await egress.close();
  });

  it('goes through the proxy of the operator, which may know more names, but to no address that is known here and not allowed', async () => {
    const asked: string[] = [];
    const proxy = createServer();
    proxy.on('connect', (request, socket) => {
      asked.push(request.url ?? '');
      socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const network = { httpsProxy: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, httpProxy: null, noProxy: ['.direct.example'] };
    const unknown = (_host: string, _options: object, done: (error: Error) => void) => done(new Error('ENOTFOUND'));
    const through = createEgress({ allow: [], network, lookup: unknown as never });
    const inward = createEgress({ allow: [], network, lookup: leadingTo('10.0.0.7') as never });
    const request = { headers: {}, body: '{}', timeoutMs: 5_000 };
    await expect(through.request({ ...request, url: 'https://only-the-proxy-knows.example/x' })).rejects.toMatchObject({ status: 502 });
    expect(asked).toEqual(['only-the-proxy-knows.example:443']);
    await expect(inward.request({ ...request, url: 'https://inside.example/x' })).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining('10.0.0.7'),
    });
    await expect(through.request({ ...request, url: 'https://a.direct.example/x' })).rejects.toMatchObject({ status: 502 });
    await expect(through.request({ ...request, url: 'https://169.254.169.254/x' })).rejects.toMatchObject({ status: 400 });
    expect(asked).toHaveLength(1);
    await Promise.all([through.close(), inward.close()]);
    proxy.closeAllConnections();
    proxy.close();
  });
});
