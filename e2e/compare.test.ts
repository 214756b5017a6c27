// `./genai compare`: our gateway against itself (nothing differs), and against the stock LiteLLM from PyPI on the same upstream.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chat, generateKey } from './client.ts';
import { type FakeProvider, startFakeProvider } from './fake-provider/fake-provider.ts';
import { runGenai } from './genai.ts';
import { need } from './needs.ts';
import { eventually, freePort, type Platform, startPlatform } from './process.ts';

const litellm = need('litellm');
const TIMEOUT_MS = 240_000;
const MASTER_KEY = 'sk-compare-0123456789';
const config = (url: string) => `
model_list:
  - model_name: gpt-4o-mini
    litellm_params: { model: openai/gpt-4o-mini, api_base: "${url}/v1", api_key: sk-upstream }
general_settings: { master_key: ${MASTER_KEY} }
litellm_settings: { num_retries: 0 }
`;
const CALLS = [
  { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'こんにちは' }] },
  { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'hi' }], stream: true, stream_options: { include_usage: true } },
  { path: '/v1/embeddings', body: { model: 'gpt-4o-mini', input: 'a' } },
  { path: '/v1/models' },
];

interface Report {
  calls: { name: string; a: { status: number }; b: { status: number } }[];
  differences: { aspect: string; what: string }[];
}

let upstream: FakeProvider;
let platform: Platform;
let file: string;
beforeAll(async () => {
  upstream = await startFakeProvider();
  platform = await startPlatform({ config: config(upstream.url) });
  file = join(platform.folder, 'calls.jsonl');
  writeFileSync(file, CALLS.map((call) => JSON.stringify(call)).join('\n'));
}, TIMEOUT_MS);
afterAll(async () => {
  await platform?.stop();
  await upstream?.close();
});

const compare = (a: string, b: string, ...flags: string[]) =>
  runGenai(['compare', '--a', a, '--b', b, '--key', MASTER_KEY, '--data-dir', platform.dataDir, '--json', ...flags], { cwd: platform.folder });

describe('genai compare', () => {
  it('finds no difference between the gateway and itself', { timeout: TIMEOUT_MS }, async () => {
    const { code, stdout, stderr } = await compare(platform.gatewayUrl, platform.gatewayUrl, '--requests', file);
    expect([(JSON.parse(stdout) as Report).differences, code], stderr).toEqual([[], 0]);
  });

  it('sends the newest calls of the log again', { timeout: TIMEOUT_MS }, async () => {
    platform.keys.masterKey = MASTER_KEY;
    const key = await generateKey(platform);
    await chat(platform, key, 'gpt-4o-mini', { body: { temperature: 0.5, tools: [{ type: 'function', function: { name: 'f', parameters: {} } }] } });
    const report = await eventually(
      'the call is in the log',
      async () => {
        const { code, stdout } = await compare(platform.gatewayUrl, platform.gatewayUrl, '--from-log', '1');
        return code === 0 && stdout !== '' ? (JSON.parse(stdout) as Report) : null;
      },
      30_000,
    );
    expect(report).toMatchObject({ differences: [], calls: [{ name: '1 /v1/chat/completions gpt-4o-mini', a: { status: 200 }, b: { status: 200 } }] });
    const bodies = upstream.requests.slice(-2).map(({ body }) => JSON.parse(String(body)) as Record<string, unknown>);
    for (const body of bodies) expect(body).toMatchObject({ temperature: 0.5, tools: [{ type: 'function' }], messages: [{ role: 'user' }] });
  });

  describe.skipIf(litellm === null)('against the stock LiteLLM', () => {
    let child: ChildProcess;
    let url: string;
    let output = '';
    beforeAll(async () => {
      const port = await freePort();
      url = `http://127.0.0.1:${port}`;
      const folder = join(platform.folder, 'litellm');
      mkdirSync(folder);
      writeFileSync(join(folder, 'config.yaml'), config(upstream.url));
      child = spawn(litellm as string, ['--config', join(folder, 'config.yaml'), '--port', String(port), '--host', '127.0.0.1'], {
        cwd: folder,
        env: { PATH: process.env.PATH ?? '', HOME: folder, LITELLM_LOCAL_MODEL_COST_MAP: 'True', LITELLM_LOG: 'ERROR' },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      child.stdout?.on('data', (chunk) => (output += chunk));
      child.stderr?.on('data', (chunk) => (output += chunk));
      await eventually('LiteLLM answers', async () => (await fetch(`${url}/health/liveliness`)).ok, 180_000).catch((error: unknown) => {
        throw new Error(output, { cause: error });
      });
    }, TIMEOUT_MS);
    afterAll(() => {
      child?.kill('SIGTERM');
    });

    it('gives equal statuses, tokens and costs, and names the headers and members in which they differ', { timeout: TIMEOUT_MS }, async () => {
      const { stdout, stderr } = await compare(url, platform.gatewayUrl, '--requests', file, '--max-cost', '1');
      const report = JSON.parse(stdout) as Report;
      expect(report.calls, stderr).toHaveLength(4);
      const aspects = (aspect: string) => report.differences.filter((difference) => difference.aspect === aspect);
      expect([aspects('status'), aspects('usage'), aspects('cost')]).toEqual([[], [], []]);
      // What LiteLLM shows and we do not, and the other way round: a list that a change of either side makes longer or shorter.
      console.info(`compared with LiteLLM: ${report.differences.map(({ aspect, what }) => `${aspect} ${what}`).join(', ')}`);
    });
  });
});
