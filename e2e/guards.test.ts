// What a guard masks or refuses is nowhere in the data folder: not in the journal, the records, the traces or the objects, whichever way the call went.
import { spawnSync } from 'node:child_process';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, chat, observe } from './client.ts';
import { eventually, type Platform, removeFolder, startPlatform, temporaryFolder } from './process.ts';

const ASKED = 'taro.yamada@secret-asked.example.jp';
const ANSWERED = 'hanako.suzuki@secret-answered.example.jp';
const CARD = '4111 1111 1111 1111';
/** Is kept: shows that the search would find what is there. */
const KEPT = 'kept-beside-what-is-masked';

const config = `
model_list:
  - model_name: demo
    litellm_params: { model: openai/demo, mock_response: "Write to ${ANSWERED} and wait for what comes back from there, please." }
litellm_settings: { success_callback: [s3_v2], failure_callback: [s3_v2] }
guardrails:
  - guardrail_name: personal
    litellm_params: { guardrail: genai_personal_data, mode: [pre_call, post_call], default_on: true }
  - guardrail_name: no-cards
    litellm_params: { guardrail: genai_personal_data, mode: pre_call, pii_entities_config: { CREDIT_CARD: BLOCK } }
`;

describe('guards', () => {
  const folder = temporaryFolder();
  let platform: Platform;
  beforeAll(async () => {
    platform = await startPlatform({ folder, config });
  });
  afterAll(() => removeFolder(folder));

  const body = (content: string, more: object = {}) => ({ body: { messages: [{ role: 'user', content }], ...more } });

  it('mask what is asked and what is answered, whole and streamed, for the official client', async () => {
    const whole = await chat(platform, platform.keys.masterKey, 'demo', body(`mail ${ASKED} ${KEPT}`));
    expect(whole.text).toContain('Write to <EMAIL_ADDRESS>');
    expect(whole.headers.get('x-litellm-applied-guardrails')).toBe('personal');
    const client = new OpenAI({ apiKey: platform.keys.masterKey, baseURL: `${platform.gatewayUrl}/v1` });
    const stream = await client.chat.completions.create({ model: 'demo', stream: true, messages: [{ role: 'user', content: `mail ${ASKED}` }] });
    let said = '';
    for await (const chunk of stream) said += chunk.choices[0]?.delta.content ?? '';
    expect(said).toBe('Write to <EMAIL_ADDRESS> and wait for what comes back from there, please.');
  });

  it('leave nothing behind, however a call went', async () => {
    const { masterKey } = platform.keys;
    const statuses = [
      await chat(platform, masterKey, 'demo', body(`${ASKED} ${CARD}`, { guardrails: ['no-cards'] })),
      await chat(platform, masterKey, 'demo', body(`${ASKED} ${CARD}`, { guardrails: ['nobody'] })),
      await chat(platform, masterKey, 'no-such-model', body(`${ASKED} ${CARD}`)),
      await call(`${platform.gatewayUrl}/v1/responses`, { key: masterKey, body: { model: 'demo', input: `mail ${ASKED}` } }),
      await call(`${platform.gatewayUrl}/v1/messages`, {
        key: masterKey,
        body: { model: 'demo', max_tokens: 50, messages: [{ role: 'user', content: `mail ${ASKED}` }] },
      }),
      await call(`${platform.gatewayUrl}/v1/embeddings`, { key: masterKey, body: { model: 'no-such-model', input: `mail ${ASKED}` } }),
    ].map(({ status }) => status);
    expect(statuses.slice(0, 2)).toEqual([400, 400]);
    expect(statuses.slice(3, 5)).toEqual([200, 200]);
    await eventually(
      'the traces are there',
      async () => ((await observe(platform, '/api/public/traces')).body.data as unknown as object[]).length >= 4,
      30_000,
    );
    expect(await platform.stop()).toBe(0);
    const found = (text: string) => spawnSync('grep', ['-rlaF', text, platform.dataDir], { encoding: 'utf8' }).stdout;
    expect(found(KEPT)).toContain('journal');
    for (const secret of [ASKED, ANSWERED, 'secret-asked', 'secret-answered', CARD]) expect({ secret, files: found(secret) }).toEqual({ secret, files: '' });
  });
});
