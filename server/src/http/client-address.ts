// Who really called: the connection's own address, or what proxies say that were listed (--trusted-proxies). Nobody else's X-Forwarded-For is read.
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { addressList } from '#lib/addresses.ts';
import { AppError } from '#lib/errors.ts';

/** How a process of this machine that passes a request on (forward-to-front.ts) says where it came from. A door of TCP takes it out of what clients send. */
export const PEER_HEADER = 'x-genai-peer-address';

/** A request's client address; null when the connection is gone already. */
export type ClientAddress = (request: Pick<IncomingMessage, 'headers' | 'socket'>) => string | null;

/**
 * @param trustedProxies addresses and networks (CIDR) of the proxies in front.
 * @throws AppError for an entry that is neither.
 */
export function createClientAddress(trustedProxies: readonly string[]): ClientAddress {
  if (trustedProxies.length === 0) return (request) => peerOf(request);
  const isTrusted = listOf(trustedProxies);
  return (request) => {
    const { headers } = request;
    let address = peerOf(request);
    if (address === null) return null;
    // Each proxy adds the address that it was called from at the end: from there to the front as long as a listed one speaks.
    const said = String(headers['x-forwarded-for'] ?? '').split(',');
    for (let entry = said.pop(); entry !== undefined && isTrusted(address); entry = said.pop()) {
      const before = plain(withoutPort(entry.trim()));
      if (before === null || isIP(before) === 0) break;
      address = before;
    }
    return address;
  };
}

/** The same for a request that came to the routes (Hono); null where no connection stands behind it. */
export function createCallerAddress(trustedProxies: readonly string[]): (http: { env: unknown }) => string | null {
  const addressOf = createClientAddress(trustedProxies);
  return ({ env }) => {
    const incoming = (env as { incoming?: IncomingMessage } | undefined)?.incoming;
    return incoming === undefined ? null : addressOf(incoming);
  };
}

/** Whether a request came by way of a listed proxy, so that what it says of the client's side (X-Forwarded-Proto) may be believed. */
export function createProxyCheck(trustedProxies: readonly string[]): (request: Pick<IncomingMessage, 'headers' | 'socket'>) => boolean {
  if (trustedProxies.length === 0) return () => false;
  const isTrusted = listOf(trustedProxies);
  return (request) => {
    const peer = peerOf(request);
    return peer !== null && isIP(peer) !== 0 && isTrusted(peer);
  };
}

/** Who is at the other end of the connection; of one that another process of this machine passed on, at the other end of that one. */
function peerOf({ headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>): string | null {
  const passedOn = headers[PEER_HEADER];
  return plain(typeof passedOn === 'string' ? passedOn : socket.remoteAddress);
}

function listOf(entries: readonly string[]): (address: string) => boolean {
  try {
    return addressList(entries);
  } catch (error) {
    const entry = (error as RangeError).message;
    throw new AppError(`--trusted-proxies: ${entry} is neither an address nor a network; write it like 10.0.0.0/8.`, { status: 500, code: 'bad_setting' });
  }
}

/** An IPv4 address that came over IPv6 is written as IPv4. */
function plain(address: string | undefined): string | null {
  if (address === undefined || address === '') return null;
  return address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
}

/** Some proxies (Azure's Application Gateway) add the port: `203.0.113.7:52314`, `[2001:db8::1]:52314`. */
function withoutPort(entry: string): string {
  return /^\[(.+)\](?::\d+)?$/.exec(entry)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(entry)?.[1] ?? entry;
}
