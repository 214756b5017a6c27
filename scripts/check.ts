// `npm run check`: format and lint (Biome), types (tsc in every workspace), unused code (knip). Prints one line a check; exits 1 when one fails.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const tool = (path: string) => join(root, 'node_modules', path);
const checks: [string, string[]][] = [
  ['format and lint', [tool('@biomejs/biome/bin/biome'), 'ci', '.']],
  ['types of server', [tool('typescript/bin/tsc'), '-p', 'server']],
  ['types of infra', [tool('typescript/bin/tsc'), '-p', 'infra']],
  ['types of cli', [tool('typescript/bin/tsc'), '-p', 'cli']],
  ['types of web', [tool('typescript/bin/tsc'), '-p', 'web']],
  ['types of e2e, bench and scripts', [tool('typescript/bin/tsc'), '-p', '.']],
  ['unused code', [tool('knip/bin/knip.js')]],
];

let failures = 0;
for (const [name, command] of checks) {
  const startedAt = performance.now();
  const result = spawnSync(process.execPath, command, { cwd: root, encoding: 'utf8' });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  if (result.status === 0) {
    console.log(`ok    ${name} (${seconds} s)`);
    continue;
  }
  failures += 1;
  console.log(`FAIL  ${name} (${seconds} s)\n${result.stdout}${result.stderr}`);
}
process.exit(failures === 0 ? 0 : 1);
