// Starts the platform apart: gateways, observe processes and workers as processes of their own on PostgreSQL, Redis, S3 and ClickHouse, behind haproxy.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { hasS3, startTestS3, type TestS3 } from '../server/src/stores/blobs/test-s3.ts';
import { hasRedis, startTestRedis, type TestRedis } from '../server/src/stores/coordination/test-redis.ts';
import { type Link, openLink } from './link.ts';
import { need } from './needs.ts';
import { eventually, freePort, removeFolder, temporaryFolder } from './process.ts';

export type Role = 'gateway' | 'observe' | 'worker';

export interface Member {
  readonly role: Role;
  readonly url: string;
  readonly port: number;
  readonly folder: string;
  /** Its ways to the stores, when the cluster was started with links. */
  readonly links: Partial<Record<Store, Link>>;
  child: ChildProcess;
  output: string;
}

/** A process that may be killed and started again on its port. */
export interface Restartable {
  readonly process: ChildProcess;
  kill(): Promise<void>;
  start(): Promise<void>;
}

export type Store = 'postgres' | 'redis' | 's3' | 'clickhouse';

export interface ClusterOptions {
  /** Base64; default one of its own. */
  instanceSecret?: string;
  /** Runs when the stores are there and empty, before the first process, with what every process is given. */
  before?(given: { environment: Record<string, string>; flags: string[] }): Promise<void>;
  /** Every process reaches every store by a way of its own that can be cut. */
  links?: boolean;
  /** Further flags of processes of a role. */
  flags?: Partial<Record<Role, readonly string[]>>;
  /** What is odd about a single process: its surroundings, where its data lies. */
  odd?(role: Role, index: number): { environment?: Record<string, string>; dataDir?: string } | null;
  /** Instead of a database of its own on the server of GENAI_TEST_RECORDS_URL. */
  recordsUrl?: string;
}

export interface Cluster {
  /** haproxy's doors. */
  readonly gatewayUrl: string;
  readonly observeUrl: string;
  readonly members: Member[];
  readonly proxy: Restartable;
  readonly redis: TestRedis;
  readonly s3: TestS3;
  readonly clickhouse: Restartable;
  readonly masterKey: string;
  /** Public and secret key of the first project. */
  readonly basic: [string, string];
  of(role: Role): Member[];
  /** Starts a member that ended, in its folder and on its port. */
  start(member: Member): Promise<void>;
  /** SIGTERM and wait. @returns the exit code. */
  stop(member: Member): Promise<number | null>;
  kill(member: Member): Promise<void>;
  /** What every process is given. */
  readonly environment: Record<string, string>;
  readonly flags: string[];
  sql(statement: string): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

const root = join(import.meta.dirname, '..');
const MASTER_KEY = 'sk-master-of-the-cluster-01';
const BASIC: [string, string] = ['pk-lf-cluster', 'sk-lf-cluster-secret'];

/** Whether this machine has everything; says what is missing. @throws where GENAI_REQUIRE names it. */
export function clusterIsPossible(): boolean {
  const required = (process.env.GENAI_REQUIRE ?? '').split(',');
  const missing = [
    ['postgres', process.env.GENAI_TEST_RECORDS_URL !== undefined],
    ['redis', hasRedis()],
    ['s3', hasS3()],
    ['haproxy', need('haproxy') !== null],
  ].flatMap(([name, isThere]) => (isThere ? [] : [name as string]));
  for (const name of missing) if (required.includes(name)) throw new Error(`${name} is required here and is missing`);
  if (missing.length > 0) console.info(`skipped: the platform in roles apart (missing: ${missing.join(', ')})`);
  return missing.length === 0;
}

export async function startCluster(config: string, sizes: Record<Role, number>, options: ClusterOptions = {}): Promise<Cluster> {
  const folder = temporaryFolder();
  const database = `genai_cluster_${process.pid}_${Date.now() % 100_000}`;
  const admin = options.recordsUrl ?? (process.env.GENAI_TEST_RECORDS_URL as string);
  const recordsUrl = Object.assign(new URL(admin), { pathname: `/${database}` }).toString();
  await query(admin, `CREATE DATABASE ${database}`);
  const [redis, s3] = [await startTestRedis(), await startTestS3()];
  await s3.bucket('genai-cluster');
  const clickhouse = await startClickhouse(join(folder, 'clickhouse'));
  writeFileSync(join(folder, 'config.yaml'), config);
  const stores: Record<Store, string> = { postgres: recordsUrl, redis: redis.url, s3: s3.endpoint, clickhouse: clickhouse.url };
  const environment = {
    ...s3.environment,
    LITELLM_MASTER_KEY: MASTER_KEY,
    GENAI_INSTANCE_SECRET: options.instanceSecret ?? Buffer.alloc(32, 7).toString('base64'),
    LANGFUSE_INIT_PROJECT_PUBLIC_KEY: BASIC[0],
    LANGFUSE_INIT_PROJECT_SECRET_KEY: BASIC[1],
    GENAI_RECORDS_URL: recordsUrl,
    GENAI_REDIS_URL: redis.url,
    GENAI_S3_ENDPOINT: s3.endpoint,
    CLICKHOUSE_URL: clickhouse.url,
    CLICKHOUSE_USER: clickhouse.user,
    CLICKHOUSE_PASSWORD: clickhouse.password,
  };
  const flags = ['--config', join(folder, 'config.yaml'), '--journal', 's3', '--blobs-url', 's3://genai-cluster/genai', '--drain-delay', '2'];

  await options.before?.({ environment, flags });
  const members: Member[] = [];
  const launch = async (member: Member): Promise<void> => {
    const portFlag = member.role === 'observe' ? '--observe-port' : '--port';
    const own = options.flags?.[member.role] ?? [];
    const odd = options.odd?.(member.role, members.filter(({ role }) => role === member.role).indexOf(member)) ?? null;
    const args = ['start', '--role', member.role, '--data-dir', odd?.dataDir ?? join(member.folder, 'data'), portFlag, String(member.port), ...flags, ...own];
    const by = (store: Store): string => through(stores[store], member.links[store]);
    // As a cluster's configuration has it: the service in front of the gateways; here the first of them.
    const gateway = member.role === 'gateway' ? undefined : members.find(({ role }) => role === 'gateway')?.url;
    const addresses = {
      ...(gateway === undefined ? {} : { GENAI_GATEWAY_URL: gateway }),
      GENAI_RECORDS_URL: by('postgres'),
      GENAI_REDIS_URL: by('redis'),
      GENAI_S3_ENDPOINT: by('s3'),
      CLICKHOUSE_URL: by('clickhouse'),
    };
    member.child = spawn(join(root, 'genai'), args, {
      cwd: member.folder,
      env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', LANG: 'C.UTF-8', ...environment, ...addresses, ...odd?.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [member.child.stdout, member.child.stderr]) stream?.on('data', (chunk) => (member.output += chunk));
    await eventually(
      `${member.role} to be ready`,
      async () => {
        if (member.child.exitCode !== null) return true;
        // Bounded: on a port that somebody else took in between, a stranger may accept and never answer.
        return (await fetch(`${member.url}/health/readiness`, { signal: AbortSignal.timeout(5_000) })).ok;
      },
      120_000,
    );
    if (member.child.exitCode !== null) throw new Error(`${member.role} ended with ${member.child.exitCode}:\n${member.output}`);
  };
  for (const role of ['gateway', 'observe', 'worker'] as const) {
    for (let index = 0; index < sizes[role]; index++) {
      const port = await freePort();
      const links = options.links ? await linksTo(stores) : {};
      const member = { role, port, url: `http://127.0.0.1:${port}`, folder: temporaryFolder(), links, output: '' } as unknown as Member;
      members.push(member);
      await launch(member).catch(async (error: unknown) => {
        // The port was free a moment ago, and other tests look for ports too.
        if (member.child.exitCode === null) throw error;
        const port = await freePort();
        Object.assign(member, { port, url: `http://127.0.0.1:${port}` });
        await launch(member);
      });
    }
  }
  const proxy = await startProxy(folder, members);
  const ended = async (member: Member, signal: NodeJS.Signals): Promise<number | null> => {
    if (member.child.exitCode !== null || member.child.signalCode !== null) return member.child.exitCode;
    member.child.kill(signal);
    const [code] = (await once(member.child, 'exit')) as [number | null];
    return code;
  };
  return {
    gatewayUrl: proxy.gatewayUrl,
    observeUrl: proxy.observeUrl,
    members,
    proxy: proxy.process,
    redis,
    s3,
    clickhouse: clickhouse.process,
    masterKey: MASTER_KEY,
    basic: BASIC,
    environment,
    flags,
    of: (role) => members.filter((member) => member.role === role),
    start: launch,
    stop: (member) => ended(member, 'SIGTERM'),
    async kill(member) {
      await ended(member, 'SIGKILL');
    },
    sql: (statement) => query(recordsUrl, statement),
    async close() {
      await Promise.all(members.map((member) => ended(member, 'SIGTERM')));
      await proxy.process.kill();
      clickhouse.process.process.stdin?.end();
      await redis.stop();
      await s3.stop();
      await query(admin, `DROP DATABASE ${database} WITH (FORCE)`);
      for (const member of members) {
        for (const link of Object.values(member.links)) await link.close();
        removeFolder(member.folder);
      }
      removeFolder(folder);
    },
  };
}

async function linksTo(stores: Record<Store, string>): Promise<Record<Store, Link>> {
  const links: Partial<Record<Store, Link>> = {};
  for (const [store, url] of Object.entries(stores)) {
    const { hostname, port } = new URL(url);
    links[store as Store] = await openLink({ host: hostname, port: Number(port) });
  }
  return links as Record<Store, Link>;
}

/** The store's address by way of a link. */
function through(url: string, link: Link | undefined): string {
  return link === undefined ? url : url.replace(/:\d+(?=\/|$)/, `:${link.port}`);
}

async function query(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query(statement);
  await client.end();
  return rows as Record<string, unknown>[];
}

interface ClickhouseAddress {
  url: string;
  user: string;
  password: string;
}

async function startClickhouse(folder: string): Promise<ClickhouseAddress & { process: Restartable }> {
  let port = '0';
  let child: ChildProcess;
  const run = async (): Promise<ClickhouseAddress> => {
    child = spawn(process.execPath, [join(import.meta.dirname, 'clickhouse-http.ts'), folder, port], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, UV_THREADPOOL_SIZE: '16' },
    });
    const [line] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
    return JSON.parse(String(line)) as ClickhouseAddress;
  };
  const address = await run();
  port = new URL(address.url).port;
  return {
    ...address,
    process: restartable(
      () => child,
      async () => void (await run()),
    ),
  };
}

function restartable(now: () => ChildProcess, start: () => Promise<void>): Restartable {
  return {
    get process() {
      return now();
    },
    async kill() {
      const child = now();
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
    start,
  };
}

/** One balancer for both doors: it asks every process five times a second whether it is ready, and tries a refused connection at another one. */
async function startProxy(folder: string, members: readonly Member[]): Promise<{ process: Restartable; gatewayUrl: string; observeUrl: string }> {
  const [gatewayPort, observePort] = [await freePort(), await freePort()];
  const servers = (role: Role) =>
    members.flatMap(({ role: other, port }, index) => (other === role ? [`  server m${index} 127.0.0.1:${port} check inter 200ms fall 1 rise 1`] : []));
  const section = (role: Role, port: number) => [
    `listen ${role}`,
    `  bind 127.0.0.1:${port}`,
    '  option httpchk',
    '  http-check send meth GET uri /health/readiness ver HTTP/1.1 hdr Host genai',
    '  option redispatch',
    '  retries 3',
    '  retry-on conn-failure empty-response',
    ...servers(role),
  ];
  const used = (role: Role, port: number): string[] => (members.some((member) => member.role === role) ? section(role, port) : []);
  const defaults = ['defaults', '  mode http', '  timeout connect 2s', '  timeout client 120s', '  timeout server 120s', '  timeout check 1s'];
  writeFileSync(join(folder, 'haproxy.cfg'), `${[...defaults, ...used('gateway', gatewayPort), ...used('observe', observePort)].join('\n')}\n`);
  const run = (): ChildProcess => spawn(need('haproxy') as string, ['-f', join(folder, 'haproxy.cfg')], { stdio: 'ignore' });
  let child = run();
  const proxy = restartable(
    () => child,
    async () => {
      child = run();
    },
  );
  const [gatewayUrl, observeUrl] = [`http://127.0.0.1:${gatewayPort}`, `http://127.0.0.1:${observePort}`];
  for (const [role, url] of [
    ['gateway', gatewayUrl],
    ['observe', observeUrl],
  ] as const) {
    if (members.some((member) => member.role === role)) await eventually('haproxy', async () => (await fetch(`${url}/health/readiness`)).ok);
  }
  return { process: proxy, gatewayUrl, observeUrl };
}
