// Our lanes: the real command, started as a child on a data folder of its own.
// keys-off = master key, no content kept; governed = a virtual key with every limit and budget, content journalled; all = the same with observability storing each call.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Child, freePort, startServer } from './child.ts';
import type { Lane, LanePlace } from './lane.ts';

export type OursName = 'ours-keys-off' | 'ours-governed' | 'ours-all';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
export const MASTER_KEY = 'sk-bench-master-key-0123456789';
/** The first start makes a database and builds the console. */
const FIRST_START_MS = 240_000;

export interface OursLane extends Lane {
  readonly observePort: number;
  readonly dataFolder: string;
  /** Stops and starts again on the same data; milliseconds until ready. */
  restart(): Promise<{ lane: OursLane; readyMs: number }>;
}

interface OursPlace {
  readonly name: OursName;
  readonly folder: string;
  readonly port: number;
  readonly observePort: number;
}

/** @throws Error that names the log when the platform does not come up. */
export async function startOurs(name: OursName, place: LanePlace): Promise<OursLane> {
  const folder = join(place.folder, name);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'config.yaml'), configFor(name, place.mockPort));
  const ours = { name, folder, port: await freePort(), observePort: await freePort() };
  const child = await start(ours, FIRST_START_MS);
  const key = name === 'ours-keys-off' ? MASTER_KEY : await governedKey(ours.port);
  return laneOf(ours, key, child);
}

function laneOf(ours: OursPlace, key: string, child: Child): OursLane {
  return {
    name: ours.name,
    child,
    worksOn: true,
    target: { port: ours.port, path: '/v1/chat/completions', headers: { authorization: `Bearer ${key}` } },
    observePort: ours.observePort,
    dataFolder: join(ours.folder, 'data'),
    restart: async () => {
      await child.stop(30_000);
      const again = await start(ours, 60_000);
      return { lane: laneOf(ours, key, again), readyMs: again.readyMs };
    },
  };
}

function start(ours: OursPlace, timeoutMs: number): Promise<Child & { readyMs: number }> {
  const role = ours.name === 'ours-all' ? 'all' : 'gateway';
  const args = [
    'start',
    '--data-dir',
    join(ours.folder, 'data'),
    '--port',
    String(ours.port),
    '--observe-port',
    String(ours.observePort),
    '--otlp-grpc-port',
    '0',
  ];
  return startServer(
    {
      command: join(ROOT, 'genai'),
      args: [...args, '--config', join(ours.folder, 'config.yaml'), '--role', role],
      cwd: ROOT,
      logPath: join(ours.folder, 'start.log'),
    },
    { port: ours.port, path: '/health/readiness', timeoutMs },
  );
}

function configFor(name: OursName, mockPort: number): string {
  return `model_list:
  - model_name: bench
    litellm_params:
      model: openai/gpt-4o-mini
      api_base: http://127.0.0.1:${mockPort}/v1
      api_key: sk-upstream
      input_cost_per_token: 0.00000015
      output_cost_per_token: 0.0000006
litellm_settings:
  turn_off_message_logging: ${name === 'ours-keys-off'}
general_settings:
  master_key: ${MASTER_KEY}
`;
}

/** A virtual key that every check looks at and none stops. */
async function governedKey(port: number): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/key/generate`, {
    method: 'POST',
    headers: { authorization: `Bearer ${MASTER_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      models: ['bench'],
      max_budget: 1_000_000,
      rpm_limit: 1e9,
      tpm_limit: 1e12,
      max_parallel_requests: 10_000,
      key_alias: `bench-${port}`,
    }),
  });
  if (!response.ok) throw new Error(`/key/generate answered ${response.status}: ${(await response.text()).slice(0, 200)}`);
  const { key } = (await response.json()) as { key: string };
  return key;
}

/** Basic credentials of the first project, from the first start's keys.json. */
export async function projectCredentials(lane: OursLane): Promise<string> {
  const keys = JSON.parse(await readFile(join(lane.dataFolder, 'keys.json'), 'utf8')) as { publicKey: string; secretKey: string };
  return `Basic ${Buffer.from(`${keys.publicKey}:${keys.secretKey}`).toString('base64')}`;
}
