// What a governed call costs and how many go through with 1, 2 and 4 gateways apart (PostgreSQL, Redis, S3), and with 1 and 2 processes for calls on one machine (--workers). CPU by process, from /proc.
// ./scripts/node bench/processes.ts --seconds 4
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { call } from '../e2e/client.ts';
import { startCluster } from '../e2e/cluster.ts';
import { startPostgresServer } from '../e2e/postgres-server.ts';
import { eventually, freePort, removeFolder, temporaryFolder } from '../e2e/process.ts';
import { chatBody } from './bodies.ts';
import { startMock } from './lanes.ts';
import { forSeconds, type LoadResult, requestBytes, runLoad, runRate, type Target } from './load.ts';
import { machineFacts, treeOf } from './process-tree.ts';
import { fixed } from './report.ts';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '4' }, rate: { type: 'string', default: '200' }, callers: { type: 'string', default: '32' } },
});
const [seconds, rate, callers] = [Number(values.seconds), Number(values.rate), Number(values.callers)];
const print = (line: string): void => void process.stdout.write(`${line}\n`);
const MASTER = 'sk-bench-master-key-0123456789';

/** Roots of what is measured, by the name of their column. */
type Parts = Record<string, number>;

const mock = await startMock();
const config = `model_list:
  - model_name: bench
    litellm_params: { model: openai/gpt-4o-mini, api_base: "http://127.0.0.1:${mock.announcement.port}/v1", api_key: sk, input_cost_per_token: 0.00000015, output_cost_per_token: 0.0000006 }
`;
const machine = machineFacts();
print(`${machine.cpuModel}, ${machine.cores} cores, Node ${machine.node}; CPU us a call`);
print('| shape | load | gateways | PostgreSQL | Redis | S3 | all | calls/s | p50 / p99 ms | failed | load average |');
print('| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |');
try {
  for (const count of [1, 2, 4]) await apart(count);
  for (const count of [1, 2]) await workers(count);
} finally {
  await mock.stop();
}

async function apart(count: number): Promise<void> {
  const postgres = await startPostgresServer();
  const cluster = await startCluster(config, { gateway: count, observe: 0, worker: 0 }, { recordsUrl: postgres.url });
  try {
    const key = await governedKey(cluster.gatewayUrl, cluster.masterKey);
    const parts: Parts = { postgres: postgres.pid(), redis: cluster.redis.process.pid as number, s3: cluster.s3.process.pid as number };
    const gateways = cluster.of('gateway');
    for (const [index, { child }] of gateways.entries()) parts[`gateway-${index}`] = child.pid as number;
    await measure(
      `${count} apart`,
      gateways.map(({ port }) => port),
      key,
      parts,
    );
  } finally {
    await cluster.close();
    await postgres.stop();
  }
}

async function workers(count: number): Promise<void> {
  const folder = temporaryFolder();
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'config.yaml'), config);
  const port = await freePort();
  const args = ['start', '--role', 'gateway', '--workers', String(count), '--port', String(port), '--data-dir', join(folder, 'data')];
  const child = spawn(join(import.meta.dirname, '..', 'genai'), [...args, '--config', join(folder, 'config.yaml')], {
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', LITELLM_MASTER_KEY: MASTER },
    stdio: 'ignore',
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const url = `http://127.0.0.1:${port}`;
  try {
    await eventually('the gateway', async () => (await fetch(`${url}/health/readiness`)).ok, 120_000);
    await measure(`--workers ${count}`, [port], await governedKey(url, MASTER), { 'gateway-0': child.pid as number });
  } finally {
    child.kill('SIGTERM');
    await ended;
    removeFolder(folder);
  }
}

async function governedKey(url: string, master: string): Promise<string> {
  const body = { models: ['bench'], max_budget: 1_000_000, rpm_limit: 1e9, tpm_limit: 1e12, max_parallel_requests: 10_000 };
  return (await call(`${url}/key/generate`, { key: master, body })).body.key as unknown as string;
}

/** CPU of each part; of an embedded PostgreSQL apart from the process that started it. */
function cpuOf(parts: Parts): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [name, pid] of Object.entries(parts)) {
    for (const { name: command, cpuUs } of treeOf(pid).processes) {
      const isPostgres = /(^|\/)postgres[ :]/.test(command);
      const part = isPostgres ? 'postgres' : (name.split('-')[0] as string);
      sums[part] = (sums[part] ?? 0) + cpuUs;
    }
  }
  return sums;
}

async function measure(shape: string, ports: readonly number[], key: string, parts: Parts): Promise<void> {
  const target = (port: number): Target => ({ port, path: '/v1/chat/completions', headers: { authorization: `Bearer ${key}` } });
  const body = chatBody(1024);
  const on = async (run: (to: Target, request: Buffer) => Promise<LoadResult>): Promise<LoadResult[]> =>
    await Promise.all(ports.map((port) => run(target(port), requestBytes(target(port), body))));
  const each = Math.max(1, Math.round(callers / ports.length));
  await on((to, request) => runLoad(to, request, each, (successes) => successes >= 2_000 / ports.length));
  const loads: [string, () => Promise<LoadResult[]>][] = [
    [`${callers} callers`, () => on((to, request) => runLoad(to, request, each, forSeconds(seconds)))],
    [`${rate}/s`, () => on((to, request) => runRate(to, request, rate / ports.length, forSeconds(seconds)))],
  ];
  for (const [name, run] of loads) {
    const before = cpuOf(parts);
    const results = await run();
    // What is written after the last answer belongs to the calls.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const after = cpuOf(parts);
    const calls = results.reduce((sum, { successes }) => sum + successes, 0);
    const failed = results.reduce((sum, { failures }) => sum + failures, 0);
    const times = results.flatMap(({ latenciesMs }) => latenciesMs).sort((one, other) => one - other);
    const at = (share: number): string => fixed(times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0, 1);
    const us = (part: string): number => ((after[part] ?? 0) - (before[part] ?? 0)) / calls;
    const columns = ['gateway', 'postgres', 'redis', 's3'].map(us);
    const all = columns.reduce((sum, value) => sum + value, 0);
    const elapsedMs = Math.max(...results.map((result) => result.elapsedMs));
    const cells = [...columns.map((value) => fixed(value, 0)), fixed(all, 0), fixed(calls / (elapsedMs / 1000), 0), `${at(0.5)} / ${at(0.99)}`, String(failed)];
    print(`| ${shape} | ${name} | ${cells.join(' | ')} | ${machineFacts().loadAverage.split(' ')[0]} |`);
  }
}
