// Coordination on real Redis servers: the conformance on a single server, over TLS, on a cluster and behind Sentinel.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { coordinationConformance } from './conformance.ts';
import { openRedisCoordination, type RedisOptions } from './redis.ts';
import { freePort, hasRedis, startTestCluster, startTestRedis, type TestRedis } from './test-redis.ts';

const here = hasRedis();
if (!here && (process.env.GENAI_REQUIRE ?? '').split(',').includes('redis')) throw new Error('redis is required here: install redis-server');
if (!here) console.info('skipped: the suites on Redis (redis-server is not installed on this machine)');

const stops: (() => Promise<void>)[] = [];
let standalone = '';
let cluster = '';
let sentinel = '';
let encrypted = '';
let authority = '';

beforeAll(async () => {
  if (!here) return;
  const server = await startTestRedis();
  const shards = await startTestCluster();
  stops.push(
    () => server.stop(),
    () => shards.stop(),
  );
  standalone = server.url;
  cluster = shards.url;
  sentinel = await startSentinel(server);
  encrypted = await startEncrypted();
}, 60_000);

afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
});

async function startSentinel(master: TestRedis): Promise<string> {
  const watcher = await startTestRedis([`sentinel monitor main 127.0.0.1 ${master.port} 1`], { sentinel: true });
  stops.push(() => watcher.stop());
  return `redis-sentinel://127.0.0.1:${watcher.port}/main`;
}

async function startEncrypted(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'genai-tls-'));
  stops.push(async () => rmSync(folder, { recursive: true, force: true }));
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-keyout', key, '-out', certificate, ...subject],
    { stdio: 'ignore' },
  );
  authority = readFileSync(certificate, 'utf8');
  const tlsPort = await freePort();
  const tls = [`tls-port ${tlsPort}`, `tls-cert-file ${certificate}`, `tls-key-file ${key}`, `tls-ca-cert-file ${certificate}`, 'tls-auth-clients no'];
  const server = await startTestRedis([...tls, 'user worker on >p@ss/word ~* &* +@all']);
  stops.push(() => server.stop());
  return `rediss://worker:${encodeURIComponent('p@ss/word')}@127.0.0.1:${tlsPort}/3`;
}

const open = (url: string, stored: ReadonlyMap<string, bigint>, options: Partial<RedisOptions> = {}) =>
  openRedisCoordination({
    url,
    prefix: `t-${randomBytes(6).toString('hex')}:`,
    storedSpend: async (key) => stored.get(key) ?? 0n,
    whenAway: 'alone',
    redisClock: false,
    timeoutMs: 2_000,
    ...(url === encrypted ? { authorities: [authority] } : {}),
    ...options,
  });

describe.skipIf(!here)('on real servers', () => {
  for (const [name, url] of [
    ['Redis', () => standalone],
    ['a Redis cluster', () => cluster],
    ['Redis behind Sentinel', () => sentinel],
    ['Redis over TLS with a password', () => encrypted],
  ] as const) {
    coordinationConformance(name, async (stored) => ({ coordination: await open(url(), stored), remove: async () => {} }));
  }

  it('says what to do when nobody answers', async () => {
    await expect(open('redis://127.0.0.1:1', new Map())).rejects.toMatchObject({ message: expect.stringContaining('GENAI_REDIS_URL') });
    await expect(open('http://x', new Map())).rejects.toMatchObject({ status: 400 });
  });
});
