// Runs one command line of ./genai in JSON mode and waits for its end, as a script of a user would.
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

export interface CommandRun {
  child: ChildProcess;
  /** The result on stdout; messages a line each on stderr. Code null = killed. */
  ended: Promise<{ code: number | null; err: string; result: Record<string, unknown> | null }>;
}

export function startGenai(cwd: string, words: string[], environment: Record<string, string> = {}): CommandRun {
  const child = spawn(join(root, 'genai'), [...words, '--json'], {
    cwd,
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', LANG: 'C.UTF-8', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout?.on('data', (chunk) => (out += chunk));
  child.stderr?.on('data', (chunk) => (err += chunk));
  const ended = new Promise<Awaited<CommandRun['ended']>>((resolve) => {
    // What a killed one leaves behind (PostgreSQL lives on) may hold its pipes for long.
    child.once('exit', (code) => code === null && resolve({ code, err, result: null }));
    child.once('close', (code) => resolve({ code, err, result: out === '' ? null : (JSON.parse(out) as Record<string, unknown>) }));
  });
  return { child, ended };
}

export async function genai(cwd: string, words: string[], environment: Record<string, string> = {}) {
  return await startGenai(cwd, words, environment).ended;
}
