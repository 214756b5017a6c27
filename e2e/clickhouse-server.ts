// A ClickHouse server of its own for a test: Debian's, with a folder that is removed again.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './process.ts';

const DEADLINE_MS = 60_000;

export interface ClickhouseServer {
  /** Of the native protocol, for clickhouse-client. */
  port: number;
  /** @throws with the server's own words */
  ask: (query: string) => Promise<string>;
  stop: () => Promise<void>;
}

export async function startClickhouse(program: string): Promise<ClickhouseServer> {
  const folder = mkdtempSync(join(tmpdir(), 'genai-clickhouse-server-'));
  const [http, port, interserver] = [await freePort(), await freePort(), await freePort()];
  const users =
    '<yandex><profiles><default/></profiles><quotas><default/></quotas><users><default><password/><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota></default></users></yandex>';
  const config = `<yandex><logger><level>warning</level><console>1</console></logger><listen_host>127.0.0.1</listen_host><http_port>${http}</http_port><tcp_port>${port}</tcp_port>
<interserver_http_port>${interserver}</interserver_http_port><path>${folder}/data/</path><tmp_path>${folder}/tmp/</tmp_path><users_config>users.xml</users_config><default_profile>default</default_profile>
<default_database>default</default_database><mark_cache_size>67108864</mark_cache_size><timezone>UTC</timezone></yandex>`;
  for (const name of ['data', 'tmp']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'users.xml'), users);
  writeFileSync(join(folder, 'config.xml'), config);
  const child = spawn(program, [`--config-file=${folder}/config.xml`], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (log = (log + chunk).slice(-4000)));
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  const url = `http://127.0.0.1:${http}/`;
  const ask = async (query: string): Promise<string> => {
    const answer = await fetch(url, { method: 'POST', body: query });
    const text = await answer.text();
    if (!answer.ok) throw new Error(text);
    return text.trim();
  };
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  const deadline = Date.now() + DEADLINE_MS;
  while (
    !(await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error(`ClickHouse did not start: ${log}`);
    }
    await sleep(100);
  }
  return { port, ask, stop };
}
