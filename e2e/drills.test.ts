// The drills of docs/first-day.md and docs/first-month.md, run as they stand against a started platform: each command prints what the page says. Both languages have the same commands.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { observe } from './client.ts';
import { eventually, type Platform, removeFolder, startPlatform, temporaryFolder } from './process.ts';

const root = join(import.meta.dirname, '..');
const page = (name: string): string => readFileSync(join(root, 'docs', name), 'utf8');
const BLOCK = /(<!-- drill -->\n)?```sh\n([\s\S]*?)\n```\n(?:\n```text\n([\s\S]*?)\n```\n)?/g;

interface Block {
  isDrill: boolean;
  commands: string;
  expected: string;
}

const blocksOf = (text: string): Block[] =>
  [...text.matchAll(BLOCK)].map(([, drill, commands, expected]) => ({ isDrill: drill !== undefined, commands: commands as string, expected: expected ?? '' }));
/** The lines are found in this order; … stands for anything. */
const patternOf = (expected: string): RegExp => {
  const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/\s+/g, '\\s+');
  const lines = expected.split('\n').map((line) => line.trim().split('…').map(literal).join('[\\s\\S]*?'));
  return new RegExp(lines.join('[\\s\\S]*?'));
};

describe.each(['first-day', 'first-month'])('docs/%s.md', (name) => {
  const folder = temporaryFolder();
  let platform: Platform;
  const config = `
model_list:
  - model_name: gpt-4o-mini
    litellm_params: { model: azure/gpt-4o-mini, api_base: "http://127.0.0.1:9/", api_key: not-a-key, api_version: "2024-10-21" }
  - model_name: spare
    litellm_params: { model: openai/spare, mock_response: "the spare answers", input_cost_per_token: 0.000001, output_cost_per_token: 0.000002 }
`;
  beforeAll(async () => {
    platform = await startPlatform({ folder, config });
    // Calls are answered before reads are.
    await eventually('reads', async () => (await observe(platform, '/api/public/traces?limit=1')).status === 200, 60_000);
  }, 180_000);
  afterAll(async () => {
    await platform?.stop();
    removeFolder(folder);
  });

  it('has the same commands and outputs in both languages', () => expect(blocksOf(page(`${name}.ja.md`))).toEqual(blocksOf(page(`${name}.md`))));

  it('prints what it says', () => {
    const drills = blocksOf(page(`${name}.md`)).filter(({ isDrill }) => isDrill);
    expect(drills.length).toBeGreaterThan(4);
    // The doors, the command and the data folder as they are in this test.
    const printed = (text: string): string =>
      text
        .replaceAll('http://localhost:4000', platform.gatewayUrl)
        .replaceAll('http://localhost:3000', platform.observeUrl)
        .replaceAll(/(?<![\w.])\.data/g, 'data');
    const here = (text: string): string => printed(text).replaceAll('./genai', `${root}/genai`);
    const script = drills.map(({ commands }, index) => `echo "=== ${index}"\n${here(commands)}`).join('\n');
    const ran = spawnSync('bash', ['-c', script], {
      cwd: folder,
      encoding: 'utf8',
      timeout: 280_000,
      env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', LANG: 'C.UTF-8', GENAI_DATA_DIR: platform.dataDir },
    });
    const outputs = ran.stdout.split(/=== \d+\n/).slice(1);
    drills.forEach(({ commands, expected }, index) => {
      expect(outputs[index], `${commands}\n${ran.stderr.slice(-2_000)}`).toMatch(patternOf(printed(expected)));
    });
  }, 300_000);
});
