// `./genai prices`: LiteLLM's public price file brought into a running platform; the next call costs what it says, and the configuration wins.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { call, chat, generateKey, observe } from './client.ts';
import { type FakeProvider, startFakeProvider } from './fake-provider/fake-provider.ts';
import { gatewayConfig } from './gateway-config.ts';
import { runGenai } from './genai.ts';
import { need } from './needs.ts';
import { eventually, type Platform, startPlatform } from './process.ts';

let upstream: FakeProvider;
let platform: Platform;
let key: string;
beforeAll(async () => {
  upstream = await startFakeProvider();
  platform = await startPlatform({ config: gatewayConfig(upstream.url) });
  key = await generateKey(platform);
});
afterAll(async () => {
  await platform?.stop();
  await upstream?.close();
});

const genai = (...args: string[]) => runGenai(['prices', ...args, '--data-dir', platform.dataDir, '--json'], { cwd: platform.folder });

/** The copy that LiteLLM's package carries, when it is installed here; else one of our own in its form. */
function priceFile(): Record<string, Record<string, unknown>> {
  const lib = join(import.meta.dirname, '../.cache/python-litellm-image/lib');
  const python = need('litellm') !== null && existsSync(lib) ? readdirSync(lib).find((name) => name.startsWith('python')) : undefined;
  if (python !== undefined) return JSON.parse(readFileSync(join(lib, python, 'site-packages/litellm/model_prices_and_context_window_backup.json'), 'utf8'));
  return Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`model-${index}`, { input_cost_per_token: 1e-6, output_cost_per_token: 2e-6 }]));
}

it('brings a price that the next call and its trace are counted by', async () => {
  const costs = async () => Number((await chat(platform, key, 'gpt-4o-mini')).headers.get('x-litellm-response-cost'));
  const before = await costs();
  const file = join(platform.folder, 'prices.json');
  writeFileSync(
    file,
    JSON.stringify({ ...priceFile(), 'gpt-4o-mini': { litellm_provider: 'openai', mode: 'chat', input_cost_per_token: 0.001, output_cost_per_token: 0.002 } }),
  );
  const looked = await genai('update', '--file', file, '--dry-run');
  expect([looked.code, JSON.parse(looked.stdout)], looked.stderr).toEqual([0, expect.objectContaining({ applied: false })]);
  expect(await costs()).toBe(before);
  const done = await genai('update', '--file', file);
  expect(JSON.parse(done.stdout), done.stderr).toMatchObject({ applied: true, changed: 0 });
  // 9 tokens in, 12 out.
  expect(await costs()).toBeCloseTo(0.009 + 0.024, 9);
  expect(Number((await chat(platform, key, 'priced')).headers.get('x-litellm-response-cost'))).toBeCloseTo(9 * 0.0000015 + 12 * 0.000002, 12);

  // Usage that an SDK reports without a cost is priced in the engine, which hears of the list, too.
  await eventually('the engine prices by it', async () => {
    const id = `price-${Date.now()}`;
    const body = {
      id,
      traceId: id,
      type: 'GENERATION',
      name: 'g',
      model: 'gpt-4o-mini',
      usageDetails: { input: 1000, output: 0 },
      startTime: new Date().toISOString(),
    };
    const batch = [{ id, type: 'generation-create', timestamp: new Date().toISOString(), body }];
    await call(`${platform.observeUrl}/api/public/ingestion`, { basic: [platform.keys.publicKey, platform.keys.secretKey], body: { batch } });
    const read = await eventually('it is stored', async () => {
      const answer = await observe(platform, `/api/public/observations/${id}`);
      return answer.status === 200 ? answer.body : null;
    });
    return Math.abs(Number(read.calculatedTotalCost) - 1) < 1e-9;
  });

  const shown = JSON.parse((await genai('show', 'gpt-4o-mini')).stdout) as { prices: { of: string; price: { id: string; input: string } }[] };
  expect(shown.prices[0]).toMatchObject({
    of: expect.stringContaining('dep-openai'),
    price: { input: '1000', id: expect.stringMatching(/^litellm-prices:gpt-4o-mini@/) },
  });
  expect((await genai('show', 'nobody-knows-this-model')).code).toBe(1);
}, 60_000);

it('leaves the list alone when the file is none, or cannot be had', async () => {
  const file = join(platform.folder, 'wrong.json');
  writeFileSync(file, '{"hello": {}}');
  const wrong = await genai('update', '--file', file);
  expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('not LiteLLM')]);
  const away = await genai('update', '--url', 'http://127.0.0.1:9/prices.json');
  expect([away.code, away.stderr]).toEqual([1, expect.stringContaining('--file')]);
});
