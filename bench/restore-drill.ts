// A restore drill with a figure: fills a platform with so many observations and calls, backs it up while it serves, restores it into a new folder, and prints how long each took.
// ./scripts/node bench/restore-drill.ts --rows 100000
import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { call, chat, generateKey } from '../e2e/client.ts';
import { removeFolder, startPlatform, temporaryFolder } from '../e2e/process.ts';
import { fillStore } from './fill-store.ts';

const { values } = parseArgs({ options: { rows: { type: 'string', default: '100000' }, calls: { type: 'string', default: '500' } } });
const rows = Number(values.rows);
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const config = `
model_list:
  - model_name: drill
    litellm_params: { model: openai/drill, mock_response: "four words of answer", input_cost_per_token: 0.001, output_cost_per_token: 0.001 }
`;
const folder = temporaryFolder();

function genai(words: string[]): Record<string, number> {
  const done = spawnSync(join(import.meta.dirname, '../genai'), [...words, '--json'], { cwd: folder, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (done.status !== 0) throw new Error(done.stderr);
  return JSON.parse(done.stdout) as Record<string, number>;
}

function sizeOf(path: string): number {
  const facts = statSync(path);
  return facts.isDirectory() ? readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0) : facts.size;
}

try {
  const first = await startPlatform({ folder, config });
  const projects = await call(`${first.observeUrl}/api/public/projects`, { basic: [first.keys.publicKey, first.keys.secretKey] });
  const projectId = (projects.body.data as unknown as { id: string }[])[0]?.id as string;
  await first.stop();
  await fillStore({ dataFolder: first.dataDir, projectId, markPath: join(folder, 'filled.json'), rows, say: () => undefined });
  const platform = await startPlatform({ folder, config });
  const key = await generateKey(platform);
  for (let index = 0; index < Number(values.calls); index++) await chat(platform, key, 'drill');
  const backup = genai(['backup', '--data-dir', platform.dataDir, '--to', 'backup', '--with-secrets']);
  await platform.stop();
  say(`data folder ${(sizeOf(platform.dataDir) / 1e6).toFixed(0)} MB, backup ${(sizeOf(join(folder, 'backup')) / 1e6).toFixed(0)} MB`);
  say(`backup  ${backup.seconds} s while it served: ${backup.records} records, ${backup.analytics} rows, ${backup.blobs} objects`);
  rmSync(platform.dataDir, { recursive: true });
  const restore = genai(['restore', '--from', 'backup', '--data-dir', platform.dataDir]);
  say(`restore ${restore.seconds} s, every row compared`);
  const startedAt = performance.now();
  const again = await startPlatform({ folder, config });
  say(`ready again ${((performance.now() - startedAt) / 1000).toFixed(1)} s later`);
  await again.stop();
} finally {
  removeFolder(folder);
}
