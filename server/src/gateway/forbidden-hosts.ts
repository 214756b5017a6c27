// Addresses that no deployment may have, whoever configures it: the metadata services of clouds, which hand out credentials to whoever asks from inside.
// Private addresses and loopback stay allowed: models are served there.
import { lookup as systemLookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { AppError } from '#lib/errors.ts';

const FORBIDDEN = new BlockList();
// Link-local (AWS, Azure, Google, Oracle), Azure's wire server, Alibaba, Oracle's classic one; AWS and link-local by IPv6.
FORBIDDEN.addSubnet('169.254.0.0', 16, 'ipv4');
for (const address of ['168.63.129.16', '100.100.100.200', '192.0.0.192']) FORBIDDEN.addAddress(address, 'ipv4');
FORBIDDEN.addSubnet('fd00:ec2::', 32, 'ipv6');
FORBIDDEN.addSubnet('fe80::', 10, 'ipv6');
const FORBIDDEN_NAMES = /^(?:metadata|metadata\.google\.internal|metadata\.goog|instance-data(?:\.ec2\.internal)?)\.?$/i;

/** @throws AppError when the origin names such an address. Odd spellings (0x.., one number, mapped IPv6) are what the URL parser makes of them. */
export function refuseForbiddenHost(origin: string): void {
  const host = new URL(origin).hostname.replace(/^\[|\]$/g, '');
  if (FORBIDDEN_NAMES.test(host) || isForbidden(host)) throw forbidden(host);
}

/** A lookup for connections: a name that leads to such an address is refused, and the connection goes to the address that was looked at. */
export function guardedLookup(lookup: typeof systemLookup = systemLookup): LookupFunction {
  return (hostname, options, done) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return done(error, '', 0);
      if (addresses.some(({ address }) => isForbidden(address))) return done(forbidden(hostname), '', 0);
      const [first] = addresses;
      if (options.all) done(null, addresses);
      else done(null, first?.address ?? '', first?.family ?? 0);
    });
  };
}

function isForbidden(address: string): boolean {
  const version = isIP(address);
  return version !== 0 && FORBIDDEN.check(address, version === 4 ? 'ipv4' : 'ipv6');
}

function forbidden(host: string): AppError {
  const message = `api_base names ${host}, a metadata service or link-local address: no model is served there, and it is never called.`;
  return new AppError(message, { status: 400, code: 'bad_request_error', param: 'api_base' });
}
