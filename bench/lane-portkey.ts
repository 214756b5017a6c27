// The Portkey lane: installed at run time into a cache folder, with the pins that streaming needs (a plain install answers every stream with 500).
import { execFile } from 'node:child_process';
import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort, startServer } from './child.ts';
import type { Lane, LanePlace } from './lane.ts';

const VERSION = '1.15.2';
const MANIFEST = {
  private: true,
  dependencies: { '@portkey-ai/gateway': VERSION },
  overrides: { '@hono/node-server': '1.13.5', hono: '4.9.7' },
};
const CACHE = fileURLToPath(new URL(`../node_modules/.cache/genai-bench/portkey-${VERSION}`, import.meta.url));

/** @throws Error when it cannot be installed or started. */
export async function startPortkey(place: LanePlace): Promise<Lane> {
  const script = join(CACHE, 'node_modules/@portkey-ai/gateway/build/start-server.js');
  if (!(await exists(script))) {
    await mkdir(CACHE, { recursive: true });
    await writeFile(join(CACHE, 'package.json'), JSON.stringify(MANIFEST));
    await promisify(execFile)('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: CACHE, timeout: 120_000 });
  }
  const port = await freePort();
  const child = await startServer(
    {
      command: process.execPath,
      args: [script, `--port=${port}`, '--headless'],
      env: { NODE_ENV: 'production' },
      cwd: CACHE,
      logPath: join(place.folder, 'portkey.log'),
    },
    { port, path: '/', timeoutMs: 30_000 },
  );
  return {
    name: 'portkey',
    child,
    worksOn: false,
    target: {
      port,
      path: '/v1/chat/completions',
      headers: { authorization: 'Bearer sk-bench', 'x-portkey-provider': 'openai', 'x-portkey-custom-host': `http://127.0.0.1:${place.mockPort}/v1` },
    },
  };
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
