// `npm run fuzz`: every test file with a property, again and again with new seeds, until the minutes are over or one fails. Usage: npm run fuzz -- [--minutes 10] [files…]
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const root = join(import.meta.dirname, '..');
const { values, positionals } = parseArgs({ allowPositionals: true, options: { minutes: { type: 'string', default: '10' } } });
const files =
  positionals.length > 0
    ? positionals
    : globSync('{server,cli,infra,web}/src/**/*.test.ts', { cwd: root }).filter((file) => readFileSync(join(root, file), 'utf8').includes("from 'fast-check'"));
const until = Date.now() + Number(values.minutes) * 60_000;

let rounds = 0;
while (Date.now() < until) {
  const run = spawnSync(
    process.execPath,
    [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--reporter=dot', '--testTimeout=300000', '--project=unit', '--project=web', ...files],
    {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, GENAI_FUZZ_SEED: 'random', UV_THREADPOOL_SIZE: '16' },
    },
  );
  rounds += 1;
  if (run.status !== 0) {
    console.error(`${run.stdout}\n${run.stderr}`);
    console.error(`Round ${rounds} failed; the seed is in the lines above: run the file again with GENAI_FUZZ_SEED=<seed>.`);
    process.exit(1);
  }
  console.log(`round ${rounds}: ${files.length} files, all properties held`);
}
console.log(`${rounds} rounds of ${files.length} files, 0 failed`);
