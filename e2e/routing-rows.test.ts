// Routing as people configure it, against a started platform: provisioned throughput that spills over, shares, budgets of providers and deployments, and rows that say why.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, chat, generateKey } from './client.ts';
import { type FakeProvider, startFakeProvider } from './fake-provider/fake-provider.ts';
import { eventually, type Platform, removeFolder, startPlatform, temporaryFolder } from './process.ts';

let ptu: FakeProvider;
let paygo: FakeProvider;
let platform: Platform;
const folder = temporaryFolder();
const PRICES = 'input_cost_per_token: 0.0000015, output_cost_per_token: 0.000002';
const config = (more = '') => `
model_list:
  - model_name: gpt-4o
    litellm_params: { model: azure/gpt-4o-ptu, api_base: "${ptu.url}", api_key: azure-key, api_version: "2024-10-21", order: 1 }
    model_info: { id: ptu, base_model: azure/gpt-4o }
  - model_name: gpt-4o
    litellm_params: { model: azure/gpt-4o-paygo, api_base: "${paygo.url}", api_key: azure-key, api_version: "2024-10-21", order: 2 }
    model_info: { id: paygo, base_model: azure/gpt-4o }
  - model_name: split
    litellm_params: { model: openai/fixed, api_base: "${ptu.url}/v1", api_key: sk-x, weight: 9, ${PRICES} }
    model_info: { id: nine }
  - model_name: split
    litellm_params: { model: openai/fixed, api_base: "${paygo.url}/v1", api_key: sk-x, weight: 1, ${PRICES} }
    model_info: { id: one }
  - model_name: capped
    litellm_params: { model: hosted_vllm/fixed, api_base: "${ptu.url}/v1", api_key: sk-x, order: 1, max_budget: 0.00001, budget_duration: 1d, ${PRICES} }
    model_info: { id: capped-1 }
  - model_name: capped
    litellm_params: { model: groq/fixed, api_base: "${paygo.url}/v1", api_key: sk-x, order: 2, ${PRICES} }
    model_info: { id: capped-2 }
router_settings:
  num_retries: 0
  provider_budget_config: { groq: { budget_limit: 0.00005, time_period: 1d } }
${more}`;
beforeAll(async () => {
  [ptu, paygo] = [await startFakeProvider(), await startFakeProvider()];
  platform = await startPlatform({ folder, config: config() });
});
afterAll(async () => {
  await platform?.stop();
  await ptu?.close();
  await paygo?.close();
  removeFolder(folder);
});

const master = () => platform.keys.masterKey;
const ask = (model: string, extra: Parameters<typeof chat>[3] = {}) => chat(platform, master(), model, extra);
const idOf = (answer: { headers: Headers }) => answer.headers.get('x-litellm-model-id');
interface Row {
  metadata: { routing: { chosen_by: string; passed_over: Record<string, unknown>[] } | null; cost_lines: Record<string, unknown>[]; cost: string };
}
async function rowOf(answer: { headers: Headers }): Promise<Row> {
  const id = answer.headers.get('x-litellm-call-id');
  return eventually('the row', async () => ((await call(`${platform.gatewayUrl}/spend/logs?request_id=${id}`, { key: master() })).body as unknown as Row[])[0]);
}

describe('provisioned throughput on Azure', () => {
  it('takes the calls until it is full; then they spill over at once, and come back when it asks for them again', async () => {
    expect(idOf(await ask('gpt-4o'))).toBe('ptu');
    ptu.script('rate-limit;form=ms;value=1200');
    const startedAt = Date.now();
    // num_retries 0 holds for one deployment; a full one is not waited for where another is free.
    const spilled = await ask('gpt-4o', { body: { num_retries: 1 } });
    expect([spilled.status, idOf(spilled), spilled.headers.get('x-litellm-attempted-retries')]).toEqual([200, 'paygo', '1']);
    expect(Date.now() - startedAt).toBeLessThan(1_200);
    expect(paygo.requests.at(-1)?.path).toContain('/openai/deployments/gpt-4o-paygo/');
    const while_ = await ask('gpt-4o');
    expect(idOf(while_)).toBe('paygo');
    expect((await rowOf(while_)).metadata.routing).toMatchObject({
      chosen_by: 'simple-shuffle',
      passed_over: [{ model_id: 'ptu', why: 'resting', status: 429 }],
    });
    await eventually('the provisioned deployment again', async () => idOf(await ask('gpt-4o')) === 'ptu', 5_000);
  });
  it('spills over in a stream too, and from a failure of the service', async () => {
    ptu.script('status;code=503');
    const streamed = await ask('gpt-4o', { body: { stream: true, num_retries: 1 } });
    expect([idOf(streamed), streamed.text.endsWith('data: [DONE]\n\n')]).toEqual(['paygo', true]);
  });
});

describe('a traffic split', () => {
  it('follows the weights', async () => {
    const ids: (string | null)[] = [];
    for (let round = 0; round < 20; round++) ids.push(...(await Promise.all(Array.from({ length: 10 }, async () => idOf(await ask('split'))))));
    const small = ids.filter((id) => id === 'one').length;
    // 200 calls at 10 %: 4 or 40 would be seven deviations away.
    expect(small).toBeGreaterThan(4);
    expect(small).toBeLessThan(40);
  });
});

describe('budgets of deployments and providers', () => {
  it('move calls on, refuse when none is left, and are known after a restart and a new configuration', async () => {
    expect(idOf(await ask('capped'))).toBe('capped-1');
    const second = await ask('capped');
    expect(idOf(second)).toBe('capped-2');
    expect((await rowOf(second)).metadata.routing?.passed_over).toEqual([{ model_id: 'capped-1', why: 'budget' }]);
    let refused = await ask('capped');
    for (let index = 0; index < 5 && refused.status === 200; index++) refused = await ask('capped');
    expect([refused.status, refused.text.includes('Exceeded budget for provider groq')]).toEqual([429, true]);
    const { body } = await call(`${platform.gatewayUrl}/provider/budgets`, { key: master() });
    expect(body).toMatchObject({
      providers: { groq: { budget_limit: 0.00005, time_period: '1d', spend: expect.any(Number), budget_reset_at: expect.any(String) } },
    });
    expect((body.providers as unknown as { groq: { spend: number } }).groq.spend).toBeGreaterThanOrEqual(0.00005);
    await platform.stop();
    platform = await startPlatform({ folder, config: config() });
    expect((await ask('capped')).status).toBe(429);
    writeFileSync(join(folder, 'config.yaml'), config().replace('budget_limit: 0.00005', 'budget_limit: 5'));
    await eventually('the larger budget', async () => idOf(await ask('capped')) === 'capped-2');
  });
});

describe('a temporary increase of a key’s budget', () => {
  it('holds until its end', async () => {
    const key = await generateKey(platform, { max_budget: 0.00001 });
    const asked = async () => (await chat(platform, key, 'split')).status;
    expect([await asked(), await asked()]).toEqual([200, 400]);
    const update = (body: object) => call(`${platform.gatewayUrl}/key/update`, { key: master(), body: { key, ...body } });
    expect((await update({ temp_budget_increase: 100 })).status).toBe(400);
    const until = new Date(Date.now() + 3_000).toISOString();
    const raised = await update({ temp_budget_increase: 100, temp_budget_expiry: until });
    expect([raised.status, raised.headers.get('x-genai-unenforced-fields')]).toEqual([200, null]);
    expect(await asked()).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 3_100));
    expect(await asked()).toBe(400);
  });
});

describe('a row', () => {
  it('says how its cost came about, in the API and in the console', async () => {
    const answer = await ask('split');
    const { metadata } = await rowOf(answer);
    expect(metadata.cost_lines).toEqual([
      { part: 'input', tokens: 9, per_token: '0.0000015' },
      { part: 'output', tokens: 12, per_token: '0.000002' },
    ]);
    expect(Number(metadata.cost)).toBeCloseTo(9 * 0.0000015 + 12 * 0.000002, 12);
    const origin = platform.gatewayUrl;
    const { email, password } = platform.keys;
    const signIn = await call(`${origin}/api/auth/sign-in/email`, { body: { email, password }, headers: { origin } });
    const cookie = signIn.headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ');
    const id = answer.headers.get('x-litellm-call-id') as string;
    const page = await call(`${origin}/api/console/requests?search=${id}`, { headers: { cookie } });
    const [row] = page.body.data as unknown as { attempts: Record<string, unknown>[] }[];
    expect(row?.attempts[0]).toMatchObject({
      choice: { by: 'simple-shuffle', others: 1 },
      costLines: [{ part: 'input', tokens: 9, perToken: '0.0000015' }, { part: 'output' }],
      priceId: expect.stringContaining('config:'),
    });
  });
});
