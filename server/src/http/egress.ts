// The one way out to addresses that people gave: where a request may go, pinned at the moment of the connection. Redirects are not followed.
import { lookup as systemLookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { Agent, type Dispatcher, ProxyAgent, request as send, fetch as undiciFetch } from 'undici';
import { AppError } from '#lib/errors.ts';
import type { Settings } from '#settings/settings.ts';
import { proxyFor } from './proxy-for.ts';

export interface EgressRequest {
  url: string;
  method?: 'GET' | 'POST';
  headers: Readonly<Record<string, string>>;
  body?: string;
  /** From the connection to the last byte of the answer. */
  timeoutMs: number;
  signal?: AbortSignal;
}

export interface EgressAnswer {
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  /** At most MAX_ANSWER_BYTES; what is longer is cut. */
  body: string;
}

export interface Egress {
  /** Whether an address may be stored. @throws AppError 400 that says why not. A name is looked up only when it is connected to. */
  check(url: string): void;
  /** @throws AppError 400 for an address that is not allowed, 502 when nobody answers, 504 when it takes too long. */
  request(asked: EgressRequest): Promise<EgressAnswer>;
  /** `fetch` for a library that speaks a protocol of its own: guarded in the same way, redirects refused. An answer, or an event of a stream, over MAX_ANSWER_BYTES ends with an error. */
  fetch(url: string | URL, init?: RequestInit): Promise<Response>;
  close(): Promise<void>;
}

export interface EgressOptions {
  /** Hosts, addresses and networks (CIDR) that may be reached although they are not public. */
  allow: readonly string[];
  lookup?: typeof systemLookup;
  /** HTTP(S)_PROXY and NO_PROXY; absent = straight out. */
  network?: Pick<Settings['network'], 'httpsProxy' | 'httpProxy' | 'noProxy'>;
}

const MAX_ANSWER_BYTES = 4 << 20;
const CONNECT_TIMEOUT_MS = 10_000;

/** Makes the way out. `allow` is what the operator trusts: everything else must be a public address. */
export function createEgress({ allow, lookup = systemLookup, network }: EgressOptions): Egress {
  const trusted = trust(allow);
  const proxies = new Map<string, ProxyAgent>();
  const guarded = guardedLookup(trusted, lookup);
  const agent = new Agent({ connect: { timeout: CONNECT_TIMEOUT_MS, lookup: guarded }, connections: 32, keepAliveTimeout: 10_000 });
  /** A proxy looks names up itself, so nothing can be pinned here: what this machine knows of the name must be allowed, and the rest is the proxy's to decide. */
  const wayTo = async (target: URL): Promise<Dispatcher> => {
    const proxy = network === undefined ? null : proxyFor(target.origin, network);
    if (proxy === null) return agent;
    await allowedAsFarAsKnown(target.hostname, guarded);
    const known = proxies.get(proxy) ?? new ProxyAgent({ uri: proxy, connectTimeout: CONNECT_TIMEOUT_MS, keepAliveTimeout: 10_000 });
    proxies.set(proxy, known);
    return known;
  };
  return {
    check: (url) => void checked(url, trusted),
    async request({ url, method = 'POST', headers, body, timeoutMs, signal }) {
      const target = checked(url, trusted);
      const timeout = AbortSignal.timeout(timeoutMs);
      try {
        const answer = await send(target, {
          method,
          headers,
          dispatcher: await wayTo(target),
          signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
          ...(body === undefined ? {} : { body }),
        });
        return { status: answer.statusCode, headers: answer.headers, body: await bounded(answer.body) };
      } catch (error) {
        throw explained(error, { host: target.host, timeoutMs, timedOut: timeout.aborted });
      }
    },
    async fetch(url, init = {}) {
      const target = checked(String(url), trusted);
      try {
        const answer = await undiciFetch(target, { ...(init as object), redirect: 'error', dispatcher: await wayTo(target) });
        return limited(answer as unknown as Response);
      } catch (error) {
        if (init.signal?.aborted) throw error;
        throw explained(error, { host: target.host, timeoutMs: 0, timedOut: false });
      }
    },
    close: async () => void (await Promise.all([agent.destroy(), ...[...proxies.values()].map((proxy) => proxy.destroy())])),
  };
}

interface Trust {
  hosts: ReadonlySet<string>;
  networks: BlockList;
}

function trust(allow: readonly string[]): Trust {
  const hosts = new Set<string>();
  const networks = new BlockList();
  for (const entry of allow) {
    const [address = ''] = entry.split('/');
    if (isIP(address) === 0) hosts.add(entry.toLowerCase());
    else addNetwork(networks, entry);
  }
  return { hosts, networks };
}

function addNetwork(networks: BlockList, entry: string): void {
  const [address = '', prefix] = entry.split('/');
  const [family, longest] = isIP(address) === 4 ? (['ipv4', 32] as const) : (['ipv6', 128] as const);
  const bits = Number(prefix ?? longest);
  if (!Number.isInteger(bits) || bits < 0 || bits > longest)
    throw new AppError(`--egress-allow: ${entry} is no network; write it like 10.0.0.0/8.`, { status: 500, code: 'bad_setting' });
  networks.addSubnet(address, bits, family);
}

/** Loopback, private, link-local (the clouds' metadata), shared, documentation, multicast and reserved networks. */
const NOT_PUBLIC = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const)
  NOT_PUBLIC.addSubnet(network, prefix, 'ipv4');
/** Of IPv6 only 2000::/3 is public, without the ranges that carry an IPv4 address or are for documents. */
const PUBLIC_V6 = new BlockList();
PUBLIC_V6.addSubnet('2000::', 3, 'ipv6');
const NOT_PUBLIC_V6 = new BlockList();
for (const [network, prefix] of [
  ['2001::', 32],
  ['2001:db8::', 32],
  ['2002::', 16],
] as const)
  NOT_PUBLIC_V6.addSubnet(network, prefix, 'ipv6');

function isPublic(address: string): boolean {
  if (isIP(address) === 4) return !NOT_PUBLIC.check(address, 'ipv4');
  return PUBLIC_V6.check(address, 'ipv6') && !NOT_PUBLIC_V6.check(address, 'ipv6');
}

function isAllowed(address: string, { networks }: Trust): boolean {
  return isPublic(address) || networks.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6');
}

function refusal(why: string): AppError {
  return new AppError(`The address is not allowed: ${why}`, { status: 400, code: 'InvalidRequestError', param: 'url' });
}

const OPERATOR = 'An operator may allow it with --egress-allow.';

function checked(text: string, trusted: Trust): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) throw refusal('write it as https://host/path.');
  if (url.username !== '' || url.password !== '') throw refusal('leave out the name and password before the @.');
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  if (trusted.hosts.has(host)) return url;
  if (isIP(host) !== 0) {
    if (!isAllowed(host, trusted)) throw refusal(`${host} is not a public address. ${OPERATOR}`);
  } else if (host === 'localhost' || host.endsWith('.localhost')) throw refusal(`${host} is this machine. ${OPERATOR}`);
  else if (url.protocol === 'http:') throw refusal(`use https:// for ${host}. ${OPERATOR}`);
  return url;
}

/** Every address of a name must be allowed, and the connection goes to one of those that were looked at: a name cannot change between check and use. */
function guardedLookup(trusted: Trust, lookup: typeof systemLookup): LookupFunction {
  return (hostname, options, done) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return done(error, '', 0);
      const refused = trusted.hosts.has(hostname.toLowerCase()) ? undefined : addresses.find(({ address }) => !isAllowed(address, trusted));
      if (refused !== undefined) return done(refusal(`${hostname} leads to ${refused.address}, which is not a public address. ${OPERATOR}`), '', 0);
      const [first] = addresses;
      if (options.all) done(null, addresses);
      else done(null, first?.address ?? '', first?.family ?? 0);
    });
  };
}

/** @throws AppError 400 when the name leads to an address that is not allowed; a name that only the proxy knows passes. */
function allowedAsFarAsKnown(hostname: string, lookup: LookupFunction): Promise<void> {
  const host = hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    lookup(host, { all: true }, (error) => (error instanceof AppError ? reject(error) : resolve()));
  });
}

async function bounded(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.byteLength;
    if (bytes >= MAX_ANSWER_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, MAX_ANSWER_BYTES).toString('utf8');
}

/** The same answer, that breaks when more arrives than anybody should have to hold: in all, or since the last blank line of an event stream. */
function limited(answer: Response): Response {
  if (answer.body === null) return answer;
  const streams = (answer.headers.get('content-type') ?? '').startsWith('text/event-stream');
  let bytes = 0;
  const counting = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      const end = streams ? endOfEvent(chunk) : -1;
      bytes = end < 0 ? bytes + chunk.byteLength : chunk.byteLength - end;
      if (bytes > MAX_ANSWER_BYTES)
        controller.error(new AppError(`The answer is larger than ${MAX_ANSWER_BYTES >> 20} MiB.`, { status: 502, code: 'upstream_answer_too_large' }));
      else controller.enqueue(chunk);
    },
  });
  return new Response(answer.body.pipeThrough(counting), { status: answer.status, statusText: answer.statusText, headers: answer.headers });
}

/** Where the last blank line of a chunk stands; -1 without one. An end of an event that two chunks share is missed: then the next one counts for it. */
function endOfEvent(chunk: Uint8Array): number {
  const text = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  return Math.max(text.lastIndexOf('\n\n'), text.lastIndexOf('\r\n\r\n'));
}

function explained(error: unknown, { host, timeoutMs, timedOut }: { host: string; timeoutMs: number; timedOut: boolean }): unknown {
  const cause = error instanceof Error && error.cause instanceof AppError ? error.cause : error;
  if (cause instanceof AppError) return cause;
  if (timedOut) return new AppError(`${host} did not answer within ${timeoutMs / 1000} s.`, { status: 504, code: 'upstream_timeout', retryable: true });
  const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
  return new AppError(`${host} cannot be reached (${reason}).`, { status: 502, code: 'upstream_unreachable', retryable: true, cause: error });
}
