// One address -> a Redis client: standalone, cluster or Sentinel, with or without TLS. Commands never wait in a queue for a server that is away.
import { rootCertificates } from 'node:tls';
import { Cluster, Redis } from 'ioredis';
import { AppError } from '#lib/errors.ts';

export type RedisClient = Redis | Cluster;

export interface RedisAddress {
  readonly mode: 'standalone' | 'cluster' | 'sentinel';
  readonly tls: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly hosts: readonly { host: string; port: number }[];
  readonly database: number;
  /** Sentinel only: the name of the monitored master. */
  readonly master: string | undefined;
}

const FORM = /^(rediss?)(?:-(cluster|sentinel))?:\/\/(?:([^@/]*)@)?([^/?#@]+)(?:\/([^/?#]*))?$/;
const DEFAULT_PORTS = { standalone: 6379, cluster: 6379, sentinel: 26379 };

/**
 * Reads `redis://user:password@host:6379/0`, `rediss://…` (TLS), `redis-cluster://host:port,host:port` and `redis-sentinel://host:port,host:port/master`.
 * Null when the text is none of these. User and password are percent-encoded.
 */
export function parseRedisUrl(url: string): RedisAddress | null {
  const match = FORM.exec(url);
  if (match === null) return null;
  const [, scheme, kind, credentials, hostList, path] = match;
  const mode = (kind ?? 'standalone') as RedisAddress['mode'];
  const hosts = (hostList ?? '').split(',').map((text) => hostOf(text, DEFAULT_PORTS[mode]));
  const database = mode === 'standalone' && path ? Number(path) : 0;
  const [username, password] = credentialsOf(credentials);
  if (hosts.some((host) => host === null) || (mode === 'standalone' && hosts.length > 1) || !Number.isInteger(database) || database < 0) return null;
  if (username === null || password === null || (mode === 'sentinel' && !path)) return null;
  const known = hosts as { host: string; port: number }[];
  return { mode, tls: scheme === 'rediss', username, password, hosts: known, database, master: mode === 'sentinel' ? path : undefined };
}

function hostOf(text: string, defaultPort: number): { host: string; port: number } | null {
  const match = /^(\[[0-9a-f:.]+\]|[^:[\]\s]+)(?::(\d{1,5}))?$/i.exec(text);
  if (match === null) return null;
  const port = Number(match[2] ?? defaultPort);
  return port > 0 && port < 65_536 ? { host: (match[1] as string).replace(/^\[|\]$/g, ''), port } : null;
}

function credentialsOf(text: string | undefined): [string | undefined | null, string | undefined | null] {
  if (text === undefined) return [undefined, undefined];
  const colon = text.indexOf(':');
  const decode = (part: string): string | undefined | null => {
    try {
      return part === '' ? undefined : decodeURIComponent(part);
    } catch {
      return null;
    }
  };
  return colon < 0 ? [decode(text), undefined] : [decode(text.slice(0, colon)), decode(text.slice(colon + 1))];
}

const MAX_RECONNECT_MS = 1_000;
const CONNECT_TIMEOUT_MS = 3_000;

export interface ConnectOptions {
  /** Longest wait for a command. */
  timeoutMs: number;
  /** Longest wait for the first answer. */
  patienceMs: number;
  /** PEM texts of authorities that are trusted in addition. */
  authorities: readonly string[];
}

/** A client that is connected. @throws AppError when the address is none, or nobody answers there within `patienceMs`. */
export async function connectRedis(url: string, options: ConnectOptions): Promise<RedisClient> {
  const address = parseRedisUrl(url);
  if (address === null) {
    throw new AppError('the address of Redis must be like redis://host:6379, redis-cluster://host:6379,host:6379 or redis-sentinel://host:26379/master', {
      status: 400,
      code: 'invalid_setting',
    });
  }
  const client = clientOf(address, options);
  // Every command tells of its own failure.
  client.on('error', () => {});
  const late = new Promise<never>((_, reject) => setTimeout(() => reject(new Error('no answer')), options.patienceMs).unref());
  try {
    await Promise.race([client.connect().then(() => client.ping()), late]);
    return client;
  } catch (cause) {
    client.disconnect();
    const where = address.hosts.map(({ host, port }) => `${host}:${port}`).join(', ');
    const message = `Redis at ${where} does not answer (${(cause as Error).message}): start it, or correct GENAI_REDIS_URL`;
    throw new AppError(message, { status: 503, code: 'coordination_away', retryAfterSeconds: 2, cause });
  }
}

function clientOf(address: RedisAddress, { timeoutMs, authorities }: ConnectOptions): RedisClient {
  const tls = authorities.length === 0 ? {} : { ca: [...rootCertificates, ...authorities] };
  const backOff = (times: number): number => Math.min(times * 50, MAX_RECONNECT_MS);
  const node = {
    maxRetriesPerRequest: 0,
    commandTimeout: timeoutMs,
    connectTimeout: CONNECT_TIMEOUT_MS,
    keepAlive: 5_000,
    retryStrategy: backOff,
    ...(address.username === undefined ? {} : { username: address.username }),
    ...(address.password === undefined ? {} : { password: address.password }),
    ...(address.tls ? { tls } : {}),
  };
  const first = address.hosts[0] as { host: string; port: number };
  const common = { ...node, lazyConnect: true, enableOfflineQueue: false, enableAutoPipelining: true };
  if (address.mode === 'standalone') return new Redis({ ...common, ...first, db: address.database });
  if (address.mode === 'sentinel') {
    return new Redis({
      ...common,
      sentinels: [...address.hosts],
      name: address.master as string,
      sentinelRetryStrategy: backOff,
      ...(address.tls ? { enableTLSForSentinelMode: true, sentinelTLS: tls } : {}),
    });
  }
  const { retryStrategy: _, ...redisOptions } = node;
  return new Cluster([...address.hosts], {
    lazyConnect: true,
    enableOfflineQueue: false,
    enableAutoPipelining: true,
    clusterRetryStrategy: backOff,
    redisOptions,
  });
}
