// A local AWS (moto) for tests, on a free port, ended with them.
import { spawn } from 'node:child_process';
import { freePort } from './process.ts';

export interface Moto {
  endpoint: string;
  stop(): void;
}

export async function startMoto(program: string): Promise<Moto> {
  const port = await freePort();
  const server = spawn(program, ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
  const endpoint = `http://127.0.0.1:${port}`;
  const answers = (): Promise<boolean> =>
    fetch(`${endpoint}/moto-api/data.json`).then(
      (answer) => answer.ok,
      () => false,
    );
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline && !(await answers())) await new Promise((resolve) => setTimeout(resolve, 200));
  return { endpoint, stop: () => void server.kill('SIGKILL') };
}
