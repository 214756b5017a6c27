// Debian's PostgreSQL as a child process on a port of loopback: one that a test may stop, kill and start again.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { eventually, freePort, removeFolder, temporaryFolder } from './process.ts';

const PROGRAMS = '/usr/lib/postgresql/15/bin';

export interface PostgresServer {
  /** Of a database that exists. */
  readonly url: string;
  readonly port: number;
  pid(): number;
  signal(name: NodeJS.Signals): void;
  /** SIGKILL of the postmaster and wait until it is gone. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export function hasPostgres(): boolean {
  return existsSync(join(PROGRAMS, 'postgres'));
}

export async function startPostgresServer(): Promise<PostgresServer> {
  const folder = temporaryFolder();
  const data = join(folder, 'data');
  const account = accountOf();
  chmodSync(folder, 0o755);
  mkdirSync(data, { mode: 0o700 });
  if (account.uid !== undefined) chownSync(data, account.uid, account.gid as number);
  const options = { ...account, stdio: 'ignore', cwd: '/' } as const;
  execFileSync(join(PROGRAMS, 'initdb'), ['-D', data, '-A', 'trust', '-U', 'postgres'], options);
  const port = await freePort();
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  let child: ChildProcess;
  const start = async (): Promise<void> => {
    const flags = ['-D', data, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', `unix_socket_directories=${data}`, '-c', 'max_connections=200'];
    child = spawn(join(PROGRAMS, 'postgres'), flags, options);
    await eventually(
      'PostgreSQL',
      async () => {
        const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
        return await client
          .connect()
          .then(() => true)
          .finally(() => client.end().catch(() => {}));
      },
      60_000,
    );
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGCONT');
    child.kill(signal);
    await once(child, 'exit');
  };
  await start();
  return {
    url,
    port,
    pid: () => child.pid as number,
    signal: (name) => void child.kill(name),
    kill: () => end('SIGKILL'),
    start,
    async stop() {
      await end('SIGQUIT');
      removeFolder(folder);
    },
  };
}

/** PostgreSQL refuses root: then it runs as Debian's own user of it. */
function accountOf(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string): number => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}
