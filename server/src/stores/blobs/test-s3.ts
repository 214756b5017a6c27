// For tests of any room: an S3-compatible server as a child process on a free port of loopback, and a bucket in it.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import type { S3Options } from './s3.ts';

export interface TestS3 {
  readonly endpoint: string;
  readonly process: ChildProcess;
  /** Credentials as a process's environment has them. */
  readonly environment: Record<string, string>;
  /** Options of a new, empty bucket. */
  bucket(name: string): Promise<S3Options>;
  /** Ends it as a crash would; `start` brings it back with its objects on the same port. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

const CREDENTIALS = { accessKeyId: 'test-access-key', secretAccessKey: 'test-secret-key' };
const REGION = 'ap-northeast-1';
/** scripts/s3-server.sh builds it. */
const PROGRAM = join(import.meta.dirname, '../../../../.cache/go/bin/versitygw');

export function hasS3(): boolean {
  return existsSync(PROGRAM);
}

export async function startTestS3(): Promise<TestS3> {
  const folder = mkdtempSync(join(tmpdir(), 'genai-s3-'));
  const data = join(folder, 'data');
  mkdirSync(data);
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const root = { ROOT_ACCESS_KEY: CREDENTIALS.accessKeyId, ROOT_SECRET_KEY: CREDENTIALS.secretAccessKey };
  const run = (): ChildProcess =>
    spawn(PROGRAM, ['--port', `127.0.0.1:${port}`, '--region', REGION, '--quiet', 'posix', data], { env: { PATH: '', ...root }, stdio: 'ignore' });
  let child = run();
  const client = new S3Client({ endpoint, region: REGION, credentials: CREDENTIALS, forcePathStyle: true, maxAttempts: 1 });
  await until(() => fetch(endpoint).then(() => true));
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await new Promise((resolve) => child.once('exit', resolve));
  };
  return {
    endpoint,
    get process() {
      return child;
    },
    kill,
    async start() {
      child = run();
      await until(() => fetch(endpoint).then(() => true));
    },
    environment: { AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId, AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey, AWS_REGION: REGION },
    async bucket(name) {
      await client.send(new CreateBucketCommand({ Bucket: name }));
      return { bucket: name, prefix: 'genai/', region: REGION, endpoint, publicEndpoint: null, pathStyle: true, credentials: CREDENTIALS };
    },
    async stop() {
      client.destroy();
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await isSo().catch(() => false))) {
    if (Date.now() > deadline) throw new Error('the S3 server for tests did not begin to answer in time');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
