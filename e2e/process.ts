// Starts the real platform (`./genai start`) on free ports in a temporary folder, as a user would, and stops it by its process id.
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** What `<data>/keys.json` holds after a first start. */
export interface FirstKeys {
  masterKey: string;
  virtualKey: string;
  publicKey: string;
  secretKey: string;
  email: string;
  password: string;
}

export interface Platform {
  gatewayUrl: string;
  observeUrl: string;
  otlpGrpcUrl: string;
  dataDir: string;
  folder: string;
  pid: number;
  keys: FirstKeys;
  /** Everything printed so far. */
  output(): string;
  /** Resolves with the exit code when the process ends by itself. */
  exited: Promise<number | null>;
  /** SIGTERM and wait. Returns the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL of the front only, as a crash would. */
  crash(): Promise<void>;
}

export interface PlatformOptions {
  /** Reuse a folder of an earlier start (restart tests); made and removed by the caller. */
  folder?: string;
  config?: string;
  environment?: Record<string, string>;
  flags?: string[];
  readyTimeoutMs?: number;
}

/** A port of loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** A temporary folder that the platform's data and config live in. */
export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'genai-e2e-'));
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}

/** Starts the platform and waits until it is ready. @throws with everything it printed when it ends or is not ready in time. */
export async function startPlatform(options: PlatformOptions = {}): Promise<Platform> {
  const folder = options.folder ?? temporaryFolder();
  const dataDir = join(folder, 'data');
  const [port, observePort, grpcPort] = [await freePort(), await freePort(), await freePort()];
  const ports = ['--port', String(port), '--observe-port', String(observePort), '--otlp-grpc-port', String(grpcPort)];
  const flags = ['--data-dir', dataDir, ...ports, ...(options.flags ?? [])];
  if (options.config !== undefined) {
    writeFileSync(join(folder, 'config.yaml'), options.config);
    flags.push('--config', join(folder, 'config.yaml'));
  }
  const child = spawn(join(root, 'genai'), ['start', ...flags], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', LANG: 'C.UTF-8', ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout?.on('data', (chunk) => (output += chunk));
  child.stderr?.on('data', (chunk) => (output += chunk));
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const gatewayUrl = `http://127.0.0.1:${port}`;
  const observeUrl = `http://127.0.0.1:${observePort}`;
  await waitUntilReady({ child, gatewayUrl, timeoutMs: options.readyTimeoutMs ?? 120_000, output: () => output });

  return {
    gatewayUrl,
    observeUrl,
    otlpGrpcUrl: `http://127.0.0.1:${grpcPort}`,
    dataDir,
    folder,
    pid: child.pid as number,
    keys: readKeys(dataDir),
    output: () => output,
    exited,
    async stop() {
      await noteServedRoutes(gatewayUrl);
      child.kill('SIGTERM');
      const code = await exited;
      if (options.folder === undefined) removeFolder(folder);
      return code;
    },
    async crash() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** For docs/compat (GENAI_SERVED_ROUTES names a file): which routes had a good answer in this process's life. */
async function noteServedRoutes(gatewayUrl: string): Promise<void> {
  const path = process.env.GENAI_SERVED_ROUTES;
  if (path === undefined) return;
  const text = await fetch(`${gatewayUrl}/metrics`).then(
    (response) => response.text(),
    () => '',
  );
  const routes = [...text.matchAll(/^genai_http_requests_total\{method="(\w+)",route="([^"]+)",status="2xx"\}/gm)].map(
    ([, method, route]) => `${method} ${route}`,
  );
  const calls = [...text.matchAll(/^genai_gateway_calls_total\{endpoint="([^"]+)",model="[^"]*",status="(?:101|2\d\d)"\}/gm)].map(
    ([, endpoint]) => `call ${endpoint}`,
  );
  if (routes.length + calls.length > 0) appendFileSync(path, `${[...new Set([...routes, ...calls])].join('\n')}\n`);
}

function readKeys(dataDir: string): FirstKeys {
  try {
    return JSON.parse(readFileSync(join(dataDir, 'keys.json'), 'utf8')) as FirstKeys;
  } catch {
    return { masterKey: '', virtualKey: '', publicKey: '', secretKey: '', email: '', password: '' };
  }
}

async function waitUntilReady(options: { child: ChildProcess; gatewayUrl: string; timeoutMs: number; output: () => string }): Promise<void> {
  const deadline = Date.now() + options.timeoutMs;
  while (Date.now() < deadline) {
    if (options.child.exitCode !== null) throw new Error(`the platform ended with ${options.child.exitCode}:\n${options.output()}`);
    const ready = await fetch(`${options.gatewayUrl}/health/readiness`).then(
      (response) => response.ok,
      () => false,
    );
    if (ready) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  options.child.kill('SIGKILL');
  throw new Error(`the platform was not ready after ${options.timeoutMs} ms:\n${options.output()}`);
}

/** Polls until `probe` gives something, or fails saying what was awaited. */
export async function eventually<Value>(what: string, probe: () => Promise<Value | null | undefined | false>, timeoutMs = 10_000): Promise<Value> {
  const deadline = Date.now() + timeoutMs;
  let lastError: unknown;
  while (Date.now() < deadline) {
    try {
      const value = await probe();
      if (value !== null && value !== undefined && value !== false) return value;
    } catch (error) {
      lastError = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`not within ${timeoutMs} ms: ${what}`, { cause: lastError });
}
