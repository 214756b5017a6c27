// For tests of any room: real Redis servers as child processes on free ports of loopback, without persistence.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';

export interface TestRedis {
  readonly port: number;
  readonly url: string;
  readonly process: ChildProcess;
  /** Ends it as a crash would; `start` brings an empty one back on the same port. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Whether this machine has redis-server. */
export function hasRedis(): boolean {
  return spawnSync('redis-server', ['--version']).status === 0;
}

/** Starts a server with further lines of redis.conf. */
export async function startTestRedis(lines: readonly string[] = [], options: { port?: number; sentinel?: boolean } = {}): Promise<TestRedis> {
  const port = options.port ?? (await freePort());
  const folder = mkdtempSync(join(tmpdir(), 'genai-redis-'));
  const config = join(folder, 'redis.conf');
  const fixed = [`port ${port}`, 'bind 127.0.0.1', `dir ${folder}`, 'daemonize no'];
  writeFileSync(config, `${[...fixed, ...(options.sentinel ? [] : ['save ""', 'appendonly no']), ...lines].join('\n')}\n`);
  let child = run(config, options.sentinel === true);
  await answers(port);
  const kill = (): Promise<void> => ended(child, 'SIGKILL');
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    get process() {
      return child;
    },
    kill,
    async start() {
      child = run(config, options.sentinel === true);
      await answers(port);
    },
    async stop() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Three masters that share the slots. */
export async function startTestCluster(): Promise<{ url: string; nodes: TestRedis[]; stop(): Promise<void> }> {
  const nodes: TestRedis[] = [];
  for (let index = 0; index < 3; index++) nodes.push(await startTestRedis(['cluster-enabled yes', 'cluster-node-timeout 2000']));
  const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`);
  const made = spawnSync('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-yes']);
  if (made.status !== 0) throw new Error(`redis-cli could not make a cluster: ${made.stdout}${made.stderr}`);
  for (const node of nodes) await until(async () => (await ask(node.port, (client) => client.cluster('INFO'))).includes('cluster_state:ok'));
  return {
    url: `redis-cluster://${addresses.join(',')}`,
    nodes,
    async stop() {
      for (const node of nodes) await node.stop();
    },
  };
}

function run(config: string, sentinel: boolean): ChildProcess {
  return spawn('redis-server', sentinel ? [config, '--sentinel'] : [config], { stdio: 'ignore' });
}

function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill(signal);
  });
}

async function answers(port: number): Promise<void> {
  await until(async () => (await ask(port, (client) => client.ping())) === 'PONG');
}

async function ask<Result>(port: number, question: (client: Redis) => Promise<Result>): Promise<Result> {
  const client = new Redis({ port, host: '127.0.0.1', lazyConnect: true, retryStrategy: null as never, maxRetriesPerRequest: 0 });
  client.on('error', () => {});
  try {
    await client.connect();
    return await question(client);
  } finally {
    client.disconnect();
  }
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await isSo().catch(() => false))) {
    if (Date.now() > deadline) throw new Error('a Redis server for tests did not begin to answer in time');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A free port; a cluster node listens on the one 10000 above it too. */
export async function freePort(): Promise<number> {
  const server = createServer();
  for (;;) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    if (port < 55_000) return port;
  }
}
