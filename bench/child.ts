// Child processes of the bench: started, awaited until they answer, and ended by their own id together with everything they started.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { treeOf } from './process-tree.ts';

export interface Child {
  readonly pid: number;
  /** Ends the process (SIGTERM, after `patienceMs` SIGKILL for it and its descendants). */
  stop(patienceMs?: number): Promise<void>;
}

export interface ChildOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Where its output goes. */
  readonly logPath: string;
}

/** Starts a child whose first line of output is JSON and returns that. */
export async function startAnnounced<Announcement>(script: string, args: readonly string[]): Promise<Child & { announcement: Announcement }> {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8');
  for await (const chunk of child.stdout) {
    output += chunk;
    if (output.includes('\n')) break;
  }
  if (!output.includes('\n')) throw new Error(`${script} ended without a word`);
  return { ...handleOf(child), announcement: JSON.parse(output.slice(0, output.indexOf('\n'))) as Announcement };
}

/** Starts a server and waits until `path` answers below 500. @throws Error when it ends or stays silent; the message ends with what it said last. */
export async function startServer(options: ChildOptions, ready: { port: number; path: string; timeoutMs: number }): Promise<Child & { readyMs: number }> {
  const startMs = performance.now();
  const log = createWriteStream(options.logPath, { flags: 'a' });
  const child = spawn(options.command, options.args, { cwd: options.cwd, env: { ...process.env, ...options.env }, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout?.pipe(log, { end: false });
  child.stderr?.pipe(log, { end: false });
  const handle = handleOf(child);
  while (performance.now() - startMs < ready.timeoutMs) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`it ended with ${child.exitCode ?? child.signalCode}: ${await lastLines(options.logPath)}`);
    if ((await statusOf(ready.port, ready.path)) < 500) return { ...handle, readyMs: performance.now() - startMs };
    await sleep(10);
  }
  await handle.stop();
  throw new Error(`not ready after ${ready.timeoutMs / 1000} s: ${await lastLines(options.logPath)}`);
}

/** What a child said last, in one line: its log is removed with the run's folder. */
async function lastLines(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.trim().split('\n').slice(-4).join(' | ').slice(-600) || 'it said nothing';
}

/** Status of a GET, 599 when there is no answer. */
export function statusOf(port: number, path: string): Promise<number> {
  return new Promise((resolve) => {
    const sent = request({ host: '127.0.0.1', port, path, timeout: 1_000, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 599);
    });
    sent.on('error', () => resolve(599));
    sent.on('timeout', () => sent.destroy(new Error('silent')));
    sent.end();
  });
}

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('no free port');
  return address.port;
}

/** It may have ended between the look and now. */
function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function handleOf(child: ChildProcess): Child {
  const { pid } = child;
  if (pid === undefined) throw new Error('the child could not be started');
  return {
    pid,
    stop: async (patienceMs = 15_000) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await Promise.race([ended, sleep(patienceMs, undefined, { ref: false })]);
      if (child.exitCode !== null || child.signalCode !== null) return;
      // Only now, while the parent still lives, the numbers of its descendants are surely theirs.
      for (const one of treeOf(pid).processes.reverse()) killQuietly(one.pid);
      await ended;
    },
  };
}
