// The command line as a person runs it, beside a started platform.
import { spawn } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

export interface CommandEnd {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs `./genai` with the arguments and waits until it ends. */
export function runGenai(args: readonly string[], options: { cwd: string; environment?: Record<string, string> }): Promise<CommandEnd> {
  return new Promise((resolve, reject) => {
    const child = spawn(join(root, 'genai'), args, {
      cwd: options.cwd,
      env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', LANG: 'C.UTF-8', ...options.environment },
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => (stdout += chunk));
    child.stderr.on('data', (chunk) => (stderr += chunk));
    child.on('error', reject);
    child.on('exit', (code) => resolve({ code, stdout, stderr }));
  });
}
